import Testing

/// A blip closes itself: alerts open an incident, clear, and nobody is there.
@Suite(.endToEnd, .timeLimit(.minutes(20)))
struct BlipTests {
    private static let settings = ["policy.default.when_cleared": "close", "policy.default.after_seconds": "1"]

    @Test func `a blip closes itself, comes back into the same incident, and is counted apart`() async throws {
        try await Daemon.with(.cluster, Self.settings) { daemon in
            let api = daemon.api
            let source = try await api.makeSource("prometheus")
            let blip = AlertmanagerMessage.Alert("a")
            try await api.post(source.hook, AlertmanagerMessage(group: "Blip", [blip]).json).expect(200)
            let path = try await Eventually.get("the alert's incident") {
                try await api.all("/v1/alerts").first?["incident"].int.map { "/v1/incidents/\($0)" }
            }
            let opened = try await api.get(path).expect(200)
            #expect(opened["title"] == "Blip on a" && opened["signals"]["firing"] == 1)
            #expect(opened["links"].items.compactMap { $0["kind"].string } == ["generator", "sender"])
            try await api.post(source.hook, AlertmanagerMessage(group: "Blip", [blip.resolved()]).json).expect(200)
            try await Eventually.holds("it closes itself") {
                let incident = try await api.get(path).expect(200)
                return incident["phase"] == "closed" && incident["self_recovered"]["reopen_until"] != nil
            }
            let counted = try await api.get("/v1/statistics/incidents").expect(200)
            #expect(counted["total"]["self_recovered"] == 1 && counted["total"]["closed"] == 0)
            #expect(try await api.all("/v1/incidents?self_recovered=true").count == 1)
            #expect(try await api.all("/v1/incidents?self_recovered=false").isEmpty)
            // It fires again: the same incident, which somebody takes this time.
            let again = AlertmanagerMessage.Alert("a", startsAt: "2026-01-01T12:00:00Z")
            try await api.post(source.hook, AlertmanagerMessage(group: "Blip", [again]).json).expect(200)
            try await Eventually.holds("it is open again") {
                try await api.get(path).expect(200)["phase"] == "detect"
            }
            try await api.post(path + "/acknowledge").expect(200)
            let end = AlertmanagerMessage(group: "Blip", [again.resolved("2026-01-01T13:00:00Z")])
            try await api.post(source.hook, end.json).expect(200)
            try await Eventually.holds("it says that nothing fires, and what can be done") {
                let incident = try await api.get(path).expect(200)
                return incident["signals"]["cleared_at"] != nil && incident["signals"]["closes_at"] == nil
                    && incident["phase"] == "detect" && incident["next"]["offers"][0]["how"]["method"] == "POST"
            }
            #expect(try await api.all("/v1/incidents").count == 1)
        }
    }
}
