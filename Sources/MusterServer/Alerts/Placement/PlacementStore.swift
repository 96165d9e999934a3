import FoundationEssentials
import IncidentDomain
import Postgres

/// The rows that say which alerts have still to be brought to their incidents, which incident takes which group, and which
/// alerts wait.
struct PlacementStore: Sendable {
    /// Takes alerts for this transaction; what another daemon has taken is passed over.
    ///
    /// - Parameter resting: What is not to be tried now.
    func claim(
        limit: Int, without resting: [UUID] = [], in transaction: PostgresTransaction
    ) async throws -> [ReadRow<UnplacedAlert>] {
        Self.reader.read(try await transaction.query(Self.claim(limit: limit, without: resting)), in: transaction)
    }

    private static let reader = RowReader(table: "alert", key: { try $0.decode("id") }, decode: UnplacedAlert.init)

    static func claim(limit: Int, without resting: [UUID] = []) -> SQL {
        let others: SQL = resting.isEmpty ? "" : "AND alert.id <> ALL (\(resting))"
        return """
            SELECT \(fragment: UnplacedAlert.columns) FROM alert
            WHERE NOT alert.routed \(fragment: others)
            ORDER BY alert.first_seen_at LIMIT \(limit) FOR UPDATE SKIP LOCKED
            """
    }

    func markRouted(_ ids: [UUID], in transaction: PostgresTransaction) async throws {
        _ = try await transaction.query("UPDATE alert SET routed = true WHERE id = ANY (\(ids)) AND NOT routed")
    }

    func setSavepoint(in transaction: PostgresTransaction) async throws {
        try await transaction.query("SAVEPOINT part")
    }

    /// Undoes what was done since the savepoint, also after an error.
    func goBackToSavepoint(in transaction: PostgresTransaction) async throws {
        try await transaction.query("ROLLBACK TO SAVEPOINT part")
    }

    /// Takes the lock of whoever places alerts, until the transaction ends. Nobody waits for it: a daemon that finds another
    /// one at work comes again.
    ///
    /// - Returns: False when another transaction has it.
    func lockPlacement(in transaction: PostgresTransaction) async throws -> Bool {
        try await transaction.query("SELECT pg_try_advisory_xact_lock(\(Self.placementKey)) AS is_mine").first?
            .decode("is_mine") ?? false
    }

    private static let placementKey = 0x6D75_7374_6572_0001

    /// Waits until nobody places alerts, and keeps it so until the transaction ends: for what changes whether alerts are held.
    func waitForPlacement(in transaction: PostgresTransaction) async throws {
        try await transaction.query("SELECT pg_advisory_xact_lock(\(Self.placementKey))")
    }

    /// Locks, in an order that is everybody's, what placing these groups will ask for: the groups, which daemons of the
    /// release before lock one by one, and then the incidents that take them, by their numbers as merging does.
    func lock(_ keys: [AlertGroup.Key], in transaction: PostgresTransaction) async throws {
        let names = keys.map { "\($0.source.text)/\($0.group)" }
        _ = try await transaction.pipeline([
            "SELECT pg_advisory_xact_lock(hashtextextended(name, 0)) FROM unnest(\(names)) AS name",
            """
            SELECT number FROM incident
            WHERE phase IN ('detect', 'assess', 'mitigate', 'restore') AND number IN (
                SELECT alert_group.incident
                FROM unnest(\(keys.map(\.source)), \(keys.map(\.group))) AS wanted (source, group_key)
                JOIN alert_group USING (source, group_key)
            ) ORDER BY number FOR UPDATE
            """,
        ])
    }

    /// The incident that took alerts of this group last: one or none. It may be closed by now.
    func incidents(of key: AlertGroup.Key, in transaction: PostgresTransaction) async throws -> [Int] {
        try await transaction.query(
            "SELECT incident FROM alert_group WHERE source = \(key.source) AND group_key = \(key.group)"
        ).map { try $0.decode("incident") }
    }

