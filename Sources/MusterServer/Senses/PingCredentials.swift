import FoundationEssentials
import HTTPTypes
import IncidentDomain

/// Who may send a ping: a token of a responder or more, or the key of any source. It may come in each way that one line of
/// `curl` can send it.
struct PingCredentials: Sendable {
    let authenticator: Authenticator
    let sources: SourceCache

    /// - Throws: `Problem` 401 when nothing that counts was sent, 403 for a token that may only read.
    func check(_ request: RequestContext) async throws {
        guard let secret = Self.secret(in: request.head.headerFields, (try? request.target.parameters()) ?? []) else {
            throw Authenticator.unauthenticated(
                "Send a token or a source's key: as Authorization: Bearer or GenieKey, as a password, or as ?key=.",
                error: nil)
        }
        do {
            let principal = try await authenticator.principal(token: Substring(secret))
            guard principal.role >= .responder else {
                throw Problem(
                    .roleRequired,
                    "A ping needs the role responder, or a source's key; the token has \(principal.role.rawValue).",
                    members: ["role": .string(Role.responder.rawValue)])
            }
        } catch let problem as Problem where problem.kind == .unauthenticated {
            // No token; a key, then.
            guard try await sources.source(key: secret) != nil else { throw problem }
        }
    }

    /// The header comes first: what stands in an address may be a leftover.
    static func secret(in headers: RequestFields, _ parameters: [QueryParameter]) -> String? {
        guard let header = headers[.authorization] else {
            return parameters.first { $0.name == "key" }?.value.nonEmpty
        }
        let parts = header.split(separator: " ", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { return nil }
        switch parts[0].lowercased() {
        case "bearer", "geniekey": return parts[1].trimmedOfSpaces.nonEmpty
        case "basic": return password(parts[1].trimmedOfSpaces)
        default: return nil
        }
    }

    /// The password of `user:password`; the user, if the password is empty, as `curl -u KEY:` sends it.
    private static func password(_ text: String) -> String? {
        guard let data = Data(base64Encoded: text), let pair = String(data: data, encoding: .utf8) else { return nil }
        let parts = pair.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        return parts.last?.nonEmpty ?? parts.first?.nonEmpty
    }
}

extension String {
    fileprivate var nonEmpty: String? { isEmpty ? nil : self }

    fileprivate var trimmedOfSpaces: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
