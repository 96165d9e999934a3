import FoundationEssentials
import IncidentDomain
import Postgres

/// The rows of notices: what there is to tell. `NoticeFanOut` makes the notifications of them.
enum NoticeStore {
    /// Stores notices, each once: one whose key is known stays as it was. It belongs into the transaction of what it tells of,
    /// so that it is told exactly if that is committed.
    ///
    /// - Parameters:
    ///   - endpoints: The only endpoints that hear them; nil asks the filters of all.
    ///   - isFannedOut: Whether their notifications are made in the same transaction.
    static func put(
        _ notices: [(key: String, notice: Notice)], only endpoints: [UUID]? = nil, isFannedOut: Bool = false
    ) -> SQL {
        """
        INSERT INTO notice (key, kind, incident, body, endpoints, fanned_out)
        SELECT key, kind, incident, body::json, \(endpoints), \(isFannedOut)
        FROM unnest(\(notices.map(\.key)), \(notices.map(\.notice.kind)), \(notices.map(\.notice.incident?.number)),
            \(notices.map { text($0.notice) })) AS notice (key, kind, incident, body)
        ON CONFLICT (key) DO NOTHING
        """
    }

    private static func text(_ notice: Notice) -> String {
        var json = JSONWriter()
        json.value(notice)
        return String(decoding: json.bytes, as: UTF8.self)
    }

    /// Of an entry of a timeline.
    static func key(of incident: Int, _ sequence: Int) -> String { "event/\(incident)-\(sequence)" }

    static func lane(of incident: Int) -> String { "INC-\(incident)" }

    // MARK: - Fan-out

    /// A notice that was stored beside what it tells of.
    struct Stored: Sendable {
        let key: String
        let notice: Notice
        /// The only endpoints that hear it.
        let endpoints: [UUID]?

        /// What is told of the same thing stays in its order.
        var lane: String {
            if let incident = notice.incident { return NoticeStore.lane(of: incident.number) }
            return key.split(separator: "/").prefix(2).joined(separator: "/")
        }
    }

    /// What has to be looked at next.
    struct Page: Sendable {
        /// Those that can be read, and behind the last one of all.
        let entries: [TimelineEntry]
        let end: FeedPosition?
        let notices: [Stored]
        /// All that were taken, unreadable ones included.
        let taken: [Int]
        /// What nobody is told, since it cannot be read.
        let unreadable: [String]

        var isEmpty: Bool { end == nil && taken.isEmpty }
    }

    /// A notification that is to be made, with its notice where that does not stand in the table yet.
    struct Planned: Sendable {
        let key: String
        let notice: Notice?
        let endpoint: UUID
        let lane: String
    }

    /// What there is to look at.
    struct Outlook: Sendable {
        /// Whether there is anything to read.
        var hasNews = false
        /// Whether something was committed that cannot be read before an older transaction ends.
        var hasMore = false
        /// Whether anybody hears.
        var hasEndpoints = false
    }

    /// It writes nothing: an idle daemon asks it once a second.
    static func outlook(in pool: PostgresPool) async throws -> Outlook {
        let row = try await pool.query(
            """
            SELECT EXISTS (SELECT 1 FROM endpoint WHERE enabled) AS has_endpoints,
                EXISTS (SELECT 1 FROM notice WHERE NOT fanned_out) AS has_notices,
                next.transaction_id IS NOT NULL AS has_entries,
                next.transaction_id < pg_snapshot_xmin(pg_current_snapshot()) AS is_readable
            FROM notification_cursor AS cursor LEFT JOIN LATERAL (
                SELECT transaction_id FROM timeline_entry
                WHERE (timeline_entry.transaction_id, timeline_entry.position)
                    > (cursor.transaction_id, cursor.position)
                ORDER BY timeline_entry.transaction_id, timeline_entry.position LIMIT 1) AS next ON true
            """
        ).first
        guard let row else { return Outlook() }
        let isReadable: Bool = try row.decode("is_readable", as: Bool?.self) ?? false
        return Outlook(
            hasNews: try row.decode("has_notices", as: Bool.self) || isReadable,
            hasMore: try row.decode("has_entries", as: Bool.self) && !isReadable,
            hasEndpoints: try row.decode("has_endpoints"))
    }

    /// Goes on behind all that there is, where nobody hears.
    static func passBy(in pool: PostgresPool) async throws {
        _ = try await pool.pipeline([
            """
            UPDATE notification_cursor
            SET transaction_id = greatest(transaction_id, pg_snapshot_xmin(pg_current_snapshot())), position = 0
            WHERE transaction_id < pg_snapshot_xmin(pg_current_snapshot())
                AND NOT EXISTS (SELECT 1 FROM endpoint WHERE enabled)
            """,
            """
            UPDATE notice SET fanned_out = true
            WHERE NOT fanned_out AND NOT EXISTS (SELECT 1 FROM endpoint WHERE enabled)
            """,
        ])
    }

