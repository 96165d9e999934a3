import Postgres
import TestSupport
import Testing

/// A request that is carried out, while its answer is lost because the daemon is killed between the two.
enum LostAnswer {
    /// Long enough to kill the daemon within, short enough to wait for the key, which is free after four deadlines.
    static let limits = ["database.statement_timeout_seconds": "2", "database.statement_deadline_seconds": "3"]

    /// Sends the request under a key, kills the daemon when there is a timeline entry of the kind and before the answer
    /// is kept, starts it again, and repeats the request until it is answered.
    static func provoke(
        _ daemon: Daemon, _ database: TestDatabase, whenThereIs kind: String,
        _ request: @escaping @Sendable (_ key: [String: String]) async throws -> Reply
    ) async throws -> Reply {
        let key = ["Idempotency-Key": "lost"]
        let pool = database.pool
        try await pool.transaction { keeper in
            // Whoever holds the key's row keeps the answer from being written into it.
            let lost = try await pool.transaction { blocker in
                try await blocker.query("LOCK TABLE incident IN EXCLUSIVE MODE")
                let lost = Task { try await request(key) }
                try await Eventually.holds("the key is claimed") {
                    try await !keeper.query("SELECT 1 FROM idempotency WHERE answer IS NULL FOR UPDATE").isEmpty
                }
                return lost
            }
            try await Eventually.holds("it is carried out") {
                try await !pool.query("SELECT 1 FROM timeline_entry WHERE kind = \(kind)").isEmpty
            }
            try await daemon.kill9()
            // Else its session would go on with the statement that waits for us.
            try await keeper.query(
                """
                SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
                WHERE datname = current_database() AND application_name = 'musterd'
                """)
            await #expect(throws: (any Error).self) { try await lost.value }
        }
        try await daemon.start()
        return try await Eventually.get("an answer to the repetition", within: .seconds(60)) {
            let reply = try await request(key)
            return reply.json["type"] == "/problems/idempotency-in-flight" ? nil : reply
        }
    }
}
