import FoundationEssentials
import IncidentDomain
import Logging
import Postgres

/// Brings alerts that no incident takes yet to one. `Placement` decides; this looks up what the decision has to know and
/// carries the decision out, in one transaction for a batch: the marks, the incidents and their timelines.
struct AlertPlacer: Sendable {
    let pool: PostgresPool
    let desk: IncidentDesk
    let book: RuleBook
    let delivery: AlertDelivery
    /// Alerts that could not be brought to an incident.
    let unplaced: Setbacks<UUID>
    let logger: Logger
    /// How long an incident that hears nothing more takes alerts that only the catalog connects with it; zero for not at all.
    let correlationWindow: Duration
    /// How long an alert has to fire until it opens an incident.
    let settle: Duration
    let reportsOpenIncidents: Bool
    private let store = PlacementStore()

    /// Alerts in one batch.
    static let batchMax = 500

    init(
        pool: PostgresPool, desk: IncidentDesk, book: RuleBook, delivery: AlertDelivery, unplaced: Setbacks<UUID>,
        logger: Logger, correlationWindow: Duration, settle: Duration, reportsOpenIncidents: Bool
    ) {
        self.pool = pool
        self.desk = desk
        self.book = book
        self.delivery = delivery
        self.unplaced = unplaced
        self.logger = logger
        self.correlationWindow = correlationWindow
        self.settle = settle
        self.reportsOpenIncidents = reportsOpenIncidents
    }

    /// Places what waits, up to one batch; how many alerts that were. Nil when another daemon is at it: two that each open
    /// an incident could not see that these are one outage.
    ///
    /// - Parameter isolating: Leaves out the groups that fail, where otherwise nothing of the batch is done.
    func place(isolating: Bool) async throws -> Int? {
        try await desk.repeating(CommandContext(principal: .daemon)) { _, _ in
            try await pool.transaction { transaction in
                let alerts = try await claim(in: transaction)
                guard !alerts.isEmpty else { return 0 }
                guard try await store.lockPlacement(in: transaction) else { return nil }
                let failed = try await place(alerts, isolating, in: transaction)
                let placed = alerts.map(\.id).filter { !failed.contains($0) }
                try await store.markRouted(placed, in: transaction)
                if isolating { for id in placed { unplaced.succeeded(id) } }
                return placed.count
            }
        }
    }

    /// Alerts for this transaction. What cannot be read is set aside, so that it does not stand in front of the others.
    private func claim(in transaction: PostgresTransaction) async throws -> [UnplacedAlert] {
        let rows = try await store.claim(limit: Self.batchMax, without: unplaced.resting, in: transaction)
        for row in rows {
            guard case .failure(let error) = row.value, let id = UUID(uuidString: row.key) else { continue }
            unplaced.failed(id, error, isHopeless: true, logger: logger)
        }
        return rows.compactMap(\.readable)
    }

    /// - Returns: The alerts that could not be placed.
    private func place(
        _ alerts: [UnplacedAlert], _ isolating: Bool, in transaction: PostgresTransaction
    ) async throws -> Set<UUID> {
        var failed: Set<UUID> = []
        let fresh = Self.fresh(alerts)
        let loaded = try await desk.incidents.load(nil, in: transaction)
        let graph = try await desk.catalog.graph(version: loaded.catalogVersion)
        let groups = Self.rootsFirst(Self.groups(fresh), graph)
        // Everything that is there already is locked in one order, so that nobody waits for us while we wait for him.
        try await store.lock(groups.map(\.key).sorted(), in: transaction)
        for (incident, over) in Self.cleared(alerts) {
            let isDone = try await part(isolating, of: over.map(\.id), in: transaction) {
                try await delivery.clear(over.map(\.mention), of: incident, in: transaction)
            }
            if !isDone { failed.formUnion(over.map(\.id)) }
        }
        let conditions = try await conditions(fresh, now: loaded.now, graph, in: transaction)
        var budget = MatchBudget()
        for group in groups {
            let isDone = try await part(isolating, of: group.alerts.map(\.id), in: transaction) {
                try await place(group, conditions, &budget, in: transaction)
            }
            if !isDone { failed.formUnion(group.alerts.map(\.id)) }
        }
        return failed
    }

