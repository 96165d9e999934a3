import FoundationEssentials
import IncidentDomain
import Postgres

/// The rows of alerts that wait, and of incidents that may have to do with others.
extension AlertRoutingStore {
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
    func letGo(limit: Int, in runner: some SQLRunner) async throws -> Int {
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
    func waiting(
        _ key: AlertGroup.Key, rule: UUID, since start: Timestamp, without others: [UUID],
        in transaction: PostgresTransaction
    ) async throws -> Int {
        try await transaction.query(
            """
            SELECT count(*) AS waiting FROM alert
            WHERE source = \(key.source) AND group_key = \(key.group) AND first_seen_at > \(start)
                AND held IS NOT NULL AND held <> 'silence' AND rule = \(rule) AND id <> ALL (\(others))
            """
        ).first?.decode("waiting") ?? 0
    }

    /// The alerts of a group that wait, without some: what is open, and what ended after it was counted.
    func waiting(
        _ key: AlertGroup.Key, countedSince start: Timestamp, without others: [UUID],
        in transaction: PostgresTransaction
    ) async throws -> [Unrouted] {
        let rows = try await transaction.query(
            """
            SELECT \(fragment: Unrouted.columns) FROM alert
            WHERE source = \(key.source) AND group_key = \(key.group) AND held IS NOT NULL AND incident IS NULL
                AND (status <> 'resolved' OR held = 'count' AND first_seen_at > \(start)) AND id <> ALL (\(others))
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
