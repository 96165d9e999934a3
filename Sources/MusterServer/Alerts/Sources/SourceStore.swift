import FoundationEssentials
import IncidentDomain
import Postgres

/// An inbound key: what a tool sends its alerts under.
struct Source: Sendable {
    let id: UUID
    var name: String
    let kind: SourceKind
    let createdAt: Timestamp
    let createdBy: String
    /// How the JSON of a generic source becomes alerts.
    var mapping: PayloadMapping?
    var signature: SourceSignature?
    /// Where an administrator confirms that messages may come.
    var confirmationURL: String?
}

/// The rows of sources. Only the SHA-256 of a key is stored; the key has 160 random bits.
struct SourceStore: Sendable {
    let pool: PostgresPool

    /// Told to every daemon on the database when a source was made or removed.
    static let channel = "muster_sources"

    /// Stores a new source. The same id again replaces the key: the answer with the first one was lost.
    func create(
        id: UUID, name: String, kind: SourceKind, keyHash: [UInt8], mapping: PayloadMapping? = nil,
        signature: SourceSignature? = nil, by principal: Principal
    ) async throws -> Source {
        try Self.check(mapping, signature)
        let results = try await pool.pipeline([
            """
            INSERT INTO source (id, name, kind, key_hash, mapping, signature, signature_secrets, created_by)
            VALUES (\(id), \(name), \(kind.rawValue), \(keyHash), \(mapping.map(\.json).map(Self.json)),
                \(signature.map(\.json).map(Self.json)), \(signature?.sealedSecrets), \(principal.name))
            ON CONFLICT (id) DO UPDATE SET key_hash = excluded.key_hash, signature_secrets = excluded.signature_secrets
            RETURNING \(fragment: Self.columns)
            """,
            AuditStore.insert(
                actor: principal, action: "source.create", subject: id.text,
                data: ["name": .string(name), "kind": .string(kind.rawValue)]),
            "SELECT pg_notify(\(Self.channel), '')",
        ])
        guard let row = results[0].first else {
            throw PostgresError.decoding(column: "id", reason: "an insert returned no row")
        }
        return try Self.reader.read(row, in: pool).get()
    }

    /// Sources that people made and did not remove, the newest first.
    func list(before last: UUID?, limit: Int) async throws -> [ReadRow<Source>] {
        let condition: SQL = last.map { "id < \($0)" } ?? "true"
        let rows = try await pool.query(
            """
            SELECT \(fragment: Self.columns) FROM source
            WHERE deleted_at IS NULL AND kind <> \(SourceKind.internal.rawValue) AND \(fragment: condition)
            ORDER BY id DESC LIMIT \(limit)
            """)
        return Self.reader.read(rows, in: pool)
    }

