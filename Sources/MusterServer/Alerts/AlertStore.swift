import FoundationEssentials
import IncidentDomain
import Postgres

/// The rows of stored alerts: reading one, and the changes that no arriving message brings. A person acknowledges or ends one,
/// a group is over, time runs out. The incident is told in the same statement, as in `AlertIntakeStore.apply`.
struct AlertStore: Sendable {
    let pool: PostgresPool

    /// Ends every open alert of a group, for a message that says that all of it is over and had no room to name all.
    func resolveGroup(_ groupKey: String, of source: UUID) async throws -> Int {
        try await resolve(
            """
            source = \(source) AND (group_key = \(groupKey) OR sent_group = \(groupKey)) AND status <> 'resolved'
            """, at: "now()")
    }

    /// Ends what was not said again in time, and what flapped and has been quiet long enough; some of it at a time.
    ///
    /// - Returns: How many alerts that were.
    func resolveExpired(limit: Int) async throws -> Int {
        try await resolve(
            """
            id = ANY (ARRAY(
                SELECT id FROM alert WHERE due_at <= now() AND expires_at <= now() AND status <> 'resolved'
                ORDER BY due_at LIMIT \(limit) FOR UPDATE SKIP LOCKED
            ))
            """, at: "least(coalesce(quiet_since, expires_at), now())")
    }

    /// Sees to what a program of the release before said of an expiry, which knows no `due_at`. It reads every open alert once.
    func adoptExpiry() async throws {
        _ = try await pool.query(
            """
            UPDATE alert SET due_at = expires_at
            WHERE status <> 'resolved' AND expires_at IS NOT NULL AND (due_at IS NULL OR due_at > expires_at)
            """)
    }

    /// Gives open metric alerts of Sentry, which programs before stored under the bare number that an issue may have, too, the
    /// identity that they have now: their ends are to find them. What they are is in the payload, and an issue has labels of
    /// its own.
    func adoptMetricAlerts() async throws {
        let mark = SentryFormat.metricAlertMark
        _ = try await pool.query(
            """
            UPDATE alert SET identity = identity || \(mark),
                group_key = CASE WHEN group_key = identity THEN identity || \(mark) ELSE group_key END
            WHERE status <> 'resolved' AND source IN (SELECT id FROM source WHERE kind = \(SourceKind.sentry.rawValue))
                AND right(identity, length(\(mark))) <> \(mark) AND labels->>'short_id' IS NULL
                AND position('"metric_alert"'::bytea IN payload) > 0
                AND NOT EXISTS (
                    SELECT 1 FROM alert AS other
                    WHERE other.source = alert.source AND other.identity = alert.identity || \(mark)
                        AND (other.status <> 'resolved' OR other.starts_at = alert.starts_at)
                )
            """)
    }

    /// Looks later at what was due and has been said again since, or expires no more; at some of it at a time.
    ///
    /// - Returns: How many alerts that were.
    func postponeExpiry(limit: Int) async throws -> Int {
        let rows = try await pool.query(
            """
            UPDATE alert SET due_at = expires_at WHERE id = ANY (ARRAY(
                SELECT id FROM alert
                WHERE due_at <= now() AND (expires_at IS NULL OR expires_at > now()) AND status <> 'resolved'
                ORDER BY due_at LIMIT \(limit) FOR UPDATE SKIP LOCKED
            ))
            RETURNING id
            """)
        return rows.count
    }

    private func resolve(_ condition: SQL, at moment: SQL, by name: String? = nil) async throws -> Int {
        let rows = try await pool.query(
            """
            WITH resolved AS (
                UPDATE alert SET status = 'resolved', last_seen_at = now(), resolved_at = greatest(\(fragment: moment), starts_at),
                    routed = routed AND held IS DISTINCT FROM 'settling', resolved_by = \(name)
                WHERE \(fragment: condition)
                RETURNING id, incident
            ), delivered AS (
                INSERT INTO alert_delivery (incident, ended, alerts)
                SELECT incident, true, array_agg(id) FROM resolved WHERE incident IS NOT NULL GROUP BY incident
            )
            SELECT count(*) AS changed FROM resolved
            """)
        return try rows.first?.decode("changed") ?? 0
    }

