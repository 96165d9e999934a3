import IncidentDomain
import Postgres

extension AlertRouter {
    /// For how long an alert of users' reports waits before it is looked at again, where it may open an incident.
    private static let corroborationSeconds: Double = 60

    /// Users' reports are a hint: anybody can send them. Their alerts belong to no incident, so that no impact comes of them
    /// and no phase waits for them; they are shown beside the incidents that affect what they name, and what that needs or
    /// is needed by (`ReportsBeside`).
    ///
    /// - Returns: False when the group is placed like any other: where it is configured, reports open an incident when
    ///   there is none that they could be shown beside.
    func staysBeside(_ group: AlertGroup, _ placing: Placing, in transaction: PostgresTransaction) async throws -> Bool
    {
        guard group.key.source == BuiltInSource.reports else { return false }
        let firing = group.alerts.filter { !$0.isResolved }
        guard !firing.isEmpty else { return true }
        if reportsOpenIncidents {
            if try await openIncident(of: group.key, in: transaction) != nil { return false }
            let related = firing.compactMap(\.component).reduce(into: Set<String>()) {
                $0.formUnion(placing.graph.related(to: $1))
            }
            if try await store.incidentsNaming(related.sorted(), in: transaction).isEmpty { return false }
        }
        try await ReportAlertStore().hold(
            firing.map(\.id), seconds: reportsOpenIncidents ? Self.corroborationSeconds : nil, in: transaction)
        return true
    }
}
