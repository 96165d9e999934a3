import FoundationEssentials
import Testing

/// What comes in by a source's key, message by message.
@Suite(.endToEnd, .timeLimit(.minutes(20)))
struct HookTests {
    /// Recorded messages, beside the repository on the machines that have them.
    private static let corpus = Files.parent(Files.package) + "/shared/corpus/alerts"
    private static let recorded = ["plain": "am-", "bearer": "am-bearer-", "truncated": "am-trunc-"]

    @Test(arguments: recorded.keys.sorted())
    func `recorded messages open one incident, and end its alerts`(_ name: String) async throws {
        let files = Self.corpus + "/" + (Self.recorded[name] ?? "")
        let truncated = name == "truncated"
        let alerts = truncated ? ["a", "b"] : ["a"]
        let own = AlertmanagerMessage(group: name, alerts.map { .init($0) }, truncated: truncated ? 1 : 0)
        let ownEnd = AlertmanagerMessage(
            group: name, own.alerts.map { $0.resolved() }, truncated: truncated ? 1 : 0)
        let firing = (try? JSON(Files.text(files + "firing.json").utf8)) ?? own.json
        let resolved = (try? JSON(Files.text(files + "resolved.json").utf8)) ?? ownEnd.json
        try await Daemon.with { daemon in
            let api = daemon.api
            let source = try await api.makeSource(name)
            for _ in 0..<3 { try await api.post(source.hook, firing).expect(200) }
            let identities = firing["alerts"].items.compactMap { $0["fingerprint"].string }.sorted()
            let stored = try await api.all("/v1/alerts")
            #expect(stored.compactMap { $0["identity"].string }.sorted() == identities)
            #expect(stored.allSatisfy { $0["status"] == "firing" && $0["occurrences"] == 3 })
            for _ in 0..<2 { try await api.post(source.hook, resolved).expect(200) }
            try await api.post(source.hook, firing).expect(200)  // Late: it is over.
            let ended = try await api.all("/v1/alerts")
            #expect(ended.count == identities.count)
            #expect(ended.allSatisfy { $0["status"] == "resolved" && $0["resolved_at"] != nil })
            #expect(ended.allSatisfy { $0["ignored"]["last_reason"] == "late_firing" })
            try await api.post(source.hook, ["alerts": []]).expect(200)
            let metrics = try await api.get("/metrics").text
            for (reason, count) in [
                "late_firing": ended.count, "already_over": ended.count, "late_end": 0, "not_open": 0,
            ] {
                let line = #"muster_alerts_ignored_total{reason="\#(reason)"} \#(count)"#
                #expect(metrics.contains(line), "\(line)")
            }
            #expect(metrics.contains(#"muster_messages_without_alert_total{kind="alertmanager"} 1"#))
            try await Eventually.holds("the incident hears of the end") {
                let incidents = try await api.all("/v1/incidents")
                return incidents.count == 1 && incidents[0]["alerts"]["firing"] == 0
                    && incidents[0]["alerts"]["total"].int == identities.count
            }
        }
    }

    @Test func `an end that had no room for every name ends them all`() async throws {
        try await Daemon.with { daemon in
            let api = daemon.api
            let source = try await api.makeSource("prometheus")
            let three: [AlertmanagerMessage.Alert] = [.init("a"), .init("b"), .init("c")]
            try await api.post(source.hook, AlertmanagerMessage(group: "g", three).json).expect(200)
            let end = AlertmanagerMessage(group: "g", three.prefix(2).map { $0.resolved() }, truncated: 1)
            try await api.post(source.hook, end.json).expect(200)
            #expect(try await api.all("/v1/alerts?status=resolved").count == 3)
        }
    }