    /// Removes a source: its key opens nothing any more, and its alerts stay.
    ///
    /// - Returns: False when there is none of that id.
    func delete(_ id: UUID, by principal: Principal) async throws -> Bool {
        let subject = id.text
        defer { pool.unreadable.forget(subject, of: Self.reader.table) }
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
    ///
    /// - Throws: `Problem` when it is there and cannot be read: its sender is to come again, as its alerts would be lost else.
    func source(keyHash: [UInt8]) async throws -> Source? {
        let row = try await pool.query(
            "SELECT \(fragment: Self.columns) FROM source WHERE key_hash = \(keyHash) AND deleted_at IS NULL"
        ).first.map { Self.reader.read($0, in: pool) }
        if let row, let reason = row.reason {
            throw Problem.later(
                .unavailable,
                "The settings of the source \(row.key) cannot be read: \(reason). An administrator has to create it again.",
                seconds: 60)
        }
        return row?.readable
    }

    /// One source; nil when there is none of that id, or it was removed.
    func source(_ id: UUID) async throws -> Source? { try await find(id)?.get() }

    func find(_ id: UUID) async throws -> ReadRow<Source>? {
        try await pool.query(
            "SELECT \(fragment: Self.columns) FROM source WHERE id = \(id) AND deleted_at IS NULL"
        ).first.map { Self.reader.read($0, in: pool) }
    }

    /// The one source of a name; nil when there is none, or several have it.
    func only(named name: String) async throws -> UUID? {
        let rows = try await pool.query("SELECT id FROM source WHERE name = \(name) AND deleted_at IS NULL LIMIT 2")
        return rows.count == 1 ? try rows[0].decode("id") : nil
    }

    /// Whether this is the source's key.
    func hasKey(_ id: UUID, keyHash: [UInt8]) async throws -> Bool {
        try await pool.query("SELECT 1 FROM source WHERE id = \(id) AND key_hash = \(keyHash)").count == 1
    }

    /// Writes the settings of a source as they are in `source`, and its key if a new one is given.
    func update(_ source: Source, keyHash: [UInt8]?, by principal: Principal) async throws {
        try Self.check(source.mapping, source.signature)
        _ = try await pool.pipeline([
            """
            UPDATE source SET name = \(source.name), mapping = \(source.mapping.map(\.json).map(Self.json)),
                signature = \(source.signature.map(\.json).map(Self.json)),
                signature_secrets = \(source.signature?.sealedSecrets), key_hash = coalesce(\(keyHash), key_hash)
            WHERE id = \(source.id) AND deleted_at IS NULL
            """,
            AuditStore.insert(
                actor: principal, action: keyHash == nil ? "source.update" : "source.rotate",
                subject: source.id.text, data: ["name": .string(source.name)]),
            "SELECT pg_notify(\(Self.channel), '')",
        ])
    }

    /// Keeps where an administrator confirms that messages may come.
    func setConfirmation(_ url: String, of id: UUID) async throws {
        _ = try await pool.query(
            "UPDATE source SET confirmation_url = \(ForeignText.cut(url, scalars: 2000)) WHERE id = \(id)")
    }

    private static func json(_ value: JSONValue) -> PostgresJSON {
        PostgresJSON(bytes: value.bytes)
    }

    private static let columns: SQL = """
        id, name, kind, created_at, created_by, mapping, signature, signature_secrets, confirmation_url
        """

    private static let reader = RowReader(table: "source", key: { try $0.decode("id") }, decode: source)

    static let examined = ExaminedTable(
        reader, all: "SELECT \(fragment: columns) FROM source WHERE deleted_at IS NULL"
    ) { "DELETE /v1/sources/\($0), and create it again" }

    /// Refuses what could be stored and not be read again.
    private static func check(_ mapping: PayloadMapping?, _ signature: SourceSignature?) throws(Problem) {
        if let mapping { _ = try PayloadMapping(mapping.json, at: "/mapping") }
        if let signature, SourceSignature(signature.json, sealedSecrets: []) == nil {
            throw .invalid("/signature", "has no scheme that can be stored")
        }
    }

    private static func source(_ row: PostgresRow) throws -> Source {
        let kind: String = try row.decode("kind")
        guard let known = SourceKind(rawValue: kind) else {
            throw PostgresError.decoding(column: "kind", reason: "is not a kind of source that this release knows")
        }
        var source = Source(
            id: try row.decode("id"), name: try row.decode("name"), kind: known,
            createdAt: try row.decode("created_at"), createdBy: try row.decode("created_by"))
        source.confirmationURL = try row.decode("confirmation_url")
        if let mapping: PostgresJSON = try row.decode("mapping") {
            source.mapping = try PayloadMapping(JSONParser.parse(mapping.bytes))
        }
        if let signature: PostgresJSON = try row.decode("signature"),
            let secrets: [UInt8] = try row.decode("signature_secrets")
        {
            guard let known = SourceSignature(try JSONParser.parse(signature.bytes), sealedSecrets: secrets) else {
                throw PostgresError.decoding(column: "signature", reason: "is not a signature that this release knows")
            }
            source.signature = known
        }
        return source
    }
}

/// Which source a key belongs to, kept for a moment: every alert asks. A source that is removed, or whose key was changed, is
/// forgotten at once in this daemon, by a notification in the others, and within a second in any case.
final class SourceCache: Sendable {
    let store: SourceStore
    private let memory: KeyMemory<String, Source>

    init(store: SourceStore, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) {
        self.store = store
        memory = KeyMemory(remembersAbsence: false, now: now)
    }

    /// The source of a key; nil when no source has it. Unknown keys are looked up each time, and never kept.
    func source(key: String) async throws -> Source? {
        try await memory.value(of: key) { try await store.source(keyHash: Self.hash(key)) }
    }

    static func hash(_ key: String) -> [UInt8] {
        OpenSSL.sha256(Array(key.utf8))
    }

    func forgetAll() {
        memory.forget()
    }
}
