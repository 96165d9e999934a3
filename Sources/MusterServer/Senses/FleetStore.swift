import IncidentDomain
import Postgres

/// Whether any daemon was there: what was not noticed while none was, is nobody else's fault.
struct FleetStore: Sendable {
    let pool: PostgresPool

    /// Says that a daemon is there.
    ///
    /// - Returns: The last time that none was, on database time; nil when that never happened. Less than five seconds are
    ///   no absence: a daemon looks once a second.
    func beThere() async throws -> FleetAbsence? {
        let row = try await pool.query(
            """
            UPDATE sense_fleet SET seen_at = now(),
                away_from = CASE WHEN seen_at < now() - interval '5 seconds' THEN seen_at ELSE away_from END,
                away_until = CASE WHEN seen_at < now() - interval '5 seconds' THEN now() ELSE away_until END
            RETURNING away_from, away_until
            """
        ).first
        guard let row, let start: Timestamp = try row.decode("away_from"),
            let end: Timestamp = try row.decode("away_until")
        else { return nil }
        return FleetAbsence(start: start, end: end)
    }
}