    /// Open incidents that name one of the components, the oldest first; a few, as the first one mostly is the one.
    func incidentsNaming(_ components: [String], in transaction: PostgresTransaction) async throws -> [Int] {
        try await transaction.query(
            """
            SELECT number FROM incident
            WHERE components && \(components) AND phase IN ('detect', 'assess', 'mitigate', 'restore')
            ORDER BY number LIMIT 5
            """
        ).map { try $0.decode("number") }
    }

    /// Says that an incident takes these alerts and, from now on, their group. The mark comes along, so that a row is
    /// written once.
    func assign(
        _ key: AlertGroup.Key, to number: Int, alerts: [UUID], in transaction: PostgresTransaction
    ) async throws {
        _ = try await transaction.pipeline([
            """
            UPDATE alert SET incident = \(number), routed = true, held = NULL, held_until = NULL, silence = NULL
            WHERE id = ANY (\(alerts))
            """,
            """
            INSERT INTO alert_group (source, group_key, incident) VALUES (\(key.source), \(key.group), \(number))
            ON CONFLICT (source, group_key) DO UPDATE SET incident = excluded.incident
            WHERE alert_group.incident <> excluded.incident
            """,
        ])
    }
}

// MARK: - Alerts that wait, and incidents that may take them

extension PlacementStore {
    /// Puts alerts aside, each with its reason.
    func hold(_ holds: [UUID: AlertHold], in transaction: PostgresTransaction) async throws {
        for (hold, alerts) in Dictionary(grouping: holds, by: \.value) {
            try await transaction.query(
                """
                UPDATE alert SET routed = true, held = \(hold.reason.rawValue), held_until = \(hold.until),
                    silence = \(hold.silence)
                WHERE id = ANY (\(alerts.map(\.key)))
                """)
        }
    }

    /// Marks alerts whose reason has passed as not routed; what another daemon looks at is passed over.
    ///
    /// - Returns: How many alerts that were.
    func releaseDue(limit: Int, in runner: some SQLRunner) async throws -> Int {
        try await runner.query(
            """
            UPDATE alert SET routed = false WHERE id = ANY (ARRAY(
                SELECT id FROM alert
                WHERE held IS NOT NULL AND status <> 'resolved' AND held_until <= now() AND routed
                ORDER BY held_until LIMIT \(limit) FOR UPDATE SKIP LOCKED
            ))
            """
        ).affectedRows
    }

    /// How many alerts of a group a rule held since a moment, what is over included, without some.
    func heldFirings(
        of key: AlertGroup.Key, rule: UUID, since start: Timestamp, without others: [UUID],
        in transaction: PostgresTransaction
    ) async throws -> Int {
        try await transaction.query(
            """
            SELECT count(*) AS firings FROM alert
            WHERE source = \(key.source) AND group_key = \(key.group) AND first_seen_at > \(start)
                AND held IS NOT NULL AND held NOT IN ('silence', 'maintenance', 'person') AND rule = \(rule) AND id <> ALL (\(others))
            """
        ).first?.decode("firings") ?? 0
    }

    /// The alerts of a group that are held, without some: what is open, and what ended after it was counted.
    func heldAlerts(
        of key: AlertGroup.Key, countedSince start: Timestamp, without others: [UUID],
        in transaction: PostgresTransaction
    ) async throws -> [UnplacedAlert] {
        let rows = try await transaction.query(
            """
            SELECT \(fragment: UnplacedAlert.columns) FROM alert
            WHERE source = \(key.source) AND group_key = \(key.group) AND held IS NOT NULL AND held <> 'person'
                AND incident IS NULL AND (status <> 'resolved' OR held = 'count' AND first_seen_at > \(start)) AND id <> ALL (\(others))
            ORDER BY id LIMIT 1000 FOR UPDATE
            """)
        return Self.reader.values(rows, in: transaction)
    }

