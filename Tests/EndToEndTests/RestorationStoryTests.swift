import FoundationEssentials
import Testing

/// Outages that others have had, restored as they were: the plan at some moments beside what came of it, and the durations in the end.
@Suite(.endToEnd, .timeLimit(.minutes(20)))
struct RestorationStoryTests {
    private static let stories = [RestorationStory.roblox, .github]

    @Test(arguments: stories.indices)
    func `the plan begins with what was the bottleneck, and names what waits and what is stuck`(_ story: Int)
        async throws
    {
        let story = Self.stories[story]
        for look in story.looks {
            // A daemon for each moment: what is open in another incident, or was learnt from it, would count.
            try await Daemon.with(loopHeldMax: 50) { daemon in
                var drive = RestorationDrive(daemon.api, story, moved: Date().timeIntervalSince(look.at))
                try await drive.run(until: look.at)
                let shown = try await RestorationLook(drive, look)
                shown.show()
                try await shown.check()
            }
        }
    }

    @Test(arguments: stories.indices)
    func `what is recorded are the real durations`(_ story: Int) async throws {
        let story = Self.stories[story]
        try await Daemon.with(loopHeldMax: 50) { daemon in
            let api = daemon.api
            var drive = RestorationDrive(api, story)
            try await drive.run(until: story.endedAt)
            let plan = try await api.get(drive.path + "/restoration").expect(200)
            let steps = plan["waves"].items.flatMap(\.["steps"].items)
            #expect(Set(steps.compactMap { $0["component"].string }) == Set(story.steps))
            for step in steps {
                let name = step["component"].string ?? ""
                #expect(Moment.date(step["restored_at"].string) == story.restoredAt(name), "\(name)")
                #expect(step["attempts"].int == story.attempts(name), "\(name)")
                #expect(step["failures"].int ?? 0 == story.attempts(name) - 1, "\(name)")
            }
            try await checkBacklog(steps)
            try await drive.close()
            let incident = try await api.get(drive.path).expect(200)
            let restored = story.endedAt.timeIntervalSince(story.startedAt)
            #expect(incident["durations"]["time_to_restore_seconds"].number == restored)
            let review = try await api.get(drive.path + "/review.json").expect(200)
            #expect(review["durations"]["time_to_restore_seconds"].number == restored)
            try await checkSamples(api, story)
            #expect(try await daemon.run("verify").status == 0)
        }
    }

    /// The backlog of what began one, and when it was worked off: at 23:03, by its first hour.
    private func checkBacklog(_ steps: [JSON]) async throws {
        for step in steps where step["backlog"] != .null {
            let drained = try #require(Moment.date(step["backlog"]["drained_at"].string))
            let restored = try #require(Moment.date(step["restored_at"].string))
            #expect(abs(drained.timeIntervalSince(restored)) < 60, "\(step)")
        }
        #expect(steps.isEmpty == false)
    }

    /// Every region of a component is measured from its first attempt to its end, whatever failed between.
    private func checkSamples(_ api: API, _ story: RestorationStory) async throws {
        for (slug, steps) in Dictionary(grouping: story.steps, by: { String($0.prefix { $0 != "@" }) }) {
            let took = try steps.map { step in
                try #require(story.restoredAt(step)).timeIntervalSince(try #require(story.beganAt(step)))
            }.sorted()
            let found = try await api.get("/v1/statistics/estimates?component=\(slug)").expect(200)["items"]
            #expect(found[0]["samples"].int == took.count, "\(slug): \(found)")
            #expect(found[0]["median_seconds"].number == took[(took.count - 1) / 2], "\(slug): \(found)")
        }
    }
}
