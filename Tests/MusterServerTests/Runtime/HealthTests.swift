import HTTPTypes
import IncidentDomain
import NIOCore
import Postgres
import TestSupport
import Testing

@testable import MusterServer

struct HealthTests {
    private func ask(_ path: String, _ pool: PostgresPool, isStopping: StopFlag = StopFlag()) async -> Answer {
        // The other tests keep the machine busy; how long a probe waits is not what is asked here.
        let health = Health(
            pool: pool, migrator: Migrator(migrations: Migrations.all), isStopping: isStopping,
            answerTime: .seconds(60))
        let dispatcher = Dispatcher(
            table: RouteTable(health.routes), authenticator: Authenticator(tokens: RoleTokens(), bootstrapToken: nil),
            idempotency: nil, limits: RequestLimits(), inFlight: Budget(max: 10), logger: TestServer.quietLogger)
        return await dispatcher.respond(to: RequestHead(method: .get, path: path), body: ByteBuffer())
    }

    @Test func `a daemon with a database and the right schema is ready`() async throws {
        try await TestDatabase.with(template: AccessSite.template) { database in
            #expect(await ask("/healthz", database.pool).status == .ok)
            let ready = await ask("/readyz", database.pool)
            #expect(ready.status == .ok)
            #expect(ready.json == ["status": "ready"])
        }
    }

    @Test func `without the schema it is not ready and says why`() async throws {
        try await TestDatabase.with { database in
            let reply = await ask("/readyz", database.pool)
            #expect(reply.status == .serviceUnavailable)
            #expect(reply.json["type"] == "/problems/not-ready")
            #expect(reply.json["reasons"]?[0]?.string?.contains("migrations") == true)
            #expect(reply.headers[.retryAfter] == "1")
            #expect(await ask("/healthz", database.pool).status == .ok)
        }
    }

    @Test func `without the database it is not ready and tells nothing of the reason`() async throws {
        var configuration = PostgresConfiguration(conninfo: "host=/nonexistent user=nobody")
        configuration.acquireTimeout = .milliseconds(50)
        let pool = PostgresPool(configuration: configuration, logger: TestServer.quietLogger)
        let reply = await ask("/readyz", pool)
        #expect(reply.status == .serviceUnavailable)
        #expect(reply.json["reasons"] == ["The database does not answer."])
        await pool.close()
    }

    @Test func `a daemon that is stopping is not ready`() async throws {
        let isStopping = StopFlag()
        isStopping.set()
        let pool = PostgresPool(
            configuration: PostgresConfiguration(conninfo: "host=/nonexistent"), logger: TestServer.quietLogger)
        #expect(await ask("/readyz", pool, isStopping: isStopping).json["reasons"] == ["The daemon is stopping."])
        await pool.close()
    }
}
