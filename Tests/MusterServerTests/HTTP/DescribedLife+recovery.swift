import FoundationEssentials
import HTTPTypes
import TestSupport
import Testing

@testable import MusterServer

/// Alerts whose words the incident takes, that clear by themselves, come back, and are moved.
extension DescribedLife {
    func moveAndRecover() async throws {
        let source = await post("/v1/sources", ["name": "blips", "kind": "alertmanager"], gives: 201)
        let hook = "/hooks/\(source.json["key"]?.string ?? "")"
        let matchers: JSONValue = [["label": "alertname", "value": "Blip"]]
        let closing: JSONValue = ["when_cleared": "close", "after_seconds": 0]
        await post("/v1/rules", ["name": "blips", "matchers": matchers, "then": closing], gives: 201)
        await post("/v1/rules", ["name": "odd", "matchers": matchers, "then": ["after_seconds": 5]], gives: 422)
        await get("/v1/rules")
        await post("/v1/rules/try", ["labels": ["alertname": "Blip"], "component": "feeds", "severity": "page"])

        await blip(hook, "firing", at: 1)
        try await route()
        let alert = try #require(await get("/v1/alerts?identity=b1").json["items"]?[0])
        let number = try #require(alert["incident"]?.integer)
        let opened = await get("/v1/incidents/\(number)")
        #expect(opened.json["title"] == "Feeds are empty" && opened.json["severity_origin"] == "alert")
        #expect(opened.json["links"]?[0]?["kind"] == "runbook")
        let unknown = await get("/v1/alerts?component_unknown=true")
        #expect(unknown.json["items"]?.array?.contains { $0["component_problem"]?["nearest"]?[0] == "feed" } == true)
        await blip(hook, "resolved", at: 1)
        try await route()
        #expect(await get("/v1/incidents/\(number)").json["next"]?["offers"]?[0] != nil)
        let features = server.server
        let deadlines = DeadlineRunner(desk: features.desk, pool: features.pool, logger: TestServer.quietLogger)
        try await deadlines.passDue()
        #expect(await get("/v1/incidents/\(number)").json["self_recovered"]?["reopen_until"] != nil)
        await get("/v1/statistics/incidents")
        await get("/v1/incidents?self_recovered=true")
        await blip(hook, "firing", at: 2)
        try await route()
        #expect(await get("/v1/incidents/\(number)").json["phase"] == "detect")

        try await move(number)
    }

    private func move(_ number: Int) async throws {
        let alert = try #require(await get("/v1/alerts?identity=b1&status=firing").json["items"]?[0])
        let id = alert["id"] ?? .null
        let path = "/v1/alerts/\(id.string ?? "")"
        let moved = await ask(.patch, path, ["incident": "new", "reason": "Another outage."])
        let other = try #require(moved.json["incident"]?.integer)
        await ask(.patch, path, ["incident": .integer(other), "reason": "The same."])
        await ask(.patch, "/v1/alerts", ["alerts": [id], "incident": .integer(number), "reason": "It was no other."])
        await ask(.patch, "/v1/alerts", ["alerts": [id], "incident": nil, "reason": "It is noise."])
        #expect(await get("/v1/alerts?orphaned=true").json["items"]?.array?.contains { $0["id"] == id } == true)
        await ask(.patch, path, ["incident": .integer(other), "reason": "After all."])
        await ask(.patch, path, ["reason": "Where to?"], gives: 422)
        await ask(.patch, path, ["incident": 4711, "reason": "Where to?"], gives: 422)
        let missing = "/v1/alerts/0197a1b2-0000-7000-8000-000000000000"
        await ask(.patch, missing, ["incident": "new", "reason": "No alert."], gives: 404)
        await post("/v1/incidents/\(number)/dismiss", ["reason": "Nothing was wrong."])
        await ask(.patch, path, ["incident": .integer(number), "reason": "It takes none."], gives: 409)
        for incident in [number, other] { await get("/v1/incidents/\(incident)/timeline?limit=200") }
    }

    private func blip(_ hook: String, _ status: JSONValue, at minute: Int) async {
        let alert: JSONValue = [
            "status": status, "fingerprint": "b1",
            "labels": ["alertname": "Blip", "severity": "warning", "component": "feeds"],
            "annotations": ["summary": "Feeds are empty", "runbook_url": "https://wiki.example/blip"],
            "startsAt": .string("2020-02-02T00:0\(minute):00Z"),
            "endsAt": status == "resolved" ? .string("2020-02-02T00:0\(minute):30Z") : "0001-01-01T00:00:00Z",
            "generatorURL": "https://prometheus.example/graph?g0.expr=up",
        ]
        await ask(.post, hook, ["groupKey": "blips", "status": status, "alerts": [alert]], token: nil)
    }
}
