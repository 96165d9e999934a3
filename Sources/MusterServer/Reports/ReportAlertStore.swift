import FoundationEssentials
import IncidentDomain
import Postgres

/// What users' reports have to do with alerts and incidents: which alerts wait for somebody else to see the same, and what was
/// reported of an incident.
struct ReportAlertStore: Sendable {
    /// An incident that surges of reports belong to.
    struct Reported: Sendable {
        let number: Int
        let keys: [ReportKey]
        let from: Timestamp
        /// Now, while a surge goes on.
        let until: Timestamp
        /// When a surge last began or ended.
        let changedAt: Timestamp
    }

    /// Whether alerts of others fire on one of the components, and an incident of theirs that takes alerts. What is held
    /// back, by a silence or a rule, is no witness; what is not routed yet is none before it is known where it belongs, or
    /// the surge would open an incident beside the one that it is about to open.
    func fires(on components: [String], in runner: some SQLRunner) async throws -> (fires: Bool, incident: Int?) {
        let row = try await runner.query(
            """
            SELECT count(*) > 0 AS fires, min(incident.number) AS incident
            FROM alert LEFT JOIN incident ON incident.number = alert.incident
                AND incident.phase IN ('detect', 'assess', 'mitigate', 'restore')
            WHERE alert.component = ANY (\(components)) AND alert.status <> 'resolved'
                AND alert.source <> \(BuiltInSource.reports) AND alert.routed AND alert.held IS NULL
            """
        ).first
        return (try row?.decode("fires") ?? false, try row?.decode("incident"))
    }

    /// Lets alerts wait for a moment.
    func hold(_ ids: [UUID], seconds: Double, in runner: some SQLRunner) async throws {
        _ = try await runner.query(
            """
            UPDATE alert SET held = 'corroboration', held_until = now() + make_interval(secs => \(seconds))
            WHERE id = ANY (\(ids))
            """)
    }

    /// They belong to an incident now.
    func release(_ ids: [UUID], in runner: some SQLRunner) async throws {
        _ = try await runner.query(
            """
            UPDATE alert SET held = NULL, held_until = NULL WHERE id = ANY (\(ids)) AND held = 'corroboration'
            """)
    }

    /// Hands alerts that have waited back to the router.
    func askAgain(in runner: some SQLRunner) async throws -> Int {
        try await runner.query(
            """
            UPDATE alert SET routed = false, held = NULL, held_until = NULL
            WHERE id = ANY (ARRAY(
                SELECT id FROM alert WHERE held = 'corroboration' AND held_until <= now() AND status <> 'resolved'
                ORDER BY id LIMIT 500 FOR UPDATE SKIP LOCKED
            )) AND incident IS NULL
            RETURNING id
            """
        ).count
    }

    /// Open incidents with surges, and what surged, by the labels: a rule may have given the alert another component, but
    /// reports are counted for the one that users named. One incident, or all.
    func reported(of number: Int?, in runner: some SQLRunner) async throws -> [Reported] {
        let which: SQL =
            number.map { "incident.number = \($0)" }
            ?? "incident.phase IN ('detect', 'assess', 'mitigate', 'restore', 'review')"
        return try await runner.query(
            """
            SELECT incident.number, array_agg(coalesce(alert.labels ->> 'component', '') ORDER BY alert.id) AS components,
                array_agg(coalesce(alert.labels ->> 'symptom', '') ORDER BY alert.id) AS symptoms,
                min(alert.starts_at) AS began, now() AS now, bool_or(alert.status <> 'resolved') AS surging,
                max(alert.resolved_at) AS resolved, max(alert.first_seen_at) AS seen
            FROM incident JOIN alert ON alert.incident = incident.number AND alert.source = \(BuiltInSource.reports)
            WHERE \(fragment: which) GROUP BY incident.number ORDER BY incident.number
            """
        ).map(Self.reported)
    }

    private static func reported(_ row: PostgresRow) throws -> Reported {
        let components: [String] = try row.decode("components")
        let symptoms: [String] = try row.decode("symptoms")
        let began: Timestamp = try row.decode("began")
        let now: Timestamp = try row.decode("now")
        let resolved: Timestamp? = try row.decode("resolved")
        let seen: Timestamp = try row.decode("seen")
        return Reported(
            number: try row.decode("number"),
            keys: Array(Set(zip(components, symptoms).map { ReportKey(component: $0, symptom: $1) })),
            // What made it a surge lies before it.
            from: began.adding(seconds: Double(-60 * ReportBaseline.windowMinutes)),
            until: try row.decode("surging") ? now : resolved ?? now, changedAt: max(seen, resolved ?? seen))
    }
}
