import FoundationEssentials
import Testing

/// What is told of an outage afterwards: by its timeline, its review and the statistics.
struct OutageStory: Sendable {
    private let path: String
    private let entries: [JSON]

    init(_ api: API, _ path: String) async throws {
        self.path = path
        entries = try await api.all(path + "/timeline")
    }

    /// Each says what changed and what is expected now.
    func tellsRevisions() {
        let revisions = entries.filter { $0["kind"] == "plan_revised" }.map { $0["data"] }
        #expect(revisions.map { $0["revision"].int } == Array(1...revisions.count), "\(revisions)")
        #expect(revisions.map { $0["changes"] } == [["began"], ["components"], ["order"]], "\(revisions)")
        guard revisions.count == 3 else { return }
        #expect(revisions[1]["joined"] == ["recommendations"])
        for revision in revisions {
            let (median, p90) = (revision["expected"]["median"], revision["expected"]["p90"])
            #expect(median.number ?? 0 > 0 || median.string != nil, "\(revision)")
            #expect(p90 != median, "\(revision)")
        }
        #expect(revisions[0]["spans"].items.count == 15)
    }

    /// What was decided and what went wrong, in its order; and that three people did the work.
    func tellsDecisionsInOrder() {
        let scenes = [
            place("plan_revised") { $0["revision"] == 1 },
            place("step_restored") { $0.component == "auth" },
            place("step_regressed") { $0.component == "auth" },
            place("plan_revised") { $0["revision"] == 2 },
            place("step_waived") { $0.component == "live-chat" && $0["reason"] == "Nobody chats at night" },
            place("step_started") { $0.component == "notifications" && $0["overridden"].items.isEmpty == false },
            place("restoration_ordered") { $0["components"] == ["upload", "search"] },
            place("plan_revised") { $0["revision"] == 3 },
        ]
        let found = scenes.compactMap(\.self)
        #expect(found.count == scenes.count && found == found.sorted(), "\(scenes)")
        let forced = entries.filter { $0["data"]["overridden"].items.isEmpty == false }
        #expect(forced.map { $0["actor"] } == ["Carla"])
        #expect(forced.first?["data"]["reason"] == "The press is watching")
        let hands = Set(entries.filter { $0["kind"] == "step_started" }.compactMap { $0["actor"].string })
        #expect(hands == ["Rosa", "Rudi", "Rita", "Carla"])
        let ramps = entries.filter { $0["kind"] == "step_ramped" && $0["data"].component == "user-db" }
        #expect(ramps.map { $0["data"]["percent"] } == [10, 50, 100])
    }

    private func place(_ kind: String, where isMeant: (_ data: JSON) -> Bool) -> Int? {
        entries.first { $0["kind"] == .string(kind) && isMeant($0["data"]) }?["sequence"].int
    }

    /// A page that tells it to whoever was not there.
    func isReviewed(_ api: API) async throws {
        let (text, page) = (try await api.get(path + "/review.md").text, try await api.get(path + "/review.html").text)
        let told = [
            "Planned and actual", "Deviations from the plan", "Nobody chats at night",
            "The press is watching", "Started notifications early: wave 2 is not complete", "Creators wait",
            "Plan as of the start of restoration",
        ]
        for words in told {
            #expect(text.contains(words), "review.md does not say: \(words)")
            #expect(page.contains(words), "review.html does not say: \(words)")
        }
        let table = text.split(separator: "\n").filter { $0.hasPrefix("|") && $0.contains(" for ") }
        #expect(table.contains { $0.contains("Payments and payouts") }, "no row for payments: \(table)")
        #expect(page.contains("<svg class=\"phases gantt\""))
        for sign in ["gantt-planned", "gantt-verifying", "started with override", "waived", "regressed"] {
            #expect(page.contains(sign), "the picture lacks \(sign)")
        }
    }

    /// What was thought stands beside what it was.
    func isMeasured(_ api: API) async throws {
        let estimates = try await api.get("/v1/statistics/estimates?limit=200").expect(200)
        let components = Dictionary(grouping: estimates["items"].items, by: \.component)
        #expect(components.count == 15, "everything but what was waived: \(components.keys.sorted())")
        for (component, found) in components {
            #expect(found[0]["samples"] == (component == "auth" ? 2 : 1), "\(found)")
            #expect(found[0]["accuracy"]["predictions"] == found[0]["samples"], "\(found)")
            #expect(found[0]["accuracy"]["median_error_seconds"].int != nil, "\(found)")
        }
        #expect(estimates["overall"]["components"]["predictions"] == 16)
        #expect(estimates["overall"]["incidents"]["predictions"] == 1)
        let forecast = estimates["incidents"][0]
        let began = entries.first { $0["kind"] == "plan_revised" }
        #expect(forecast["made_at"] == began?["occurred_at"])
        let expected = try #require(Moment.date(forecast["expected_at"]["median"].string))
        let restored = try #require(Moment.date(forecast["restored_at"].string))
        let error = try #require(forecast["error_seconds"].number)
        #expect(abs(restored.timeIntervalSince(expected) - error) < 0.01)
    }
}
