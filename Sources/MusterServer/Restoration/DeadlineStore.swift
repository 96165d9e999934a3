import IncidentDomain
import Postgres

/// Which incidents have a deadline that has passed.
struct DeadlineStore: Sendable {
    let pool: PostgresPool

    /// The earliest first.
    ///
    /// - Parameter last: Goes on after that one.
    func due(
        after last: (number: Int, deadline: Timestamp)? = nil, limit: Int
    ) async throws -> [(number: Int, deadline: Timestamp)] {
        let rest: SQL = last.map { "AND (next_deadline_at, number) > (\($0.deadline), \($0.number))" } ?? ""
        return try await pool.query(
            """
            SELECT number, next_deadline_at FROM incident WHERE next_deadline_at <= now() \(fragment: rest)
            ORDER BY next_deadline_at, number LIMIT \(limit)
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
