import HTTPTypes
import IncidentDomain
import Synchronization
import Testing

@testable import MusterServer

struct AuthenticatorTests {
    /// Knows one token, and counts how often it is asked.
    private final class CountingLookup: TokenLookup {
        private let state = Mutex((asked: 0, isRevoked: false))

        var asked: Int { state.withLock { $0.asked } }

        func revoke() {
            state.withLock { $0.isRevoked = true }
        }

        func principal(tokenHash: [UInt8]) async throws -> Principal? {
            let isRevoked = state.withLock { state in
                state.asked += 1
                return state.isRevoked
            }
            guard tokenHash == OpenSSL.sha256(Array("known".utf8)), !isRevoked else { return nil }
            return Principal(id: "1", name: "mia", role: .responder)
        }
    }

    @Test func `what the store said is remembered, also its no`() async throws {
        let lookup = CountingLookup()
        let authenticator = Authenticator(tokens: lookup, bootstrapToken: nil)
        #expect(try await authenticator.principal(token: "known").name == "mia")
        #expect(try await authenticator.principal(token: "known").name == "mia")
        #expect(lookup.asked == 1)
        for _ in 0..<3 {
            await #expect(throws: Problem.self) { try await authenticator.principal(token: "unknown") }
        }
        #expect(lookup.asked == 2)
    }

    @Test func `a revoked token stops when it is forgotten, and without that when its time is over`() async throws {
        let lookup = CountingLookup()
        let authenticator = Authenticator(tokens: lookup, bootstrapToken: nil)
        _ = try await authenticator.principal(token: "known")
        lookup.revoke()
        #expect(try await authenticator.principal(token: "known").id == "1")
        authenticator.forget()
        await #expect(throws: Problem.self) { try await authenticator.principal(token: "known") }

        let hasty = Authenticator(tokens: CountingLookup(), bootstrapToken: nil, memoryTime: .zero)
        _ = try await hasty.principal(token: "known")
        _ = try await hasty.principal(token: "known")
    }

    @Test func `a revoked token opens nothing within a second, though nobody says so`() async throws {
        let (lookup, clock) = (CountingLookup(), HandClock())
        let authenticator = Authenticator(tokens: lookup, bootstrapToken: nil, now: { clock.now })
        _ = try await authenticator.principal(token: "known")
        lookup.revoke()
        clock.advance(by: .milliseconds(999))
        await #expect(throws: Problem.self) { try await authenticator.principal(token: "known") }
    }

    @Test func `the memory is bounded, whatever is tried`() async throws {
        let lookup = CountingLookup()
        let authenticator = Authenticator(tokens: lookup, bootstrapToken: nil, entriesMax: 10)
        for number in 0..<100 {
            _ = try? await authenticator.principal(token: "guess \(number)")
        }
        #expect(authenticator.remembered <= 10)
        #expect(try await authenticator.principal(token: "known").name == "mia")
    }

    @Test func `an answer that was on its way while tokens changed is not remembered`() async throws {
        /// Answers only when told to.
        final class SlowLookup: TokenLookup {
            let asked = AsyncStream.makeStream(of: Void.self)
            let released = AsyncStream.makeStream(of: Void.self)

            func principal(tokenHash: [UInt8]) async throws -> Principal? {
                asked.continuation.yield()
                for await _ in released.stream { break }
                return Principal(id: "1", name: "mia", role: .viewer)
            }
        }
        let lookup = SlowLookup()
        let authenticator = Authenticator(tokens: lookup, bootstrapToken: nil)
        async let answer = authenticator.principal(token: "x")
        for await _ in lookup.asked.stream { break }
        authenticator.forget()
        lookup.released.continuation.finish()
        _ = try await answer
        #expect(authenticator.remembered == 0)
    }

    @Test func `the bootstrap token is an administrator's and needs no store`() async throws {
        let lookup = CountingLookup()
        let authenticator = Authenticator(tokens: lookup, bootstrapToken: "the bootstrap token")
        #expect(try await authenticator.principal(token: "the bootstrap token") == Authenticator.bootstrap)
        #expect(Authenticator.bootstrap.role == .admin)
        #expect(lookup.asked == 0)
        await #expect(throws: Problem.self) { try await authenticator.principal(token: "the bootstrap toke") }
    }

    @Test(arguments: [
        ("Bearer abc", "abc"), ("bearer abc", "abc"), ("BEARER   abc", "abc"),
    ])
    func `the scheme is read without regard to case`(header: String, token: String) throws {
        #expect(try Authenticator.token(in: [.authorization: header]) == Substring(token))
    }

    @Test(arguments: ["abc", "Basic abc", "Bearer", "GenieKey abc", ""])
    func `other schemes are told what is wanted`(header: String) {
        let problem = #expect(throws: Problem.self) { try Authenticator.token(in: [.authorization: header]) }
        #expect(problem?.kind == .unauthenticated)
        #expect(problem?.headers[.wwwAuthenticate]?.contains("invalid_request") == true)
    }
}
