import FoundationEssentials
import Postgres
import TestSupport
import Testing

/// The process may start no more threads, as a unit's `TasksMax` has it: what needs one is refused, and the daemon goes on.
@Suite(.endToEnd, .timeLimit(.minutes(20)))
struct NoThreadsTests {
    @Test func `a daemon that may start no threads says so, and connects again when it may`() async throws {
        try await TemporaryDirectory.with { directory in
            let switchedOff = directory + "/no-threads"
            let settings = [
                "LD_PRELOAD": try await Preloaded.library("no_threads", in: directory), "NO_THREADS": switchedOff,
            ]
            try await TestDatabase.with(connections: 1) { database in
                try await Daemon.with(.database(database.conninfo), settings) { daemon in
                    let api = daemon.api
                    try await api.post("/v1/incidents", ["title": "before"]).expect(201)
                    #expect(FileManager.default.createFile(atPath: switchedOff, contents: nil))
                    try await database.pool.query(
                        """
                        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                        WHERE datname = current_database() AND pid <> pg_backend_pid()
                        """)
                    try await Eventually.holds("a refusal that is for a while") {
                        let reply = try await api.post("/v1/incidents", ["title": "meanwhile"])
                        return reply.status == 503 && reply.header("Retry-After") != nil
                    }
                    try await api.get("/healthz").expect(200)
                    #expect(daemon.logTail.contains("no thread could be started"), "\(daemon.logTail)")
                    try FileManager.default.removeItem(atPath: switchedOff)
                    try await Eventually.holds("an incident") {
                        try await api.post("/v1/incidents", ["title": "after"]).status == 201
                    }
                }
            }
        }
    }
}
