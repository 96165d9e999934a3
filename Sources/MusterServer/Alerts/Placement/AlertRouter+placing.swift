import FoundationEssentials
import IncidentDomain
import Postgres

/// Bringing alerts that no incident takes yet to one: to the one of their group, one in which their component is down, one
/// that the catalog connects with them, or a new one; or keeping them back.
extension AlertRouter {
    /// What is known while a batch is placed.
    struct Placing: Sendable {
        let now: Timestamp
        let graph: DependencyGraph
        let rules: RuleBook.Snapshot
        /// When the hours of a rule begin, where they are not now.
        let opensAt: [UUID: Timestamp]
        let matching = BatchMatching()
    }

    /// Places what waits, up to one batch; how many alerts that were. Nil when another daemon is at it: two that each open
    /// an incident could not see that these are one outage.
    func place(isolating: Bool) async throws -> Int? {
        try await desk.repeating(CommandContext(principal: .daemon)) { _, _ in
            try await pool.transaction { transaction in
                let alerts = try await claim(in: transaction)
                guard !alerts.isEmpty else { return 0 }
                guard try await store.beginPlacing(in: transaction) else { return nil }
                let failed = try await place(alerts, isolating, in: transaction)
                let routed = alerts.map(\.id).filter { !failed.contains($0) }
                try await store.mark(routed, in: transaction)
                if isolating { for id in routed { unplaced.succeeded(id) } }
                return routed.count
            }
        }
    }

    /// Alerts for this transaction. What cannot be read is set aside, so that it does not stand in front of the others.
    private func claim(in transaction: PostgresTransaction) async throws -> [AlertRoutingStore.Unrouted] {
        let rows = try await store.claim(limit: Self.batchMax, without: unplaced.resting, in: transaction)
        for row in rows {
            guard case .failure(let error) = row.value, let id = UUID(uuidString: row.key) else { continue }
            unplaced.failed(id, error, isHopeless: true, logger: logger)
        }
        return rows.compactMap(\.readable)
    }

    private func place(
        _ alerts: [AlertRoutingStore.Unrouted], _ isolating: Bool, in transaction: PostgresTransaction
    ) async throws -> Set<UUID> {
        var failed: Set<UUID> = []
        let fresh = Self.fresh(alerts)
        let loaded = try await desk.incidents.load(nil, in: transaction)
        let graph = try await desk.catalog.graph(version: loaded.catalogVersion)
        let groups = Self.rootsFirst(Self.groups(fresh), graph)
        // Everything that is there already is taken in one order, so that nobody waits for us while we wait for him.
        try await store.hold(groups.map(\.key).sorted(), in: transaction)
        for (incident, over) in Self.cleared(alerts) {
            let isDone = try await part(isolating, of: over.map(\.id), in: transaction) {
                try await clear(over.map(\.mention), of: incident, in: transaction)
            }
            if !isDone { failed.formUnion(over.map(\.id)) }
        }
        let placing = try await placing(fresh, now: loaded.now, graph, in: transaction)
        for group in groups {
            let isDone = try await part(isolating, of: group.alerts.map(\.id), in: transaction) {
                try await place(group, placing, in: transaction)
            }
            if !isDone { failed.formUnion(group.alerts.map(\.id)) }
        }
        return failed
    }

    /// Brings new alerts to an open incident, or opens one, or holds them.
    private func place(
        _ group: AlertGroup, _ placing: Placing, in transaction: PostgresTransaction
    ) async throws {
        if try await staysBeside(group, placing, in: transaction) { return }
        if let (row, loaded) = try await openIncident(of: group.key, in: transaction) {
            let group = try await joinedByWaiting(group, placing, in: transaction)
            try await attach(group, to: row, loaded, in: transaction)
            return try await settle(group, row.incident.number, in: transaction)
        }
        if let (row, loaded, component) = try await incidentAffecting(group, placing, in: transaction) {
            let group = try await joinedByWaiting(group, placing, in: transaction)
            try await attach(group, to: row, loaded, affecting: component, in: transaction)
            return try await settle(group, row.incident.number, in: transaction)
        }
        if let (row, loaded, found) = try await incidentCorrelated(with: group, placing, in: transaction) {
            let group = try await joinedByWaiting(group, placing, in: transaction)
            try await attach(group, to: row, loaded, correlation: found, in: transaction)
            return try await settle(group, row.incident.number, in: transaction)
        }
        let holds = try await holds(of: group, placing, in: transaction)
        guard holds.count < group.alerts.count else { return try await store.hold(holds, in: transaction) }
        try await open(try await joinedByWaiting(group, placing, in: transaction), placing, in: transaction)
    }

    private func open(_ group: AlertGroup, _ placing: Placing, in transaction: PostgresTransaction) async throws {
        let outcome = try await desk.open(
            group.opening(now: placing.now, graph: placing.graph), CommandContext(principal: group.news.principal),
            in: transaction)
        let number = outcome.incident.number
        try await store.assign(group.key, to: number, alerts: group.alerts.map(\.id), in: transaction)
        try await settle(group, number, in: transaction)
    }

    /// What else is known of alerts that an incident has now.
    private func settle(_ group: AlertGroup, _ number: Int, in transaction: PostgresTransaction) async throws {
        try await acknowledge(number, by: group.alerts.first(where: \.isAcknowledged)?.acknowledger, in: transaction)
        try await clearOver(group, of: number, in: transaction)
    }

    /// Alerts that no incident knows. What ended while something kept it from opening one opens none any more; only of what was
    /// to settle first, the time of its end decides.
    private static func fresh(_ alerts: [AlertRoutingStore.Unrouted]) -> [AlertRoutingStore.Unrouted] {
        alerts.filter { $0.incident == nil && !($0.isResolved && $0.held != nil && $0.held != .settling) }
    }

    /// Alerts that their incidents know and that are over now, as daemons before this version marked them.
    private static func cleared(
        _ alerts: [AlertRoutingStore.Unrouted]
    ) -> [(incident: Int, over: [AlertRoutingStore.Unrouted])] {
        let known = alerts.filter { $0.incident != nil && $0.isResolved }
        return Dictionary(grouping: known) { $0.incident ?? 0 }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    static func groups(_ alerts: [AlertRoutingStore.Unrouted]) -> [AlertGroup] {
        Dictionary(grouping: alerts) { AlertGroup.Key(source: $0.source, group: $0.groupKey) }
            .map { AlertGroup(key: $0.key, alerts: $0.value) }.sorted { $0.key < $1.key }
    }

    /// What is needed most comes first: it opens the incident, and what hangs on it finds that one.
    private static func rootsFirst(_ groups: [AlertGroup], _ graph: DependencyGraph) -> [AlertGroup] {
        let ranked = groups.map { (rank: graph.precedence(of: $0.components) ?? .max, group: $0) }
        return ranked.sorted { ($0.rank, $0.group.key) < ($1.rank, $1.group.key) }.map(\.group)
    }
}
