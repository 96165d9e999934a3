import FoundationEssentials
import Postgres

/// Hides the keys of sources in messages that releases before this one kept: PagerDuty's clients send the key within the message,
/// and what is kept of a message is shown to people. A little at a time, so that no statement holds anything up.
struct KeptKeyStore: Sendable {
    let pool: PostgresPool

    private static let batchRows = 1_000
    private static let member = Array("\"routing_key\"".utf8)

    /// Hides every key that is still there; returns in how many rows.
    @discardableResult
    func hide() async throws -> Int {
        let hashes = try await pool.query("SELECT key_hash FROM source").map { try $0.decode(0, as: [UInt8].self) }
        guard !hashes.isEmpty else { return 0 }
        return try await hide(Set(hashes), in: "alert", "payload") + hide(Set(hashes), in: "dead_letter", "body")
    }

    private func hide(_ hashes: Set<[UInt8]>, in table: SQL, _ column: SQL) async throws -> Int {
        var hidden = 0
        var last = UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
        while !Task.isCancelled {
            let rows = try await pool.query(
                """
                SELECT id, CASE WHEN position(\(Self.member) IN \(fragment: column)) > 0 THEN \(fragment: column) END
                FROM \(fragment: table) WHERE id > \(last) ORDER BY id LIMIT \(Self.batchRows)
                """)
            for row in rows {
                guard let kept = try row.decode(1, as: [UInt8]?.self), let new = Self.hiding(hashes, in: kept) else {
                    continue
                }
                hidden += try await pool.query(
                    """
                    UPDATE \(fragment: table) SET \(fragment: column) = \(new)
                    WHERE id = \(try row.decode(0, as: UUID.self)) AND \(fragment: column) = \(kept)
                    """
                ).affectedRows
            }
            guard rows.count == Self.batchRows, let end = rows.last else { break }
            last = try end.decode(0)
        }
        return hidden
    }

    /// The same bytes with asterisks for each value that is a source's key; nil when none is.
    static func hiding(_ hashes: Set<[UInt8]>, in kept: [UInt8]) -> [UInt8]? {
        var bytes = kept
        var rest = bytes.startIndex
        while let name = bytes[rest...].firstRange(of: member) {
            rest = name.upperBound
            let value = bytes[rest...].drop { $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: " ") }
            guard value.first == UInt8(ascii: "\"") else { continue }
            let key = value.dropFirst().prefix { $0 != UInt8(ascii: "\"") }
            guard hashes.contains(OpenSSL.sha256(Array(key))) else { continue }
            bytes.replaceSubrange(key.indices, with: repeatElement(UInt8(ascii: "*"), count: key.count))
        }
        return bytes == kept ? nil : bytes
    }
}