    /// Open incidents that name one of the components and heard of an alert, or were opened, within a while; the oldest
    /// first, and no more than somebody would look at.
    func freshIncidents(
        naming components: [String], within window: Duration, in transaction: PostgresTransaction
    ) async throws -> [(number: Int, components: [String])] {
        try await transaction.query(
            """
            SELECT number, components FROM incident
            WHERE components && \(components) AND phase IN ('detect', 'assess', 'mitigate', 'restore')
                AND greatest(opened_at, (
                    SELECT first_seen_at FROM alert WHERE alert.incident = incident.number ORDER BY id DESC LIMIT 1
                )) >= now() - make_interval(secs => \(Double(window.components.seconds)))
            ORDER BY number LIMIT 100
            """
        ).map { (try $0.decode("number"), try $0.decode("components")) }
    }
}

// MARK: - Alerts that people move

extension PlacementStore {
    /// Alerts by their ids, in the order in which they came.
    func alerts(_ ids: [UUID], in transaction: PostgresTransaction) async throws -> [UnplacedAlert] {
        let rows = try await transaction.query(
            "SELECT \(fragment: UnplacedAlert.columns) FROM alert WHERE id = ANY (\(ids)) ORDER BY id")
        return try Self.reader.read(rows, in: transaction).map { try $0.value.get() }
    }

    /// What became of an alert that is to fire again.
    enum Reopening: Equatable {
        case reopened, fires, endedBySender, superseded, unknown
    }

    /// Takes back that somebody ended an alert by hand.
    func reopen(_ id: UUID, in transaction: PostgresTransaction) async throws -> Reopening {
        let row = try await transaction.query(
            """
            WITH other AS (
                SELECT FROM alert AS other JOIN alert AS own ON own.id = \(id)
                WHERE other.source = own.source AND other.identity = own.identity AND other.status <> 'resolved'
                    AND other.id <> own.id
            ), reopened AS (
                UPDATE alert SET status = CASE WHEN acknowledged_at IS NULL THEN 'firing' ELSE 'acknowledged' END, resolved_at = NULL, resolved_by = NULL, still_said_at = NULL
                WHERE id = \(id) AND status = 'resolved' AND resolved_by IS NOT NULL AND NOT EXISTS (SELECT FROM other)
                RETURNING id
            )
            SELECT EXISTS (SELECT FROM reopened) AS reopened, status <> 'resolved' AS fires, resolved_by IS NULL AS by_sender
            FROM alert WHERE id = \(id)
            """
        ).first
        guard let row else { return .unknown }
        if try row.decode("reopened") { return .reopened }
        if try row.decode("fires") { return .fires }
        return try row.decode("by_sender") ? .endedBySender : .superseded
    }

    /// Of some components, those on which no alert of an incident is, or ever was, beside these.
    func deserted(
        _ components: [String], of number: Int, without ids: [UUID], in transaction: PostgresTransaction
    ) async throws -> Set<String> {
        let rows = try await transaction.query(
            """
            SELECT component FROM unnest(\(components)) AS moved (component) WHERE NOT EXISTS (
                SELECT FROM alert
                WHERE alert.incident = \(number) AND alert.component = moved.component AND alert.id <> ALL (\(ids))
            )
            """)
        return Set(try rows.map { try $0.decode("component") })
    }

    /// Keeps alerts from ending, and from being said again, until the transaction ends.
    func lock(alerts ids: [UUID], in transaction: PostgresTransaction) async throws {
        try await transaction.query("SELECT id FROM alert WHERE id = ANY (\(ids)) ORDER BY id FOR UPDATE")
    }

    func hasDeliveries(_ number: Int, in transaction: PostgresTransaction) async throws -> Bool {
        try await !transaction.query("SELECT FROM alert_delivery WHERE incident = \(number) LIMIT 1").isEmpty
    }

    /// Says which incident alerts belong to; with nil to none, which holds until they end.
    func move(_ ids: [UUID], to number: Int?, in transaction: PostgresTransaction) async throws {
        try await transaction.query(
            """
            UPDATE alert SET incident = \(number), merged_from = '{}', routed = true, held_until = NULL, silence = NULL,
                held = CASE WHEN \(number == nil) AND status <> 'resolved' THEN \(AlertHold.Reason.person.rawValue) END
            WHERE id = ANY (\(ids))
            """)
    }

