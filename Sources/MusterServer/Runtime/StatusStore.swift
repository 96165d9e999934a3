import Postgres

/// What the status line says of the database.
struct StatusStore: Sendable {
    let pool: PostgresPool

    /// How many incidents are open, by the index of phases.
    func openIncidents() async throws -> Int {
        let result = try await pool.query(
            "SELECT count(*) FROM incident WHERE phase IN ('detect', 'assess', 'mitigate', 'restore', 'review')",
            deadline: .seconds(2))
        return try result.first?.decode(0) ?? 0
    }
}
