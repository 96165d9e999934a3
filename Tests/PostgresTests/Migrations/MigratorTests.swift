import Postgres
import TestSupport
import Testing

@Suite struct MigratorTests {
    private let first = Migration(
        number: 1, name: "create_a", sql: "CREATE TABLE a (id int); INSERT INTO a VALUES (1);")
    private let second = Migration(number: 2, name: "it's b", sql: "CREATE TABLE b (id int)")

    private func migrate(_ migrations: [Migration], _ database: TestDatabase) async throws -> [Int] {
        try await Migrator(migrations: migrations).migrate(database.pool, logger: TestServer.quietLogger).map(\.number)
    }

    @Test func `migrations are applied once, in order, with several statements each`() async throws {
        try await TestDatabase.with(connections: 1) { database in
            #expect(try await migrate([first], database) == [1])
            #expect(try await migrate([first, second], database) == [2])
            #expect(try await migrate([first, second], database) == [])
            let rows = try await database.pool.query(
                "SELECT number, name, checksum FROM schema_migration ORDER BY number")
            #expect(try rows.map { try $0.decode("name", as: String.self) } == ["create_a", "it's b"])
            #expect(try rows[0].decode("checksum", as: String.self) == first.checksum)
            #expect(try await database.pool.query("SELECT * FROM a").count == 1)
        }
    }

    @Test func `the status tells what is missing and changes nothing`() async throws {
        try await TestDatabase.with(connections: 1) { database in
            let migrator = Migrator(migrations: [first, second])
            #expect(
                try await migrator.status(database.pool)
                    == MigrationStatus(applied: [], pending: [first, second], newer: []))
            _ = try await migrate([first], database)
            #expect(
                try await migrator.status(database.pool) == MigrationStatus(applied: [1], pending: [second], newer: []))
        }
    }

    @Test func `a changed migration is refused`() async throws {
        try await TestDatabase.with(connections: 1) { database in
            _ = try await migrate([first], database)
            let changed = Migration(number: 1, name: "create_a", sql: "CREATE TABLE a (id bigint)")
            let error = await #expect(throws: PostgresError.self) { try await migrate([changed, second], database) }
            #expect(error.map { "\($0)".contains("migration 1 'create_a' was changed after it was applied") } == true)
            await #expect(throws: PostgresError.self) {
                try await Migrator(migrations: [changed]).status(database.pool)
            }
            #expect(
                try await database.pool.query("SELECT to_regclass('b') IS NULL AS absent")[0].decode(
                    "absent", as: Bool.self))
        }
    }

    @Test func `a list with a gap is refused`() async throws {
        try await TestDatabase.with(connections: 1) { database in
            await #expect(throws: PostgresError.self) { try await migrate([second], database) }
            _ = try await migrate([first, second], database)
            try await database.pool.query("DELETE FROM schema_migration WHERE number = 1")
            await #expect(throws: PostgresError.migration(reason: "the database has migration 2 but lacks 1")) {
                try await migrate([first, second], database)
            }
        }
    }

    @Test func `a database that is ahead of the program is left alone`() async throws {
        try await TestDatabase.with(connections: 1) { database in
            _ = try await migrate([first, second], database)
            #expect(try await migrate([first], database) == [])
            let status = try await Migrator(migrations: [first]).status(database.pool)
            #expect(status == MigrationStatus(applied: [1], pending: [], newer: [2]))
        }
    }

    @Test func `a migration that fails leaves nothing behind`() async throws {
        try await TestDatabase.with(connections: 1) { database in
            let broken = Migration(
                number: 2, name: "broken", sql: "CREATE TABLE c (id int); SELECT 1/0; CREATE TABLE d (id int)")
            let error = await #expect(throws: PostgresError.self) { try await migrate([first, broken], database) }
            #expect(error.map { "\($0)".contains("2 'broken' failed: ERROR 22012") } == true)
            let left = try await database.pool.query(
                "SELECT to_regclass('a') IS NOT NULL AS a, to_regclass('c') IS NULL AS c")[0]
            #expect(try left.decode("a", as: Bool.self) && left.decode("c", as: Bool.self))
            #expect(try await migrate([first, second], database) == [2])
        }
    }

    @Test func `a migration cannot end its own transaction`() async throws {
        try await TestDatabase.with(connections: 1) { database in
            let sly = Migration(number: 1, name: "sly", sql: "CREATE TABLE e (id int); COMMIT")
            await #expect(
                throws: PostgresError.migration(reason: "1 'sly' failed: migration: it ends its own transaction")
            ) {
                try await migrate([sly], database)
            }
        }
    }

    @Test func `daemons that start together migrate once`() async throws {
        try await TestDatabase.with(connections: 1) { database in
            let slow = Migration(number: 1, name: "slow", sql: "CREATE TABLE a (id int); SELECT pg_sleep(0.05)")
            let applied = try await withThrowingTaskGroup(of: [Int].self) { group in
                for _ in 0..<6 { group.addTask { try await migrate([slow, second], database) } }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(applied == [1, 2])
        }
    }

    @Test func `a program that is older than the schema allows is refused, and says what to do`() async throws {
        try await TestDatabase.with(connections: 1) { database in
            let third = Migration(number: 3, name: "drop_a", sql: "DROP TABLE a", needs: 2)
            _ = try await migrate([first, second, third], database)
            // Who knows the second one has not used the table since.
            #expect(try await migrate([first, second], database) == [])
            let error = await #expect(throws: PostgresError.self) { try await migrate([first], database) }
            #expect(error.map { "\($0)".contains("'drop_a' needs a program that knows migration 2") } == true)
            await #expect(throws: PostgresError.self) { try await Migrator(migrations: [first]).status(database.pool) }
        }
    }

    @Test func `a table of migrations that an older program made is read`() async throws {
        try await TestDatabase.with(connections: 1) { database in
            _ = try await migrate([first], database)
            try await database.pool.query("ALTER TABLE schema_migration DROP COLUMN needs")
            let status = try await Migrator(migrations: [first, second]).status(database.pool)
            #expect(status == MigrationStatus(applied: [1], pending: [second], newer: []))
            #expect(try await migrate([first, second], database) == [2])
        }
    }

    @Test func `a migration that waits for a lock lets others pass`() async throws {
        try await TestDatabase.with(connections: 3) { database in
            _ = try await migrate([first], database)
            let widening = Migration(number: 2, name: "widen_a", sql: "ALTER TABLE a ADD COLUMN more int")
            let migrator = Migrator(migrations: [first, widening], lockPatience: .milliseconds(50))
            try await withThrowingTaskGroup(of: [Int].self) { group in
                try await database.pool.transaction { reader in
                    try await reader.query("SELECT * FROM a")
                    group.addTask {
                        try await migrator.migrate(database.pool, logger: TestServer.quietLogger).map(\.number)
                    }
                    try await waitUntil(database.pool, Self.isWaiting)
                    // Behind the migration's lock this would wait until the transaction ends, which waits for it.
                    #expect(try await database.pool.query("SELECT * FROM a").count == 1)
                }
                #expect(try await group.next() == [2])
            }
        }
    }

    private static let isWaiting: SQL =
        "EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = 'a'::regclass)"
}
