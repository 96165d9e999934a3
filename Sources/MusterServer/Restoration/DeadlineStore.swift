import IncidentDomain
import Postgres

/// Which incidents have a deadline that has passed.
struct DeadlineStore: Sendable {
    let pool: PostgresPool

    /// The earliest first, with how late it is by now.
    ///
    /// - Parameter last: Goes on after that one.
    func due(
        after last: (number: Int, deadline: Timestamp)? = nil, limit: Int
    ) async throws -> [(number: Int, deadline: Timestamp, lateSeconds: Double)] {
        let rest: SQL = last.map { "AND (next_deadline_at, number) > (\($0.deadline), \($0.number))" } ?? ""
        return try await pool.query(
            """
            SELECT number, next_deadline_at, extract(epoch FROM clock_timestamp() - next_deadline_at)::float8 AS late
            FROM incident WHERE next_deadline_at <= now() \(fragment: rest)
            ORDER BY next_deadline_at, number LIMIT \(limit)
            """
        ).map { (try $0.decode("number"), try $0.decode("next_deadline_at"), try $0.decode("late")) }
    }

    /// Incidents that are being restored, the newest first.
    func restoring(limit: Int) async throws -> [Int] {
        try await pool.query(
            "SELECT number FROM incident WHERE phase = 'restore' ORDER BY number DESC LIMIT \(limit)"
        ).map { try $0.decode("number") }
    }
}
