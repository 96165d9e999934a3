package import Logging

/// Brings a database's schema up to the program's migrations: each in one transaction, under an advisory lock, so that
/// daemons which start together migrate once.
package struct Migrator: Sendable {
    private let migrations: [Migration]
    private let lockPatience: Duration

    /// Of no meaning but to be ours: the key of the advisory lock.
    private static let lockKey = 7_237_462_651_142
    /// How long to wait for another daemon that migrates, and in all for the locks that a migration takes.
    private static let lockTimeout: Duration = .seconds(60)
    /// A migration may rewrite a large table.
    private static let migrationDeadline: Duration = .seconds(30 * 60)
    private static let lockNotAvailable = "55P03"

    /// The program's whole list, in order, numbered from 1 without gaps.
    ///
    /// - Parameter lockPatience: How long a migration waits for a lock at a time. Whoever uses the table waits behind it as
    ///   long, so it is short, and the migration begins anew.
    package init(migrations: [Migration], lockPatience: Duration = .milliseconds(300)) {
        self.migrations = migrations
        self.lockPatience = lockPatience
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
        // The column is younger than the table, and looking changes nothing.
        let applied = try await pool.query(
            """
            SELECT number, name, checksum, coalesce((to_jsonb(schema_migration) ->> 'needs')::integer, 0) AS needs
            FROM schema_migration ORDER BY number
            """
        ).map { row in
            MigrationPlan.Applied(
                number: try row.decode("number"), name: try row.decode("name"), checksum: try row.decode("checksum"),
                needs: try row.decode("needs")
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
        } catch  where error.sqlState == Self.lockNotAvailable {
            throw .migration(reason: "another process has held the migration lock for \(Self.lockTimeout)")
        }
        let plan = try MigrationPlan(known: migrations, applied: applied(session))
        if !plan.status.newer.isEmpty {
            logger.warning(
                "the database's schema is newer than this program", metadata: ["newer": "\(plan.status.newer)"])
        }
        for migration in plan.status.pending {
            try applyPatiently(migration, session, logger)
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
                applied_at timestamptz NOT NULL DEFAULT now(),
                needs integer NOT NULL DEFAULT 0
            );
            DO $$ BEGIN
                -- Made before there was such a column.
                IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'schema_migration'::regclass AND attname = 'needs')
                THEN ALTER TABLE schema_migration ADD COLUMN needs integer NOT NULL DEFAULT 0; END IF;
            END $$;
            SELECT number, name, checksum, needs FROM schema_migration ORDER BY number;
            """)
        return rows.map { row in
            MigrationPlan.Applied(
                number: row[0].flatMap { Int($0) } ?? 0, name: row[1] ?? "", checksum: row[2] ?? "",
                needs: row[3].flatMap { Int($0) } ?? 0)
        }
    }

    /// Applies a migration without standing in the way of those who serve: a lock that is not to be had soon is given up,
    /// and with it everything that waits behind it, for a moment.
    private func applyPatiently(
        _ migration: Migration, _ session: SimpleSession, _ logger: Logger
    ) throws(PostgresError) {
        let limit = MonotonicTime.now + Self.lockTimeout
        while true {
            do throws(PostgresError) {
                return try apply(migration, session)
            } catch  where error.sqlState == Self.lockNotAvailable && MonotonicTime.now < limit {
                logger.info("a migration waits for a lock", metadata: ["number": "\(migration.number)"])
                try session.execute("SELECT pg_sleep(\(0.1 + Double.random(in: 0..<0.1)))")
            } catch {
                throw .migration(reason: "\(migration.number) '\(migration.name)' failed: \(error)")
            }
        }
    }

    private func apply(_ migration: Migration, _ session: SimpleSession) throws(PostgresError) {
        try session.execute("BEGIN; SET LOCAL lock_timeout = \(lockPatience.milliseconds)")
        do throws(PostgresError) {
            try session.execute(migration.sql, deadline: Self.migrationDeadline)
            guard !session.isOutsideTransaction else {
                throw .migration(reason: "it ends its own transaction")
            }
            let name = migration.name.sqlLiteral
            try session.execute(
                """
                INSERT INTO schema_migration (number, name, checksum, needs)
                VALUES (\(migration.number), \(name), \(migration.checksum.sqlLiteral), \(migration.needs)); COMMIT
                """)
        } catch {
            _ = try? session.execute("ROLLBACK")
            throw error
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

/// What is to be done to bring a database up to a list of migrations, decided from what the database says it has.
struct MigrationPlan: Equatable {
    /// A row of `schema_migration`.
    struct Applied: Equatable {
        let number: Int
        let name: String
        let checksum: String
        var needs = 0
    }

    private(set) var status: MigrationStatus

    /// Refuses a list with gaps, a changed migration, a database that lacks one in the middle, and one that this program is
    /// too old for.
    init(known: [Migration], applied: [Applied]) throws(PostgresError) {
        for (index, migration) in known.enumerated() where migration.number != index + 1 {
            throw .migration(
                reason:
                    "the program's migration '\(migration.name)' should have number \(index + 1), not \(migration.number)"
            )
        }
        var newer: [Int] = []
        for (index, row) in applied.sorted(by: { $0.number < $1.number }).enumerated() {
            guard row.number == index + 1 else {
                throw .migration(reason: "the database has migration \(row.number) but lacks \(index + 1)")
            }
            guard index < known.count else {
                newer.append(row.number)
                continue
            }
            guard known[index].checksum == row.checksum else {
                throw .migration(
                    reason:
                        "migration \(row.number) '\(row.name)' was changed after it was applied: the database has checksum "
                        + "\(row.checksum), the program \(known[index].checksum)")
            }
        }
        if let demanding = applied.max(by: { $0.needs < $1.needs }), demanding.needs > known.count {
            throw .migration(
                reason:
                    "migration \(demanding.number) '\(demanding.name)' needs a program that knows migration \(demanding.needs), and "
                    + "this one ends at \(known.count); install the version that the other daemons have")
        }
        self.status = MigrationStatus(
            applied: (0..<min(applied.count, known.count)).map { $0 + 1 },
            pending: Array(known.dropFirst(applied.count)),
            newer: newer
        )
    }
}

/// One step of the schema: a number, a name and SQL. Once released it never changes; its checksum proves that.
package struct Migration: Sendable, Equatable {
    /// From 1, without gaps.
    package let number: Int
    package let name: String
    /// Any number of statements; they run in one transaction, so none may be of the few that cannot (`CREATE INDEX
    /// CONCURRENTLY`).
    package let sql: String
    /// The migration that a program must know to work with the schema from here on: 0 for one that only adds, and for one that
    /// takes something away the number as of which no program uses it.
    package let needs: Int

    package init(number: Int, name: String, sql: String, needs: Int = 0) {
        self.number = number
        self.name = name
        self.sql = sql
        self.needs = needs
    }

    /// 64-bit FNV-1a of the SQL's UTF-8 bytes as 16 hex digits. It guards against an edit by mistake, not against an
    /// attacker: one who can write the table can write the checksum as well. (The constants are those of the
    /// algorithm's authors.)
    package var checksum: String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in sql.utf8 {
            hash ^= UInt64(byte)
            hash &*= 0x0000_0100_0000_01b3
        }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
