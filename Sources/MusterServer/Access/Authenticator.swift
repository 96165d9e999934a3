import HTTPTypes
import IncidentDomain
import Synchronization

/// Finds who holds a token, by the token's SHA-256.
protocol TokenLookup: Sendable {
    /// The holder of a token that exists and is not revoked; nil otherwise.
    func principal(tokenHash: [UInt8]) async throws -> Principal?
}

/// Says who asks: `Authorization: Bearer TOKEN`, against the bootstrap token and the stored ones.
///
/// What the store said is remembered for a few seconds, also its no, so that a busy client costs no query per request.
/// A revocation in this process is felt at once, one in another by NOTIFY, and without either after the few seconds.
final class Authenticator: Sendable {
    private struct Entry {
        let principal: Principal?
        let expires: ContinuousClock.Instant
    }

    private struct Memory {
        var entries: [[UInt8]: Entry] = [:]
        /// Counts the forgettings, so that an answer that was on its way meanwhile is not remembered.
        var generation = 0
    }

    private let tokens: any TokenLookup
    private let bootstrapHash: [UInt8]?
    private let memoryTime: Duration
    private let entriesMax: Int
    private let memory = Mutex(Memory())

    /// The name of the built-in administrator.
    static let bootstrap = Principal(id: "bootstrap", name: "bootstrap", role: .admin)

    init(
        tokens: any TokenLookup, bootstrapToken: String?, memoryTime: Duration = .seconds(5), entriesMax: Int = 10_000
    ) {
        self.tokens = tokens
        bootstrapHash = bootstrapToken.map { OpenSSL.sha256(Array($0.utf8)) }
        self.memoryTime = memoryTime
        self.entriesMax = entriesMax
    }

    /// The token of the header; 401 when there is none.
    static func token(in headers: RequestFields) throws(Problem) -> Substring {
        guard let header = headers[.authorization] else {
            throw unauthenticated("No token was sent.", error: nil)
        }
        guard let space = header.utf8.firstIndex(of: UInt8(ascii: " ")),
            header[..<space].lowercased() == "bearer"
        else { throw unauthenticated("The header Authorization should be: Bearer TOKEN.", error: "invalid_request") }
        return header[header.utf8.index(after: space)...].drop { $0 == " " }
    }

    /// Who holds the token; 401 when nobody does.
    func principal(token: Substring) async throws -> Principal {
        let hash = OpenSSL.sha256(Array(token.utf8))
        if let bootstrapHash, OpenSSL.areEqual(hash, bootstrapHash) { return Self.bootstrap }
        let now = ContinuousClock.now
        let (entry, generation) = memory.withLock { ($0.entries[hash], $0.generation) }
        if let entry, entry.expires > now {
            return try Self.known(entry.principal)
        }
        let principal = try await tokens.principal(tokenHash: hash)
        remember(principal, hash, until: now + memoryTime, generation: generation)
        return try Self.known(principal)
    }

    /// Forgets everything, because some token was made or revoked.
    func forget() {
        memory.withLock { memory in
            memory.entries.removeAll(keepingCapacity: true)
            memory.generation += 1
        }
    }

    /// How many tokens are remembered, known and unknown ones.
    var remembered: Int {
        memory.withLock { $0.entries.count }
    }

    private func remember(
        _ principal: Principal?, _ hash: [UInt8], until expires: ContinuousClock.Instant, generation: Int
    ) {
        memory.withLock { memory in
            guard memory.generation == generation else { return }
            // Someone who tries token after token fills the memory with noes; it then begins anew rather than grow.
            if memory.entries.count >= entriesMax { memory.entries.removeAll(keepingCapacity: true) }
            memory.entries[hash] = Entry(principal: principal, expires: expires)
        }
    }

    private static func known(_ principal: Principal?) throws(Problem) -> Principal {
        guard let principal else {
            throw unauthenticated("The token does not exist or was revoked.", error: "invalid_token")
        }
        return principal
    }

    /// 401 with the challenge of RFC 6750.
    static func unauthenticated(_ detail: String, error: String?) -> Problem {
        let challenge = "Bearer realm=\"muster\"" + (error.map { ", error=\"\($0)\"" } ?? "")
        return Problem(.unauthenticated, detail, headers: [.wwwAuthenticate: challenge])
    }
}
