import FoundationEssentials
import HTTPTypes
import IncidentDomain
import Postgres
import TestSupport
import Testing

@testable import MusterServer

struct TokenRoutesTests {
    @Test func `a token is shown once, works, and is stored as its hash alone`() async throws {
        try await AccessSite.with { site in
            let made = await site.ask(.post, "/v1/tokens", body: #"{"name":"laptop","role":"responder"}"#)
            #expect(made.status == .created)
            #expect(made.headers[.cacheControl] == "no-store")
            let token = try #require(made.json["token"]?.string)
            #expect(token.hasPrefix("muster_") && token.utf8.count == 59)
            #expect(made.headers[.location] == "/v1/tokens/\(made.json["id"]?.string ?? "")")
            #expect(await site.ask(.get, "/v1/tokens", token: token).status == .forbidden)

            let list = await site.ask(.get, "/v1/tokens")
            #expect(list.json["items"]?[0]?["name"] == "laptop")
            #expect(list.json["items"]?[0]?["created_by"] == "bootstrap")
            #expect(list.json["items"]?[0]?["token"] == nil)
            let stored = try await site.pool.query("SELECT secret_hash, to_jsonb(t)::text AS line FROM access_token t")
            #expect(try stored[0].decode("secret_hash", as: [UInt8].self) == OpenSSL.sha256(Array(token.utf8)))
            #expect(try !stored[0].decode("line", as: String.self).contains(token.dropFirst(7)))
        }
    }

    @Test func `a revoked token stops at once`() async throws {
        try await AccessSite.with { site in
            let made = await site.ask(.post, "/v1/tokens", body: #"{"name":"laptop","role":"admin"}"#)
            let token = try #require(made.json["token"]?.string)
            let id = try #require(made.json["id"]?.string)
            #expect(await site.ask(.get, "/v1/tokens", token: token).status == .ok)
            #expect(await site.ask(.delete, "/v1/tokens/\(id)").status == .noContent)
            #expect(await site.ask(.get, "/v1/tokens", token: token).status == .unauthorized)
            #expect(await site.ask(.delete, "/v1/tokens/\(id)").status == .noContent)
            let list = await site.ask(.get, "/v1/tokens")
            #expect(list.json["items"]?[0]?["revoked_at"]?.time != nil)
        }
    }

    @Test func `another daemon hears of a revocation`() async throws {
        try await AccessSite.with { site in
            let made = await site.ask(.post, "/v1/tokens", body: #"{"name":"laptop","role":"admin"}"#)
            let token = try #require(made.json["token"]?.string)
            let id = try #require(made.json["id"]?.string)
            // Another daemon that would remember for ever if nobody told it.
            let other = Authenticator(
                tokens: TokenStore(pool: site.pool), bootstrapToken: nil, memoryTime: .seconds(3600))
            var changes = site.pool.notifications(on: [TokenStore.channel]).makeAsyncIterator()
            _ = await changes.next()
            _ = try await other.principal(token: Substring(token))
            _ = await site.ask(.delete, "/v1/tokens/\(id)")
            #expect(await changes.next() == .notified(channel: TokenStore.channel, payload: ""))
            other.forget()
            await #expect(throws: Problem.self) { try await other.principal(token: Substring(token)) }
        }
    }

    @Test func `nobody revokes the token that he uses`() async throws {
        try await AccessSite.with { site in
            let made = await site.ask(.post, "/v1/tokens", body: #"{"name":"laptop","role":"admin"}"#)
            let token = try #require(made.json["token"]?.string)
            let own = await site.ask(.delete, "/v1/tokens/\(made.json["id"]?.string ?? "")", token: token)
            #expect(own.status == .conflict)
            #expect(own.json["type"] == "/problems/own-token")
            #expect(await site.ask(.get, "/v1/tokens", token: token).status == .ok)
        }
    }

    @Test func `wrong requests are refused`() async throws {
        try await AccessSite.with { site in
            let wrong = await site.ask(.post, "/v1/tokens", body: #"{"name":"","role":"king","x":1}"#)
            #expect(wrong.status == .unprocessableContent)
            #expect(wrong.json["errors"]?.array?.count == 3)
            #expect(await site.ask(.delete, "/v1/tokens/nothing").status == .notFound)
            #expect(await site.ask(.delete, "/v1/tokens/\(UUID().uuidString)").status == .notFound)
            #expect(await site.ask(.get, "/v1/tokens?limit=0").status == .unprocessableContent)
        }
    }

    @Test func `pages join to the whole list, newest first`() async throws {
        try await AccessSite.with { site in
            for number in 1...5 {
                _ = await site.ask(.post, "/v1/tokens", body: #"{"name":"\#(number)","role":"viewer"}"#)
            }
            var names: [String] = []
            var path: String? = "/v1/tokens?limit=2"
            while let next = path {
                let page = await site.ask(.get, next)
                names += page.json["items"]?.array?.compactMap { $0["name"]?.string } ?? []
                path = page.headers[.link].flatMap { $0.split(separator: ">").first.map { String($0.dropFirst()) } }
                #expect((path == nil) == (page.json["next_cursor"] == .null))
                #expect(path?.hasPrefix("/v1/tokens?limit=2&cursor=") ?? true)
            }
            #expect(names == ["5", "4", "3", "2", "1"])
        }
    }

    @Test func `changes of tokens leave an audit line without the secret`() async throws {
        try await AccessSite.with { site in
            let made = await site.ask(.post, "/v1/tokens", body: #"{"name":"laptop","role":"admin"}"#)
            let id = try #require(made.json["id"]?.string)
            _ = await site.ask(.delete, "/v1/tokens/\(id)")
            _ = await site.ask(.delete, "/v1/tokens/\(id)")
            let lines = try await site.pool.query(
                "SELECT actor, action, subject, data::text FROM audit_line ORDER BY id")
            #expect(try lines.map { try $0.decode("action", as: String.self) } == ["token.create", "token.revoke"])
            #expect(try lines.allSatisfy { try $0.decode("subject", as: String.self) == id })
            #expect(try lines[0].decode("data", as: String.self) == #"{"name": "laptop", "role": "admin"}"#)
        }
    }

    @Test func `a token that is used says so, to the hour`() async throws {
        try await AccessSite.with { site in
            let made = await site.ask(.post, "/v1/tokens", body: #"{"name":"laptop","role":"admin"}"#)
            let token = try #require(made.json["token"]?.string)
            let list = await site.ask(.get, "/v1/tokens", token: token)
            #expect(list.json["items"]?[0]?["last_used_at"]?.time != nil)
        }
    }
}
