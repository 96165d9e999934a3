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
            case .unacknowledged: AlertStore.unacknowledging(alert.id)
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

// MARK: - What is asked for

/// What `GET /v2/alerts` and `/v2/alerts/count` are asked for. Of Opsgenie's search language (support.atlassian.com, "Search
/// queries for alerts") it is what filters by fields: `field: value`, joined by `AND`. Whatever else is asked is refused: a list
/// that is wider than it was asked for is worse than none.
struct OpsgenieSearch: Sendable {
    /// What of the stored alerts has to hold.
    private(set) var conditions: [SQL] = []
    /// Only those that are open, or only those that are over; nil for both.
    private(set) var isOpen: Bool?
    private(set) var limit = 20
    private(set) var offset = 0

    private static let fields =
        "status, acknowledged, isSeen, snoozed, message, description, alias, source, entity, owner, priority and tag"
    private static let textMax = 1000
    private static let termsMax = 20

    /// - Throws: `Problem` 422 with the parameter that cannot be honoured.
    init(_ target: RequestTarget) throws(Problem) {
        for parameter in try target.parameters() {
            let value = parameter.value
            switch parameter.name {
            case "query": try read(value)
            case "limit": limit = try Self.number("limit", value, 1...100)
            case "offset": offset = try Self.number("offset", value, 0...20_000)
            case "sort" where !["", "createdAt"].contains(value): throw Self.refused("sort", "can only be createdAt")
            case "order" where !["", "desc"].contains(value.lowercased()):
                throw Self.refused("order", "can only be desc")
            case "searchIdentifier" where !value.isEmpty:
                throw Self.refused("searchIdentifier", "is not supported: there are no saved searches; use query")
            case _: break
            }
        }
    }

    private static func number(_ name: String, _ value: String, _ range: ClosedRange<Int>) throws(Problem) -> Int {
        guard let number = Int(value) else { throw refused(name, "should be a number") }
        return min(max(number, range.lowerBound), range.upperBound)
    }

    private static func refused(_ name: String, _ detail: String) -> Problem {
        .invalid("/\(name)", detail)
    }

    private mutating func read(_ query: String) throws(Problem) {
        guard query.unicodeScalars.count <= Self.textMax else {
            throw Self.refused("query", "has more than \(Self.textMax) characters")
        }
        guard query.contains(where: { !$0.isWhitespace }) else { return }
        let terms = try Self.terms(query)
        guard terms.count <= Self.termsMax else { throw Self.refused("query", "has more than \(Self.termsMax) terms") }
        for term in terms {
            guard let sign = term.firstIndex(where: { ":=".contains($0) }) else { throw Self.notUnderstood(term) }
            let name = String(term[..<sign]).filter { !$0.isWhitespace }
            try add(name, Self.unquoted(String(term[term.index(after: sign)...])), term)
        }
    }

    /// The texts between the words AND that stand outside of quotes.
    private static func terms(_ query: String) throws(Problem) -> [String] {
        var terms = [""]
        var isQuoted = false
        for word in query.split(omittingEmptySubsequences: true, whereSeparator: \.isWhitespace) {
            if !isQuoted {
                if word == "AND" {
                    terms.append("")
                    continue
                }
                guard word != "OR", word != "NOT", !word.contains(where: { "()<>".contains($0) }), !word.hasPrefix("-")
                else { throw notUnderstood(String(word)) }
            }
            if word.count(where: { $0 == "\"" }) % 2 == 1 { isQuoted.toggle() }
            terms[terms.count - 1] += (terms[terms.count - 1].isEmpty ? "" : " ") + word
        }
        return terms
    }

    private static func unquoted(_ text: String) -> String {
        let text = text.drop(while: \.isWhitespace)
        guard text.count >= 2, text.first == "\"", text.last == "\"" else { return String(text) }
        return String(text.dropFirst().dropLast())
    }

    private static func notUnderstood(_ term: String) -> Problem {
        refused(
            "query",
            "is not understood at \"\(ForeignText.cut(ForeignText.clean(term), bytes: 64))\"; it takes field: value, joined by AND, of the fields "
                + "\(fields)")
    }

