import Glibc
import Postgres
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(20))) struct ReconnectionTests {
    /// A pool on servers of the test's own.
    @discardableResult
    private func withPool<T>(
        _ conninfo: String, configure: (inout PostgresConfiguration) -> Void = { _ in },
        _ body: (PostgresPool) async throws -> T
    ) async throws -> T {
        var configuration = PostgresConfiguration(conninfo: conninfo)
        configuration.connections = 2
        configuration.acquireTimeout = .seconds(60)
        configure(&configuration)
        let pool = PostgresPool(configuration: configuration, logger: TestServer.quietLogger)
        do {
            let value = try await body(pool)
            await pool.close()
            return value
        } catch {
            await pool.close()
            throw error
        }
    }

    /// Several hosts as one connection string.
    private func conninfo(_ servers: [EmbeddedPostgres], deadFirst: Bool = false, _ more: String = "") throws -> String
    {
        let hosts = servers.map { $0.conninfo(database: "muster").split(separator: "'")[1] }
        let all = (deadFirst ? ["/nonexistent"] : []) + hosts
        return "host=\(all.joined(separator: ",")) port=5432 user=postgres dbname=muster \(more)"
    }

    private func directory(_ pool: PostgresPool) async throws -> String {
        try await pool.query("SHOW data_directory")[0].decode(0, as: String.self)
    }

    @Test func `a killed backend fails its statement and is replaced`() async throws {
        try await TestDatabase.with(connections: 1) { database in
            try await database.withObserver { observer in
                let running = Task { try await database.pool.query("SELECT pg_sleep(60)") }
                try await waitUntil(observer, isRunning("pg_sleep"))
                try await observer.query(
                    """
                    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE datname = current_database() AND query LIKE 'SELECT pg_sleep%'
                    """
                )
                let error = await #expect(throws: PostgresError.self) { try await running.value }
                guard case .connectionLost(outcomeUnknown: true, _) = error else {
                    Issue.record("\(String(describing: error))")
                    return
                }
                #expect(try await database.pool.query("SELECT 1").count == 1)
            }
        }
    }

    @Test func `a transaction whose connection is killed has certainly done nothing`() async throws {
        try await TestDatabase.with(connections: 1) { database in
            try await database.pool.query("CREATE TABLE t (id int)")
            try await database.withObserver { observer in
                let error = await #expect(throws: PostgresError.self) {
                    try await database.pool.transaction { transaction in
                        try await transaction.query("INSERT INTO t VALUES (1)")
                        let pid = try await transaction.query("SELECT pg_backend_pid()")[0].decode(0, as: Int32.self)
                        try await observer.query("SELECT pg_terminate_backend(\(pid), 10000)")
                        try await transaction.query("INSERT INTO t VALUES (2)")
                    }
                }
                guard case .connectionLost(outcomeUnknown: false, _) = error else {
                    Issue.record("\(String(describing: error))")
                    return
                }
            }
            #expect(try await database.pool.query("SELECT * FROM t").count == 0)
        }
    }

    @Test func `idle connections that were killed are not given out`() async throws {
        try await TestDatabase.with(connections: 2) { database in
            try await database.withObserver { observer in
                for _ in 0..<20 {
                    try await database.pool.query("SELECT 1")
                    try await observer.query(
                        """
                        SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
                        WHERE application_name = 'muster' AND datname = current_database()
                        """
                    )
                    try await waitUntil { database.pool.statistics().size == 0 }
                }
            }
        }
    }

    @Test func `the pool outlives a restart of the server`() async throws {
        try await TestServer.with { server in
            try await withPool(server.conninfo(database: "muster")) { pool in
                try await pool.query("CREATE TABLE t AS SELECT 1 AS id")
                for signal in [SIGINT, SIGQUIT, SIGKILL] {
                    await server.restart(signal: signal)
                    #expect(try await retrying { try await pool.query("SELECT * FROM t").count } == 1)
                }
            }
        }
    }

    @Test func `a pool made before its server waits for it, within limits`() async throws {
        let directory = try TestServer.makeDirectory()
        let server = TestServer.make(directory)
        try await withPool(server.conninfo(database: "muster")) {
            $0.acquireTimeout = .seconds(1)
        } _: { pool in
            let error = await #expect(throws: PostgresError.self) { try await pool.query("SELECT 1") }
            guard case .unavailable(let reason) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(reason.contains("No such file") && !reason.contains("unavailable"), "said once: \(reason)")
        }
        try await withPool(server.conninfo(database: "muster")) { pool in
            let early = Task { try await pool.query("SELECT 1") }
            try await waitUntil { pool.statistics().waiting > 0 }
            _ = try await server.start()
            #expect(try await early.value.count == 1)
        }
        await server.stop()
    }

    @Test func `a frozen server trips our own deadline, and is used again when it thaws`() async throws {
        try await TestServer.with { server in
            try await withPool(server.conninfo(database: "muster")) {
                $0.statementDeadline = .milliseconds(300)
            } _: { pool in
                try await pool.query("CREATE TABLE t (id int)")
                ProcessTree.signal(server.processID, SIGSTOP)
                await #expect(throws: PostgresError.deadlineExceeded(outcomeUnknown: true)) {
                    try await pool.query("INSERT INTO t VALUES (1)")
                }
                let blocked = Task { try await pool.query("SELECT 1") }
                try await waitUntil { pool.statistics().waiting > 0 }
                ProcessTree.signal(server.processID, SIGCONT)
                #expect(try await blocked.value.count == 1)
            }
        }
    }

    @Test func `cancelling on a frozen server ends within the deadline`() async throws {
        try await TestServer.with { server in
            try await withPool(server.conninfo(database: "muster")) {
                $0.statementDeadline = .milliseconds(300)
            } _: { pool in
                try await pool.query("SELECT 1")
                ProcessTree.signal(server.processID, SIGSTOP)
                let task = Task { try await pool.query("SELECT 2") }
                // On a slow machine the deadline may come first; then the connection is gone.
                try await waitUntil { pool.statistics().busy > 0 || pool.statistics().size == 0 }
                task.cancel()
                await #expect(throws: PostgresError.self) { try await task.value }
                ProcessTree.signal(server.processID, SIGCONT)
                #expect(try await pool.query("SELECT 1").count == 1)
            }
        }
    }

    @Test func `a dead first host is passed over`() async throws {
        try await TestServer.with { server in
            try await withPool(try conninfo([server], deadFirst: true, "target_session_attrs=read-write")) {
                pool async throws in
                #expect(try await pool.query("SELECT 1").count == 1)
            }
        }
    }

    @Test func `a read-only first host is passed over, and left when it becomes one`() async throws {
        try await TestServer.with { first in
            try await TestServer.with { second in
                let administration = first.conninfo(database: "muster")
                let pool = try conninfo([first, second], "target_session_attrs=read-write")
                try await PostgresAdministration.execute(
                    "CREATE TABLE t (id int)", on: second.conninfo(database: "muster"))
                try await PostgresAdministration.execute("CREATE TABLE t (id int)", on: administration)
                try await withPool(pool) { pool in
                    let before = try await directory(pool)
                    try await pool.query("INSERT INTO t VALUES (1)")
                    try await PostgresAdministration.execute(
                        "ALTER SYSTEM SET default_transaction_read_only = on", on: administration)
                    try await PostgresAdministration.execute("SELECT pg_reload_conf()", on: administration)
                    while try await pool.query("SHOW default_transaction_read_only")[0].decode(0, as: String.self)
                        == "off"
                    {}
                    // The connection still leads to the first host, which now refuses writes: the pool goes to the
                    // second by itself.
                    try await pool.query("INSERT INTO t VALUES (2)")
                    #expect(try await directory(pool) != before)
                }
                try await withPool(pool) { pool async throws in
                    #expect(try await pool.query("SELECT * FROM t").count == 1)
                }
            }
        }
    }

    @Test func `after a deadline the other host is tried first`() async throws {
        try await TestServer.with { first in
            try await TestServer.with { second in
                try await withPool(try conninfo([first, second])) {
                    $0.statementDeadline = .milliseconds(300)
                } _: { pool in
                    let before = try await directory(pool)
                    ProcessTree.signal(first.processID, SIGSTOP)
                    await #expect(throws: PostgresError.deadlineExceeded(outcomeUnknown: true)) {
                        try await pool.query("SELECT 1")
                    }
                    #expect(try await directory(pool) != before)
                    ProcessTree.signal(first.processID, SIGCONT)
                }
            }
        }
    }

    @Test func `an unreadable connection string fails every statement at once`() async throws {
        try await withPool("host=a nonsense") { pool in
            await #expect(
                throws: PostgresError.misconfigured(reason: "the connection string is not one that libpq can read")
            ) {
                try await pool.query("SELECT 1")
            }
        }
    }

    /// Statements that were in flight at the moment of the restart may fail; the next ones do not.
    private func retrying<T>(_ work: () async throws -> T) async throws -> T {
        while true {
            do { return try await work() } catch PostgresError.connectionLost { continue }
        }
    }
}