    /// A person says that it is over, for tools that never say so. What is over already stays as it is.
    ///
    /// - Returns: The alert as it is then; nil when there is none.
    func resolve(_ id: UUID, by name: String) async throws -> StoredAlert? {
        _ = try await resolve("id = \(id) AND status <> 'resolved'", at: "now()", by: name)
        return try await alert(id)
    }

    /// Somebody looks at it: firing becomes acknowledged, and its incident hears of it. Acknowledging twice, or what is
    /// resolved, changes nothing.
    ///
    /// - Returns: The alert as it is then; nil when there is none.
    func acknowledge(_ id: UUID, by name: String) async throws -> StoredAlert? {
        _ = try await pool.query(
            """
            WITH acknowledged AS (
                UPDATE alert SET status = 'acknowledged', acknowledged_at = now(), acknowledged_by = \(name)
                WHERE id = \(id) AND status = 'firing'
                RETURNING id, incident
            )
            INSERT INTO alert_delivery (incident, ended, acknowledged, alerts)
            SELECT incident, false, true, ARRAY[id] FROM acknowledged WHERE incident IS NOT NULL
            """)
        return try await alert(id)
    }

    /// Nobody looks at it after all: acknowledged becomes firing. What is not acknowledged stays as it is.
    ///
    /// - Returns: The alert as it is then; nil when there is none.
    func unacknowledge(_ id: UUID) async throws -> StoredAlert? {
        _ = try await pool.query(Self.unacknowledging(id))
        return try await alert(id)
    }

    /// The statement that does so.
    static func unacknowledging(_ id: UUID) -> SQL {
        """
        UPDATE alert SET status = 'firing', acknowledged_at = NULL, acknowledged_by = NULL
        WHERE id = \(id) AND status = 'acknowledged'
        """
    }

    /// Alerts by their ids, the newest first.
    func alerts(_ ids: [UUID]) async throws -> [StoredAlert] {
        try await pool.query(
            "SELECT \(fragment: StoredAlert.columns) FROM alert WHERE id = ANY (\(ids)) ORDER BY id DESC"
        ).map(StoredAlert.init)
    }

    /// One alert; nil when there is none.
    func alert(_ id: UUID) async throws -> StoredAlert? {
        try await pool.query("SELECT \(fragment: StoredAlert.columns) FROM alert WHERE id = \(id)")
            .first.map(StoredAlert.init)
    }

    /// Forgets some alerts that were over before so many days, the oldest first; how many those were. The ids are made from the
    /// time, so the oldest stand at the beginning of their index.
    func prune(days: Int, limit: Int) async throws -> Int {
        try await pool.query(
            """
            DELETE FROM alert WHERE id IN (
                SELECT id FROM alert WHERE resolved_at < now() - make_interval(days => \(Int32(days)))
                ORDER BY id LIMIT \(limit)
            ) RETURNING id
            """
        ).count
    }

    /// What the sender sent of an alert first; nil when there is no such alert.
    func payload(_ id: UUID) async throws -> [UInt8]? {
        try await pool.query("SELECT coalesce(payload, '') AS payload FROM alert WHERE id = \(id)")
            .first.map { try $0.decode("payload") }
    }

    /// Gives the alerts and groups of one incident to another, and remembers from which they came.
    static func move(from number: Int, to target: Int, in transaction: PostgresTransaction) async throws {
        _ = try await transaction.pipeline([
            """
            UPDATE alert SET incident = \(target), merged_from = merged_from || \(number)::bigint
            WHERE incident = \(number)
            """,
            """
            UPDATE alert_group SET incident = \(target), merged_from = merged_from || \(number)::bigint
            WHERE incident = \(number)
            """,
            "UPDATE alert_delivery SET incident = \(target) WHERE incident = \(number)",
        ])
    }

