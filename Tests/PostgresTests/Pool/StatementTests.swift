import Postgres
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(20))) struct StatementTests {
    @Test func `a statement tells how many rows it touched`() async throws {
        try await TestDatabase.with { database in
            try await database.pool.query("CREATE TABLE t (id int)")
            #expect(try await database.pool.query("INSERT INTO t SELECT generate_series(1, 5)").affectedRows == 5)
            #expect(try await database.pool.query("UPDATE t SET id = id + 1 WHERE id > \(2)").affectedRows == 3)
            #expect(
                try await database.pool.query("SELECT * FROM t").map { try $0.decode("id", as: Int.self) }.sorted() == [
                    1, 2, 4, 5, 6,
                ])
            #expect(try await database.pool.query("DELETE FROM t WHERE false").affectedRows == 0)
        }
    }

    @Test func `a pipeline is one transaction, and its first error undoes all of it`() async throws {
        try await TestDatabase.with(connections: 1) { database in
            try await database.pool.query("CREATE TABLE t (id int PRIMARY KEY)")
            let results = try await database.pool.pipeline([
                "INSERT INTO t VALUES (\(1))", "INSERT INTO t VALUES (\(2))", "SELECT * FROM t",
            ])
            #expect(results.map(\.count) == [0, 0, 2])
            let error = await #expect(throws: PostgresError.self) {
                try await database.pool.pipeline([
                    "INSERT INTO t VALUES (\(3))", "INSERT INTO t VALUES (\(1))", "INSERT INTO t VALUES (\(4))",
                ])
            }
            #expect(error?.sqlState == "23505" && error?.constraint == "t_pkey")
            #expect(try await database.pool.query("SELECT * FROM t").count == 2)
            #expect(try await database.pool.pipeline([]).isEmpty)
        }
    }

    @Test(arguments: [Duration.seconds(600), .nanoseconds(1)])
    func `plans are kept, but not longer than they may live`(lifetime: Duration) async throws {
        try await TestDatabase.with(connections: 1) { database in
            var configuration = database.configuration
            configuration.connections = 1
            configuration.plansLifetime = lifetime
            let pool = PostgresPool(configuration: configuration, logger: TestServer.quietLogger)
            // Called when a plan is made, since it says of itself that its value never changes.
            try await pool.query("CREATE SEQUENCE planned")
            try await pool.query(
                """
                CREATE FUNCTION plan_number() RETURNS bigint IMMUTABLE LANGUAGE plpgsql AS
                $$ BEGIN RETURN nextval('planned'); END $$
                """)
            var plans: Set<Int> = []
            for _ in 0..<5 { plans.insert(try await pool.query("SELECT plan_number() AS n")[0].decode("n")) }
            #expect(plans.count == (lifetime > .seconds(1) ? 1 : 5))
            await pool.close()
        }
    }

    /// One connection, so that all of these share its pipelines; every third is wrong, each in another way.
    @Test func `in one pipeline exactly the wrong statements fail`() async throws {
        try await TestDatabase.with(connections: 1) { database in
            try await database.pool.query("CREATE TABLE t (id int PRIMARY KEY)")
            let failed = await withTaskGroup(of: (Int, String?).self) { group in
                for number in 0..<200 {
                    group.addTask {
                        do {
                            switch number % 6 {
                            case 2: try await database.pool.query("SELECT nonsense \(number)")
                            case 5: try await database.pool.query("INSERT INTO t VALUES (1 / \(number - number))")
                            default: try await database.pool.query("INSERT INTO t VALUES (\(number))")
                            }
                            return (number, nil)
                        } catch {
                            return (number, (error as? PostgresError)?.sqlState ?? "\(error)")
                        }
                    }
                }
                return await group.reduce(into: [Int: String]()) { $0[$1.0] = $1.1 }
            }
            for number in 0..<200 {
                let expected: String? = number % 6 == 2 ? "42601" : number % 6 == 5 ? "22012" : nil
                #expect(failed[number] == expected, "statement \(number)")
            }
            let stored = try await database.pool.query("SELECT id FROM t").map { try $0.decode("id", as: Int.self) }
            #expect(Set(stored) == Set((0..<200).filter { $0 % 6 != 2 && $0 % 6 != 5 }))
        }
    }

    @Test func `an error that only the commit finds fails the pipeline and nothing else`() async throws {
        try await TestDatabase.with(connections: 1) { database in
            try await database.pool.query("CREATE TABLE t (id int UNIQUE DEFERRABLE INITIALLY DEFERRED)")
            async let fine = database.pool.query("INSERT INTO t VALUES (1)")
            let error = await #expect(throws: PostgresError.self) {
                try await database.pool.pipeline(["INSERT INTO t VALUES (7)", "INSERT INTO t VALUES (7)"])
            }
            #expect(error?.sqlState == "23505")
            _ = try await fine
            #expect(try await database.pool.query("SELECT * FROM t").count == 1)
        }
    }

    @Test func `a changed table does not break the statements prepared on it`() async throws {
        try await TestDatabase.with(connections: 1) { database in
            try await database.pool.query("CREATE TABLE t (a int)")
            try await database.pool.query("INSERT INTO t VALUES (1)")
            #expect(try await database.pool.query("SELECT * FROM t")[0].columns == ["a"])
            try await database.pool.query("ALTER TABLE t ADD COLUMN b text DEFAULT 'x'")
            #expect(try await database.pool.query("SELECT * FROM t")[0].columns == ["a", "b"])
            try await database.pool.query("ALTER TABLE t ADD COLUMN c text DEFAULT 'y'")
            let columns = try await database.pool.transaction { try await $0.query("SELECT * FROM t")[0].columns }
            #expect(columns == ["a", "b", "c"])
        }
    }

    @Test func `statements that the server has lost are prepared again`() async throws {
        try await TestDatabase.with(connections: 1) { database in
            for _ in 0..<3 {
                #expect(try await database.pool.query("SELECT \(1) AS x").count == 1)
                try await database.pool.query("DEALLOCATE ALL")
            }
            let values = try await database.pool.transaction { try await $0.query("SELECT \(1) AS x").count }
            #expect(values == 1)
        }
    }

    @Test func `a connection keeps a bounded number of prepared statements`() async throws {
        try await TestDatabase.with(connections: 1) {
            $0.preparedStatementsMax = 10
        } _: { database in
            for number in 0..<50 { try await database.pool.query("SELECT \(unescaped: "\(number)")") }
            let kept = try await database.pool.query("SELECT count(*) AS n FROM pg_prepared_statements")
            #expect(try kept[0].decode("n", as: Int.self) <= 11)
        }
    }

    @Test func `statements of a megabyte flow both ways at once`() async throws {
        try await TestDatabase.with(connections: 1) { database in
            let large = String(repeating: "x", count: 1_000_000)
            let sizes = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<24 {
                    group.addTask {
                        try await database.pool.query("SELECT \(large) AS t")[0].decode("t", as: String.self).utf8.count
                    }
                }
                return try await group.reduce(0, +)
            }
            #expect(sizes == 24_000_000)
        }
    }

    @Test func `an empty statement and a notice disturb nobody`() async throws {
        try await TestDatabase.with(connections: 1) { database in
            #expect(try await database.pool.query("").count == 0)
            try await database.pool.query("DO $$ BEGIN RAISE WARNING 'look'; END $$")
            #expect(try await database.pool.query("SELECT 1").count == 1)
        }
    }

    @Test func `COPY is refused without harm`() async throws {
        try await TestDatabase.with(connections: 1) { database async throws in
            await #expect(throws: PostgresError.self) { try await database.pool.query("COPY (SELECT 1) TO STDOUT") }
            #expect(try await database.pool.query("SELECT 1").count == 1)
        }
    }
}