    /// Where the last page ended; nil while another daemon is at it. The row of the cursor is held until the transaction ends.
    static func hold(in transaction: PostgresTransaction) async throws -> FeedPosition? {
        try await transaction.query(
            "SELECT transaction_id, position FROM notification_cursor FOR UPDATE SKIP LOCKED"
        ).first.map {
            FeedPosition(transaction: try $0.decode("transaction_id"), position: try $0.decode("position"))
        }
    }

    /// The next page, of so many entries and notices at the most.
    static func page(
        after start: FeedPosition, limit: Int, in transaction: PostgresTransaction
    ) async throws -> Page {
        let results = try await transaction.pipeline([
            FeedStore.page(after: start, limit: limit),
            """
            SELECT id, key, body, endpoints FROM notice WHERE NOT fanned_out ORDER BY id LIMIT \(limit)
            FOR UPDATE
            """,
            "SELECT now() AS now",
        ])
        let now: Timestamp = try results[2][0].decode("now")
        var (entries, end, unreadable): ([TimelineEntry], FeedPosition?, [String]) = ([], nil, [])
        for row in results[0] {
            if let entry = try? TimelineStore.entry(row) {
                entries.append(entry)
            } else {
                // A daemon of a newer release can read it: it gets the time to. Then it is passed by, and the log says so.
                let recordedAt: Timestamp = try row.decode("recorded_at")
                if now.seconds(since: recordedAt) < unreadableSeconds { break }
                unreadable.append(key(of: try row.decode("incident"), try row.decode("sequence")))
            }
            end = FeedPosition(transaction: try row.decode("transaction_id"), position: try row.decode("position"))
        }
        let notices = try results[1].compactMap(stored)
        let taken: [Int] = try results[1].map { try $0.decode("id") }
        if notices.count < taken.count { unreadable.append("\(taken.count - notices.count) notices") }
        return Page(entries: entries, end: end, notices: notices, taken: taken, unreadable: unreadable)
    }

    /// For so long an entry that cannot be read is left to others.
    private static let unreadableSeconds: Double = 600

    private static func stored(_ row: PostgresRow) throws -> Stored? {
        let body: PostgresJSON = try row.decode("body")
        guard let json = try? JSONParser.parse(body.bytes), let notice = Notice(json) else { return nil }
        return Stored(key: try row.decode("key"), notice: notice, endpoints: try row.decode("endpoints"))
    }

    /// Incidents as they stand, by number. One that cannot be read is left out.
    ///
    /// - Parameter holding: Whether they stay as they are until the transaction ends.
    static func incidents(
        _ numbers: Set<Int>, holding: Bool = false, in transaction: PostgresTransaction
    ) async throws -> [Int: Incident] {
        let hold: SQL = holding ? "FOR SHARE" : ""
        let rows = try await transaction.query(
            "SELECT state FROM incident WHERE number = ANY (\(Array(numbers))) ORDER BY number \(fragment: hold)")
        var found: [Int: Incident] = [:]
        for row in rows {
            let state: PostgresJSON = try row.decode("state")
            guard let incident = try? IncidentColumns.incident(state.bytes) else { continue }
            found[incident.number] = incident
        }
        return found
    }

    /// Makes the notifications of a page, in their order, and goes on behind it.
    static func carryOut(_ planned: [Planned], of page: Page, in transaction: PostgresTransaction) async throws {
        var fresh: [(key: String, notice: Notice)] = []
        for item in planned {
            guard let notice = item.notice, fresh.last?.key != item.key else { continue }
            fresh.append((item.key, notice))
        }
        let lanes = Set(planned.map { LaneKey(endpoint: $0.endpoint, lane: $0.lane) })
        var statements: [SQL] = []
        if !planned.isEmpty {
            statements += [
                put(fresh, isFannedOut: true),
                """
                INSERT INTO notification (notice, endpoint, lane)
                SELECT notice.id, planned.endpoint, planned.lane
                FROM unnest(\(planned.map(\.key)), \(planned.map(\.endpoint)), \(planned.map(\.lane)))
                    WITH ORDINALITY AS planned (key, endpoint, lane, place)
                    JOIN notice ON notice.key = planned.key
                ORDER BY planned.place
                ON CONFLICT (endpoint, notice) DO NOTHING
                """,
                NotificationStore.wake(lanes: lanes.map { ($0.endpoint, $0.lane) }),
            ]
        }
        if !page.taken.isEmpty {
            statements.append("UPDATE notice SET fanned_out = true WHERE id = ANY (\(page.taken))")
        }
        if let end = page.end {
            statements.append(
                """
                UPDATE notification_cursor
                SET transaction_id = \(String(end.transaction))::text::xid8, position = \(end.position)
                """)
        }
        _ = try await transaction.pipeline(statements)
    }

    // MARK: - Redaction

