import FoundationEssentials
import HTTPTypes
import IncidentDomain
import TestSupport
import Testing

@testable import MusterServer

/// The doors of other vendors, and what came through none of them.
extension DescribedLife {
    func comeInByEveryDoor(_ incident: String) async throws {
        let source = await post("/v1/sources", ["name": "everything", "kind": "generic"], gives: 201)
        let key = try #require(source.json["key"]?.string)
        let path = "/v1/sources/\(source.json["id"]?.string ?? "")"
        try await enqueue(key)
        try await opsgenie(key)
        await alertmanager(key)
        try await deadLetters(key, path)
        try await changes(key, incident)
        try await configure(path, key)
    }

    private func enqueue(_ key: String) async throws {
        let event: JSONValue = [
            "routing_key": .string(key), "event_action": "trigger", "dedup_key": "k",
            "payload": ["summary": "Down", "source": "db-1", "severity": "critical", "component": "db"],
        ]
        let answer = await ask(.post, "/v2/enqueue", event, token: nil, gives: 202)
        #expect(answer.json["dedup_key"]?.string == "k")
        await ask(.post, "/v2/enqueue", ["routing_key": "wrong"], token: nil, gives: 400)
        await ask(.post, "/v2/enqueue", ["routing_key": .string(key)], token: nil, gives: 400)
    }

    private func opsgenie(_ key: String) async throws {
        let genie: HTTPFields = [.authorization: "GenieKey \(key)"]
        func call(
            _ method: HTTPRequest.Method, _ path: String, _ body: JSONValue? = nil, gives status: Int = 202
        ) async -> DescribedServer.Reply {
            await ask(method, "/v2/alerts\(path)", body, token: nil, headers: genie, gives: status)
        }
        let made = await call(
            .post, "", ["message": "Disk full", "alias": "disk", "tags": ["a", " b"], "priority": "P1"])
        let id = try #require(made.json["requestId"]?.string)
        let request = await call(.get, "/requests/\(id)", gives: 200)
        #expect(request.json["data"]?["isSuccess"]?.bool == true && request.json["data"]?["alertId"]?.string == id)
        let alert = await call(.get, "/disk?identifierType=alias", gives: 200)
        #expect(alert.json["data"]?["id"]?.string == id && alert.json["data"]?["status"]?.string == "open")
        let tiny = alert.json["data"]?["tinyId"]?.string ?? ""
        #expect(await call(.get, "/\(tiny)?identifierType=tiny", gives: 200).json["data"]?["id"]?.string == id)
        _ = await call(.post, "/\(id)/notes", ["note": "Looking", "user": "Mia"])
        #expect(await call(.get, "/\(id)/notes", gives: 200).json["data"]?[0]?["note"]?.string == "Looking")
        _ = await call(.post, "/\(id)/tags", ["tags": ["c"]])
        _ = await call(.delete, "/\(id)/tags?tags=a")
        _ = await call(.put, "/disk/message?identifierType=alias", ["message": "Disk quite full"])
        _ = await call(.put, "/\(id)/description", ["description": "95 %"])
        _ = await call(.put, "/\(id)/priority", ["priority": "P2"])
        _ = await call(.put, "/\(id)/priority", ["priority": "P9"], gives: 422)
        _ = await call(.post, "/\(id)/acknowledge", ["user": "Mia"])
        let changed = await call(.get, "/\(id)", gives: 200).json["data"]
        #expect(changed?["acknowledged"]?.bool == true && changed?["message"]?.string == "Disk quite full")
        #expect(changed?["tags"]?.array?.compactMap(\.string) == ["b", "c"] && changed?["priority"]?.string == "P2")
        _ = await call(.post, "/\(id)/unacknowledge")
        #expect(await call(.get, "/count", gives: 200).json["data"]?["count"]?.integer == 2)
        #expect(await call(.get, "?query=status:open&limit=1", gives: 200).json["data"]?.array?.count == 1)
        _ = await call(.post, "/disk/close?identifierType=alias")
        #expect(await call(.get, "/\(id)", gives: 200).json["data"]?["status"]?.string == "closed")
        _ = await call(.delete, "/\(id)")
        let missed = await call(.post, "/nobody/acknowledge?identifierType=alias")
        let outcome = await call(.get, "/requests/\(missed.json["requestId"]?.string ?? "")", gives: 200)
        #expect(outcome.json["data"]?["isSuccess"]?.bool == false)
        _ = await call(.get, "/nobody?identifierType=alias", gives: 404)
        await ask(
            .post, "/v2/alerts", ["message": "x"], token: nil, headers: [.authorization: "GenieKey no"], gives: 401)
        await ask(.post, "/v2/alerts", nil, token: nil, headers: genie, gives: 400)
    }

