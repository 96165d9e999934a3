import FoundationEssentials
package import IncidentDomain
package import Logging
import Postgres
import ServiceLifecycle

/// What the subcommands of `musterd` do beside serving.
package enum Commands {
    /// Brings the schema up to date; the names of what was applied.
    package static func migrate(_ configuration: ServerConfiguration, logger: Logger) async throws -> [String] {
        try await withDatabase(configuration, makes: true, logger) { database, _ in
            let applied = try await Migrator(migrations: Migrations.all).migrate(database.pool, logger: logger)
            return applied.map { "\($0.number) \($0.name)" }
        }
    }

    /// Makes an API token and returns it: the only time that it is seen.
    package static func createToken(
        name: String, role: Role, person: String? = nil, _ configuration: ServerConfiguration, logger: Logger
    ) async throws -> String {
        try await withDatabase(configuration, logger) { database, pool in
            try await Migrator(migrations: Migrations.all).migrate(database.pool, logger: logger)
            let token = try NewToken(name: name, role: role, person: person)
            let operatorOfMachine = Principal(id: "command-line", name: "musterd token create", role: .admin)
            _ = try await TokenStore(pool: pool).create(token, id: .random(), by: operatorOfMachine)
            return token.secret
        }
    }

    /// Replays every timeline and compares: chain against chain, replayed state against row. Each difference is a sentence.
    package static func verify(
        _ configuration: ServerConfiguration, logger: Logger
    ) async throws -> (summary: String, differences: [String]) {
        let report = try await withDatabase(configuration, logger) { _, pool in
            try await checkSchema(pool, whyNotNewer: nil)
            return try await Verification(pool: pool, policy: configuration.policy).run()
        }
        let summary =
            "\(report.incidents) incidents, \(report.entries) entries, \(report.differences.count) differences"
            + (report.olderForms == 0
                ? ""
                : "; \(report.olderForms) written by an older release, which the daemon makes anew from their timelines")
        return (summary, report.differences)
    }

    /// Throws when the database lacks tables that a command is about to read.
    ///
    /// - Parameter whyNotNewer: What is said of a schema that a newer program made; nil where that one can be read.
    static func checkSchema(_ pool: PostgresPool, whyNotNewer: String?) async throws {
        let status = try await Migrator(migrations: Migrations.all).status(pool)
        guard status.pending.isEmpty else {
            throw SchemaFailure(
                description: status.applied.isEmpty
                    ? "there is nothing of Muster in this database; name another one, or run musterd migrate first"
                    : "the schema lacks \(status.pending.count) migrations; run musterd migrate first")
        }
        if let whyNotNewer, !status.newer.isEmpty { throw SchemaFailure(description: whyNotNewer) }
    }

    /// Why a command cannot read a database: a sentence for an operator.
    private struct SchemaFailure: Error, CustomStringConvertible {
        let description: String
    }

    /// Runs a command on the configured database, which is started for it if it is ours and does not run.
    ///
    /// - Parameter makes: Whether a private database is made where there is none.
    static func withDatabase<Result: Sendable>(
        _ configuration: ServerConfiguration, makes: Bool = false, _ logger: Logger,
        _ body: (Database, PostgresPool) async throws -> Result
    ) async throws -> Result {
        let database = try await Database.borrow(configuration, makes: makes, logger: logger)
        let pool = PostgresPool(configuration: database.pool, logger: logger)
        do {
            let result = try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await pool.run() }
                let result = try await body(database, pool)
                group.cancelAll()
                return result
            }
            await database.close()
            return result
        } catch {
            await database.close()
            throw error
        }
    }
}
