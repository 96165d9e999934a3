import IncidentDomain
import Postgres

/// Which incidents have a deadline that has passed.
struct DeadlineStore: Sendable {
    let pool: PostgresPool

    func due(limit: Int) async throws -> [(number: Int, deadline: Timestamp)] {
        try await pool.query(
            """
            SELECT number, next_deadline_at FROM incident WHERE next_deadline_at <= now()
            ORDER BY next_deadline_at LIMIT \(limit)
            """
        ).map { (try $0.decode("number"), try $0.decode("next_deadline_at")) }
    }

    /// Incidents that are being restored, the newest first.
    func restoring(limit: Int) async throws -> [Int] {
        try await pool.query(
            "SELECT number FROM incident WHERE phase = 'restore' ORDER BY number DESC LIMIT \(limit)"
        ).map { try $0.decode("number") }
    }
}