    private func alertmanager(_ key: String) async {
        let alerts: JSONValue = [
            ["labels": ["alertname": "Down", "instance": "a"], "annotations": ["summary": "It is"]]
        ]
        await ask(.post, "/api/v2/alerts", alerts, token: key)
        await ask(.post, "/api/v2/alerts", alerts, token: nil, gives: 401)
        await ask(.post, "/api/v2/alerts", ["no": "list"], token: key, gives: 422)
        let found = await ask(
            .get, "/api/v2/alerts?filter=alertname%3D%22Down%22&filter=instance%3D~%22a%7Cb%22", token: key)
        #expect(found.json.array?.count == 1 && found.json[0]?["status"]?["state"]?.string == "active")
        let others = await ask(.get, "/api/v2/alerts?filter=instance!%3Da&filter=alertname%3DDown", token: key)
        #expect(others.json.array?.isEmpty == true)
        await ask(.get, "/api/v2/alerts?filter=no+matcher", token: key, gives: 400)
        await ask(.get, "/api/v2/alerts/groups?key=\(key)", token: nil)
        await ask(
            .get, "/api/v2/receivers", token: nil,
            headers: [.authorization: "Basic \(Base64.encode(Array("x:\(key)".utf8)))"])
        let made = await ask(
            .post, "/api/v2/silences",
            [
                "matchers": [["name": "instance", "value": "a", "isRegex": false]], "comment": "work",
                "createdBy": "Mia", "startsAt": .string(Timestamp.now().adding(seconds: -60).description),
                "endsAt": .string(Timestamp.now().adding(seconds: 60).description),
            ], token: key)
        let silence = "/api/v2/silence/\(made.json["silenceID"]?.string ?? "")"
        await ask(.post, "/api/v2/silences", ["matchers": []], token: key, gives: 422)
        await ask(.get, "/api/v2/silences", token: key)
        await ask(.get, silence, token: key)
        await ask(.delete, silence, token: key)
        await ask(.delete, "/api/v2/silence/0197a1b2-0000-7000-8000-000000000000", token: key, gives: 404)
        for path in ["/api/v2/status", "/-/healthy", "/-/ready"] { await ask(.get, path, token: nil) }
    }

    private func deadLetters(_ key: String, _ path: String) async throws {
        let refused = await ask(.put, "/hooks/\(key)", ["check": "db", "state": "broken"], token: nil, gives: 422)
        let id = try #require(refused.json["dead_letter"]?.string)
        await ask(.post, "/hooks/\(key)", ["check": "db", "state": "broken"], token: nil, gives: 422)
        await ask(.post, "/hooks/\(key)", ["check": "db", "state": "fine"], token: nil, gives: 422)
        let known: JSONValue = ["id": "x", "title": "It is down", "status": "firing"]
        await ask(.put, "/hooks/\(key)", known, token: nil)
        try await readPages("/v1/dead-letters")
        let letter = await get("/v1/dead-letters/\(id)")
        #expect(letter.json["occurrences"]?.integer == 2 && letter.json["body"]?.string?.contains("broken") == true)
        await post("/v1/dead-letters/\(id)/replay", gives: 422)

        let mapping: JSONValue = [
            "identity": "/check", "title": "/check",
            "status": ["pointer": "/state", "values": ["broken": "firing", "fine": "resolved"]],
        ]
        let trial = await ask(
            .post, "\(path)/try", ["mapping": mapping, "payload": ["check": "db", "state": "broken"]],
            headers: [.contentType: "application/vnd.muster.try+json"])
        #expect(trial.json["alerts"]?[0]?["identity"]?.string == "db")
        await post("\(path)/try", ["check": "db", "state": "broken"], gives: 422)
        await ask(.patch, path, ["mapping": mapping])
        #expect(await post("\(path)/try", ["check": "db", "state": "broken"]).json["alerts"]?.array?.count == 1)
        let partly: JSONValue = [["check": "db", "state": "broken"], ["state": "broken"]]
        #expect(await post("\(path)/try", partly).json["refused"]?[0]?["pointer"] == "/1")
        let accepted = await ask(.post, "/hooks/\(key)", partly, token: nil, gives: 422)
        #expect(accepted.json["accepted"] == 1)
        await ask(.delete, "/v1/dead-letters/\(accepted.json["dead_letter"]?.string ?? "")", gives: 204)
        await post("/v1/dead-letters/\(id)/replay")
        await get("/v1/dead-letters/\(id)", gives: 404)
        let all = await post("\(path)/replay")
        #expect(all.json["replayed"]?.integer == 1)
        await ask(.post, "/hooks/\(key)", ["state": "broken"], token: nil, gives: 422)
        let left = await get("/v1/dead-letters?source=\(path.split(separator: "/").last ?? "")")
        let other = try #require(left.json["items"]?.array?.compactMap { $0["id"]?.string }.first)
        await ask(.delete, "/v1/dead-letters/\(other)", gives: 204)
        await ask(.delete, "/v1/dead-letters/\(other)", gives: 404)
    }

