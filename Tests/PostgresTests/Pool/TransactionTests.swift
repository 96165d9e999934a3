import Postgres
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(20))) struct TransactionTests {
    private struct Refusal: Error {}

    private static let template = TestTemplate("one table t") {
        try await PostgresAdministration.execute(
            "CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL DEFAULT 0)", on: $0.conninfo)
    }

    private func count(_ database: TestDatabase) async throws -> Int {
        try await database.pool.query("SELECT * FROM t").count
    }

    @Test func `a transaction commits when its body returns`() async throws {
        try await TestDatabase.with(template: Self.template) { database in
            let value = try await database.pool.transaction { transaction in
                try await transaction.query("INSERT INTO t VALUES (\(1))")
                try await transaction.pipeline(["INSERT INTO t VALUES (\(2))", "INSERT INTO t VALUES (\(3))"])
                return try await transaction.query("SELECT * FROM t").count
            }
            #expect(value == 3)
            #expect(try await count(database) == 3)
        }
    }

    @Test func `a transaction rolls back when its body throws`() async throws {
        try await TestDatabase.with(template: Self.template, connections: 1) { database async throws in
            await #expect(throws: Refusal.self) {
                try await database.pool.transaction { transaction in
                    try await transaction.query("INSERT INTO t VALUES (\(1))")
                    throw Refusal()
                }
            }
            #expect(try await count(database) == 0)
        }
    }

    @Test func `a transaction that asks nothing needs no connection`() async throws {
        try await TestDatabase.with(template: Self.template) { database async throws in
            #expect(try await database.pool.transaction { _ in 5 } == 5)
            #expect(database.pool.statistics().size == 0)
        }
    }

    @Test func `the last statements can travel with the commit`() async throws {
        try await TestDatabase.with(template: Self.template, connections: 1) { database in
            try await database.pool.transaction { transaction in
                try await transaction.query("INSERT INTO t VALUES (\(1))")
                let results = try await transaction.commit(after: ["INSERT INTO t VALUES (\(2)) RETURNING id"])
                #expect(results.count == 1 && results[0].count == 1)
                await #expect(throws: PostgresError.transactionFailed(reason: "the transaction is over")) {
                    try await transaction.query("SELECT 1")
                }
            }
            try await database.pool.transaction { _ = try await $0.commit(after: ["INSERT INTO t VALUES (\(3))"]) }
            #expect(try await count(database) == 3)
        }
    }

    @Test func `an error on the way to the commit rolls back, and the connection goes on`() async throws {
        try await TestDatabase.with(template: Self.template, connections: 1) { database in
            let pid = try await database.pool.query("SELECT pg_backend_pid()")[0].decode(0, as: Int.self)
            let error = await #expect(throws: PostgresError.self) {
                try await database.pool.transaction { transaction in
                    try await transaction.query("INSERT INTO t VALUES (\(1))")
                    try await transaction.commit(after: ["INSERT INTO t VALUES (\(2))", "INSERT INTO t VALUES (\(1))"])
                }
            }
            #expect(error?.sqlState == "23505")
            #expect(try await count(database) == 0)
            #expect(try await database.pool.query("SELECT pg_backend_pid()")[0].decode(0, as: Int.self) == pid)
        }
    }

    @Test func `a transaction whose error was swallowed does not look committed`() async throws {
        try await TestDatabase.with(template: Self.template, connections: 1) { database async throws in
            let error = await #expect(throws: PostgresError.self) {
                try await database.pool.transaction { transaction in
                    try await transaction.query("INSERT INTO t VALUES (\(1))")
                    _ = try? await transaction.query("SELECT 1 / 0")
                }
            }
            #expect(error.map { "\($0)".hasPrefix("transaction failed") } == true)
            #expect(try await count(database) == 0)
        }
    }

    @Test func `a failed first statement frees the connection`() async throws {
        try await TestDatabase.with(template: Self.template, connections: 1) { database async throws in
            for _ in 0..<3 {
                let error = await #expect(throws: PostgresError.self) {
                    try await database.pool.transaction { try await $0.query("SELECT nonsense") }
                }
                #expect(error?.sqlState == "42703")
            }
            #expect(try await count(database) == 0)
        }
    }

    @Test func `serialization failures are told apart`() async throws {
        try await TestDatabase.with(template: Self.template) { database in
            try await database.pool.query("INSERT INTO t VALUES (1), (2)")
            let error = await #expect(throws: PostgresError.self) {
                try await database.pool.transaction(.repeatableRead) { transaction in
                    try await transaction.query("SELECT * FROM t")
                    try await database.pool.query("UPDATE t SET n = n + 1")
                    try await transaction.query("UPDATE t SET n = n + 1")
                }
            }
            #expect(error?.sqlState == "40001" && error?.isTransient == true)
            let level = try await database.pool.transaction(.serializable) {
                try await $0.query("SHOW transaction_isolation")[0].decode(0, as: String.self)
            }
            #expect(level == "serializable")
        }
    }

    @Test func `the tasks of one transaction take turns`() async throws {
        try await TestDatabase.with(template: Self.template, connections: 2) { database in
            try await database.pool.transaction { transaction in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for number in 0..<20 {
                        group.addTask { try await transaction.query("INSERT INTO t VALUES (\(number))") }
                    }
                    try await group.waitForAll()
                }
            }
            #expect(try await count(database) == 20)
        }
    }

    @Test func `transactions and single statements share few connections fairly`() async throws {
        try await TestDatabase.with(template: Self.template, connections: 2) { database in
            try await database.pool.query("INSERT INTO t VALUES (1)")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<100 {
                    group.addTask {
                        guard number.isMultiple(of: 2) else {
                            _ = try await database.pool.query("UPDATE t SET n = n + 1")
                            return
                        }
                        try await database.pool.transaction { transaction in
                            try await transaction.query("SELECT n FROM t FOR UPDATE")
                            try await transaction.query("UPDATE t SET n = n + 1")
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await database.pool.query("SELECT n FROM t")[0].decode("n", as: Int.self) == 100)
        }
    }

    @Test func `a transaction left open by hand does not stay on its connection`() async throws {
        try await TestDatabase.with(template: Self.template, connections: 1) { database async throws in
            try await database.pool.query("BEGIN")
            try await database.pool.query("INSERT INTO t VALUES (1)")
            try await database.withObserver { observer async throws in
                #expect(try await observer.query("SELECT * FROM t").count == 1)
            }
        }
    }
}