    private mutating func add(_ name: String, _ value: String, _ term: String) throws(Problem) {
        guard !value.isEmpty, !value.utf8.contains(0) else { throw Self.notUnderstood(term) }
        func flag() throws(Problem) -> Bool {
            switch value.lowercased() {
            case "true": return true
            case "false": return false
            case _: throw Self.refused("query", "has \(name): \(value), which should be true or false")
            }
        }
        switch name.lowercased() {
        case "status":
            switch value.lowercased() {
            case "open" where isOpen != false: isOpen = true
            case "closed" where isOpen != true: isOpen = false
            case "open", "closed": conditions.append("false")
            case _: throw Self.refused("query", "has status: \(value), which should be open or closed")
            }
        case "acknowledged": conditions.append("(status = 'acknowledged') = \(try flag())")
        case "isseen": conditions.append("(status <> 'firing') = \(try flag())")
        case "snoozed": conditions.append("\(try !flag())")
        case "message": conditions.append("title ILIKE \(Self.pattern(value, isPart: true))")
        case "description":
            conditions.append("annotations->>'description' ILIKE \(Self.pattern(value, isPart: true))")
        case "alias" where !value.contains("*"):
            conditions.append("identity = \(OpsgenieName.identity(value))")
        case "alias": conditions.append("identity LIKE \(Self.pattern(value))")
        case "source", "entity":
            conditions.append("labels->>\(name.lowercased()) ILIKE \(Self.pattern(value))")
        case "owner": conditions.append("acknowledged_by ILIKE \(Self.pattern(value))")
        case "priority": conditions.append("coalesce(severity, 'P3') ILIKE \(Self.pattern(value))")
        case "tag", "tags":
            conditions.append(
                """
                EXISTS (SELECT 1 FROM unnest(string_to_array(labels->>'tags', ',')) AS tag
                    WHERE tag ILIKE \(Self.pattern(value)))
                """)
        case _: throw Self.notUnderstood(term)
        }
    }

    /// What SQL compares with: `*` stands for anything.
    private static func pattern(_ value: String, isPart: Bool = false) -> String {
        let escaped = value.replacing("\\", with: "\\\\").replacing("%", with: "\\%").replacing("_", with: "\\_")
            .replacing("*", with: "%")
        return isPart ? "%\(escaped)%" : escaped
    }
}

/// How Opsgenie's clients name an alert: by id, by alias, or by a short number.
enum OpsgenieName: Sendable {
    case id(UUID)
    case alias(String)
    case tiny(Int64)

    /// - Parameter type: `identifierType` of the query; an id unless it says otherwise.
    /// - Throws: `Problem` when the text is no name of that type.
    init(_ text: String, type: String?) throws(Problem) {
        switch type?.lowercased() {
        case nil, "", "id":
            // Some clients leave the type out although they send an alias.
            self = UUID(uuidString: text).map { .id($0) } ?? .alias(Self.identity(text))
        case "alias": self = .alias(Self.identity(text))
        case "tiny":
            guard let number = Int64(text), number >= 0 else {
                throw .invalid("/identifier", "should be a tiny id, which is a number")
            }
            self = .tiny(number)
        case _: throw .invalid("/identifierType", "should be id, alias or tiny")
        }
    }

    /// What an alias is stored under.
    static func identity(_ alias: String) -> String {
        IncomingAlert.foreign(identity: alias, status: .firing).identity
    }

    /// The milliseconds of an id and the twelve bits behind them: a number that stays the same for ever, and that alerts of
    /// the same moment hardly ever share.
    static func tiny(_ id: UUID) -> String {
        let bytes = id.uuid
        let time = [bytes.0, bytes.1, bytes.2, bytes.3, bytes.4, bytes.5].reduce(Int64(0)) { $0 << 8 | Int64($1) }
        return String(time << 12 | Int64(bytes.6 & 0x0F) << 8 | Int64(bytes.7))
    }

    /// The ids that have a tiny id: those of version 7.
    static func ids(_ tiny: Int64) -> (first: UUID, last: UUID) {
        func byte(_ shift: Int64) -> UInt8 { UInt8(truncatingIfNeeded: tiny >> shift) }
        let (a, b, c) = (byte(52), byte(44), byte(36))
        let (d, e, f) = (byte(28), byte(20), byte(12))
        let version = 0x70 | byte(8) & 0x0F
        return (
            UUID(uuid: (a, b, c, d, e, f, version, byte(0), 0, 0, 0, 0, 0, 0, 0, 0)),
            UUID(uuid: (a, b, c, d, e, f, version, byte(0), 255, 255, 255, 255, 255, 255, 255, 255))
        )
    }
}
