import Testing

/// Clocks say when it happened. What is wrong about them is corrected later, and everything that shows them follows.
@Suite(.endToEnd, .timeLimit(.minutes(20)))
struct TimesTests {
    @Test func `every clock is corrected long after closing, and cleared again`() async throws {
        try await Daemon.with { daemon in
            let api = daemon.api
            try await api.putPlatform()
            let path = try await liveThrough(api)
            let measured = try await api.get(path).expect(200)
            #expect(measured["phase"] == "closed")
            let corrections: [(clock: String, time: String, duration: String?, seconds: Double)] = [
                ("started_at", "2026-03-01T19:59:00Z", nil, 0),
                ("detected_at", "2026-03-01T20:09:00Z", "time_to_detect_seconds", 600),
                ("acknowledged_at", "2026-03-01T20:19:00Z", "time_to_acknowledge_seconds", 1200),
                ("assessed_at", "2026-03-01T20:24:00Z", nil, 0),
                ("mitigated_at", "2026-03-01T20:39:00Z", "time_to_mitigate_seconds", 2400),
                ("restored_at", "2026-03-01T20:49:00Z", "time_to_restore_seconds", 3000),
            ]
            for (clock, time, duration, seconds) in corrections {
                let body: JSON = [clock: .string(time), "reason": .string("The graphs show \(clock)")]
                let told = try await api.patch(path + "/times", body).expect(200)
                #expect(Moment.date(told["times"][clock].string) == Moment.date(time))
                if let duration { #expect(told["durations"][duration].number == seconds) }
            }
            try await seeEverywhere(api, path)
            try await refuse(api, path)
            for clock in ["detected_at", "acknowledged_at", "assessed_at", "mitigated_at", "restored_at"] {
                let cleared = try await api.patch(path + "/times", [clock: nil, "reason": "A mistake"]).expect(200)
                #expect(cleared["times"][clock] == measured["times"][clock])
            }
            #expect(try await daemon.run("verify").status == 0)
        }
    }

    /// 20:00 to 20:50, entered with the times at which it happened; the phases are left today, years later.
    private func liveThrough(_ api: API) async throws -> String {
        func at(_ minute: String, _ body: JSON = [:]) -> JSON {
            body.with(["occurred_at": .string("2026-03-01T20:\(minute):00Z")])
        }
        let path = try await api.open(
            at(
                "05",
                [
                    "title": "Feeds do not load", "severity": "sev2", "started_at": "2026-03-01T20:00:00Z",
                    "components": [["component": "feed", "impact": "major_outage"]],
                ]))
        try await api.post(path + "/acknowledge", at("10")).expect(200)
        try await api.post(path + "/advance").expect(200)
        try await api.put(path + "/roles/commander", at("12", ["person": "Ada"])).expect(200)
        try await api.put(path + "/cause", at("20", ["category": "technical", "confidence": "suspected"])).expect(200)
        #expect(try await api.post(path + "/advance").expect(200)["times"]["assessed_at"] == "2026-03-01T20:20:00.000Z")
        try await api.post(path + "/mitigations", at("30", ["description": "Roll back", "state": "succeeded"]))
            .expect(201)
        try await api.put(path + "/impacts/feed", at("30", ["impact": "degraded"])).expect(200)
        let before = try await api.get(path).expect(200)
        let late = try await api.post(path + "/advance").expect(200)
        #expect(before["durations"]["time_to_mitigate_seconds"] == 1800, "known before anybody advances")
        #expect(late["durations"] == before["durations"])
        try await api.post(path + "/restoration/feed/start", at("35")).expect(200)
        try await api.post(path + "/restoration/feed/verify", at("45")).expect(200)
        let back = try await api.get(path).expect(200)
        #expect(back["durations"]["time_to_restore_seconds"] == 2700)
        #expect(try await api.post(path + "/advance").expect(200)["durations"] == back["durations"])
        try await api.writeReview(of: path)
        try await api.post(path + "/review/approve").expect(200)
        let closed = try await api.post(path + "/advance").expect(200)
        #expect(closed["durations"] == back["durations"])
        return path
    }

    /// The list, the review in its forms, and the timeline.
    private func seeEverywhere(_ api: API, _ path: String) async throws {
        let incident = try await api.get(path).expect(200)
        #expect(incident["corrected_times"].items.count == 6)
        #expect(incident["warnings"].items.map { $0["code"] } == ["review-not-approved"])
        #expect(incident["review"]["status"] == "draft", "it has to be approved again")
        let listed = try await api.get("/v1/incidents").expect(200)["items"].items.first
        #expect(listed?["durations"] == incident["durations"])
        let review = try await api.get(path + "/review.json").expect(200)
        #expect(review["durations"]["time_to_restore_seconds"] == 3000)
        let durations = review["sections"].items.first { $0["id"] == "durations" }
        #expect(durations?["markdown"].string?.contains("restored (corrected)") == true)
        #expect(durations?["markdown"].string?.contains("The graphs show mitigated") == true)
        let entries = try await api.all(path + "/timeline").filter { $0["kind"] == "times_corrected" }
        #expect(entries.count == 6)
        #expect(entries.allSatisfy { $0["text"].string?.hasPrefix("After closing: ") == true })
        try await api.post(path + "/review/approve").expect(200)
    }

    private func refuse(_ api: API, _ path: String) async throws {
        let refused = try await api.patch(path + "/times", ["acknowledged_at": "2026-03-01T20:08:00Z", "reason": "r"])
            .problem(422, "invalid-value")
        #expect(refused["detail"].string?.contains("detected 2026-03-01 20:09:00 UTC") == true)
        #expect(refused["errors"].items.first?["pointer"] == "/acknowledged_at")
        try await api.patch(path + "/times", ["mitigated_at": "2036-03-01T20:08:00Z", "reason": "r"]).problem(
            422, "invalid-value")
        try await api.patch(path + "/times", ["mitigated_at": "2026-03-01T20:08:00Z"]).problem(422, "invalid-value")
    }
}
