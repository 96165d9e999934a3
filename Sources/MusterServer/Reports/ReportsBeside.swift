import IncidentDomain
import Postgres

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
        let related = incident.steps.map(\.component).reduce(into: Set<String>()) {
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
