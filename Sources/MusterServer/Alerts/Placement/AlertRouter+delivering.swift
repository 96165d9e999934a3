import FoundationEssentials
import IncidentDomain
import Logging
import Postgres

/// Telling incidents what the alerts of their groups did: the way of nearly all alerts in a storm.
extension AlertRouter {
    private static let incidentsMax = 100
    /// Each holds what one statement of the intake brought.
    private static let deliveriesMax = 100

    /// Delivers what waits, incident by incident; returns how many alerts that were.
    ///
    /// - Parameter isolating: Leaves out the incidents that fail, as `routeBatch` does.
    func deliver(isolating: Bool) async throws -> Int {
        var count = 0
        for number in try await store.awaited(
            limit: Self.incidentsMax, without: undelivered.resting, in: pool)
        {
            do {
                count += try await desk.repeating(CommandContext(principal: .daemon)) { _, _ in
                    try await pool.transaction { transaction in try await deliver(to: number, in: transaction) }
                }
                undelivered.succeeded(number)
            } catch let error where isolating && (error as? PostgresError)?.isTransient != true {
                undelivered.failed(number, error, logger: logger)
            }
        }
        return count
    }

    private func deliver(to number: Int, in transaction: PostgresTransaction) async throws -> Int {
        guard let (row, loaded) = try await held(number, in: transaction) else { return 0 }
        let deliveries = try await store.takeDeliveries(of: number, limit: Self.deliveriesMax, in: transaction)
        guard !deliveries.all.isEmpty else { return 0 }
        let alerts = try await store.alerts(deliveries.all, in: transaction)
        let began = alerts.filter { deliveries.began.contains($0.id) }
        var ended = alerts.filter { deliveries.ended.contains($0.id) }
        if row.incident.takesAlerts {
            try await attach(began, to: row, loaded, in: transaction)
        } else {
            // It was closed after the intake had looked: these find or open another one, their ends included.
            try await store.release(began.map(\.id), in: transaction)
            ended.removeAll { deliveries.began.contains($0.id) }
        }
        // One that ended in the same moment was seen all the same.
        let seen = alerts.first { deliveries.acknowledged.contains($0.id) }
        try await acknowledge(row.incident.number, by: seen?.acknowledger, in: transaction)
        if !ended.isEmpty {
            let atOnce = ended.allSatisfy { deliveries.began.contains($0.id) }
            try await clear(ended.map(\.mention), of: row.incident.number, atOnce: atOnce, in: transaction)
        }
        return alerts.count
    }

    private func attach(
        _ began: [AlertRoutingStore.Delivered], to row: IncidentStore.Row, _ loaded: IncidentStore.Loaded,
        in transaction: PostgresTransaction
    ) async throws {
        var (row, loaded) = (row, loaded)
        let groups = Dictionary(grouping: began) { AlertGroup.Key(source: $0.source, group: $0.groupKey) }
        for (index, (key, alerts)) in groups.sorted(by: { $0.key < $1.key }).enumerated() {
            if index > 0 {
                loaded = try await desk.incidents.load(row.incident.number, hold: .lock, in: transaction)
                row = loaded.row ?? row
            }
            let news = AlertNews(
                key: key, sourceName: alerts[0].sourceName, mentions: alerts.map(\.mention),
                firingComponents: Set(alerts.filter(\.isFiring).compactMap(\.mention.component)))
            let newcomers = alerts.filter { $0.incident != row.incident.number }.map(\.id)
            try await attach(news, newcomers: newcomers, to: row, loaded, in: transaction)
        }
    }

    /// An incident, held; the one it was merged into in its place.
    private func held(
        _ number: Int, in transaction: PostgresTransaction
    ) async throws -> (IncidentStore.Row, IncidentStore.Loaded)? {
        var next = number
        while true {
            let loaded = try await desk.incidents.load(next, hold: .lock, in: transaction)
            guard let row = loaded.row else { return nil }
            guard let target = row.incident.mergedInto else { return (row, loaded) }
            next = target
        }
    }
}
