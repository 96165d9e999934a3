import FoundationEssentials
import HTTPTypes
import IncidentDomain

/// `/v1/tokens`: making, listing and revoking API tokens.
struct TokenRoutes: Sendable {
    let tokens: TokenStore
    let authenticator: Authenticator

    var routes: [Route] {
        [
            Route(
                .get, "/v1/tokens", role: .admin, "listTokens", query: ["limit", "cursor"], isLong: true, handler: list),
            Route(.post, "/v1/tokens", role: .admin, "createToken", body: .json, handler: create),
            Route(.delete, "/v1/tokens/{id}", role: .admin, "revokeToken", handler: revoke),
        ]
    }

    private func list(_ request: RequestContext) async throws -> Answer {
        var query = try request.query()
        let page = query.page(of: "tokens")
        try query.finish()
        let found = try await tokens.list(page)
        return Answer.page(found, of: page, "tokens", request) { json, token in
            json.object { json in Self.write(token, to: &json) }
        }
    }

    private func create(_ request: RequestContext) async throws -> Answer {
        var body = try request.fields()
        let name = body.string("name", 1...100)
        let role = body.enumeration("role", of: Role.self)
        let person = body.optionalString("person", 1...200)
        try body.finish()
        let new = try NewToken(name: name, role: role, person: person)
        let token = try await tokens.create(new, id: request.commandID, by: request.principal)
        authenticator.forget()
        var json = JSONWriter()
        json.object { json in
            Self.write(token, to: &json)
            json.member("token", new.secret)
        }
        var answer = Answer.created(json.bytes, location: "/v1/tokens/\(token.id.text)")
        answer.headers[.cacheControl] = "no-store"
        return answer
    }

    private func revoke(_ request: RequestContext) async throws -> Answer {
        let id = try request.uuid("id", of: "Token")
        guard request.principal.id != id.text else {
            throw Problem(.ownToken, "A token cannot revoke itself. Use another token.")
        }
        let exists = try await tokens.revoke(id, by: request.principal)
        authenticator.forget()
        guard exists else { throw Problem.notFound("Token \(id.text)") }
        return .noContent
    }

    private static func write(_ token: AccessToken, to json: inout JSONWriter) {
        json.member("id", token.id)
        json.member("name", token.name)
        json.member("role", token.role)
        json.member("person", token.person)
        json.member("created_at", token.createdAt)
        json.member("created_by", token.createdBy)
        json.member("last_used_at", token.lastUsedAt)
        json.member("revoked_at", token.revokedAt)
    }
}
