import FoundationEssentials
import IncidentDomain
import Postgres

/// What Opsgenie's clients ask for beyond storing an alert: what became of a request, notes, and changes of an alert's
/// own fields.
struct OpsgenieStore: Sendable {
    let pool: PostgresPool

    /// What became of a request.
    struct Outcome: Sendable {
        let action: String
        let alert: UUID?
        let alias: String?
        let isSuccess: Bool
        let status: String
        let processedAt: Timestamp
        let source: UUID
    }

    /// The alert of a name, the newest of an alias; also under the id of the request that was to make it.
    func alert(_ name: OpsgenieName, of source: UUID) async throws -> StoredAlert? {
        let condition: SQL =
            switch name {
            case .id(let id):
                """
                id IN (\(id), (SELECT alert FROM alert_request WHERE alert_request.id = \(id) AND alert_request.source = \(source)))
                AND source = \(source)
                """
            case .alias(let alias): "identity = \(alias) AND source = \(source)"
            case .tiny(let number):
                "id BETWEEN \(OpsgenieName.ids(number).first) AND \(OpsgenieName.ids(number).last) AND source = \(source)"
            }
        return try await pool.query(
            """
            SELECT \(fragment: StoredAlert.columns) FROM alert WHERE \(fragment: condition)
            ORDER BY starts_at DESC LIMIT 1
            """
        ).first.map(StoredAlert.init)
    }

    /// What clients sent when they created alerts, as far as it is kept whole; alerts that came by other doors have none.
    func sent(_ alerts: [UUID]) async throws -> [UUID: JSONValue] {
        guard !alerts.isEmpty else { return [:] }
        return try await pool.query("SELECT id, payload FROM alert WHERE id = ANY (\(alerts)) AND payload IS NOT NULL")
            .reduce(into: [:]) { sent, row in
                guard let document = ForeignRequest.nested(try row.decode("payload")),
                    document["message"]?.string != nil
                else { return }
                sent[try row.decode("id")] = document
            }
    }

    func alerts(of source: UUID, _ query: OpsgenieSearch, limit: Int, offset: Int) async throws -> [StoredAlert] {
        let newest = AlertSearch.newest(
            where: ["uuid_send(source) = uuid_send(\(source))"] + query.conditions,
            sides: query.isOpen.map { [$0] } ?? [true, false], limit: offset + limit)
        return try await pool.query(
            "SELECT \(fragment: StoredAlert.columns) FROM (\(fragment: newest)) AS alert OFFSET \(offset)"
        ).map(StoredAlert.init)
    }

    /// How many there are; of more than `countMax`, that many.
    func count(of source: UUID, _ query: OpsgenieSearch) async throws -> Int {
        let isOpen: SQL = query.isOpen.map { "(resolved_at IS NULL) = \($0)" } ?? "true"
        let conditions = ["source = \(source)", isOpen] + query.conditions
        return try await pool.query(
            """
            SELECT count(*) AS alerts FROM (
                SELECT 1 FROM alert WHERE \(fragment: conditions.joined(separator: " AND ")) LIMIT \(Self.countMax)
            ) AS found
            """
        ).first?.decode("alerts") ?? 0
    }

    private static let countMax = 100_000

    /// Remembers a request about an alias; whether it found an alert is looked up.
    func record(_ id: UUID, _ action: String, alias: String, of source: UUID, found: String, missed: String)
        async throws
    {
        _ = try await pool.query(
            """
            INSERT INTO alert_request (id, source, action, alert, alias, is_success, status)
            SELECT \(id), \(source), \(action), found.id, \(alias), found.id IS NOT NULL,
                CASE WHEN found.id IS NULL THEN \(missed) ELSE \(found) END
            FROM (SELECT (
                SELECT id FROM alert WHERE source = \(source) AND identity = \(alias) ORDER BY starts_at DESC LIMIT 1
            ) AS id) AS found
            ON CONFLICT (id) DO NOTHING
            """)
    }

    func recordMissed(_ id: UUID, _ action: String, of source: UUID) async throws {
        _ = try await pool.query(
            """
            INSERT INTO alert_request (id, source, action, is_success, status)
            VALUES (\(id), \(source), \(action), false, 'Alert does not exist') ON CONFLICT (id) DO NOTHING
            """)
    }

    func outcome(_ id: UUID) async throws -> Outcome? {
        try await pool.query(
            """
            SELECT action, alert, alias, is_success, status, processed_at, source FROM alert_request WHERE id = \(id)
            """
        ).first.map { row in
            Outcome(
                action: try row.decode("action"), alert: try row.decode("alert"), alias: try row.decode("alias"),
                isSuccess: try row.decode("is_success"), status: try row.decode("status"),
                processedAt: try row.decode("processed_at"), source: try row.decode("source"))
        }
    }

    /// Forgets some requests that are older than so many days; how many those were.
    func prune(days: Int, limit: Int) async throws -> Int {
        try await pool.query(
            """
            DELETE FROM alert_request WHERE id IN (
                SELECT id FROM alert_request WHERE processed_at < now() - make_interval(days => \(Int32(days)))
                ORDER BY processed_at LIMIT \(limit)
            ) RETURNING id
            """
        ).count
    }
}

// MARK: - Changes of an alert

extension OpsgenieStore {
    /// A field of an alert that a client may set.
    enum Field: Sendable {
        case message(String)
        case description(String)
        case priority(String)
        case tags(added: [String], removed: [String])
        case note(String, author: String)
        /// The same, unless it is there already: a create that is sent again says it again.
        case noteOnce(String, author: String)
        case unacknowledged
    }

    func set(_ field: Field, of alert: StoredAlert) async throws {
        let statement: SQL =
            switch field {
            case .message(let text): "UPDATE alert SET title = \(text) WHERE id = \(alert.id)"
            case .priority(let text): "UPDATE alert SET severity = \(text) WHERE id = \(alert.id)"
            case .description(let text):
                """
                UPDATE alert SET annotations = annotations || jsonb_build_object('description', \(text)::text)
                WHERE id = \(alert.id)
                """
            case .tags(let added, let removed):
                """
                UPDATE alert SET labels = labels || jsonb_build_object('tags', coalesce((
                    SELECT string_agg(DISTINCT tag, ',') FROM (
                        SELECT unnest(string_to_array(coalesce(labels->>'tags', ''), ',')) AS tag
                        UNION SELECT unnest(\(added))
                    ) AS tags WHERE tag <> '' AND tag <> ALL (\(removed))
                ), '')) WHERE id = \(alert.id)
                """
            case .note(let text, let author):
                "INSERT INTO alert_note (alert, author, text) VALUES (\(alert.id), \(author), \(text))"
            case .noteOnce(let text, let author):
                """
                INSERT INTO alert_note (alert, author, text) SELECT \(alert.id), \(author), \(text)
                WHERE NOT EXISTS (
                    SELECT 1 FROM alert_note WHERE alert = \(alert.id) AND author = \(author) AND text = \(text)
                )
                """
            case .unacknowledged:
                """
                UPDATE alert SET status = 'firing', acknowledged_at = NULL, acknowledged_by = NULL
                WHERE id = \(alert.id) AND status = 'acknowledged'
                """
            }
        _ = try await pool.query(statement)
    }

    /// The newest first.
    func notes(of alert: UUID) async throws -> [(at: Timestamp, author: String, text: String)] {
        try await pool.query(
            "SELECT at, author, text FROM alert_note WHERE alert = \(alert) ORDER BY id DESC LIMIT 200"
        ).map { (try $0.decode("at"), try $0.decode("author"), try $0.decode("text")) }
    }
}
