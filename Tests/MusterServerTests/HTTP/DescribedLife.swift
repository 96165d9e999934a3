import FoundationEssentials
import HTTPTypes
import Testing

@testable import MusterServer

/// The lives of some incidents, told by every call that there is. What the answers hold is looked at by
/// `DescribedServer`; here it only matters that they come.
struct DescribedLife: Sendable {
    let server: DescribedServer

    /// Sends a request that is to be answered by this status; what it is answered by.
    @discardableResult
    func ask(
        _ method: HTTPRequest.Method, _ path: String, _ body: JSONValue? = nil, token: String? = DescribedServer.token,
        headers: HTTPFields = [:], gives status: Int = 200
    ) async -> DescribedServer.Reply {
        let reply = await server.ask(method, path, body, token: token, headers: headers)
        #expect(reply.status == status, "\(method) \(path): \(reply.json.text)")
        return reply
    }

    @discardableResult
    func post(_ path: String, _ body: JSONValue? = nil, gives status: Int = 200) async -> DescribedServer.Reply {
        await ask(.post, path, body, gives: status)
    }

    @discardableResult
    func get(_ path: String, gives status: Int = 200) async -> DescribedServer.Reply {
        await ask(.get, path, gives: status)
    }

    func open(_ body: JSONValue) async throws -> String {
        let reply = await post("/v1/incidents", body, gives: 201)
        return "/v1/incidents/\(try #require(reply.json["number"]?.integer))"
    }

    /// The number of the incident that has this path.
    func number(_ path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? ""
    }

    /// Asks for the same version again, which is answered without it.
    func readTwice(_ path: String) async {
        let tag = await get(path).headers[.eTag] ?? ""
        await ask(.get, path, headers: [.ifNoneMatch: tag], gives: 304)
    }

    /// Reads a list in pages of one.
    func readPages(_ path: String) async throws {
        let mark = path.contains("?") ? "&" : "?"
        let first = await get("\(path)\(mark)limit=1")
        let cursor = try #require(first.json["next_cursor"]?.string, "\(path) has one page only")
        #expect(first.headers[HTTPField.Name.link]?.contains("cursor=\(cursor)") == true)
        await get("\(path)\(mark)limit=1&cursor=\(cursor)")
    }
}

// MARK: - Configuration

extension DescribedLife {
    func fillCatalog() async throws {
        let database: JSONValue = [
            "slug": "db", "name": "Database", "tier": 0, "owner": "storage", "regions": ["eu", "us"],
            "expected_restore_seconds": 600, "labels": ["team": "storage"],
        ]
        let auth: JSONValue = ["slug": "auth", "tier": 0, "depends_on": [["component": "db"]]]
        let feed: JSONValue = [
            "slug": "feed", "tier": 1, "soak_seconds": 3600, "expected_restore_seconds": 60,
            "depends_on": [["component": "auth", "kind": "soft"]],
        ]
        await ask(.put, "/v1/components", ["components": [database, auth, ["slug": "old", "tier": 3], feed]])
        let live: JSONValue = ["slug": "live", "tier": 2]
        await ask(.put, "/v1/components", [database, ["slug": "auth", "tier": 1], live, feed])
        let cycle: JSONValue = ["slug": "db", "tier": 0, "depends_on": [["component": "db"]]]
        await ask(.put, "/v1/components", [cycle], gives: 422)
        try await readPages("/v1/components")

        await ask(.put, "/v1/components/extra", ["tier": 3], gives: 201)
        await ask(.put, "/v1/components/extra", ["tier": 3, "name": "Extra"])
        await ask(.put, "/v1/components/extra", ["tier": 2], headers: [.ifMatch: "\"99\""], gives: 412)
        let fetched = await get("/v1/components/extra")
        #expect(fetched.headers[.eTag] == "\"2\"")
        await ask(.put, "/v1/components/extra", fetched.json)
        await ask(.delete, "/v1/components/extra", gives: 204)
        await ask(.delete, "/v1/components/extra", gives: 404)
        await ask(
            .put, "/v1/components/auth",
            ["tier": 0, "expected_restore_seconds": 60, "depends_on": [["component": "db", "kind": "hard"]]])
        await ask(.delete, "/v1/components/db", gives: 409)
        try await readCatalog()
    }

