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
            #expect(replay.json["detail"]?.string?.contains("The message still cannot be read") == true)
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

    /// Every door whose key stands in the head, by the table that the daemon serves.
    private static func doors(_ site: IngressSite) -> [Route] {
        site.server.server.routes.filter { route in
            route.method == .post && ["/hooks/{key}", "/v2/alerts", "/api/v2/alerts"].contains(route.path)
        }
    }

    private static func letter(_ reply: DescribedServer.Reply, _ site: IngressSite) async -> JSONValue {
        let name = reply.text.firstMatch(of: /[0-9a-f]{8}-[0-9a-f-]{27}/).map { String($0.output) } ?? "none"
        return await site.ask(.get, "/v1/dead-letters/\(name)").json
    }

    @Test
    func `What no door can read is kept as it came, wherever the key is known before the body`() async throws {
        try await IngressSite.with(.prometheus) { site in
            let whole = Deflated.bytes("[{\"labels\":{\"alertname\":\"A\"}}]", gzip: true)
            let doors = Self.doors(site)
            #expect(doors.count == 3)
            for (number, route) in doors.enumerated() {
                let path = route.path.replacing("{key}", with: site.key)
                var headers: HTTPFields = [.authorization: "Bearer \(site.key)"]
                headers[.contentEncoding] = "zstd"
                let other = await site.send(.post, path, sent: whole, headers: headers, gives: 415)
                let letter = await Self.letter(other, site)
                #expect(letter["body"] == .string(Base64.encode(whole)) && letter["body_encoding"] == "base64")
                #expect(letter["headers"]?["content-encoding"] == "zstd" && letter["is_cut"] == false)
                #expect(letter["reason"]?.string?.contains("content coding zstd") == true)
                headers[.contentEncoding] = "gzip"
                for body in [Array(whole.dropLast(9)), Array("no gzip".utf8)] {
                    let broken = await site.send(.post, path, sent: body, headers: headers, gives: 400)
                    #expect(await Self.letter(broken, site)["reason"]?.string?.contains("not gzip") == true)
                }
                #expect(await site.count("/v1/dead-letters") == 3 * (number + 1))
                // Nothing of a stranger is kept.
                let stranger: HTTPFields = [.authorization: "Bearer nobody", .contentEncoding: "zstd"]
                let unknown = route.path.replacing("{key}", with: "nobody")
                let refused = await site.server.ask(.post, unknown, sent: whole, token: nil, headers: stranger)
                #expect(refused.status == 404 || refused.status == 401)
            }
            #expect(await site.count("/v1/dead-letters") == 9)
        }
    }

    @Test
    func `A query that nobody can read is kept, too`() async throws {
        try await IngressSite.with(.generic) { site in
            await site.send(.post, "/hooks/\(site.key)?a=%zz", ["id": "a"], gives: 400)
            #expect(await site.count("/v1/dead-letters") == 1)
            #expect(await site.alerts() == [])
        }
    }

    @Test
    func `A message that is larger when it is inflated leaves its inflated beginning, and the reason`() async throws {
        try await IngressSite.with(.generic) { site in
            let headers: HTTPFields = [.contentEncoding: "gzip"]
            let much = Deflated.bytes(String(repeating: "0", count: 20 << 20), gzip: true)
            let noise = String((0..<(18 << 20)).map { _ in Character(Unicode.Scalar(UInt8.random(in: 0x20...0x7E))) })
            for (body, reason) in [(much, "200 times"), (Deflated.bytes(noise, gzip: true), "16777216")] {
                for count in 1...2 {
                    let reply = await site.send(.post, "/hooks/\(site.key)", sent: body, headers: headers, gives: 413)
                    let letter = await Self.letter(reply, site)
                    #expect(letter["occurrences"] == .integer(count) && letter["is_cut"] == true)
                    #expect(letter["body_encoding"] == "utf-8" && letter["body"]?.string?.utf8.count == 65_536)
                    #expect(letter["reason"]?.string?.contains(reason) == true, "\(letter["reason"] ?? nil)")
                    #expect(reply.json["detail"]?.string?.contains(reason) == true)
                }
            }
        }
    }

    @Test
    func `Of a source that signs, nothing is kept whose signature could not be checked`() async throws {
        let signature: JSONObject = [
            "signature": ["scheme": "grafana", "secrets": ["a-secret-of-some-length-0123456789"]]
        ]
        try await IngressSite.with(.generic, signature) { site in
            let path = "/hooks/\(site.key)"
            let large: HTTPFields = [.contentLength: "\(20 << 20)"]
            let reply = await site.send(.post, path, sent: [0x61], headers: large, gives: 413)
            #expect(reply.json["dead_letter"] == nil)
            await site.send(.post, path, sent: [0x61], headers: [.contentEncoding: "gzip"], gives: 400)
            await site.send(.post, path, sent: [0x61], headers: [.contentEncoding: "br"], gives: 415)
            #expect(await site.count("/v1/dead-letters") == 0)
        }
    }

    @Test
    func `A message that is refused before it is here is one letter, however much of it came`() async throws {
        try await IngressSite.with(.generic) { site in
            let headers: HTTPFields = [.contentLength: "\(20 << 20)"]
            var names: Set<String> = []
            for arrived in [70_000, 80_000, 10] {
                let body = [UInt8](repeating: 0x61, count: arrived)
                let reply = await site.send(.post, "/hooks/\(site.key)", sent: body, headers: headers, gives: 413)
                names.insert(reply.json["dead_letter"]?.string ?? "")
            }
            #expect(names.count == 1)
            let letter = await site.ask(.get, "/v1/dead-letters/\(names.first ?? "")").json
            #expect(letter["occurrences"] == 3 && letter["is_cut"] == true)
            #expect(letter["body_bytes"] == .integer(20 << 20))
            await site.ask(.post, "/v1/dead-letters/\(names.first ?? "")/replay", gives: 422)
        }
    }
}