    /// Gives back what came to an incident with another: its alerts, its groups, and what came since in these groups.
    ///
    /// - Returns: What the incident knows of them: what it has still to hear of, both hear later.
    static func moveBack(
        from target: Int, to number: Int, in transaction: PostgresTransaction
    ) async throws -> MovedAlerts {
        // Both incidents are held, so nobody delivers meanwhile.
        let results = try await transaction.pipeline([
            """
            WITH moved AS (
                UPDATE alert SET incident = \(number), merged_from = trim_array(merged_from, least(cardinality(merged_from), 1))
                WHERE incident = \(target) AND (
                    merged_from[cardinality(merged_from)] = \(number)
                    OR merged_from = '{}' AND (source, group_key) IN (
                        SELECT source, group_key FROM alert_group
                        WHERE incident = \(target) AND merged_from[cardinality(merged_from)] = \(number)
                    )
                ) RETURNING id, component, status
            ), waiting AS (
                SELECT unnest(alerts) AS id, ended FROM alert_delivery
                WHERE incident = \(target) AND NOT acknowledged
            ), known AS (
                SELECT component,
                    NOT EXISTS (SELECT FROM waiting WHERE waiting.id = moved.id AND NOT ended) AS is_known,
                    status <> 'resolved'
                        OR EXISTS (SELECT FROM waiting WHERE waiting.id = moved.id AND ended) AS is_firing
                FROM moved
            )
            SELECT coalesce(component, '') AS component, count(*) AS total,
                count(*) FILTER (WHERE is_firing) AS firing
            FROM known WHERE is_known GROUP BY 1
            """,
            """
            UPDATE alert_group SET incident = \(number), merged_from = trim_array(merged_from, 1)
            WHERE incident = \(target) AND merged_from[cardinality(merged_from)] = \(number)
            """,
            """
            INSERT INTO alert_delivery (incident, ended, acknowledged, alerts)
            SELECT \(number), ended, acknowledged, own.alerts
            FROM alert_delivery CROSS JOIN LATERAL (
                SELECT array_agg(id) AS alerts FROM alert
                WHERE id = ANY (alert_delivery.alerts) AND alert.incident = \(number)
            ) AS own
            WHERE alert_delivery.incident = \(target) AND own.alerts IS NOT NULL ORDER BY alert_delivery.id
            """,
            """
            DELETE FROM alert_delivery WHERE incident = \(target) AND NOT EXISTS (
                SELECT FROM alert WHERE id = ANY (alerts) AND alert.incident IS DISTINCT FROM \(number)
            )
            """,
            """
            UPDATE alert_delivery SET alerts = ARRAY(
                SELECT id FROM alert WHERE id = ANY (alerts) AND alert.incident IS DISTINCT FROM \(number)
            ) WHERE incident = \(target)
            """,
        ])
        return try results[0].reduce(into: MovedAlerts()) { moved, row in
            let firing: Int = try row.decode("firing")
            moved.total += try row.decode("total", as: Int.self)
            if firing > 0 { moved.firing[try row.decode("component")] = firing }
        }
    }

    /// How many firing alerts an answer names.
    private static let firingShown = 20

    /// The alerts of an incident that have not ended, the oldest first, and how many those are.
    ///
    /// - Parameter merged: Only those that came with this merged incident.
    static func firing(
        of number: Int, from merged: Int? = nil, in runner: some SQLRunner
    ) async throws -> ([FiringAlerts.Alert], Int) {
        let which: SQL = merged.map { "AND \($0) = ANY (merged_from)" } ?? ""
        let rows = try await runner.query(
            """
            SELECT id, title, component, starts_at, count(*) OVER () AS total FROM alert
            WHERE incident = \(number) AND status <> 'resolved' \(fragment: which) ORDER BY id LIMIT \(firingShown)
            """)
        let alerts = try rows.map { row in
            FiringAlerts.Alert(
                id: try row.decode("id"), title: try row.decode("title"), component: try row.decode("component"),
                startsAt: try row.decode("starts_at"))
        }
        return (alerts, try rows.first?.decode("total") ?? 0)
    }

