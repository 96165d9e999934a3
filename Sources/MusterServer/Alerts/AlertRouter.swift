import FoundationEssentials
import IncidentDomain
import Logging
import Postgres
import ServiceLifecycle

/// Tells incidents what their alerts did: opens one for a new group, joins the open one, notes what was resolved.
///
/// Its work stands in the database, so a crash leaves it to the next daemon: deliveries for incidents that take a group
/// (`AlertRouter+delivering.swift`), and alerts that are marked as not routed because no incident takes theirs. A batch
/// commits in one transaction: the marks, the incidents and their timelines.
struct AlertRouter: Service {
    let pool: PostgresPool
    let desk: IncidentDesk
    let signal: RoutingSignal
    let logger: Logger
    /// How often to look for work that another daemon left.
    var interval: Duration = .seconds(1)
    /// How long to rest after a batch: in a storm, what comes meanwhile reaches its incident in one piece. A lone alert
    /// waits for nothing.
    var rest: Duration = .milliseconds(25)
    /// Whether users' reports alone open incidents.
    var reportsOpenIncidents = false
    let store = AlertRoutingStore()

    private static let batchMax = 500

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup { group in
                group.addTask { await follow() }
                group.addTask {
                    while !Task.isCancelled {
                        signal.wake()
                        try? await Task.sleep(for: interval)
                    }
                }
            }
        }
    }

    private func follow() async {
        for await _ in signal.signals {
            do {
                while try await routeBatch() > 0 { try await Task.sleep(for: rest) }
            } catch {
                guard !Task.isCancelled else { return }
                // The alerts are safe and stay marked; the next second tries again.
                logger.warning("alerts could not be brought to their incidents", metadata: ["error": "\(error)"])
                if (error as? PostgresError)?.isTransient != true { _ = try? await routeBatch(isolating: true) }
            }
        }
    }

    /// Routes what is not routed, up to one batch; returns how many alerts that were.
    ///
    /// - Parameter isolating: Leaves out the incidents and groups that fail, where otherwise nothing of the batch is done:
    ///   one incident that cannot be read must not hold up the alerts of all others.
    @discardableResult
    func routeBatch(isolating: Bool = false) async throws -> Int {
        let count = try await deliver(isolating: isolating) + place(isolating: isolating)
        if count > 0 { desk.feed.committed() }
        return count
    }

    /// Brings alerts that no incident takes yet to one.
    private func place(isolating: Bool) async throws -> Int {
        try await desk.repeating(CommandContext(principal: .daemon)) { _, _ in
            try await pool.transaction { transaction in
                let alerts = try await store.claim(limit: Self.batchMax, in: transaction)
                guard !alerts.isEmpty else { return 0 }
                var failed: Set<UUID> = []
                for (incident, over) in Self.cleared(alerts) {
                    let isDone = try await part(isolating, in: transaction) {
                        try await clear(over.map(\.mention), of: incident, in: transaction)
                    }
                    if !isDone { failed.formUnion(over.map(\.id)) }
                }
                for group in Self.newGroups(alerts) {
                    let isDone = try await part(isolating, in: transaction) { try await place(group, in: transaction) }
                    if !isDone { failed.formUnion(group.alerts.map(\.id)) }
                }
                let routed = alerts.map(\.id).filter { !failed.contains($0) }
                try await store.mark(routed, in: transaction)
                return routed.count
            }
        }
    }

    /// One part of a batch. False when it failed by itself and the rest is to go on without it.
    private func part(
        _ isolating: Bool, in transaction: PostgresTransaction, _ body: () async throws -> Void
    ) async throws -> Bool {
        guard isolating else {
            try await body()
            return true
        }
        try await store.setSavepoint(in: transaction)
        do {
            try await body()
            return true
        } catch let error as PostgresError where error.isTransient {
            throw error
        } catch let lost as LostRace {
            throw lost
        } catch {
            try await store.goBackToSavepoint(in: transaction)
            logger.error("alerts of one incident could not be brought to it", metadata: ["error": "\(error)"])
            return false
        }
    }

    /// Alerts that their incidents know and that are over now, as daemons before this version marked them.
    private static func cleared(
        _ alerts: [AlertRoutingStore.Unrouted]
    ) -> [(incident: Int, over: [AlertRoutingStore.Unrouted])] {
        let known = alerts.filter { $0.incident != nil && $0.isResolved }
        return Dictionary(grouping: known) { $0.incident ?? 0 }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// Alerts that no incident knows, by group.
    private static func newGroups(_ alerts: [AlertRoutingStore.Unrouted]) -> [AlertGroup] {
        groups(alerts.filter { $0.incident == nil })
    }

    static func groups(_ alerts: [AlertRoutingStore.Unrouted]) -> [AlertGroup] {
        Dictionary(grouping: alerts) { AlertGroup.Key(source: $0.source, group: $0.groupKey) }
            .map { AlertGroup(key: $0.key, alerts: $0.value) }.sorted { $0.key < $1.key }
    }

    func clear(
        _ mentions: [AlertMention], of incident: Int, in transaction: PostgresTransaction
    ) async throws {
        let loaded = try await desk.incidents.load(incident, hold: .lock, in: transaction)
        guard let row = loaded.row else { return }
        let context = CommandContext(principal: .daemon)
        _ = try await desk.apply(.clearAlerts(mentions), to: row, context, loaded: loaded, in: transaction)
    }

    /// Brings new alerts to the open incident of their group, or opens one.
    private func place(_ group: AlertGroup, in transaction: PostgresTransaction) async throws {
        // Two daemons must not open an incident for the same group at once.
        try await store.lock(group.key, in: transaction)
        let context = CommandContext(principal: group.principal)
        if let (row, loaded) = try await openIncident(of: group.key, in: transaction) {
            try await attach(group, to: row, loaded, in: transaction)
            return try await clearOver(group, of: row.incident.number, in: transaction)
        }
        if let (row, loaded, component) = try await incidentAffecting(group, in: transaction) {
            try await attach(group, to: row, loaded, affecting: component, in: transaction)
            return try await clearOver(group, of: row.incident.number, in: transaction)
        }
        if try await joinsOrWaits(group, in: transaction) { return }
        let loaded = try await desk.incidents.load(nil, in: transaction)
        let graph = try await desk.catalog.graph(version: loaded.catalogVersion)
        let outcome = try await desk.open(group.opening(now: loaded.now, graph: graph), context, in: transaction)
        let number = outcome.incident.number
        try await store.assign(group.key, to: number, alerts: group.alerts.map(\.id), in: transaction)
        try await clearOver(group, of: number, in: transaction)
    }

    /// The open incident that takes a group, held. While it was waited for, it may have been merged: then the group is
    /// where its incident went.
    private func openIncident(
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
    private func incidentAffecting(
        _ group: AlertGroup, in transaction: PostgresTransaction
    ) async throws -> (IncidentStore.Row, IncidentStore.Loaded, component: String)? {
        let components = Set(group.alerts.filter { !$0.isResolved }.compactMap(\.component))
        guard !components.isEmpty else { return nil }
        for number in try await store.incidentsNaming(components.sorted(), in: transaction) {
            let loaded = try await desk.incidents.load(number, hold: .lock, in: transaction)
            guard let row = loaded.row, row.incident.takesAlerts else { continue }
            let affected = row.incident.steps.map(\.component).filter(components.contains).min()
            if let affected { return (row, loaded, affected) }
        }
        return nil
    }

    /// Tells an incident, which is held, of alerts that began.
    func attach(
        _ group: AlertGroup, to row: IncidentStore.Row, _ loaded: IncidentStore.Loaded,
        affecting component: String? = nil,
        in transaction: PostgresTransaction
    ) async throws {
        let number = row.incident.number
        let context = CommandContext(principal: group.principal)
        _ = try await desk.apply(
            .attachAlerts(group.alerts.map(\.mention), affecting: component), to: row, context, loaded: loaded,
            in: transaction)
        let graph = try await desk.catalog.graph(version: loaded.catalogVersion)
        for impact in group.impacts(graph: graph, beside: row.incident) {
            let again = try await desk.incidents.load(number, hold: .lock, in: transaction)
            guard let current = again.row else { continue }
            _ = try await desk.apply(.setImpact(impact), to: current, context, loaded: again, in: transaction)
        }
        let others = group.alerts.filter { $0.incident != number }
        if !others.isEmpty {
            try await store.assign(group.key, to: number, alerts: others.map(\.id), in: transaction)
        }
    }

    /// Alerts that began and ended before anybody was told: the timeline has both.
    private func clearOver(
        _ group: AlertGroup, of number: Int, in transaction: PostgresTransaction
    ) async throws {
        let over = group.alerts.filter(\.isResolved).map(\.mention)
        if !over.isEmpty { try await clear(over, of: number, in: transaction) }
    }
}