    /// Takes what people typed out of the notice of an entry that is redacted, and the texts out of all that is told of the incident.
    ///
    /// - Parameter sequence: The entry; nil in an incident that only says the same.
    static func redact(
        _ texts: RedactedTexts, _ sequence: Int?, of number: Int, in transaction: PostgresTransaction
    ) async throws {
        // The fan-out waits, or we wait for it: what it has read before must not be stored behind us.
        _ = try await transaction.query("SELECT 1 FROM notification_cursor FOR UPDATE")
        var last = 0
        while true {
            let rows = try await transaction.query(
                """
                SELECT id, key, body FROM notice WHERE incident = \(number) AND id > \(last)
                ORDER BY id LIMIT \(redactedAtOnce) FOR UPDATE
                """)
            guard let end: Int = try rows.last?.decode("id") else { break }
            last = end
            try await redact(texts, rows, sequence.map { key(of: number, $0) }, in: transaction)
        }
        try await redactAnswers(texts, of: number, in: transaction)
    }

    /// So many rows are in memory at the same time.
    private static let redactedAtOnce = 200

    /// - Parameter redacted: The key of the entry itself.
    private static func redact(
        _ texts: RedactedTexts, _ rows: PostgresResult, _ redacted: String?, in transaction: PostgresTransaction
    ) async throws {
        var changed: [(id: Int, text: String)] = []
        for row in rows {
            let key: String = try row.decode("key")
            guard var notice = try stored(key, row.decode("body")) else { continue }
            let before = notice
            if key == redacted { (notice.sentence, notice.data) = (IncidentEvent.redactedText, .null) }
            notice.take(out: texts)
            if notice != before { changed.append((try row.decode("id"), text(notice))) }
        }
        guard !changed.isEmpty else { return }
        _ = try await transaction.query(
            """
            UPDATE notice SET body = changed.body::json
            FROM unnest(\(changed.map(\.id)), \(changed.map(\.text))) AS changed (id, body)
            WHERE notice.id = changed.id
            """)
    }

    /// Receivers sometimes answer with what they were sent.
    private static func redactAnswers(
        _ texts: RedactedTexts, of number: Int, in transaction: PostgresTransaction
    ) async throws {
        var last = (notification: 0, attempt: 0)
        while true {
            let rows = try await transaction.query(
                """
                SELECT attempt.notification, attempt.attempt, attempt.answer
                FROM notice JOIN notification ON notification.notice = notice.id
                    JOIN notification_attempt AS attempt ON attempt.notification = notification.id
                WHERE notice.incident = \(number) AND attempt.answer <> ''
                    AND (attempt.notification, attempt.attempt) > (\(last.notification), \(last.attempt))
                ORDER BY attempt.notification, attempt.attempt LIMIT \(redactedAtOnce)
                """)
            guard let end = rows.last else { return }
            last = (try end.decode("notification"), try end.decode("attempt"))
            try await redactAnswers(texts, rows, in: transaction)
        }
    }

    private static func redactAnswers(
        _ texts: RedactedTexts, _ rows: PostgresResult, in transaction: PostgresTransaction
    ) async throws {
        var changed: [(notification: Int, attempt: Int, answer: String)] = []
        for row in rows {
            let answer: String = try row.decode("answer")
            let redacted = texts.takenOut(of: answer)
            if redacted != answer {
                changed.append((try row.decode("notification"), try row.decode("attempt"), redacted))
            }
        }
        guard !changed.isEmpty else { return }
        _ = try await transaction.query(
            """
            UPDATE notification_attempt AS attempt SET answer = changed.answer
            FROM unnest(\(changed.map(\.notification)), \(changed.map(\.attempt)), \(changed.map(\.answer)))
                AS changed (notification, attempt, answer)
            WHERE attempt.notification = changed.notification AND attempt.attempt = changed.attempt
            """)
    }

    private static func stored(_ key: String, _ body: PostgresJSON) throws -> Notice? {
        guard let json = try? JSONParser.parse(body.bytes) else { return nil }
        return Notice(json)
    }
}

extension Notice {
    fileprivate mutating func take(out texts: RedactedTexts) {
        sentence = texts.takenOut(of: sentence)
        data = data.mapTexts(texts.takenOut)
        incident = incident.map { incident in
            var incident = incident
            incident.title = texts.takenOut(of: incident.title)
            incident.next = incident.next.map(texts.takenOut)
            incident.commander = incident.commander.map(texts.takenOut)
            incident.labels = incident.labels.mapValues(texts.takenOut)
            return incident
        }
    }
}

extension JSONValue {
    /// The same with every text changed; names stay.
    func mapTexts(_ change: (String) -> String) -> JSONValue {
        switch self {
        case .null, .bool, .integer, .number: self
        case .string(let text): .string(change(text))
        case .array(let elements): .array(elements.map { $0.mapTexts(change) })
        case .object(let object):
            .object(JSONObject(object.members.map { .init(name: $0.name, value: $0.value.mapTexts(change)) }))
        }
    }
}