    @Test func `an alert on a restored component closes the gates again`() async throws {
        try await Daemon.with { daemon in
            let api = daemon.api
            try await api.putPlatform()
            let source = try await api.makeSource("prometheus")
            let alert = AlertmanagerMessage.Alert("a", component: "database")
            try await api.post(source.hook, AlertmanagerMessage(group: "g", [alert]).json).expect(200)
            let path = try await Eventually.get("an incident") {
                try await api.all("/v1/incidents").first?["number"].int.map { "/v1/incidents/\($0)" }
            }
            try await api.put(path + "/impacts/feed", ["impact": "degraded"]).expect(200)
            for _ in 0..<3 {
                try await api.post(path + "/advance", ["override": true, "reason": "a test"]).expect(200)
            }
            let database = path + "/restoration/database"
            try await api.post(database + "/start").expect(200)
            // An alert still fires on it.
            try await api.post(database + "/verify").problem(409, "gate-closed")
            try await api.post(source.hook, AlertmanagerMessage(group: "g", [alert.resolved()]).json).expect(200)
            try await Eventually.holds("nothing fires") {
                try await api.get(path).expect(200)["alerts"]["firing"] == 0
            }
            try await api.post(database + "/verify").expect(200)
            try await api.post(path + "/restoration/feed/start").expect(200)
            let again = AlertmanagerMessage.Alert("a", component: "database", startsAt: "2026-01-01T12:00:00Z")
            try await api.post(source.hook, AlertmanagerMessage(group: "g", [again]).json).expect(200)
            try await Eventually.holds("the database counts as broken again") {
                let plan = try await api.get(path + "/restoration").expect(200)
                let steps = plan["waves"].items.flatMap { $0["steps"].items }
                return steps.first { $0["component"] == "database" }?["state"] == "regressed"
            }
            try await api.post(path + "/advance").problem(409, "requirements-unmet")
            #expect(try await api.all("/v1/incidents").count == 1)
            #expect(try await api.all("/v1/alerts").count == 2, "a trigger after a resolve is a new alert")
        }
    }

    @Test func `a closed incident leaves its group's next alert to a new one`() async throws {
        try await Daemon.with { daemon in
            let api = daemon.api
            let source = try await api.makeSource("prometheus")
            let alert = AlertmanagerMessage.Alert("a")
            try await api.post(source.hook, AlertmanagerMessage(group: "g", [alert]).json).expect(200)
            try await Eventually.holds("an incident") { try await api.all("/v1/incidents").count == 1 }
            try await api.post("/v1/incidents/1/dismiss", ["reason": "a test"]).expect(200)
            // A repeat tells nothing new.
            try await api.post(source.hook, AlertmanagerMessage(group: "g", [alert]).json).expect(200)
            try await api.post(source.hook, AlertmanagerMessage(group: "g", [alert, .init("b")]).json).expect(200)
            try await Eventually.holds("another incident") { try await api.all("/v1/incidents").count == 2 }
            #expect(try await api.get("/v1/incidents/1").expect(200)["phase"] == "dismissed")
            #expect(try await api.all("/v1/alerts?incident=2").compactMap { $0["labels"]["instance"].string } == ["b"])
        }
    }

    @Test func `what is no message is refused, and a key that nobody has is unknown`() async throws {
        try await Daemon.with { daemon in
            let api = daemon.api.with(token: nil)
            let source = try await daemon.api.makeSource("prometheus")
            #expect(source.hook.dropFirst("/hooks/".count).wholeMatch(of: /[a-z0-9]{32}/) != nil)
            try await api.send("POST", source.hook, .text("{")).problem(400, "not-json")
            try await api.post(source.hook, ["alerts": "none"]).problem(422, "invalid-value")
            try await api.post(source.hook, ["alerts": [["status": "odd"]]]).problem(422, "invalid-value")
            try await api.post(source.hook, ["alerts": [], "unknown": ["is": "ignored"]]).expect(200)
            try await api.post("/hooks/abcdefghijklmnopqrstuvwxyz234567", ["alerts": []]).problem(404, "not-found")
            try await daemon.api.delete("/v1/sources/\(source.id)").expect(204)
            try await api.post(source.hook, ["alerts": []]).problem(404, "not-found")
            #expect(try await daemon.api.all("/v1/alerts").isEmpty)
        }
    }
}
