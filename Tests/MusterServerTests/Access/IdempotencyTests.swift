import FoundationEssentials
import HTTPTypes
import IncidentDomain
import NIOCore
import Postgres
import Synchronization
import TestSupport
import Testing

@testable import MusterServer

struct IdempotencyTests {
    /// A route that counts how often it runs, and remembers under which command ids.
    private final class Counting: Sendable {
        private let state = Mutex([UUID]())

        var commands: [UUID] { state.withLock { $0 } }

        /// `answers` are given one after the other; the last one again and again.
        func route(_ answers: @escaping @Sendable (Int) throws -> Answer) -> Route {
            Route(.post, "/v1/things", role: .viewer, "makeThing", query: .anything, body: .optionalJSON) {
                [self] request in
                let count = state.withLock { state in
                    state.append(request.commandID)
                    return state.count
                }
                return try answers(count)
            }
        }
    }

    private func answer(_ number: Int) -> Answer {
        .created(Array(#"{"number":\#(number)}"#.utf8), location: "/v1/things/\(number)", version: number)
    }

    @Test func `the same request again gets the first answer`() async throws {
        let counting = Counting()
        try await AccessSite.with([counting.route { answer($0) }]) { site in
            let first = await site.ask(.post, "/v1/things", key: "\"k-1\"", body: "{}")
            let second = await site.ask(.post, "/v1/things", key: "k-1", body: "{}")
            #expect(first.status == .created && second.status == .created)
            #expect(first.json == second.json)
            #expect(second.headers[.location] == "/v1/things/1")
            #expect(second.headers[.eTag] == "\"1\"")
            #expect(second.headers[.contentType] == "application/json")
            #expect(first.headers[.idempotencyReplayed] == nil)
            #expect(second.headers[.idempotencyReplayed] == "true")
            #expect(counting.commands.count == 1)
        }
    }

    @Test func `another key, path, query or caller is another request`() async throws {
        let counting = Counting()
        try await AccessSite.with([counting.route { answer($0) }]) { site in
            let made = await site.ask(.post, "/v1/tokens", body: #"{"name":"x","role":"viewer"}"#)
            let other = try #require(made.json["token"]?.string)
            let answers = [
                await site.ask(.post, "/v1/things", key: "a"), await site.ask(.post, "/v1/things", key: "b"),
                await site.ask(.post, "/v1/things?x=1", key: "a"),
                await site.ask(.post, "/v1/things", token: other, key: "a"),
                await site.ask(.post, "/v1/things"), await site.ask(.post, "/v1/things"),
            ]
            #expect(answers.map(\.status) == Array(repeating: .created, count: 6))
            #expect(Set(counting.commands).count == 6)
        }
    }

    @Test func `another body under the same key is refused`() async throws {
        let counting = Counting()
        try await AccessSite.with([counting.route { answer($0) }]) { site in
            _ = await site.ask(.post, "/v1/things", key: "a", body: "{}")
            let other = await site.ask(.post, "/v1/things", key: "a", body: "{ }")
            #expect(other.status == .unprocessableContent)
            #expect(other.json["type"] == "/problems/idempotency-key-reused")
            #expect(counting.commands.count == 1)
        }
    }

    @Test(arguments: ["", "\"\"", "two words", "tab\tbed", String(repeating: "x", count: 256), "é"])
    func `a key has to be visible characters`(key: String) async throws {
        let counting = Counting()
        try await AccessSite.with([counting.route { answer($0) }]) { site in
            let reply = await site.ask(.post, "/v1/things", key: key)
            #expect(reply.status == .badRequest)
            #expect(counting.commands.isEmpty)
        }
    }

    @Test func `while the first runs the second is told to wait`() async throws {
        let waiting = Waiting()
        let route = Route(.post, "/v1/things", role: .viewer, "wait", body: .optionalJSON) { _ in
            await waiting.untilReleased()
        }
        try await AccessSite.with([route]) { site in
            async let first = site.ask(.post, "/v1/things", key: "a")
            await waiting.untilEntered()
            let second = await site.ask(.post, "/v1/things", key: "a")
            #expect(second.status == .conflict)
            #expect(second.json["type"] == "/problems/idempotency-in-flight")
            #expect(second.headers[.retryAfter] == "5")
            waiting.release()
            #expect(await first.status == .ok)
            #expect(await site.ask(.post, "/v1/things", key: "a").headers[.idempotencyReplayed] == "true")
        }
    }

    @Test func `a refusal is an answer and is kept`() async throws {
        let counting = Counting()
        let route = counting.route { _ in throw Problem(.wrongPhase, "Not now.") }
        try await AccessSite.with([route]) { site in
            for _ in 0..<2 {
                #expect(await site.ask(.post, "/v1/things", key: "a").json["type"] == "/problems/wrong-phase")
            }
            #expect(counting.commands.count == 1)
        }
    }

    @Test func `a fault is not kept, and the next attempt is the same command`() async throws {
        let counting = Counting()
        let route = counting.route { count in
            guard count > 1 else { throw PostgresError.connectionLost(outcomeUnknown: true, reason: "test") }
            return answer(count)
        }
        try await AccessSite.with([route]) { site in
            #expect(await site.ask(.post, "/v1/things", key: "a").status == .serviceUnavailable)
            let second = await site.ask(.post, "/v1/things", key: "a")
            #expect(second.status == .created)
            #expect(second.headers[.idempotencyReplayed] == nil)
            #expect(counting.commands.count == 2)
            #expect(Set(counting.commands).count == 1)
        }
    }

    @Test func `a fault is told before its claim is released, where that takes long`() async throws {
        let waiting = Waiting()
        let route = Route(.post, "/v1/things", role: .viewer, "wait", body: .optionalJSON) { _ in
            _ = await waiting.untilReleased()
            throw PostgresError.connectionLost(outcomeUnknown: true, reason: "test")
        }
        try await AccessSite.with([route]) { site in
            let answer = Task { await site.ask(.post, "/v1/things", key: "a") }
            await waiting.untilEntered()
            try await site.database.withObserver { observer async throws in
                try await observer.transaction { transaction in
                    try await transaction.query("LOCK TABLE idempotency IN EXCLUSIVE MODE")
                    waiting.release()
                    #expect(await answer.value.status == .serviceUnavailable)
                    try await observer.waitUntilSomebodyWaits()
                }
            }
        }
    }

    @Test func `a claim of a daemon that died passes on when its lease is over, as the same command`() async throws {
        let counting = Counting()
        try await AccessSite.with([counting.route { answer($0) }]) { site in
            let store = IdempotencyStore(pool: site.pool)
            let request = IdempotentRequest(
                principal: Authenticator.bootstrap, token: Substring(AccessSite.bootstrap), method: .post,
                path: "/v1/things",
                key: "a", body: ByteBuffer())
            // What a daemon leaves behind that is killed between its change and the keeping of the answer.
            guard case .claimed(let commandID) = try await store.claim(request, claimID: UUID(), lease: .seconds(60))
            else {
                Issue.record("not claimed")
                return
            }
            #expect(await site.ask(.post, "/v1/things", key: "a").status == .conflict)
            try await site.pool.query("UPDATE idempotency SET claimed_until = now() - interval '1 second'")
            #expect(await site.ask(.post, "/v1/things", key: "a").status == .created)
            #expect(counting.commands == [commandID])
        }
    }

    @Test func `the dead daemon's late answer does not replace the new one`() async throws {
        try await AccessSite.with { site in
            let store = IdempotencyStore(pool: site.pool)
            let request = IdempotentRequest(
                principal: Authenticator.bootstrap, token: "t", method: .post, path: "/", key: "a", body: ByteBuffer())
            let (late, current) = (UUID(), UUID())
            _ = try await store.claim(request, claimID: late, lease: .seconds(0))
            _ = try await store.claim(request, claimID: current, lease: .seconds(60))
            try await store.keep([1], of: request, claimID: late)
            try await store.release(request, claimID: late)
            guard case .inFlight = try await store.claim(request, claimID: UUID(), lease: .seconds(60)) else {
                Issue.record("the current claim was lost")
                return
            }
            try await store.keep([2], of: request, claimID: current)
            guard case .answered([2]) = try await store.claim(request, claimID: UUID(), lease: .seconds(60)) else {
                Issue.record("the answer was lost")
                return
            }
        }
    }

    @Test func `an answer with a secret is unreadable in the database and the token in it is made once`() async throws {
        try await AccessSite.with { site in
            let body = #"{"name":"laptop","role":"viewer"}"#
            let first = await site.ask(.post, "/v1/tokens", key: "a", body: body)
            let again = await site.ask(.post, "/v1/tokens", key: "a", body: body)
            let secret = try #require(first.json["token"]?.string)
            #expect(again.json["token"]?.string == secret)
            #expect(try await site.pool.query("SELECT 1 FROM access_token").count == 1)
            let answers = try await site.pool.query("SELECT answer FROM idempotency WHERE answer IS NOT NULL")
            let stored = try answers[0].decode("answer", as: [UInt8].self)
            #expect(stored.firstRange(of: Array(secret.utf8)) == nil)
            #expect(stored.firstRange(of: Array("laptop".utf8)) == nil)
        }
    }

    @Test func `a token whose answer was lost is made anew under its id`() async throws {
        try await AccessSite.with { site in
            let body = #"{"name":"laptop","role":"viewer"}"#
            let first = await site.ask(.post, "/v1/tokens", key: "a", body: body)
            try await site.pool.query(
                "UPDATE idempotency SET answer = NULL, claimed_until = now() - interval '1 second'")
            let again = await site.ask(.post, "/v1/tokens", key: "a", body: body)
            #expect(again.json["id"] == first.json["id"])
            #expect(again.json["token"] != first.json["token"])
            #expect(try await site.pool.query("SELECT 1 FROM access_token").count == 1)
            #expect(
                await site.ask(.get, "/v1/tokens", token: first.json["token"]?.string ?? "").status == .unauthorized)
            #expect(await site.ask(.get, "/v1/tokens", token: again.json["token"]?.string ?? "").status == .forbidden)
        }
    }

    @Test func `what is too old is forgotten, and its key is free for a new command`() async throws {
        let counting = Counting()
        try await AccessSite.with([counting.route { answer($0) }]) { site in
            _ = await site.ask(.post, "/v1/things", key: "a", body: "{}")
            try await site.pool.query("UPDATE idempotency SET expires_at = now() - interval '1 second'")
            #expect(await site.ask(.post, "/v1/things", key: "a", body: "{ }").json["number"] == 2)
            #expect(Set(counting.commands).count == 2)
            try await site.pool.query("UPDATE idempotency SET expires_at = now() - interval '1 second'")
            #expect(try await IdempotencyStore(pool: site.pool).prune() == 1)
            #expect(try await site.pool.query("SELECT 1 FROM idempotency").isEmpty)
        }
    }

    @Test func `a stored answer reads as it was written`() throws {
        var whole = answer(3)
        whole.headers.append(HTTPField(name: .link, value: "</x>; rel=\"next\""))
        let read = try #require(StoredAnswer.encode(whole).flatMap(StoredAnswer.decode))
        #expect(read.status == whole.status && read.headers == whole.headers && read.json == whole.json)
        let empty = try #require(StoredAnswer.encode(.noContent).flatMap(StoredAnswer.decode))
        #expect(empty.status == .noContent && empty.json == .null)
        #expect(StoredAnswer.encode(Answer(.ok, body: .stream { _ in })) == nil)
        #expect(StoredAnswer.decode([1]) == nil)
        #expect(StoredAnswer.decode([0, 200, 0, 9]) == nil)
    }
}
