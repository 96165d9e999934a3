import FoundationEssentials
import IncidentDomain
import Postgres

/// An inbound key: what a tool sends its alerts under.
struct Source: Sendable {
    let id: UUID
    let name: String
    let kind: SourceKind
    let createdAt: Timestamp
    let createdBy: String
}

/// The rows of sources. Only the SHA-256 of a key is stored; the key has 160 random bits.
struct SourceStore: Sendable {
    let pool: PostgresPool

    /// Told to every daemon on the database when a source was made or removed.
    static let channel = "muster_sources"

    /// Stores a new source. The same id again replaces the key: the answer with the first one was lost.
    func create(
        id: UUID, name: String, kind: SourceKind, keyHash: [UInt8], by principal: Principal
    ) async throws -> Source {
        let results = try await pool.pipeline([
            """
            INSERT INTO source (id, name, kind, key_hash, created_by)
            VALUES (\(id), \(name), \(kind.rawValue), \(keyHash), \(principal.name))
            ON CONFLICT (id) DO UPDATE SET key_hash = excluded.key_hash
            RETURNING \(fragment: Self.columns)
            """,
            AuditStore.insert(
                actor: principal, action: "source.create", subject: id.uuidString.lowercased(),
                data: ["name": .string(name), "kind": .string(kind.rawValue)]),
            "SELECT pg_notify(\(Self.channel), '')",
        ])
        guard let row = results[0].first else {
            throw PostgresError.decoding(column: "id", reason: "an insert returned no row")
        }
        return try Self.source(row)
    }

    /// Sources that are not removed, the newest first.
    func list(before last: UUID?, limit: Int) async throws -> [Source] {
        let condition: SQL = last.map { "id < \($0)" } ?? "true"
        return try await pool.query(
            """
            SELECT \(fragment: Self.columns) FROM source WHERE deleted_at IS NULL AND \(fragment: condition)
            ORDER BY id DESC LIMIT \(limit)
            """
        ).map(Self.source)
    }

    /// Removes a source: its key opens nothing any more, and its alerts stay.
    ///
    /// - Returns: False when there is none of that id.
    func delete(_ id: UUID, by principal: Principal) async throws -> Bool {
        let subject = id.uuidString.lowercased()
        let results = try await pool.pipeline([
            """
            WITH removed AS (UPDATE source SET deleted_at = now() WHERE id = \(id) AND deleted_at IS NULL RETURNING id)
            INSERT INTO audit_line (actor_id, actor, action, subject, data)
            SELECT \(principal.id), \(principal.name), 'source.delete', \(subject), '{}' FROM removed
            """,
            "SELECT pg_notify(\(Self.channel), '')",
            "SELECT 1 FROM source WHERE id = \(id)",
        ])
        return results[2].count == 1
    }

    /// The source of a key; nil when there is none, or it was removed.
    func source(keyHash: [UInt8]) async throws -> Source? {
        try await pool.query(
            "SELECT \(fragment: Self.columns) FROM source WHERE key_hash = \(keyHash) AND deleted_at IS NULL"
        ).first.map(Self.source)
    }

    private static let columns: SQL = "id, name, kind, created_at, created_by"

    private static func source(_ row: PostgresRow) throws -> Source {
        let kind: String = try row.decode("kind")
        guard let known = SourceKind(rawValue: kind) else {
            throw PostgresError.decoding(column: "kind", reason: "is no kind of source that this program knows")
        }
        return Source(
            id: try row.decode("id"), name: try row.decode("name"), kind: known,
            createdAt: try row.decode("created_at"), createdBy: try row.decode("created_by"))
    }
}