    /// Takes texts out of alerts, when a timeline entry is redacted that shows them: out of the alerts with these ids, and those of the incident with one of these titles: the title, what the sender sent, its
    /// annotations, and every label that holds one of the texts. What the routing needs (identity, group, component, times) stays.
    /// A sender that goes on brings its own words again.
    static func redact(_ ids: [UUID], titled titles: [String], of number: Int, in runner: some SQLRunner) async throws {
        let redacted = IncidentEvent.redactedText
        _ = try await runner.query(
            """
            UPDATE alert SET title = \(redacted), payload = convert_to(\(redacted)::text, 'UTF8'), annotations = '{}',
                labels = (
                    SELECT coalesce(jsonb_object_agg(name, CASE WHEN EXISTS (
                        SELECT FROM unnest(\(titles) || alert.title) AS text WHERE strpos(value #>> '{}', text) > 0
                    ) THEN to_jsonb(\(redacted)::text) ELSE value END), '{}')
                    FROM jsonb_each(alert.labels) AS label (name, value)
                )
            WHERE id = ANY (\(ids)) OR incident = \(number) AND title = ANY (\(titles))
            """)
    }
}

// MARK: - One alert

/// An alert as it is stored and shown.
struct StoredAlert: Sendable {
    let id: UUID
    let source: UUID
    let identity: String
    let title: String
    let status: AlertStatus
    let occurrences: Int
    let startsAt: Timestamp
    let firstSeenAt: Timestamp
    let lastSeenAt: Timestamp
    let acknowledgedAt: Timestamp?
    let acknowledgedBy: String?
    let resolvedAt: Timestamp?
    let component: String?
    let severity: String?
    let labels: PostgresJSON
    let annotations: PostgresJSON
    let incident: Int?
    /// When it is over unless it is said again.
    let expiresAt: Timestamp?
    let flaps: Int
    /// Since when a flapping alert says that it is over.
    let quietSince: Timestamp?
    /// The routing rule that took it.
    let rule: UUID?
    /// Why it opens no incident, and until when.
    let held: String?
    let heldUntil: Timestamp?
    /// The silence that keeps it back.
    let silence: UUID?
    /// How many messages about it changed nothing since they came too late, why the last one did, and when.
    let ignored: Int
    let ignoredReason: String?
    let ignoredAt: Timestamp?
    /// Who ended it by hand.
    let resolvedBy: String?
    /// When its sender last said that the firing goes on which a person ended; nil when the sender has not, or has ended it since.
    let stillSaidAt: Timestamp?

    /// JSON, for those who do not know how it is stored.
    var labelBytes: [UInt8] { labels.bytes }
    var annotationBytes: [UInt8] { annotations.bytes }

    static let columns: SQL = """
        id, source, identity, title, status, occurrences, starts_at, first_seen_at, last_seen_at, acknowledged_at,
        acknowledged_by, resolved_at, component, severity, labels, annotations, incident, expires_at, flaps::bigint AS flaps,
        quiet_since, rule, held, held_until, silence, coalesce(ignored, 0) AS ignored, ignored_reason, ignored_at,
        resolved_by, still_said_at
        """

