import FoundationEssentials
import Postgres

/// The row that says which installation this is.
struct InstallationStore: Sendable {
    let pool: PostgresPool

    func id() async throws -> UUID {
        guard let row = try await pool.query("SELECT id FROM installation").first else {
            throw PostgresError.decoding(column: "id", reason: "the table installation is empty")
        }
        return try row.decode("id")
    }
}
