package import Logging

/// Brings a database's schema up to the program's migrations: each in one transaction, under an advisory lock, so that
/// daemons which start together migrate once.
package struct Migrator: Sendable {
    private let migrations: [Migration]

    /// Of no meaning but to be ours: the key of the advisory lock.
    private static let lockKey = 7_237_462_651_142
    /// How long to wait for another daemon that migrates, and for the locks that a migration takes.
    private static let lockTimeout: Duration = .seconds(60)
    /// A migration may rewrite a large table.
    private static let migrationDeadline: Duration = .seconds(30 * 60)

    /// The program's whole list, in order, numbered from 1 without gaps.
    package init(migrations: [Migration]) {
        self.migrations = migrations
    }

    /// Applies what is missing and returns it. Throws `PostgresError.migration` for a changed checksum, a gap, or a
    /// migration that fails, which then leaves nothing behind. A database that is ahead of the program is left alone,
    /// with a warning.
    @discardableResult
    package func migrate(_ configuration: PostgresConfiguration, logger: Logger) async throws -> [Migration] {
        var patient = configuration
        patient.statementTimeout = .zero
        return try await SimpleSession.run(patient) { session throws(PostgresError) in
            try migrate(session, logger)
        }
    }

    /// The same on the database that `pool` is configured for.
    @discardableResult
    package func migrate(_ pool: PostgresPool, logger: Logger) async throws -> [Migration] {
        try await migrate(pool.configuration, logger: logger)
    }

    /// What is applied and what is not. Throws `PostgresError.migration` as `migrate` does; changes nothing.
    package func status(_ pool: PostgresPool) async throws -> MigrationStatus {
        let table = try await pool.query("SELECT to_regclass('schema_migration') IS NOT NULL")
        guard try table[0].decode(0, as: Bool.self) else {
            return try MigrationPlan(known: migrations, applied: []).status
        }
        let applied = try await pool.query("SELECT number, name, checksum FROM schema_migration ORDER BY number").map {
            row in
            MigrationPlan.Applied(
                number: try row.decode("number"), name: try row.decode("name"), checksum: try row.decode("checksum")
            )
        }
        return try MigrationPlan(known: migrations, applied: applied).status
    }

    private func migrate(_ session: SimpleSession, _ logger: Logger) throws(PostgresError) -> [Migration] {
        do throws(PostgresError) {
            try session.execute(
                """
                SET lock_timeout = \(Self.lockTimeout.milliseconds);
                SELECT pg_advisory_lock(\(Self.lockKey));
                """, deadline: Self.lockTimeout + .seconds(10))
        } catch  where error.sqlState == "55P03" {
            throw .migration(reason: "another process has held the migration lock for \(Self.lockTimeout)")
        }
        let plan = try MigrationPlan(known: migrations, applied: applied(session))
        if !plan.status.newer.isEmpty {
            logger.warning(
                "the database's schema is newer than this program", metadata: ["newer": "\(plan.status.newer)"])
        }
        for migration in plan.status.pending {
            try apply(migration, session)
            logger.info("migrated", metadata: ["number": "\(migration.number)", "name": "\(migration.name)"])
        }
        return plan.status.pending
    }

    private func applied(_ session: SimpleSession) throws(PostgresError) -> [MigrationPlan.Applied] {
        let rows = try session.execute(
            """
            CREATE TABLE IF NOT EXISTS schema_migration (
                number integer PRIMARY KEY CHECK (number > 0),
                name text NOT NULL,
                checksum text NOT NULL,
                applied_at timestamptz NOT NULL DEFAULT now()
            );
            SELECT number, name, checksum FROM schema_migration ORDER BY number;
            """)
        return rows.map { row in
            MigrationPlan.Applied(number: row[0].flatMap { Int($0) } ?? 0, name: row[1] ?? "", checksum: row[2] ?? "")
        }
    }

    private func apply(_ migration: Migration, _ session: SimpleSession) throws(PostgresError) {
        let title = "\(migration.number) '\(migration.name)'"
        try session.execute("BEGIN")
        do throws(PostgresError) {
            try session.execute(migration.sql, deadline: Self.migrationDeadline)
            guard !session.isOutsideTransaction else {
                throw .migration(reason: "it ends its own transaction")
            }
            let values = "\(migration.number), \(migration.name.sqlLiteral), \(migration.checksum.sqlLiteral)"
            try session.execute("INSERT INTO schema_migration (number, name, checksum) VALUES (\(values)); COMMIT")
        } catch {
            _ = try? session.execute("ROLLBACK")
            throw .migration(reason: "\(title) failed: \(error)")
        }
    }
}

/// How far a database's schema is.
package struct MigrationStatus: Sendable, Equatable {
    /// Numbers that the database has and the program knows.
    package var applied: [Int]
    /// What the program has and the database lacks; not empty means that the daemon must not serve.
    package var pending: [Migration]
    /// Numbers that a newer program applied; the schema still serves this one (expand, then contract).
    package var newer: [Int]

    package init(applied: [Int], pending: [Migration], newer: [Int]) {
        self.applied = applied
        self.pending = pending
        self.newer = newer
    }
}
