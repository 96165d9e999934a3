import Postgres
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(20))) struct CancellationTests {
    @Test func `a cancelled task's statement ends on the server, and the connection goes on`() async throws {
        try await TestDatabase.with(connections: 1) { database in
            let pid = try await database.pool.query("SELECT pg_backend_pid() AS pid")[0].decode("pid", as: Int.self)
            try await database.withObserver { observer in
                let task = Task { try await database.pool.query("SELECT pg_sleep(60)") }
                try await waitUntil(observer, isRunning("pg_sleep"))
                task.cancel()
                await #expect(throws: PostgresError.cancelled) { try await task.value }
                try await waitUntil(observer, "NOT \(fragment: isRunning("pg_sleep"))")
                #expect(
                    try await database.pool.query("SELECT pg_backend_pid() AS pid")[0].decode("pid", as: Int.self)
                        == pid)
            }
        }
    }

    @Test func `a task cancelled beforehand sends nothing`() async throws {
        try await TestDatabase.with(connections: 1) { database in
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return try await database.pool.query("SELECT 1")
            }
            await #expect(throws: PostgresError.cancelled) { try await task.value }
            #expect(database.pool.statistics().size == 0)
        }
    }

    @Test func `a cancelled task that still waits leaves the queue`() async throws {
        try await TestDatabase.with(connections: 1) { database in
            try await database.withObserver { observer in
                let busy = Task { try await database.pool.query("SELECT pg_sleep(60)", deadline: .seconds(60)) }
                try await waitUntil(observer, isRunning("pg_sleep"))
                let waiting = Task { try await database.pool.query("SELECT 1") }
                try await waitUntil { database.pool.statistics().waiting > 0 }
                waiting.cancel()
                await #expect(throws: PostgresError.cancelled) { try await waiting.value }
                try await waitUntil { database.pool.statistics().waiting == 0 }
                busy.cancel()
                await #expect(throws: PostgresError.cancelled) { try await busy.value }
            }
        }
    }

    @Test func `a cancelled transaction is rolled back`() async throws {
        try await TestDatabase.with(connections: 1) { database in
            try await database.pool.query("CREATE TABLE t (id int)")
            try await database.withObserver { observer in
                let task = Task {
                    try await database.pool.transaction { transaction in
                        try await transaction.query("INSERT INTO t VALUES (1)")
                        try await transaction.query("SELECT pg_sleep(60)")
                    }
                }
                try await waitUntil(observer, isRunning("pg_sleep"))
                task.cancel()
                await #expect(throws: PostgresError.cancelled) { try await task.value }
                #expect(try await database.pool.query("SELECT * FROM t").count == 0)
            }
        }
    }

    /// The server's cancellation names no statement, so it may hit a neighbour in the pipeline: that one must not
    /// notice.
    @Test func `cancelling one of many in a pipeline hurts no other`() async throws {
        try await TestDatabase.with(connections: 1) { database in
            try await database.pool.query("CREATE TABLE t (id int PRIMARY KEY)")
            let outcomes = await withTaskGroup(of: (Int, Bool?).self) { group in
                for number in 0..<300 {
                    group.addTask {
                        let task = Task {
                            try await database.pool.query("INSERT INTO t SELECT \(number) FROM pg_sleep(0.001)")
                        }
                        if number.isMultiple(of: 5) { task.cancel() }
                        do {
                            _ = try await task.value
                            return (number, true)
                        } catch PostgresError.cancelled {
                            return (number, number.isMultiple(of: 5) ? false : nil)
                        } catch {
                            return (number, nil)
                        }
                    }
                }
                return await group.reduce(into: [Int: Bool?]()) { $0[$1.0] = .some($1.1) }
            }
            let stored = Set(
                try await database.pool.query("SELECT id FROM t").map { try $0.decode("id", as: Int.self) })
            for (number, outcome) in outcomes {
                #expect(outcome == stored.contains(number), "statement \(number)")
            }
        }
    }
}
