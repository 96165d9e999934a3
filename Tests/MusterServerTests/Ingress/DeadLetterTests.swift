import FoundationEssentials
import HTTPTypes
import Postgres
import TestSupport
import Testing

@testable import MusterServer

/// Messages that nobody understood.
@Suite(.timeLimit(.minutes(20)))
struct DeadLetterTests {
    private static let mapping: JSONValue = ["identity": "/check", "title": "/text", "status": "/state"]

    private static func generic(_ mapping: JSONValue) -> JSONObject {
        var settings = JSONObject()
        settings["mapping"] = mapping
        return settings
    }

    @Test
    func `A message that is not understood is kept once, counted, and named in the problem`() async throws {
        try await IngressSite.with(.alertmanager) { site in
            let hook = "/hooks/\(site.key)"
            let headers: HTTPFields = [.contentType: "application/json", .authorization: "Bearer secret"]
            var names: Set<String> = []
            for _ in 0..<3 {
                let reply = await site.send(.post, hook, raw: "{\"who\": 1}", headers: headers, gives: 422)
                names.insert(reply.json["dead_letter"]?.string ?? "")
            }
            await site.send(.post, hook, raw: "not JSON \u{0}", gives: 400)
            #expect(await site.count("/v1/dead-letters?source=\(site.source)") == 2)
            let name = try #require(names.first)
            #expect(names.count == 1)
            let letter = await site.ask(.get, "/v1/dead-letters/\(name)").json
            #expect(letter["occurrences"] == 3 && letter["body"] == "{\"who\": 1}" && letter["is_cut"] == false)
            #expect(letter["headers"] == ["content-type": "application/json"])
            #expect(letter["entry"] == "/hooks" && letter["reason"]?.string?.isEmpty == false)
        }
    }

    @Test
    func `When the mapping is mended, what was kept goes through in the order in which it came`() async throws {
        try await IngressSite.with(.generic, Self.generic(["identity": "/id"])) { site in
            for state: JSONValue in ["down", "up"] {
                let body: JSONValue = ["check": "c1", "text": "It is slow", "state": state]
                await site.send(.post, "/hooks/\(site.key)", body, gives: 422)
            }
            await site.send(.post, "/hooks/\(site.key)", ["other": 1], gives: 422)
            let early = await site.ask(.post, "/v1/sources/\(site.source)/replay")
            #expect(early.json == ["replayed": 0, "left": 3])
            await site.ask(.patch, "/v1/sources/\(site.source)", ["mapping": Self.mapping])
            let reply = await site.ask(.post, "/v1/sources/\(site.source)/replay")
            #expect(reply.json == ["replayed": 2, "left": 1])
            #expect(await site.alerts() == ["c1 resolved 1"])
            #expect(await site.count("/v1/dead-letters") == 1)
        }
    }

    @Test
    func `One letter is sent through, looked at and thrown away`() async throws {
        try await IngressSite.with(.generic, Self.generic(["identity": "/id"])) { site in
            var names: [String] = []
            for check: JSONValue in ["c1", "c2"] {
                let body: JSONValue = ["check": check, "state": "down"]
                let reply = await site.send(.post, "/hooks/\(site.key)", body, gives: 422)
                names.append(reply.json["dead_letter"]?.string ?? "")
            }
            await site.ask(.post, "/v1/dead-letters/\(names[0])/replay", gives: 422)
            await site.ask(.patch, "/v1/sources/\(site.source)", ["mapping": Self.mapping])
            #expect(await site.ask(.post, "/v1/dead-letters/\(names[0])/replay").json == ["accepted": 1])
            await site.ask(.post, "/v1/dead-letters/\(names[0])/replay", gives: 404)
            let unreadable = await site.send(.post, "/hooks/\(site.key)", raw: "no JSON", gives: 400)
            let path = "/v1/dead-letters/\(unreadable.json["dead_letter"]?.string ?? "")"
            let replay = await site.ask(.post, "\(path)/replay", gives: 422)
            #expect(replay.json["detail"]?.string?.contains("The letter is still not understood") == true)
            await site.ask(.delete, path, gives: 204)
            await site.ask(.delete, "/v1/dead-letters/\(names[1])", gives: 204)
            await site.ask(.delete, "/v1/dead-letters/\(names[1])", gives: 404)
            await site.ask(.get, "/v1/dead-letters/\(UUID().uuidString)", gives: 404)
            await site.ask(.get, "/v1/dead-letters?source=x", gives: 422)
            #expect(await site.alerts() == ["c1 firing 1"])
        }
    }

    @Test
    func `A large body is cut, and is not sent through`() async throws {
        try await IngressSite.with(.generic, Self.generic(["identity": "/id"])) { site in
            let body: JSONValue = [
                "check": "c1", "state": "down", "text": .string(String(repeating: "x", count: 70_000)),
            ]
            let reply = await site.send(.post, "/hooks/\(site.key)", body, gives: 422)
            let path = "/v1/dead-letters/\(reply.json["dead_letter"]?.string ?? "")"
            let letter = await site.ask(.get, path).json
            #expect(letter["is_cut"] == true && letter["body"]?.string?.utf8.count == 65_536)
            #expect(letter["body_bytes"]?.integer ?? 0 > 70_000)
            await site.ask(.patch, "/v1/sources/\(site.source)", ["mapping": Self.mapping])
            await site.ask(.post, "\(path)/replay", gives: 422)
        }
    }

    @Test
    func `Letters of a source are bounded, and the newest stay`() async throws {
        try await IngressSite.with(.alertmanager) { site in
            let pool = site.server.server.pool
            _ = try await pool.query(
                """
                INSERT INTO dead_letter (id, source, entry, first_at, last_at, headers, body, body_hash, body_bytes, reason)
                SELECT gen_random_uuid(), \(UUID(uuidString: site.source)), '/hooks', now() - make_interval(secs => n),
                    now() - make_interval(secs => n), '{}', '', sha256(n::text::bytea), 0, 'test'
                FROM generate_series(1, \(DeadLetterStore.lettersMax)) AS n
                """)
            for body: JSONValue in [["a": 1], ["a": 2], ["a": 1]] {
                await site.send(.post, "/hooks/\(site.key)", body, gives: 422)
            }
            let kept = try await pool.query("SELECT count(*), count(*) FILTER (WHERE body <> '') FROM dead_letter")[0]
            #expect(try kept.decode(0, as: Int.self) == DeadLetterStore.lettersMax)
            #expect(try kept.decode(1, as: Int.self) == 2)
        }
    }

    @Test
    func `What is older than its retention goes, and the rest stays`() async throws {
        try await IngressSite.with(.alertmanager) { site in
            for body: JSONValue in [["a": 1], ["a": 2]] {
                await site.send(.post, "/hooks/\(site.key)", body, gives: 422)
            }
            let pool = site.server.server.pool
            _ = try await pool.query(
                """
                UPDATE dead_letter SET last_at = now() - interval '31 days'
                WHERE id = (SELECT id FROM dead_letter ORDER BY id LIMIT 1)
                """)
            let store = DeadLetterStore(pool: pool)
            #expect(try await store.prune(days: 30, limit: 10) == 1)
            #expect(try await store.prune(days: 30, limit: 10) == 0)
            #expect(await site.count("/v1/dead-letters") == 1)
        }
    }
}
