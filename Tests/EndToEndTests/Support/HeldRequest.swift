import Postgres
import TestSupport

/// A request that cannot end for as long as the test wants: it waits in the database for a lock.
enum HeldRequest {
    /// Sends a request that changes an incident, runs `whileHeld` when it waits, and then lets it go on to its answer.
    static func run(
        _ database: TestDatabase, _ request: @escaping @Sendable () async throws -> Reply,
        whileHeld: @Sendable () async throws -> Void
    ) async throws -> Reply {
        let sent = try await database.pool.transaction { transaction in
            try await transaction.query("LOCK TABLE incident IN EXCLUSIVE MODE")
            let sent = Task { try await request() }
            try await Eventually.holds("the request waits") {
                try await transaction.query(
                    """
                    SELECT 1 FROM pg_locks JOIN pg_class ON pg_class.oid = pg_locks.relation
                    WHERE relname = 'incident' AND NOT granted
                    """
                ).isEmpty == false
            }
            try await whileHeld()
            return sent
        }
        return try await sent.value
    }
}
