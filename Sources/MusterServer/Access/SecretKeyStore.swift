import Postgres

/// The key of installations that have none configured: one row, which no archive holds.
struct SecretKeyStore: Sendable {
    let pool: PostgresPool

    /// The key; the first daemon that asks makes it.
    func key(new: [UInt8]) async throws -> [UInt8] {
        let results = try await pool.pipeline([
            "INSERT INTO sealing_key (key) VALUES (\(new)) ON CONFLICT (only_row) DO NOTHING",
            "SELECT key FROM sealing_key",
        ])
        guard let row = results[1].first else {
            throw PostgresError.decoding(column: "key", reason: "an insert left no row")
        }
        return try row.decode("key")
    }

    /// Whether secrets are sealed under the key that stands beside them.
    func isInUse() async throws -> Bool {
        try await !pool.query("SELECT 1 FROM sealing_key").isEmpty
    }
}
