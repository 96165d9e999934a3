import FoundationEssentials
import IncidentDomain
import NIOCore
import Postgres

/// A message that no format understood.
struct DeadLetter: Sendable {
    let id: UUID
    let source: UUID
    let entry: String
    let firstAt: Timestamp
    let lastAt: Timestamp
    let occurrences: Int
    /// JSON.
    let headers: [UInt8]
    /// Of the message; of one that was refused before all of it came, what was announced.
    let bodyBytes: Int
    /// Whether only the beginning of the body is kept.
    let isCut: Bool
    let reason: String
}

/// The rows of dead letters: bounded for each source, and identical ones are one.
struct DeadLetterStore: Sendable {
    let pool: PostgresPool

    /// Letters of one source; beyond, the oldest go.
    static let lettersMax = 1_000
    static let bodyBytesMax = 65_536

    /// How a message is kept that came in another form than a format reads it in.
    struct Form: Sendable {
        /// Whether the body still has its content coding.
        var isCoded = false
        /// What tells it from others; nil for that of the body.
        var hash: [UInt8]?
        /// How many bytes it has; nil where all of them are here.
        var bodyBytes: Int?
    }

    /// Keeps a message; its id, that of the first when it came before.
    func insert(
        _ request: ForeignRequest, headers: JSONObject, by entry: IngressEntry, of source: UUID, reason: String,
        as form: Form = Form()
    ) async throws -> UUID {
        let body = request.body.readableBytesView
        let hash = form.hash ?? OpenSSL.sha256(body)
        let rows = try await pool.query(
            """
            WITH kept AS (
                INSERT INTO dead_letter (id, source, entry, headers, body, body_hash, body_bytes, reason)
                VALUES (\(UUID.timeOrdered(at: request.receivedAt)), \(source), \(entry.rawValue),
                    \(PostgresJSON(bytes: JSONValue.object(headers).bytes)), \(Array(body.prefix(Self.bodyBytesMax))),
                    \(hash), \(form.bodyBytes ?? body.count), \(ForeignText.cut(reason, scalars: 1_000)))
                ON CONFLICT (source, entry, body_hash) DO UPDATE
                SET occurrences = dead_letter.occurrences + 1, last_at = now(), reason = excluded.reason
                RETURNING id
            ), forgotten AS (
                DELETE FROM dead_letter WHERE id IN (
                    SELECT id FROM dead_letter
                    WHERE source = \(source) AND (entry, body_hash) <> (\(entry.rawValue), \(hash))
                    ORDER BY last_at DESC OFFSET \(Self.lettersMax - 1)
                )
            )
            SELECT id FROM kept
            """)
        guard let row = rows.first else {
            throw PostgresError.decoding(column: "id", reason: "an insert returned no row")
        }
        return try row.decode("id")
    }

    /// The newest first.
    func list(of source: UUID?, before last: UUID?, limit: Int) async throws -> [DeadLetter] {
        var conditions: [SQL] = ["true"]
        if let source { conditions.append("source = \(source)") }
        if let last { conditions.append("id < \(last)") }
        return try await pool.query(
            """
            SELECT \(fragment: Self.columns) FROM dead_letter WHERE \(fragment: conditions.joined(separator: " AND "))
            ORDER BY id DESC LIMIT \(limit)
            """
        ).map(Self.letter)
    }

    /// A letter and its body; nil when there is none of that id.
    func letter(_ id: UUID) async throws -> (letter: DeadLetter, body: [UInt8])? {
        try await pool.query("SELECT \(fragment: Self.columns), body FROM dead_letter WHERE id = \(id)").first
            .map { (try Self.letter($0), try $0.decode("body")) }
    }

    /// False when there is none of that id.
    func delete(_ id: UUID) async throws -> Bool {
        try await pool.query("DELETE FROM dead_letter WHERE id = \(id) RETURNING id").count == 1
    }

    /// Forgets some that came last before so many days; how many those were.
    func prune(days: Int, limit: Int) async throws -> Int {
        try await pool.query(
            """
            DELETE FROM dead_letter WHERE id IN (
                SELECT id FROM dead_letter WHERE last_at < now() - make_interval(days => \(Int32(days))) LIMIT \(limit)
            ) RETURNING id
            """
        ).count
    }

    private static let columns: SQL = """
        id, source, entry, first_at, last_at, occurrences, headers, body_bytes, octet_length(body) < body_bytes AS is_cut,
        reason
        """

    private static func letter(_ row: PostgresRow) throws -> DeadLetter {
        DeadLetter(
            id: try row.decode("id"), source: try row.decode("source"), entry: try row.decode("entry"),
            firstAt: try row.decode("first_at"), lastAt: try row.decode("last_at"),
            occurrences: try row.decode("occurrences"), headers: try row.decode("headers", as: PostgresJSON.self).bytes,
            bodyBytes: try row.decode("body_bytes"), isCut: try row.decode("is_cut"), reason: try row.decode("reason"))
    }
}