    /// The groups of which no other open alert stays behind go along: what of them fires next is where these are, or with nil
    /// wherever it finds its place.
    func moveGroups(of ids: [UUID], to number: Int?, in transaction: PostgresTransaction) async throws {
        let left: SQL = """
            SELECT DISTINCT source, group_key FROM alert AS moved WHERE id = ANY (\(ids)) AND NOT EXISTS (
                SELECT FROM alert AS other
                WHERE other.source = moved.source AND other.group_key = moved.group_key AND other.status <> 'resolved'
                    AND other.id <> ALL (\(ids)) AND other.incident IS NOT NULL
                    AND other.incident IS DISTINCT FROM \(number)
            )
            """
        guard let number else {
            try await transaction.query(
                "DELETE FROM alert_group WHERE (source, group_key) IN (\(fragment: left))")
            return
        }
        try await transaction.query(
            """
            INSERT INTO alert_group (source, group_key, incident)
            SELECT source, group_key, \(number) FROM (\(fragment: left)) AS left_alone
            ON CONFLICT (source, group_key) DO UPDATE SET incident = excluded.incident, merged_from = '{}'
            """)
    }
}

// MARK: - Deliveries

extension PlacementStore {
    /// An alert of which an incident has to hear; only what it hears.
    struct Delivered: Sendable {
        let id: UUID
        let source: UUID
        let sourceName: String
        let groupKey: String
        let incident: Int?
        let isFiring: Bool
        /// When it began, never after it was seen first.
        let since: Timestamp
        let mention: AlertMention
        let acknowledgedBy: String?
        /// How bad it is in its sender's words, and of which kind these are.
        let severity: String?
        let kind: String

        /// Who works on it.
        var acknowledger: Principal { .source(source, name: acknowledgedBy ?? sourceName) }
    }

    /// Which alerts of an incident began, and which ended.
    struct Deliveries: Sendable {
        var began: Set<UUID> = []
        var ended: Set<UUID> = []
        var acknowledged: Set<UUID> = []

        var all: Set<UUID> { began.union(ended).union(acknowledged) }
    }

    /// Incidents that have still to hear of their alerts.
    ///
    /// - Parameter resting: What is not to be tried now.
    func incidentsWithDeliveries(limit: Int, without resting: [Int] = [], in runner: some SQLRunner) async throws
        -> [Int]
    {
        let others: SQL = resting.isEmpty ? "" : "WHERE incident <> ALL (\(resting))"
        return try await runner.query(
            "SELECT DISTINCT incident FROM alert_delivery \(fragment: others) ORDER BY incident LIMIT \(limit)"
        ).map { try $0.decode("incident") }
    }

    /// Removes an incident's oldest deliveries and returns them. Whoever does so holds the incident's row: else another daemon
    /// could tell it of an alert's end before its beginning.
    func removeDeliveries(of number: Int, limit: Int, in transaction: PostgresTransaction) async throws -> Deliveries {
        try await transaction.query(
            """
            DELETE FROM alert_delivery WHERE incident = \(number) AND id = ANY (
                ARRAY(SELECT id FROM alert_delivery WHERE incident = \(number) ORDER BY id LIMIT \(limit))
            ) RETURNING ended, acknowledged, alerts
            """
        ).reduce(into: Deliveries()) { deliveries, row in
            let alerts: [UUID] = try row.decode("alerts")
            if try row.decode("acknowledged") {
                deliveries.acknowledged.formUnion(alerts)
            } else if try row.decode("ended") {
                deliveries.ended.formUnion(alerts)
            } else {
                deliveries.began.formUnion(alerts)
            }
        }
    }

