import FoundationEssentials
import Testing

/// The whole life of an incident over HTTP.
@Suite(.endToEnd, .timeLimit(.minutes(20)))
struct LifecycleTests {
    @Test func `an incident goes through all five phases and ends as a review`() async throws {
        try await Daemon.with { daemon in
            let api = daemon.api
            try await api.putPlatform()
            let path = try await open(api)
            try await detectAndAssess(api, path)
            try await mitigate(api, path)
            try await restore(api, path)
            try await review(api, path)
            try await readReview(api, path)
            try await reopenAndClose(api, path)
            #expect(try await daemon.run("verify").status == 0)
        }
    }

    /// 20:15: somebody opens it.
    private func open(_ api: API) async throws -> String {
        let path = try await api.open([
            "title": "Feeds do not load <script>alert(1)</script>", "summary": "Empty pages since 20:03",
            "started_at": "2026-03-01T20:03:00Z", "occurred_at": "2026-03-01T20:15:00Z",
            "components": [["component": "feed", "impact": "major_outage"]], "labels": ["region": "eu"],
        ])
        let incident = try await api.get(path).expect(200)
        #expect(incident["phase"] == "detect")
        #expect(incident["times"]["started_at"] == "2026-03-01T20:03:00.000Z")
        #expect(incident["durations"]["time_to_detect_seconds"] == 720)
        #expect(incident["next"]["phase"] == "assess")
        #expect(incident["next"]["ready"] == false)
        return path
    }