    init(_ row: PostgresRow) throws {
        id = try row.decode("id")
        source = try row.decode("source")
        identity = try row.decode("identity")
        title = try row.decode("title")
        let status: String = try row.decode("status")
        guard let known = AlertStatus(rawValue: status) else {
            throw PostgresError.decoding(column: "status", reason: "is not an alert status")
        }
        self.status = known
        occurrences = try row.decode("occurrences")
        startsAt = try row.decode("starts_at")
        firstSeenAt = try row.decode("first_seen_at")
        lastSeenAt = try row.decode("last_seen_at")
        acknowledgedAt = try row.decode("acknowledged_at")
        acknowledgedBy = try row.decode("acknowledged_by")
        resolvedAt = try row.decode("resolved_at")
        component = try row.decode("component")
        severity = try row.decode("severity")
        labels = try row.decode("labels")
        annotations = try row.decode("annotations")
        incident = try row.decode("incident")
        expiresAt = try row.decode("expires_at")
        flaps = try row.decode("flaps")
        quietSince = try row.decode("quiet_since")
        rule = try row.decode("rule")
        held = try row.decode("held")
        heldUntil = try row.decode("held_until")
        silence = try row.decode("silence")
        ignored = try row.decode("ignored")
        ignoredReason = try row.decode("ignored_reason")
        ignoredAt = try row.decode("ignored_at")
        resolvedBy = try row.decode("resolved_by")
        stillSaidAt = try row.decode("still_said_at")
    }
}

extension StoredAlert: JSONWritable {
    /// Its members in lists, of which `fields` chooses some.
    static let fields = [
        "id", "source", "identity", "title", "status", "occurrences", "starts_at", "first_seen_at", "last_seen_at",
        "acknowledged_at", "acknowledged_by", "resolved_at", "resolved_by", "still_said_at", "expires_at", "flapping",
        "quiet_since", "component", "component_problem", "severity", "labels", "annotations", "incident", "rule",
        "held",
        "held_until", "ignored",
    ]

    func write(to json: inout JSONWriter) {
        json.object { write(into: &$0) }
    }

    /// Its members, for an object that has more.
    func write(into json: inout JSONWriter) {
        json.member("id", id)
        json.member("source", source)
        json.member("identity", identity)
        json.member("title", title)
        json.member("status", status.rawValue)
        json.member("occurrences", occurrences)
        json.member("starts_at", startsAt)
        json.member("first_seen_at", firstSeenAt)
        json.member("last_seen_at", lastSeenAt)
        json.member("acknowledged_at", acknowledgedAt)
        json.member("acknowledged_by", acknowledgedBy)
        json.member("resolved_at", resolvedAt)
        json.member("resolved_by", resolvedBy)
        json.member("still_said_at", stillSaidAt)
        json.member("expires_at", quietSince == nil ? expiresAt : nil)
        json.member("flapping", flaps >= AlertFlapping.flapsMin)
        json.member("quiet_since", quietSince)
        json.member("component", component)
        json.member("severity", severity)
        json.name("labels")
        json.raw(labels.bytes)
        json.name("annotations")
        json.raw(annotations.bytes)
        json.member("incident", incident)
        json.member("rule", rule)
        json.member("held", held)
        json.member("held_until", heldUntil)
        json.object("ignored") { json in
            json.member("messages", ignored)
            json.member("last_reason", ignoredReason)
            json.member("last_at", ignoredAt)
        }
    }
}

/// How labels and annotations are stored.
enum AlertTexts {
    /// Those annotations of a row of `alert` that an incident may show, as JSON; an alert may have many, and long ones.
    static let shown: SQL = """
        (SELECT coalesce(jsonb_object_agg(name, left(value, 4000)), '{}') FROM jsonb_each_text(alert.annotations) AS said (name, value)
            WHERE translate(lower(name), '_-', '') = ANY (\(names)))
        """
    private static let names = (AlertWords.annotations.map { $0.filter { $0 != "_" } } + IncidentLink.names).sorted()

    static func json(_ texts: [String: String]) -> PostgresJSON {
        var json = JSONWriter(capacity: 256)
        json.object { json in
            for (name, value) in texts { json.member(name, value) }
        }
        return PostgresJSON(bytes: json.bytes)
    }

    static func texts(_ json: PostgresJSON) throws -> [String: String] {
        var texts: [String: String] = [:]
        for member in try JSONParser.parse(json.bytes).object?.members ?? [] {
            texts[member.name] = member.value.string
        }
        return texts
    }
}