    /// Alerts by their ids, in the order in which they came, as far as an incident hears of them: in a storm most of the
    /// router's work is to read these rows.
    func alerts(_ ids: Set<UUID>, in transaction: PostgresTransaction) async throws -> [Delivered] {
        try await transaction.query(
            """
            SELECT alert.id, alert.source, (SELECT name FROM source WHERE source.id = alert.source) AS source_name,
                alert.group_key, alert.incident, alert.status <> 'resolved' AS is_firing, alert.title,
                least(alert.starts_at, alert.first_seen_at) AS since,
                alert.component, alert.acknowledged_by, alert.severity, alert.resolved_by,
                (SELECT kind FROM source WHERE source.id = alert.source) AS kind
            FROM alert WHERE alert.id = ANY (\(Array(ids))) ORDER BY alert.id
            """
        ).map(Delivered.init)
    }

    /// What some alerts link to.
    func links(of ids: [UUID], in transaction: PostgresTransaction) async throws -> [IncidentLink] {
        try await transaction.query(
            "SELECT labels, \(fragment: AlertTexts.shown) AS annotations FROM alert WHERE id = ANY (\(ids)) ORDER BY id"
        ).reduce([]) { links, row in
            IncidentLink.all(
                annotations: try AlertTexts.texts(try row.decode("annotations")),
                labels: try AlertTexts.texts(try row.decode("labels"))
            ).adding(to: links, max: IncidentLimits.links)
        }
    }

    /// Marks alerts as not routed again, because the incident that took their group no longer takes any.
    func unassign(_ ids: [UUID], in transaction: PostgresTransaction) async throws {
        _ = try await transaction.query("UPDATE alert SET incident = NULL, routed = false WHERE id = ANY (\(ids))")
    }
}

extension UnplacedAlert {
    fileprivate static let columns: SQL = """
        alert.id, alert.source, (SELECT name FROM source WHERE source.id = alert.source) AS source_name,
        (SELECT kind FROM source WHERE source.id = alert.source) AS kind, alert.group_key, alert.title, alert.status,
        alert.component, alert.starts_at, alert.labels, alert.incident, alert.identity, alert.severity,
        alert.first_seen_at, alert.last_seen_at, alert.acknowledged_by, alert.rule, alert.held,
        \(fragment: AlertTexts.shown) AS annotations
        """

    fileprivate init(_ row: PostgresRow) throws {
        let status: String = try row.decode("status")
        guard let known = AlertStatus(rawValue: status) else {
            throw PostgresError.decoding(column: "status", reason: "is not an alert status")
        }
        let source: UUID = try row.decode("source")
        let kind: String = try row.decode("kind")
        self.init(
            id: try row.decode("id"), group: AlertGroup.Key(source: source, group: try row.decode("group_key")),
            facts: AlertFacts(
                source: try row.decode("source_name"), sourceID: source, kind: kind,
                identity: try row.decode("identity"), title: try row.decode("title"),
                component: try row.decode("component"), severity: try row.decode("severity"),
                labels: try AlertTexts.texts(try row.decode("labels"))),
            status: known, startsAt: try row.decode("starts_at"), firstSeenAt: try row.decode("first_seen_at"),
            lastSeenAt: try row.decode("last_seen_at"), incident: try row.decode("incident"),
            acknowledgedBy: try row.decode("acknowledged_by"), rule: try row.decode("rule"),
            held: try row.decode("held", as: String?.self).flatMap(AlertHold.Reason.init(rawValue:)),
            annotations: try AlertTexts.texts(try row.decode("annotations")),
            titleStyle: SourceKind(rawValue: kind)?.titleStyle ?? .sentence)
    }
}

extension PlacementStore.Delivered {
    init(_ row: PostgresRow) throws {
        let id: UUID = try row.decode("id")
        self.init(
            id: id, source: try row.decode("source"), sourceName: try row.decode("source_name"),
            groupKey: try row.decode("group_key"), incident: try row.decode("incident"),
            isFiring: try row.decode("is_firing"), since: try row.decode("since"),
            mention: AlertMention(
                id: id.text, title: try row.decode("title"), component: try row.decode("component"),
                resolvedBy: try row.decode("resolved_by")),
            acknowledgedBy: try row.decode("acknowledged_by"), severity: try row.decode("severity"),
            kind: try row.decode("kind"))
    }
}
