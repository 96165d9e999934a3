import Glibc
import Postgres
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(20))) struct NotificationTests {
    @Test func `a listener hears its channels, and first that it listens`() async throws {
        try await TestDatabase.with { database in
            var heard = database.pool.notifications(on: ["one", "Odd \"name\""]).makeAsyncIterator()
            #expect(await heard.next() == .reconnected)
            try await database.pool.query(
                "SELECT pg_notify('one', \("ü")), pg_notify('other', 'x'), pg_notify('Odd \"name\"', '')")
            #expect(await heard.next() == .notified(channel: "one", payload: "ü"))
            #expect(await heard.next() == .notified(channel: "Odd \"name\"", payload: ""))
        }
    }

    @Test func `a listener whose connection is killed comes back and says so`() async throws {
        try await TestDatabase.with { database in
            var heard = database.pool.notifications(on: ["one"]).makeAsyncIterator()
            for number in 0..<3 {
                #expect(await heard.next() == .reconnected)
                try await database.pool.query("SELECT pg_notify('one', \("\(number)"))")
                #expect(await heard.next() == .notified(channel: "one", payload: "\(number)"))
                try await database.pool.query(
                    """
                    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE datname = current_database() AND query LIKE 'LISTEN%'
                    """)
            }
        }
    }

    @Test func `a quiet listener on a server that vanished finds out by asking`() async throws {
        try await TestServer.with { server in
            var configuration = PostgresConfiguration(conninfo: server.conninfo(database: "muster"))
            configuration.listenerCheckInterval = .milliseconds(100)
            configuration.statementDeadline = .milliseconds(200)
            let pool = PostgresPool(configuration: configuration, logger: TestServer.quietLogger)
            var heard = pool.notifications(on: ["one"]).makeAsyncIterator()
            #expect(await heard.next() == .reconnected)
            ProcessTree.signal(server.processID, SIGSTOP)
            // The pool's own deadline tells when the listener's, of the same length and begun before, has passed too.
            _ = try? await pool.query("SELECT 1", deadline: .seconds(1))
            ProcessTree.signal(server.processID, SIGCONT)
            #expect(await heard.next() == .reconnected)
            await pool.close()
            #expect(await heard.next() == nil)
        }
    }

    @Test func `the stream ends with the pool, and a reader that leaves frees its connection`() async throws {
        try await TestDatabase.with { database in
            try await database.withObserver { observer in
                let listeners: SQL =
                    "(SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%')"
                let task = Task {
                    for await notification in database.pool.notifications(on: ["one"])
                    where notification == .reconnected { break }
                }
                await task.value
                try await waitUntil(observer, "\(fragment: listeners) = 0")
                var heard = database.pool.notifications(on: ["one"]).makeAsyncIterator()
                #expect(await heard.next() == .reconnected)
                await database.pool.close()
                #expect(await heard.next() == nil)
            }
        }
    }

    @Test func `a listener may come before its server`() async throws {
        let directory = try TestServer.makeDirectory()
        let server = TestServer.make(directory)
        let pool = PostgresPool(
            configuration: PostgresConfiguration(conninfo: server.conninfo(database: "muster")),
            logger: TestServer.quietLogger
        )
        var heard = pool.notifications(on: ["one"]).makeAsyncIterator()
        _ = try await server.start()
        #expect(await heard.next() == .reconnected)
        await pool.close()
        await server.stop()
    }
}
