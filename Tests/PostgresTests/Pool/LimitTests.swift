import Postgres
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(20))) struct LimitTests {
    @Test func `the server's statement timeout ends a statement, and the connection goes on`() async throws {
        try await TestDatabase.with(connections: 1) {
            $0.statementTimeout = .milliseconds(100)
        } _: { database async throws in
            let error = await #expect(throws: PostgresError.self) {
                try await database.pool.query("SELECT pg_sleep(60)")
            }
            #expect(error?.sqlState == "57014")
            #expect(try await database.pool.query("SELECT 1").count == 1)
        }
    }

    @Test func `a statement's own deadline closes its connection, and the next one gets another`() async throws {
        try await TestDatabase.with(connections: 1) { database in
            let pid = try await database.pool.query("SELECT pg_backend_pid()")[0].decode(0, as: Int.self)
            await #expect(throws: PostgresError.deadlineExceeded(outcomeUnknown: true)) {
                try await database.pool.query("SELECT pg_sleep(600)", deadline: .milliseconds(100))
            }
            #expect(try await database.pool.query("SELECT pg_backend_pid()")[0].decode(0, as: Int.self) != pid)
            // The server, which was well, was told to stop.
            try await waitUntil(database.pool, "NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = \(pid))")
        }
    }

    @Test func `a deadline in a transaction leaves no doubt about its outcome`() async throws {
        try await TestDatabase.with(connections: 1) {
            $0.statementDeadline = .milliseconds(100)
        } _: { database in
            await #expect(throws: PostgresError.deadlineExceeded(outcomeUnknown: false)) {
                try await database.pool.transaction { try await $0.query("SELECT pg_sleep(2)") }
            }
        }
    }

    @Test func `who finds no free connection in time hears so`() async throws {
        try await TestDatabase.with(connections: 1) {
            $0.acquireTimeout = .milliseconds(100)
        } _: { database in
            // On a busy machine even the first connection may take longer than that.
            while (try? await database.pool.query("SELECT 1")) == nil {}
            try await database.pool.transaction { transaction in
                try await transaction.query("SELECT 1")
                await #expect(throws: PostgresError.unavailable(reason: "all 1 connections were busy")) {
                    try await database.pool.query("SELECT 1")
                }
                await #expect(throws: PostgresError.deadlineExceeded(outcomeUnknown: false)) {
                    try await database.pool.query("SELECT 1", deadline: .milliseconds(10))
                }
                await #expect(throws: PostgresError.unavailable(reason: "all 1 connections were busy")) {
                    try await database.pool.transaction { try await $0.query("SELECT 1") }
                }
            }
            #expect(try await database.pool.query("SELECT 1").count == 1)
        }
    }

    @Test func `a full queue refuses at once`() async throws {
        try await TestDatabase.with(connections: 1) {
            $0.waitingMax = 3
        } _: { database in
            try await database.pool.transaction { transaction in
                try await transaction.query("SELECT 1")
                let waiting = (0..<3).map { _ in Task { try await database.pool.query("SELECT 1") } }
                try await waitUntil { database.pool.statistics().waiting == 3 }
                await #expect(throws: PostgresError.overloaded) { try await database.pool.query("SELECT 1") }
                #expect(database.pool.statistics() == PostgresPoolStatistics(size: 1, idle: 0, busy: 1, waiting: 3))
                try await transaction.commit(after: [])
                for task in waiting { #expect(try await task.value.count == 1) }
            }
        }
    }

    @Test func `a transaction whose owner sleeps is ended by the server`() async throws {
        try await TestDatabase.with(connections: 1) {
            $0.idleInTransactionTimeout = .milliseconds(100)
        } _: { database in
            try await database.withObserver { observer in
                let error = await #expect(throws: PostgresError.self) {
                    try await database.pool.transaction { transaction in
                        let pid = try await transaction.query("SELECT pg_backend_pid()")[0].decode(0, as: Int.self)
                        try await waitUntil(observer, "NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = \(pid))")
                        try await transaction.query("SELECT 1")
                    }
                }
                guard case .connectionLost(outcomeUnknown: false, _) = error else {
                    Issue.record("\(String(describing: error))")
                    return
                }
            }
            #expect(try await database.pool.query("SELECT 1").count == 1)
        }
    }

    @Test func `connections are opened as they are needed, up to the limit`() async throws {
        try await TestDatabase.with(connections: 3) { database in
            #expect(database.pool.statistics().size == 0)
            try await database.pool.query("SELECT 1")
            #expect(database.pool.statistics().size == 1)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<9 {
                    group.addTask {
                        try await database.pool.transaction { transaction in
                            try await transaction.query("SELECT 1")
                            try await waitUntil { database.pool.statistics().size == 3 }
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(database.pool.statistics().size == 3)
        }
    }
}
