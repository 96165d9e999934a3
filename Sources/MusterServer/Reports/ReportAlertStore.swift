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

    /// The surges that an incident is shown with: on one of its components, or on what these need or are needed by, while it
    /// lasted; and those that opened it. By the labels: a rule may have given the alert another component, but reports are
    /// counted for the one that users named.
    func reported(of incident: Incident, on components: [String], in runner: some SQLRunner) async throws -> Reported? {
        let began = min(incident.times.startedAt, incident.clocks.detectedAt).adding(seconds: -Self.leadSeconds)
        let row = try await runner.query(
            """
            SELECT coalesce(array_agg(coalesce(labels ->> 'component', '') ORDER BY id), '{}') AS components,
                coalesce(array_agg(coalesce(labels ->> 'symptom', '') ORDER BY id), '{}') AS symptoms,
                min(starts_at) AS began, now() AS now, bool_or(status <> 'resolved') AS surging,
                max(resolved_at) AS resolved, max(first_seen_at) AS seen
            FROM (
                SELECT * FROM alert WHERE source = \(BuiltInSource.reports)
                    AND (component = ANY (\(components)) OR incident = \(incident.number))
                    AND (resolved_at IS NULL OR resolved_at >= \(began))
                    AND starts_at <= coalesce(\(incident.clocks.restoredAt), now())
                ORDER BY id DESC LIMIT 1000
            ) AS surge
            """
        ).first
        return try row.flatMap { try Self.reported($0, of: incident.number) }
    }

    /// Users may notice before anybody says that something began.
    private static let leadSeconds: Double = 3_600

    private static func reported(_ row: PostgresRow, of number: Int) throws -> Reported? {
        guard let began: Timestamp = try row.decode("began"), let seen: Timestamp = try row.decode("seen") else {
            return nil
        }
        let components: [String] = try row.decode("components")
        let symptoms: [String] = try row.decode("symptoms")
        let now: Timestamp = try row.decode("now")
        let resolved: Timestamp? = try row.decode("resolved")
        return Reported(
            number: number, keys: Array(Set(zip(components, symptoms).map { ReportKey(component: $0, symptom: $1) })),
            // What made it a surge lies before it.
            from: began.adding(seconds: Double(-60 * ReportBaseline.windowMinutes)),
            until: try row.decode("surging") ? now : resolved ?? now, changedAt: max(seen, resolved ?? seen))
    }

    /// Whether somebody else says so: an alert of another source on one of the components belongs to the incident. So does
    /// an alert of reports themselves where they may open incidents.
    func isCorroborated(_ number: Int, on components: [String], in runner: some SQLRunner) async throws -> Bool {
        try await runner.query(
            """
            SELECT EXISTS (
                SELECT FROM alert WHERE incident = \(number)
                    AND (source = \(BuiltInSource.reports) OR component = ANY (\(components)))
            ) AS is_so
            """
        ).first?.decode("is_so") ?? false
    }

    /// The components of what surges, or did within a day.
    func surging(in runner: some SQLRunner) async throws -> [String] {
        try await runner.query(
            """
            SELECT DISTINCT component FROM alert
            WHERE uuid_send(source) = uuid_send(\(BuiltInSource.reports)) AND component IS NOT NULL
                AND (resolved_at IS NULL OR resolved_at > now() - interval '1 day')
            ORDER BY component LIMIT 5000
            """
        ).map { try $0.decode("component") }
    }

    /// Incidents that are open or under review and name one of the components, the newest ones.
    func incidents(naming components: [String], limit: Int, in runner: some SQLRunner) async throws -> [Int] {
        try await runner.query(
            """
            SELECT number FROM incident WHERE components && \(components)
                AND phase IN ('detect', 'assess', 'mitigate', 'restore', 'review')
            ORDER BY number DESC LIMIT \(limit)
            """
        ).map { try $0.decode("number") }
    }
}

/// What users report of what an incident affects. It is shown beside the incident. Only when somebody else says so, an alert
/// of another source or a responder, does the incident itself count it; it never is an impact, and no phase waits for it.
struct ReportsBeside: Sendable {
    let desk: IncidentDesk
    let pool: PostgresPool

    private static let incidentsMax = 200
    private let store = ReportAlertStore()

    init(desk: IncidentDesk, pool: PostgresPool) {
        self.desk = desk
        self.pool = pool
    }

    /// The surges that an incident is shown with, and whether it counts them; nil when there are none.
    func reported(_ incident: Incident) async throws -> (reported: ReportAlertStore.Reported, isCounted: Bool)? {
        let graph = try await desk.catalog.snapshot().graph
        let related = incident.steps.map(\.slug).reduce(into: Set<String>()) {
            $0.formUnion(graph.related(to: $1))
        }.sorted()
        guard let reported = try await store.reported(of: incident, on: related, in: pool) else { return nil }
        if incident.reports != nil { return (reported, true) }
        return (reported, try await store.isCorroborated(incident.number, on: related, in: pool))
    }

    /// Incidents that something is reported of at this time.
    func numbers() async throws -> [Int] {
        let graph = try await desk.catalog.snapshot().graph
        let related = try await store.surging(in: pool).reduce(into: Set<String>()) {
            $0.formUnion(graph.related(to: $1))
        }
        guard !related.isEmpty else { return [] }
        return try await store.incidents(naming: related.sorted(), limit: Self.incidentsMax, in: pool)
    }
}