    private func changes(_ key: String, _ incident: String) async throws {
        for summary in ["db: new index", "auth: version 7"] as [JSONValue] {
            let change: JSONValue = [
                "routing_key": .string(key),
                "payload": ["summary": summary, "source": "deployer", "custom_details": ["component": "db"]],
                "links": [["href": "https://deploy.test/1"]],
            ]
            await ask(.post, "/v2/change/enqueue", change, token: nil, gives: 202)
        }
        await ask(.post, "/v2/change/enqueue", ["routing_key": .string(key)], token: nil, gives: 400)
        try await readPages("/v1/changes?component=db")
        let opened = try await open(["title": "Slow", "components": [["component": "db", "impact": "degraded"]]])
        let beside = await get("\(opened)/changes?hours=1")
        #expect(beside.json["items"]?[0]?["reason"]?.string == "db is affected")
        await get("/v1/incidents/999999/changes", gives: 404)
        // What hangs on it joins, and the timeline says why.
        await ask(.put, "/v1/components/dependent", ["tier": 2, "depends_on": [["component": "db"]]], gives: 201)
        let event: JSONValue = [
            "routing_key": .string(key), "event_action": "trigger",
            "payload": ["summary": "Slow, too", "source": "d", "severity": "error", "component": "dependent"],
        ]
        await ask(.post, "/v2/enqueue", event, token: nil, gives: 202)
        try await route()
        await get("\(opened)/timeline")
    }

    private func configure(_ path: String, _ key: String) async throws {
        await get(path)
        await ask(.patch, path, ["name": "all"])
        let signature: JSONValue = ["scheme": "sha256", "secrets": ["a long secret"]]
        await ask(.patch, path, ["signature": signature], gives: 422)
        await ask(.patch, path, ["signature": signature, "key": "wrong"], gives: 422)
        await ask(.patch, path, ["signature": signature, "key": .string(key), "mapping": .null])
        await ask(.post, "/hooks/\(key)", ["title": "x"], token: nil, gives: 401)
        let body: JSONValue = ["title": "x", "status": "firing", "id": "x"]
        let code = OpenSSL.hmacSHA256(key: Array("a long secret".utf8), body.bytes)
        let hex = code.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        let signed: HTTPFields = [HTTPField.Name("X-Hub-Signature-256")!: "sha256=\(hex)"]
        await ask(.post, "/hooks/\(key)", body, token: nil, headers: signed)
        await post("\(path)/rotate", gives: 422)
        let rotated = await post("\(path)/rotate", ["key": .string(key)])
        let new = try #require(rotated.json["key"]?.string)
        await ask(.post, "/hooks/\(key)", body, token: nil, headers: signed, gives: 404)
        await ask(.post, "/hooks/\(new)", body, token: nil, headers: signed)
        await get("/v1/sources/0197a1b2-0000-7000-8000-000000000000", gives: 404)
    }
}
