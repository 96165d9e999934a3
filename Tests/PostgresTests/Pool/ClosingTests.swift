import Postgres
import ServiceLifecycle
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(20))) struct ClosingTests {
    @Test func `closing finishes what runs and what waits`() async throws {
        try await TestDatabase.with(connections: 1) { database in
            try await database.pool.query("CREATE TABLE t (id int)")
            try await database.withObserver { observer in
                let done = try await observer.transaction { transaction in
                    // While this is held some statements run, and do not end, and the others wait.
                    try await transaction.query("LOCK TABLE t IN EXCLUSIVE MODE")
                    let tasks = (0..<20).map { number in
                        Task { try await database.pool.query("INSERT INTO t VALUES (\(number))") }
                    }
                    try await waitUntil { database.pool.statistics().waiting > 0 }
                    async let closed: Void = database.pool.close()
                    try await transaction.commit(after: [])
                    await closed
                    // Those that were given before the closing are done; the others were told.
                    var done = 0
                    for task in tasks {
                        do {
                            done += try await task.value.affectedRows
                        } catch PostgresError.closed {}
                    }
                    return done
                }
                let stored = try await observer.query("SELECT * FROM t").count
                #expect(stored == done && done > 0)
            }
            await #expect(throws: PostgresError.closed) { try await database.pool.query("SELECT 1") }
            await #expect(throws: PostgresError.closed) {
                try await database.pool.transaction { try await $0.query("SELECT 1") }
            }
        }
    }

    @Test func `closing lets an open transaction end`() async throws {
        try await TestDatabase.with(connections: 1) { database in
            try await database.pool.query("CREATE TABLE t (id int)")
            try await database.pool.transaction { transaction in
                try await transaction.query("INSERT INTO t VALUES (1)")
                async let closed: Void = database.pool.close()
                while (try? await database.pool.query("SELECT 1", deadline: .milliseconds(1))) != nil {}
                try await transaction.query("INSERT INTO t VALUES (2)")
                try await transaction.commit(after: [])
                await closed
            }
            #expect(try await database.withObserver { try await $0.query("SELECT * FROM t").count } == 2)
        }
    }

    @Test func `closing does not wait for ever`() async throws {
        try await TestDatabase.with(connections: 1) {
            $0.shutdownTimeout = .milliseconds(100)
        } _: { database in
            let endless = Task { try await database.pool.query("SELECT pg_sleep(5)") }
            try await waitUntil { database.pool.statistics().busy == 1 }
            let waiting = Task { try await database.pool.transaction { try await $0.query("SELECT 1") } }
            try await waitUntil { database.pool.statistics().waiting == 1 }
            await database.pool.close()
            await #expect(throws: PostgresError.connectionLost(outcomeUnknown: true, reason: "the pool is closed")) {
                try await endless.value
            }
            await #expect(throws: PostgresError.closed) { try await waiting.value }
        }
    }

    @Test func `a service group runs the pool and shuts it down`() async throws {
        try await TestDatabase.with(connections: 1) { database in
            let group = ServiceGroup(services: [database.pool], logger: TestServer.quietLogger)
            let running = Task { try await group.run() }
            #expect(try await database.pool.query("SELECT 1").count == 1)
            await group.triggerGracefulShutdown()
            try await running.value
            await #expect(throws: PostgresError.closed) { try await database.pool.query("SELECT 1") }
        }
    }

    @Test func `a pool that runs in a task holds a connection until the task is cancelled`() async throws {
        try await TestDatabase.with(connections: 2) { database in
            let running = Task { try await database.pool.run() }
            try await waitUntil { database.pool.statistics().idle > 0 }
            running.cancel()
            try await running.value
            #expect(database.pool.statistics().size == 0)
        }
    }

    @Test func `a pool that nobody holds any more closes its connections`() async throws {
        try await TestDatabase.with(connections: 1) { database in
            var pool: PostgresPool? = PostgresPool(
                configuration: database.configuration, logger: TestServer.quietLogger)
            let pid = try await pool?.query("SELECT pg_backend_pid()")[0].decode(0, as: Int.self)
            pool = nil
            try await waitUntil(database.pool, "NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = \(pid))")
        }
    }
}
