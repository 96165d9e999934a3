import HTTPTypes
import IncidentDomain

/// Finds who holds a token, by the token's SHA-256.
protocol TokenLookup: Sendable {
    /// The holder of a token that exists and is not revoked; nil otherwise.
    func principal(tokenHash: [UInt8]) async throws -> Principal?
}

/// Says who asks: `Authorization: Bearer TOKEN`, against the bootstrap token and the stored ones.
///
/// What the store said is remembered for less than a second (`KeyMemory`), also its no. A revocation in this process is felt
/// at once, one in another by NOTIFY, and without either within a second.
final class Authenticator: Sendable {
    private let tokens: any TokenLookup
    private let bootstrapHash: [UInt8]?
    private let memory: KeyMemory<[UInt8], Principal>
    private let onForget: @Sendable () -> Void

    /// The name of the built-in administrator.
    static let bootstrap = Principal(id: "bootstrap", name: "bootstrap", role: .admin)

    /// - Parameter onForget: Called when some token was made or revoked.
    init(
        tokens: any TokenLookup, bootstrapToken: String?, memoryTime: Duration = .milliseconds(700),
        entriesMax: Int = 10_000, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
        onForget: @escaping @Sendable () -> Void = {}
    ) {
        self.tokens = tokens
        bootstrapHash = bootstrapToken.map { OpenSSL.sha256(Array($0.utf8)) }
        memory = KeyMemory(keeping: memoryTime, entriesMax: entriesMax, remembersAbsence: true, now: now)
        self.onForget = onForget
    }

    /// The token of the header; 401 when there is none.
    static func token(in headers: RequestFields) throws(Problem) -> Substring {
        guard let header = headers[.authorization] else {
            throw unauthenticated("No token was sent.", error: nil)
        }
        guard let space = header.utf8.firstIndex(of: UInt8(ascii: " ")),
            header[..<space].lowercased() == "bearer"
        else { throw unauthenticated("The Authorization header must be: Bearer TOKEN.", error: "invalid_request") }
        return header[header.utf8.index(after: space)...].drop { $0 == " " }
    }

    /// Who holds the token; 401 when nobody does.
    func principal(token: Substring) async throws -> Principal {
        let hash = OpenSSL.sha256(Array(token.utf8))
        if let bootstrapHash, OpenSSL.areEqual(hash, bootstrapHash) { return Self.bootstrap }
        return try Self.known(try await memory.value(of: hash) { try await tokens.principal(tokenHash: hash) })
    }

    /// Forgets everything, because some token was made or revoked.
    func forget() {
        memory.forget()
        onForget()
    }

    /// How many tokens are remembered, known and unknown ones.
    var remembered: Int { memory.count }

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
