import IncidentDomain
import Postgres

/// Reads incidents' rows for checking them against their timelines.
struct VerificationStore: Sendable {
    /// What a row says of its incident, in its columns and in its state.
    struct Row: Sendable {
        let number: Int
        let version: Int
        let phase: String
        let severity: String?
        let title: String
        let incident: Incident
        let lastHash: [UInt8]
    }

    let pool: PostgresPool

    /// Rows of incidents with greater numbers than `number`, in order.
    func rows(after number: Int, limit: Int) async throws -> [Row] {
        try await pool.query(
            """
            SELECT number, version, last_hash, state, phase, severity, title FROM incident WHERE number > \(number)
            ORDER BY number LIMIT \(limit)
            """
        ).map { row in
            let stored = try IncidentStore.row(row)
            return Row(
                number: try row.decode("number"), version: try row.decode("version"), phase: try row.decode("phase"),
                severity: try row.decode("severity"), title: try row.decode("title"), incident: stored.incident,
                lastHash: stored.lastHash)
        }
    }
}
