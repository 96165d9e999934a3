import HTTPTypes
import Testing

@testable import MusterServer

/// Rules and silences, with every field that they can have.
extension DescribedLife {
    func routeByRules() async throws {
        let hours: JSONValue = ["time_zone": "Europe/Berlin", "days": ["mon", "sun"], "from": "22:00", "to": "06:00"]
        let routed: JSONValue = ["label": "team", "table": ["db": "db"], "default": "auth"]
        let nobody: JSONValue = [["label": "team", "operator": "=~", "value": "nobody|noone"]]
        let full: JSONValue = [
            "name": "all of it", "matchers": nobody, "stop": false, "position": 1,
            "then": [
                "component": routed, "severity": "sev3", "group_by": ["team"], "opens_incident": true,
                "after": ["count": 3, "within_seconds": 600], "hours": hours,
            ],
        ]
        let made = await post("/v1/rules", full, gives: 201)
        let path = "/v1/rules/\(made.json["id"]?.string ?? "")"
        let other = await post(
            "/v1/rules", ["name": "two", "matchers": nobody, "then": ["severity": routed]], gives: 201)
        await get("/v1/rules")
        await get(path)
        await ask(.put, path, full)
        await post("/v1/rules", ["name": "nothing", "matchers": nobody, "then": [:]], gives: 422)
        await ask(.put, "/v1/rules/order", ["rules": [other.json["id"] ?? .null, made.json["id"] ?? .null]])
        await ask(.put, "/v1/rules/order", ["rules": []], gives: 422)
        await post("/v1/rules/try", ["labels": ["team": "nobody"], "source": "prometheus"])
        for id in ["0197a1b2-0000-7000-8000-000000000000"] {
            await get("/v1/rules/\(id)", gives: 404)
            await ask(.put, "/v1/rules/\(id)", full, gives: 404)
            await ask(.delete, "/v1/rules/\(id)", gives: 404)
            await get("/v1/silences/\(id)", gives: 404)
            await ask(.delete, "/v1/silences/\(id)", gives: 404)
        }
        await ask(.delete, path, gives: 204)

        let body: JSONValue = ["matchers": nobody, "comment": "moving", "duration_seconds": 3600]
        let silence = await post("/v1/silences", body, gives: 201)
        await post("/v1/silences", body, gives: 201)
        let silencePath = "/v1/silences/\(silence.json["id"]?.string ?? "")"
        await get(silencePath)
        try await readPages("/v1/silences?state=active")
        await ask(.delete, silencePath)
        await get("/v1/silences?source=0197a1b2-0000-7000-8000-000000000000")
        await get("/v1/silences?source=x", gives: 422)

        // Something that hangs on what is down, for the entry that says so.
        let source = await post("/v1/sources", ["name": "linked", "kind": "alertmanager"], gives: 201)
        let hook = "/hooks/\(source.json["key"]?.string ?? "")"
        await send(hook, "firing", group: "below", "l1", on: "db")
        await send(hook, "firing", group: "above", "l2", on: "auth")
        try await route()
    }
}
