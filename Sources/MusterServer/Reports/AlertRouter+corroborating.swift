import IncidentDomain
import Postgres

extension AlertRouter {
    /// For how long an alert of users' reports waits before it is looked at again.
    private static let corroborationSeconds: Double = 60

    /// Users' reports are a hint: anybody can send them. Alone they open no incident, unless they are configured to. They
    /// join an open incident that affects a component which theirs needs or is needed by; where another source's alert fires
    /// on such a component, they may open one.
    ///
    /// - Returns: False when the group opens an incident like any other.
    func joinsOrWaits(_ group: AlertGroup, in transaction: PostgresTransaction) async throws -> Bool {
        guard group.key.source == BuiltInSource.reports, !reportsOpenIncidents else { return false }
        let reports = ReportAlertStore()
        let firing = group.alerts.filter { !$0.isResolved }
        // What is over before anybody else saw it was nothing.
        guard !firing.isEmpty else { return true }
        let loaded = try await desk.incidents.load(nil, in: transaction)
        let graph = try await desk.catalog.graph(version: loaded.catalogVersion)
        let related = firing.compactMap(\.component).reduce(into: Set<String>()) { $0.formUnion(graph.related(to: $1)) }
        let others = try await reports.fires(on: related.sorted(), in: transaction)
        var numbers = try await store.incidentsNaming(related.sorted(), in: transaction)
        if let number = others.incident { numbers.append(number) }
        for number in numbers {
            let loaded = try await desk.incidents.load(number, hold: .lock, in: transaction)
            guard let row = loaded.row, row.incident.takesAlerts else { continue }
            let isAffected = row.incident.steps.contains { related.contains($0.component) }
            guard isAffected || number == others.incident else { continue }
            try await attach(group, to: row, loaded, in: transaction)
            try await reports.release(group.alerts.map(\.id), in: transaction)
            return true
        }
        guard !others.fires else { return false }
        try await reports.hold(firing.map(\.id), seconds: Self.corroborationSeconds, in: transaction)
        return true
    }
}