    /// One part of a batch. False when it failed by itself and the rest is to go on without it.
    private func part(
        _ isolating: Bool, of alerts: [UUID], in transaction: PostgresTransaction, _ body: () async throws -> Void
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
            for alert in alerts { unplaced.failed(alert, error, logger: logger) }
            return false
        }
    }

    /// What is asked once for a batch.
    private func conditions(
        _ alerts: [UnplacedAlert], now: Timestamp, _ graph: DependencyGraph, in transaction: PostgresTransaction
    ) async throws -> Placement.Conditions {
        let moment = try await RuleStore.moment(in: transaction)
        let rules = try await book.snapshot(version: moment.version)
        var opensAt: [UUID: Timestamp] = [:]
        for id in Set(alerts.compactMap(\.rule)) {
            guard let hours = rules.rule(id)?.hours else { continue }
            opensAt[id] = try await RuleStore.opening(of: hours, at: now, in: transaction)
        }
        return Placement.Conditions(
            now: now, graph: graph, rules: rules.rules, silences: rules.silences,
            maintenance: try await OccurrenceStore.running(at: now, in: transaction), opensAt: opensAt,
            settleSeconds: Double(settle.components.seconds), correlates: correlationWindow > .zero,
            reportsOpenIncidents: reportsOpenIncidents, severities: delivery.severities)
    }
}

// MARK: - Deciding

extension AlertPlacer {
    /// An incident that was looked at, and is locked.
    private typealias Held = (row: IncidentStore.Row, loaded: IncidentStore.Loaded)

    /// Brings new alerts to an open incident, or opens one, or holds them.
    private func place(
        _ group: AlertGroup, _ conditions: Placement.Conditions, _ budget: inout MatchBudget,
        in transaction: PostgresTransaction
    ) async throws {
        var placement = Placement(of: group, under: conditions)
        var held: [Int: Held] = [:]
        while true {
            let decision: Placement.Decision
            do throws(Placement.Question) {
                decision = try placement.decide()
            } catch {
                try await answer(error, &placement, &held, &budget, in: transaction)
                continue
            }
            return try await carryOut(
                decision, for: placement.allAlerts, under: conditions, held, in: transaction)
        }
    }

    /// Looks up what the decision has to know.
    private func answer(
        _ question: Placement.Question, _ placement: inout Placement, _ held: inout [Int: Held],
        _ budget: inout MatchBudget, in transaction: PostgresTransaction
    ) async throws {
        let group = placement.group
        switch question {
        case .incidentOfGroup:
            placement.known.incidentsOfGroup = try await store.incidents(of: group.key, in: transaction)
        case .incidentsBeside(let components):
            placement.known.incidentsBeside = try await store.incidentsNaming(components, in: transaction)
        case .incidentsAffecting(let components):
            placement.known.incidentsAffecting = try await store.incidentsNaming(components, in: transaction)
        case .incidentsConnected(let correlation, let components):
            let found = try await store.freshIncidents(
                naming: components, within: correlationWindow, in: transaction)
            placement.known.connected = Placement.Connected(correlation, among: found)
        case .incident(let number):
            let loaded = try await desk.incidents.load(number, hold: .lock, in: transaction)
            held[number] = loaded.row.map { ($0, loaded) }
            placement.known.incidents.updateValue(loaded.row?.incident, forKey: number)
        case .silences(let alerts):
            placement.known.silencing = silencing(alerts, placement.conditions, &budget)
        case .heldFirings(let rule, let start):
            placement.known.heldFirings[rule] = try await store.heldFirings(
                of: group.key, rule: rule, since: start, without: group.alerts.map(\.id), in: transaction)
        case .heldAlerts(let start):
            placement.known.heldAlerts = try await store.heldAlerts(
                of: group.key, countedSince: start, without: group.alerts.map(\.id), in: transaction)
        }
    }