    private func readCatalog() async throws {
        await readTwice("/v1/catalog.json")
        let yaml = await get("/v1/catalog.yaml")
        let written: HTTPFields = [.contentType: "application/yaml", .ifMatch: yaml.headers[.eTag] ?? ""]
        let dryRun = "/v1/components?dry_run=true"
        let again = await server.ask(.put, dryRun, raw: yaml.text, headers: written)
        #expect(again.status == 200 && again.json["unchanged"] == 4 && again.json["dry_run"] == true)
        #expect(await server.ask(.put, dryRun, raw: "a: *b", headers: written).status == 400)
        #expect(await server.ask(.put, dryRun, raw: "- slug: A", headers: written).status == 422)
        await ask(.put, dryRun, [], headers: [.ifMatch: "\"1\""], gives: 412)

        try await readPages("/v1/catalog/history")
        try await readPages("/v1/components/old/history")
        await get("/v1/components/none/history", gives: 404)
        for path in ["/v1/components/db/blast-radius", "/v1/components/feed/path?to=db"] { await readTwice(path) }
        await get("/v1/components/auth/path?to=feed")
        await get("/v1/components/live/path?to=feed")
        await get("/v1/components/none/blast-radius", gives: 404)
        await get("/v1/components/feed/path", gives: 422)
    }

    func giveAccess() async throws {
        let made = await post("/v1/tokens", ["name": "screen", "role": "viewer"], gives: 201)
        let viewer = try #require(made.json["token"]?.string)
        await ask(.post, "/v1/incidents", ["title": "t"], token: viewer, gives: 403)
        await ask(.get, "/v1/incidents", token: "wrong", gives: 401)
        await ask(.get, "/v1/incidents", token: nil, gives: 401)
        await ask(.get, "/v1/incidents", token: viewer)
        await ask(.delete, "/v1/tokens/\(made.json["id"]?.string ?? "")", gives: 204)

        let key: HTTPFields = [.idempotencyKey: "k1"]
        let admin = await ask(.post, "/v1/tokens", ["name": "a", "role": "admin"], headers: key, gives: 201)
        let again = await ask(.post, "/v1/tokens", ["name": "a", "role": "admin"], headers: key, gives: 201)
        #expect(again.json == admin.json && again.headers[.idempotencyReplayed] == "true")
        await ask(.post, "/v1/tokens", ["name": "b", "role": "admin"], headers: key, gives: 422)
        let path = "/v1/tokens/\(admin.json["id"]?.string ?? "")"
        await ask(.delete, path, token: admin.json["token"]?.string, gives: 409)
        try await readPages("/v1/tokens")

        await post("/v1/sources", ["name": "one", "kind": "alertmanager"], gives: 201)
        let source = await post("/v1/sources", ["name": "two", "kind": "alertmanager"], gives: 201)
        try await readPages("/v1/sources")
        await ask(.delete, "/v1/sources/\(source.json["id"]?.string ?? "")", gives: 204)
    }
}

// MARK: - The daemon

extension DescribedLife {
    /// What the edge refuses, whatever the route.
    func refuse(_ path: String) async throws {
        await ask(.post, "\(path)/notes", ["text": "t"], headers: [.ifMatch: "\"1\""], gives: 412)
        await ask(.post, "\(path)/notes", ["text": "t"], headers: [.ifMatch: "seven"], gives: 400)
        await ask(.post, "\(path)/notes", ["text": "t"], headers: [.contentType: "text/xml"], gives: 415)
        await ask(.post, "\(path)/notes", ["text": "t"], headers: [.contentLength: "99000000"], gives: 413)
        await ask(.post, "\(path)/notes", ["txt": "t"], gives: 422)
        await ask(.get, "\(path)?colour=red", gives: 422)
        await get("/v1/incidents/999", gives: 404)
        await get("/v1/incidents/%zz", gives: 400)
        await get("/v1/nothing", gives: 404)
        let other = await ask(.put, path, [:], gives: 405)
        #expect(other.headers[.allow] == "GET, PATCH, HEAD")

        let strict = try DescribedServer(pool: server.server.pool) { $0.http.requireIfMatch = true }
        #expect(await strict.ask(.post, "\(path)/acknowledge").status == 428)
        let full = try DescribedServer(pool: server.server.pool) { $0.http.requestsInFlightMax = 0 }
        #expect(await full.ask(.get, path).json["type"]?.string == "/problems/overloaded")
        #expect(strict.complaints + full.complaints == [])
    }

    func lookUpWords() async {
        for path in ["/v1/roles", "/v1/audiences", "/v1/causes", "/v1/policy"] { await get(path) }
    }

    func lookAtTheDaemon() async {
        for path in ["/healthz", "/readyz", "/metrics", "/openapi.yaml", "/problems"] {
            await ask(.get, path, token: nil)
        }
        for kind in ProblemKind.allCases { await ask(.get, "/problems/\(kind.rawValue)", token: nil) }
        await ask(.get, "/problems/none", token: nil, gives: 404)
        server.server.isStopping.set()
        await ask(.get, "/readyz", token: nil, gives: 503)
    }
}
