import FoundationEssentials
import IncidentDomain
import Postgres

/// Finding the open incident that alerts belong to; each is held as soon as it is looked at.
extension AlertRouter {
    /// The open incident that takes a group, held. While it was waited for, it may have been merged: then the group is
    /// where its incident went.
    func openIncident(
        of key: AlertGroup.Key, in transaction: PostgresTransaction
    ) async throws -> (IncidentStore.Row, IncidentStore.Loaded)? {
        var next = try await store.incident(of: key, in: transaction)
        while let number = next {
            let loaded = try await desk.incidents.load(number, hold: .lock, in: transaction)
            guard let row = loaded.row else { return nil }
            if row.incident.takesAlerts { return (row, loaded) }
            next = row.incident.mergedInto
        }
        return nil
    }

    /// The oldest open incident in which a component is down that alerts of the group fire on: they are its evidence, not
    /// another outage. It is held, as in `openIncident`.
    func incidentAffecting(
        _ group: AlertGroup, _ placing: Placing, in transaction: PostgresTransaction
    ) async throws -> (IncidentStore.Row, IncidentStore.Loaded, component: String)? {
        // What the catalog does not know is down in no incident, though a thousand may name it.
        let components = group.components.filter { placing.graph.components[$0] != nil }
        guard !components.isEmpty else { return nil }
        for number in try await store.incidentsNaming(components.sorted(), in: transaction) {
            let loaded = try await desk.incidents.load(number, hold: .lock, in: transaction)
            guard let row = loaded.row, row.incident.takesAlerts else { continue }
            let affected = row.incident.steps.map(\.component).filter(components.contains).min()
            if let affected { return (row, loaded, affected) }
        }
        return nil
    }

    /// The open incident that the catalog connects with alerts: they fire on what hangs on something that is affected in
    /// it, or on what something affected in it hangs on. The nearest one, of these the oldest; only while it is fresh.
    func incidentCorrelated(
        with group: AlertGroup, _ placing: Placing, in transaction: PostgresTransaction
    ) async throws -> (IncidentStore.Row, IncidentStore.Loaded, AlertCorrelation)? {
        let components = group.components
        guard correlationWindow > .zero, !components.isEmpty else { return nil }
        let correlation = Correlation(of: components, in: placing.graph)
        let reached = correlation.reached
        guard !reached.isEmpty else { return nil }
        let candidates = try await store.freshIncidents(
            naming: reached, within: correlationWindow, in: transaction
        ).compactMap { incident in
            correlation.nearest(to: incident.components).map { (distance: $0.distance, number: incident.number) }
        }
        for candidate in candidates.sorted(by: { ($0.distance, $0.number) < ($1.distance, $1.number) }) {
            let loaded = try await desk.incidents.load(candidate.number, hold: .lock, in: transaction)
            guard let row = loaded.row, row.incident.takesAlerts else { continue }
            // What was restored connects nothing any more.
            if let found = correlation.nearest(to: row.incident.unrestored) { return (row, loaded, found.correlation) }
        }
        return nil
    }
}