    private func silencing(
        _ alerts: [UnplacedAlert], _ conditions: Placement.Conditions, _ budget: inout MatchBudget
    ) -> [UUID: Silence] {
        var silencing: [UUID: Silence] = [:]
        for alert in alerts {
            budget.nextAlert()
            silencing[alert.id] = Silence.holding(
                alert.facts, of: conditions.silences, at: conditions.now, within: &budget)
        }
        book.note(budget.removeSkipped())
        return silencing
    }

    /// - Parameter group: All that an incident takes.
    private func carryOut(
        _ decision: Placement.Decision, for group: AlertGroup, under conditions: Placement.Conditions,
        _ held: [Int: Held], in transaction: PostgresTransaction
    ) async throws {
        let news = group.news(conditions.severities, rules: conditions.rules)
        switch decision {
        case .join(let number, let reason):
            guard let (row, loaded) = held[number] else { return }
            let newcomers = group.alerts.filter { $0.incident != number }.map(\.id)
            try await delivery.attach(
                news, newcomers: newcomers, to: row, loaded, because: reason, in: transaction)
            try await tellTheRest(of: group, to: number, in: transaction)
        case .hold(let holds):
            try await store.hold(holds, in: transaction)
        case .open(let opening):
            let outcome = try await desk.open(
                opening, CommandContext(principal: news.principal), in: transaction)
            let number = outcome.incident.number
            try await store.assign(group.key, to: number, alerts: group.alerts.map(\.id), in: transaction)
            try await tellTheRest(of: group, to: number, in: transaction)
        }
    }

    /// Which alerts somebody works on, and which began and ended before anybody was told: the timeline has both.
    private func tellTheRest(
        of group: AlertGroup, to number: Int, in transaction: PostgresTransaction
    ) async throws {
        let acknowledger = group.alerts.lazy.compactMap(\.acknowledger).first
        try await delivery.acknowledge(number, by: acknowledger, in: transaction)
        let over = group.alerts.filter(\.isResolved).map(\.mention)
        if !over.isEmpty { try await delivery.clear(over, of: number, atOnce: true, in: transaction) }
    }
}

// MARK: - What is placed

extension AlertPlacer {
    /// Alerts that no incident knows. What ended while something kept it from opening one opens none any more; only of what was
    /// to settle first, the time of its end decides.
    private static func fresh(_ alerts: [UnplacedAlert]) -> [UnplacedAlert] {
        alerts.filter { $0.incident == nil && !($0.isResolved && $0.held != nil && $0.held != .settling) }
    }

    /// Alerts that their incidents know and that are over now, as daemons before this version marked them.
    private static func cleared(_ alerts: [UnplacedAlert]) -> [(incident: Int, over: [UnplacedAlert])] {
        let known = alerts.filter { $0.incident != nil && $0.isResolved }
        return Dictionary(grouping: known) { $0.incident ?? 0 }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    private static func groups(_ alerts: [UnplacedAlert]) -> [AlertGroup] {
        Dictionary(grouping: alerts, by: \.group).map { key, alerts in
            AlertGroup(key: key, alerts: alerts, isReportSurge: key.source == BuiltInSource.reports)
        }.sorted { $0.key < $1.key }
    }

    /// What is needed most comes first: it opens the incident, and what depends on it finds that one.
    private static func rootsFirst(_ groups: [AlertGroup], _ graph: DependencyGraph) -> [AlertGroup] {
        let ranked = groups.map { (rank: graph.precedence(of: $0.components) ?? .max, group: $0) }
        return ranked.sorted { ($0.rank, $0.group.key) < ($1.rank, $1.group.key) }.map(\.group)
    }
}
