import FoundationEssentials
import HTTPTypes
import TestSupport
import Testing

@testable import MusterServer

/// Alerts that come, are seen, end, and go on elsewhere; and what the timelines say of all that.
extension DescribedLife {
    func raiseAlerts(into path: String) async throws {
        let source = await post("/v1/sources", ["name": "prometheus", "kind": "alertmanager"], gives: 201)
        let hook = "/hooks/\(source.json["key"]?.string ?? "")"
        await send(hook, "firing")
        try await route()
        await send(hook, "firing", group: "of another rule", "a9", on: "db")
        try await route()
        let alerts = await get("/v1/alerts?component=stray&status=firing&label=severity:critical&identity=a1")
        let alert = try #require(alerts.json["items"]?[0])
        let number = try #require(alert["incident"]?.integer)
        await get("/v1/alerts?incident=\(number)&source=\(source.json["id"]?.string ?? "")")
        try await readPages("/v1/alerts")
        await post("/v1/alerts/\(alert["id"]?.string ?? "")/acknowledge")
        await post("/v1/alerts/\(alert["id"]?.string ?? "")/unacknowledge")
        for step in ["acknowledge", "unacknowledge"] {
            await post("/v1/alerts/0197a1b2-0000-7000-8000-000000000000/\(step)", gives: 404)
        }
        await get("/v1/alerts/\(alert["id"]?.string ?? "")")
        await get("/v1/alerts/0197a1b2-0000-7000-8000-000000000000", gives: 404)
        await get("/v1/incidents/\(number)")
        await post("/v1/incidents/\(number)/merge", ["into": .string(self.number(path))])
        await get(path)
        await send(hook, "resolved")
        try await route()
        await get("/v1/alerts")
        await post("/v1/alerts/\(alert["id"]?.string ?? "")/resolve")
        // A person ends one that fires.
        await send(hook, "firing", group: "by hand", "a10", on: "brief")
        try await route()
        let fires = await get("/v1/alerts?identity=a10&status=firing")
        let ended = try #require(fires.json["items"]?[0])
        await post("/v1/alerts/\(ended["id"]?.string ?? "")/resolve")
        try await route()
        let again = "/v1/alerts/\(ended["id"]?.string ?? "")/reopen"
        await post(again, ["reason": "It was another one."])
        await post("/v1/alerts/\(alert["id"]?.string ?? "")/reopen", ["reason": "It was another one."], gives: 422)
        await post("/v1/alerts/0197a1b2-0000-7000-8000-000000000000/reopen", ["reason": "r"], gives: 404)
        try await readPages("/v1/incidents/\(ended["incident"]?.integer ?? 0)/timeline")
        // It ends before anybody was told that it began.
        await send(hook, "firing", group: "brief", "a7", on: "brief")
        await send(hook, "resolved", group: "brief", "a7", on: "brief")
        try await route()

        await ask(.post, "/hooks/\(String(repeating: "a", count: 32))", [:], token: nil, gives: 404)
        await ask(.post, hook, nil, token: nil, gives: 400)
        await ask(.post, hook, [:], token: nil, gives: 422)
    }

    func send(
        _ hook: String, _ status: JSONValue, group: JSONValue = "g", _ identity: JSONValue = "a1",
        on component: JSONValue = "stray"
    ) async {
        let ends: JSONValue = status == "resolved" ? "2020-01-01T01:00:00Z" : "0001-01-01T00:00:00Z"
        let first: JSONValue = [
            "status": status, "fingerprint": identity, "labels": ["component": component, "severity": "critical"],
            "annotations": [
                "summary": "it is down", "runbook_url": .string("https://runbooks.example/\(identity.string ?? "")"),
            ],
            "startsAt": "2020-01-01T00:00:00Z", "endsAt": ends,
        ]
        let second: JSONValue = [
            "status": status, "fingerprint": "a2", "labels": ["alertname": "Slow"], "startsAt": "2020-01-01T00:00:00Z",
            "endsAt": ends,
        ]
        await ask(.post, hook, ["groupKey": group, "status": status, "alerts": [first, second]], token: nil)
    }

    /// What the daemon's router does when it is woken.
    func route() async throws {
        let features = server.server
        let router = AlertRouter(
            pool: server.server.pool, desk: features.desk, signal: features.routing, logger: TestServer.quietLogger,
            book: features.rules, correlationWindow: .seconds(1800))
        while try await router.routeBatch() > 0 {}
    }

    func readTimelines(_ path: String) async throws {
        await ask(.post, "\(path)/timeline/1/redact", ["reason": "A name stood in it."])
        await ask(.post, "\(path)/timeline/1/redact", ["reason": "A name stood in it."])
        await ask(.post, "\(path)/timeline/9999/redact", ["reason": "no"], gives: 404)
        try await readPages("\(path)/timeline?after=2")
        let count = await get("/v1/incidents?limit=200").json["items"]?.array?.count ?? 0
        for number in 1...count { await get("/v1/incidents/\(number)/timeline?limit=200") }
        #expect(await get("/v1/events?after=0-0").json["id"]?.string != nil)
        await get("/v1/events?after=yesterday", gives: 422)
        let lost = await ask(
            .get, "/v1/events?after=0-0", headers: [HTTPField.Name("Last-Event-ID")!: "yesterday"], gives: 400)
        #expect(lost.json["detail"]?.string?.hasPrefix("Last-Event-ID is not an event id") == true)
        await get("\(path)/timeline?order=desc&fields=sequence,kind")
    }
}
