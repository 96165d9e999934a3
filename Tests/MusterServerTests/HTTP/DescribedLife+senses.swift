import FoundationEssentials
import HTTPTypes
import TestSupport
import Testing

@testable import MusterServer

/// Heartbeats that come and stay away, and probes of every kind.
extension DescribedLife {
    func sense() async throws {
        try await beat()
        try await probe()
    }

    private func beat() async throws {
        let path = "/v1/heartbeats/backup"
        let body: JSONValue = [
            "interval_seconds": 60, "grace_seconds": 30, "component": "db", "severity": "critical",
            "description": "The nightly backup.", "enabled": true,
        ]
        await ask(.put, path, body, gives: 201)
        await ask(.put, path, body)
        await ask(.put, "/v1/heartbeats/other", ["interval_seconds": 5, "enabled": false], gives: 201)
        await ask(.put, "/v1/heartbeats/a%20b", ["interval_seconds": 5], gives: 422)
        try await readPages("/v1/heartbeats")
        await get(path)
        await get("/v1/heartbeats/none", gives: 404)

        let source = await post("/v1/sources", ["name": "cron", "kind": "alertmanager"], gives: 201)
        let key = source.json["key"]?.string ?? ""
        await ask(.get, "\(path)/ping?key=\(key)", token: nil)
        await ask(.post, "\(path)/ping", ["alerts": []], token: key)
        await ask(.post, "\(path)/ping")
        await ask(.post, "\(path)/ping", token: nil, gives: 401)
        await ask(.get, "\(path)/ping", token: "wrong", gives: 401)
        let missing = await ask(.post, "/v1/heartbeats/none/ping", gives: 404)
        #expect(missing.json["how"]?[0]?["method"] == "PUT")
        let viewer = await post("/v1/tokens", ["name": "screen", "role": "viewer"], gives: 201)
        await ask(.get, "\(path)/ping", token: viewer.json["token"]?.string, gives: 403)

        let genie: HTTPFields = [.authorization: "GenieKey \(key)"]
        for method in [HTTPRequest.Method.get, .post, .put] {
            let pong = await ask(method, "/v2/heartbeats/backup/ping", token: nil, headers: genie, gives: 202)
            #expect(pong.json["result"] == "PONG - Heartbeat received")
            await ask(method, "/v2/heartbeats/none/ping", token: nil, headers: genie, gives: 404)
            await ask(method, "/v2/heartbeats/backup/ping", token: nil, gives: 401)
        }
        await ask(.delete, "/v1/heartbeats/other", gives: 204)
        await ask(.delete, "/v1/heartbeats/other", gives: 404)
        await ask(.delete, "/v1/sources/\(BuiltInSource.heartbeats.uuidString)", gives: 409)
        await post("/v1/sources", ["name": "own", "kind": "internal"], gives: 422)
    }

    private func probe() async throws {
        let page: JSONValue = [
            "kind": "http", "url": "http://127.0.0.1:1/login", "method": "GET",
            "headers": [["name": "X-Key", "value": "abc", "secret": true], ["name": "Accept", "value": "text/html"]],
            "expected_status": ["200-299", "404"], "body_contains": "Sign in", "body_matches": "(?i)sign in",
            "max_latency_ms": 800, "follow_redirects": 3, "verify": true, "interval_seconds": 30,
            "timeout_seconds": 5, "failures_to_fire": 2, "successes_to_resolve": 2, "component": "db",
            "severity": "critical", "description": "Signing in.", "enabled": true,
        ]
        await ask(.put, "/v1/probes/login", page, gives: 201)
        let stored = await ask(.put, "/v1/probes/login", page)
        #expect(stored.json["headers"]?[0]?["value"] == nil)
        await ask(
            .put, "/v1/probes/mail", ["kind": "tcp", "host": "127.0.0.1", "port": 1, "expect": "220"], gives: 201)
        await ask(
            .put, "/v1/probes/certificate", ["kind": "tls", "host": "127.0.0.1", "port": 1, "min_days_left": 20],
            gives: 201)
        await ask(.put, "/v1/probes/login", ["kind": "http"], gives: 422)
        let unknown: JSONValue = ["kind": "http", "url": "http://a/", "headers": [["name": "A", "secret": true]]]
        await ask(.put, "/v1/probes/new", unknown, gives: 422)
        try await readPages("/v1/probes")
        try await server.server.senses.probeRunner.runDue()
        for name in ["login", "mail", "certificate"] {
            #expect(await get("/v1/probes/\(name)").json["status"] == "failing")
        }
        #expect(await get("/v1/probes/login/results?limit=5").json["items"]?[0]?["passed"] == false)
        await get("/v1/probes/none", gives: 404)
        await get("/v1/probes/none/results", gives: 404)
        let tried = await post("/v1/probes/try", ["kind": "tcp", "host": "127.0.0.1", "port": 1])
        #expect(tried.json["detail"] == "connection refused")
        await ask(.delete, "/v1/probes/mail", gives: 204)
        await ask(.delete, "/v1/probes/mail", gives: 404)
    }
}