    /// 20:16 to 20:30: what, how bad, why.
    private func detectAndAssess(_ api: API, _ path: String) async throws {
        try await api.post(path + "/advance").problem(409, "requirements-unmet")
        try await api.post(path + "/acknowledge", ["occurred_at": "2026-03-01T20:16:00Z"]).expect(200)
        try await api.post(path + "/advance", ["occurred_at": "2026-03-01T20:16:00Z"]).expect(200)
        let refused = try await api.post(path + "/advance").problem(409, "requirements-unmet")
        #expect(
            refused["unmet"].items.compactMap { $0["requirement"].string }
                == ["severity_set", "commander_assigned", "cause_given"])
        try await api.patch(path, ["severity": "sev1", "occurred_at": "2026-03-01T20:17:00Z"]).expect(200)
        try await api.put(path + "/roles/commander", ["person": "Ada", "occurred_at": "2026-03-01T20:17:00Z"]).expect(
            200)
        for component in ["database", "auth", "comments", "upload"] {
            try await api.put(
                path + "/impacts/\(component)", ["impact": "major_outage", "occurred_at": "2026-03-01T20:18:00Z"]
            ).expect(200)
        }
        try await api.put(
            path + "/audiences/users",
            ["description": "Empty feeds", "people": 120_000, "occurred_at": "2026-03-01T20:20:00Z"]
        ).expect(200)
        let cause: JSON = [
            "category": "technical", "subcategory": "database_fault", "confidence": "suspected",
            "evidence": "Primary does not answer", "occurred_at": "2026-03-01T20:25:00Z",
        ]
        let stated = try await api.put(path + "/cause", cause).expect(200)
        #expect(stated["suggested_mitigations"].items.isEmpty == false)
        try await api.post(
            path + "/notes",
            ["text": "Failover stuck on a <b>lock</b>", "key": true, "occurred_at": "2026-03-01T20:26:00Z"]
        ).expect(201)
        let advanced = try await api.post(path + "/advance", ["occurred_at": "2026-03-01T20:30:00Z"]).expect(200)
        #expect(advanced["phase"] == "mitigate")
    }

    /// 20:31 to 20:45: stop the harm.
    private func mitigate(_ api: API, _ path: String) async throws {
        let first = try await api.post(
            path + "/mitigations",
            ["description": "Restart the primary", "state": "running", "occurred_at": "2026-03-01T20:31:00Z"]
        ).expect(201)
        let refused = try await api.post(path + "/advance").problem(409, "requirements-unmet")
        #expect(
            refused["unmet"].items.compactMap { $0["requirement"].string }
                == ["mitigation_succeeded", "no_mitigation_running"])
        let id = try #require(first["id"].int)
        try await api.patch(
            path + "/mitigations/\(id)", ["state": "failed", "occurred_at": "2026-03-01T20:35:00Z"]
        ).expect(200)
        try await api.patch(path + "/mitigations/\(id)", ["state": "not_needed"]).problem(409, "mitigation-state")
        let second = try await api.post(
            path + "/mitigations", ["description": "Promote the replica", "occurred_at": "2026-03-01T20:36:00Z"]
        ).expect(201)
        try await api.patch(
            path + "/mitigations/\(second["id"].int ?? 0)",
            ["state": "succeeded", "occurred_at": "2026-03-01T20:44:00Z"]
        ).expect(200)
        for component in ["database", "auth", "feed", "comments", "upload"] {
            let better: JSON = ["impact": "degraded", "occurred_at": "2026-03-01T20:44:00Z"]
            try await api.put(path + "/impacts/\(component)", better).expect(200)
        }
        let advanced = try await api.post(path + "/advance", ["occurred_at": "2026-03-01T20:45:00Z"]).expect(200)
        #expect(advanced["phase"] == "restore")
        #expect(advanced["durations"]["time_to_mitigate_seconds"] == 2460, "at 20:44, not when somebody advanced")
    }

    /// 20:46 to 21:03: the most critical first, and what depends on it after it.
    private func restore(_ api: API, _ path: String) async throws {
        let plan = try await api.get(path + "/restoration").expect(200)
        let order = plan["waves"].items.flatMap { $0["steps"].items.compactMap { $0["component"].string } }
        #expect(order.first == "database")
        #expect(Set(order) == ["database", "auth", "feed", "comments", "upload"])
        let early = try await api.post(path + "/restoration/feed/start").problem(409, "gate-closed")
        #expect(early["waits_for"].items.isEmpty == false)
        try await api.post(path + "/restoration/feed/verify").problem(409, "step-state")
        try await api.post(path + "/restoration/cdn/start").problem(404, "not-found")
        for (minute, component) in [(46, "database"), (48, "auth"), (50, "feed")] {
            let step = path + "/restoration/\(component)"
            try await api.post(step + "/start", ["occurred_at": "2026-03-01T20:\(minute):00Z"]).expect(200)
            for percent in [10, 100] {
                try await api.post(
                    step + "/ramp", ["percent": .number(Double(percent)), "occurred_at": "2026-03-01T20:\(minute):30Z"]
                ).expect(200)
            }
            try await api.post(step + "/verify", ["occurred_at": "2026-03-01T20:\(minute + 1):00Z"]).expect(200)
        }
        let upload = path + "/restoration/upload"
        try await api.post(upload + "/start", ["occurred_at": "2026-03-01T20:52:00Z"]).expect(200)
        try await api.post(upload + "/fail", ["reason": "Disk full", "occurred_at": "2026-03-01T20:53:00Z"]).expect(200)
        try await api.post(upload + "/start", ["occurred_at": "2026-03-01T20:54:00Z"]).expect(200)
        try await api.post(upload + "/verify", ["occurred_at": "2026-03-01T20:55:00Z"]).expect(200)
        try await api.post(path + "/advance").problem(409, "requirements-unmet")
        let waived = try await api.post(
            path + "/restoration/comments/waive", ["reason": "Off until Monday", "occurred_at": "2026-03-01T21:00:00Z"]
        ).expect(200)
        #expect(waived["progress"] == 0.8 && waived["restored"] == 4 && waived["waived"] == 1)
        let advanced = try await api.post(path + "/advance", ["occurred_at": "2026-03-01T21:03:00Z"]).expect(200)
        #expect(advanced["phase"] == "review")
        #expect(advanced["durations"]["time_to_restore_seconds"] == 3120, "the last was back at 20:55")
    }

    /// The next day: what was learnt.
    private func review(_ api: API, _ path: String) async throws {
        try await api.post(path + "/review/approve").problem(409, "review-state")
        try await api.post(path + "/review", ["occurred_at": "2026-03-02T09:00:00Z"]).expect(201)
        try await api.put(
            path + "/review",
            [
                "sections": [
                    ["id": "what_went_well", "markdown": "The alert was quick."],
                    ["id": "what_went_wrong", "markdown": "The switch was not rehearsed."],
                    ["id": "lessons", "title": "Lessons", "markdown": "Test the failover <img src=x>"],
                ],
                "status": "in_review", "occurred_at": "2026-03-02T10:00:00Z",
            ]
        ).expect(200)
        let action = try await api.post(
            path + "/actions",
            ["title": "Test the failover every month", "kind": "preventive", "occurred_at": "2026-03-02T10:05:00Z"]
        ).expect(201)
        let unfinished = try await api.post(path + "/review/approve").problem(409, "review-unfinished")
        #expect(
            unfinished["how"].items.compactMap { $0["path"].string } == ["/v1/actions/\(action["id"].string ?? "")"])
        let refused = try await api.post(path + "/advance").problem(409, "requirements-unmet")
        #expect(
            refused["unmet"].items.compactMap { $0["requirement"].string } == ["review_approved", "actions_assigned"])
        try await api.patch(
            "/v1/actions/\(action["id"].string ?? "")",
            ["owner": "Grace", "due": "2026-04-01", "occurred_at": "2026-03-02T10:06:00Z"]
        ).expect(200)
        let approved = try await api.post(path + "/review/approve", ["occurred_at": "2026-03-02T11:00:00Z"]).expect(200)
        #expect(approved["status"] == "approved")
        let closed = try await api.post(path + "/advance", ["occurred_at": "2026-03-02T11:01:00Z"]).expect(200)
        #expect(closed["phase"] == "closed")
        #expect(closed["next"] == nil)
        #expect(closed["times"]["reviewed_at"] == "2026-03-02T11:00:00.000Z")
        #expect(closed["times"]["closed_at"] == "2026-03-02T11:01:00.000Z")
    }

    private func readReview(_ api: API, _ path: String) async throws {
        let json = try await api.get(path + "/review.json").expect(200)
        #expect(json["status"] == "approved")
        #expect(json["actions"][0]["owner"] == "Grace")
        let sections = json["sections"].items
        #expect(Set(sections.compactMap { $0["id"].string }).count == sections.count)
        #expect(sections.contains { $0["id"] == "lessons" && $0["generated"] == false })

        let markdown = try await api.get(path + "/review.md")
        #expect(markdown.header("Content-Type") == "text/markdown; charset=utf-8")
        let html = try await api.get(path + "/review.html")
        #expect(html.header("Content-Type") == "text/html; charset=utf-8")
        for text in [
            "Promote the replica", "Off until Monday", "Test the failover every month", "Grace", "Failover stuck",
        ] {
            #expect(markdown.text.contains(text), "review.md lacks \(text)")
            #expect(html.text.contains(text), "review.html lacks \(text)")
        }
        #expect(html.text.contains("<svg"))
        for typed in ["<script>alert", "<img src=x>", "<b>lock"] {
            #expect(!html.text.contains(typed), "review.html holds \(typed) as it was typed")
            #expect(!markdown.text.contains(typed), "review.md holds \(typed) as it was typed")
        }
        for outside in ["src=\"http", "href=\"http", "url(http", "@import", "<link"] {
            #expect(!html.text.contains(outside), "review.html is not by itself: \(outside)")
        }
    }

    /// Closed is not for ever, and what was reopened can be closed again.
    private func reopenAndClose(_ api: API, _ path: String) async throws {
        try await api.post(path + "/notes", ["text": "One more thing"]).expect(201)
        try await api.post(path + "/tasks", ["text": "too late"]).problem(409, "wrong-phase")
        try await api.post(path + "/revert", ["to": "restore", "reason": "no"]).problem(409, "no-such-transition")
        try await api.post(path + "/revert", ["to": "mitigate"]).problem(422, "invalid-value")
        let reopened = try await api.post(path + "/revert", ["to": "mitigate", "reason": "It came back"]).expect(200)
        #expect(reopened["phase"] == "mitigate")
        #expect(reopened["times"]["restored_at"] == nil)
        #expect(reopened["times"]["closed_at"] == nil)
        for _ in 0..<3 {
            try await api.post(path + "/advance", ["override": true, "reason": "It was a false alarm"]).expect(200)
        }
        #expect(try await api.get(path).expect(200)["phase"] == "closed")
        let entries = try await api.all(path + "/timeline", limit: 20)
        #expect(entries.compactMap { $0["sequence"].int } == Array(1...entries.count))
        #expect(entries.first?["kind"] == "incident_opened")
        #expect(
            entries.contains { $0["kind"] == "phase_reverted" && $0["text"].string?.contains("It came back") == true })
    }
}
