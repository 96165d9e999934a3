import HTTPTypes
import IncidentDomain
import NIOCore
import Postgres
import TestSupport

@testable import MusterServer

/// Tokens and idempotency on a database of the test's own, asked through the dispatcher without a socket.
struct AccessSite: Sendable {
    let pool: PostgresPool
    let database: TestDatabase
    let dispatcher: Dispatcher
    let authenticator: Authenticator

    static let template = TestTemplate("access", migrations: Migrations.all)
    static let bootstrap = "muster_test_bootstrap"

    /// Runs `body` with the routes of `/v1/tokens` and the given ones.
    static func with(
        _ routes: [Route] = [], _ body: @Sendable (AccessSite) async throws -> Void
    ) async throws {
        try await TestDatabase.with(template: template) { database in
            try await body(AccessSite(database, routes))
        }
    }

    init(_ database: TestDatabase, _ routes: [Route]) {
        self.database = database
        pool = database.pool
        let tokens = TokenStore(pool: pool)
        authenticator = Authenticator(tokens: tokens, bootstrapToken: Self.bootstrap)
        dispatcher = Dispatcher(
            table: RouteTable(TokenRoutes(tokens: tokens, authenticator: authenticator).routes + routes),
            authenticator: authenticator,
            idempotency: IdempotencyDesk(store: IdempotencyStore(pool: pool), logger: TestServer.quietLogger),
            limits: RequestLimits(), inFlight: Budget(max: 100), logger: TestServer.quietLogger)
    }

    /// One request, without the network.
    func ask(
        _ method: HTTPRequest.Method, _ path: String, token: String = bootstrap, key: String? = nil, body: String = ""
    ) async -> Answer {
        var fields: HTTPFields = [.authorization: "Bearer \(token)"]
        if let key { fields[.idempotencyKey] = key }
        let head = RequestHead(method: method, path: path, headerFields: RequestFields(fields))
        return await dispatcher.respond(to: head, body: ByteBuffer(string: body))
    }
}

extension Answer {
    /// The body as JSON; null when there is none.
    var json: JSONValue {
        guard case .bytes(let bytes) = body else { return .null }
        return (try? JSONParser.parse(bytes.readableBytesView)) ?? .null
    }
}
