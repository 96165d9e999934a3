import FoundationEssentials
import IncidentDomain
import Logging
import Postgres

/// Sees to it that maintenance is announced, begins, ends or overruns, and that its next times are known: on database time, by
/// whichever daemon comes first, and after any restart, because what is due stands in the rows.
struct MaintenanceRunner: PeriodicRunner {
    static let name = "maintenance"
    static let failure = "cannot carry on with planned maintenance"

    let desk: IncidentDesk
    let pool: PostgresPool
    /// Seconds after its end that maintenance which is ended by hand may go on.
    let grace: Double
    /// Woken when alerts are let go.
    let routing: WakeSignal
    let logger: Logger
    var interval: Duration = .seconds(1)

    private static let batchMax = 100
    private let unplanned = Setbacks<UUID>("maintenance plans")
    private let failed = Setbacks<OccurrenceStore.Key>("maintenance")

    init(desk: IncidentDesk, pool: PostgresPool, grace: Double, routing: WakeSignal, logger: Logger) {
        self.desk = desk
        self.pool = pool
        self.grace = grace
        self.routing = routing
        self.logger = logger
    }

    func pass() async throws {
        try await inTurn([
            ("occurrences", { while try await passDue() > 0 {} }),
            ("plans", { while try await planDue() > 0 {} }),
        ])
    }

    /// Works out again which times lie ahead, of windows for which that is due, up to one batch; returns how many were worked out.
    /// Those that another daemon holds do not count: this one would look at them again and again.
    @discardableResult
    func planDue() async throws -> Int {
        var planned = 0
        for id in try await MaintenanceStore.planDue(limit: Self.batchMax, without: unplanned.resting, in: pool) {
            _ = try await unplanned.attempt(id, logger: logger) {
                let isPlanned = try await pool.transaction { try await plan(id, in: $0) }
                if isPlanned { planned += 1 }
            }
        }
        return planned
    }

    /// - Returns: False when another daemon works on it or has done so.
    private func plan(_ id: UUID, in transaction: PostgresTransaction) async throws -> Bool {
        guard let (row, now) = try await MaintenanceStore.claimPlan(id, in: transaction) else { return false }
        let window = try row.get().window
        guard let zone = try await ZoneStore.zone(of: window, now: now, isKnown: true, in: transaction) else {
            throw PostgresError.decoding(column: "time_zone", reason: "\(window.timeZone) is not known any more")
        }
        let plan = MaintenancePlan(of: window, in: zone, now: now)
        try await transaction.pipeline(OccurrenceStore.put(plan, of: id, window, grace: grace))
        return true
    }

    /// Takes the next step of every occurrence for which one is due, up to one batch; returns how many took one.
    @discardableResult
    func passDue() async throws -> Int {
        var passed = 0
        for key in try await OccurrenceStore.due(limit: Self.batchMax, without: failed.resting, in: pool) {
            _ = try await failed.attempt(key, logger: logger) {
                let context = CommandContext(principal: .daemon)
                let news = try await desk.repeating(context) { _, _ in
                    try await pool.transaction { try await pass(key, context, in: $0) }
                }
                if news == .overran { desk.feed.committed() }
                if news == .overran || news == .ended { routing.wake() }
                if news != nil { passed += 1 }
            }
        }
        return passed
    }

    private func pass(
        _ key: OccurrenceStore.Key, _ context: CommandContext, in transaction: PostgresTransaction
    ) async throws -> MaintenanceNews? {
        // The window first, as people's changes do.
        guard let maintenance = try await MaintenanceStore.claim(key.maintenance, in: transaction)?.get(),
            let (claimed, now) = try await OccurrenceStore.claim(key, in: transaction)
        else { return nil }
        var occurrence = claimed
        let ending = maintenance.window.ending
        let news = occurrence.pass(at: now, ending, grace: grace)
        let letsGo = news == .ended || news == .overran
        // Before an incident is opened, as whoever places alerts does it: in another order both would wait for each other.
        if letsGo { try await PlacementStore().waitForPlacement(in: transaction) }
        if news == .overran, occurrence.incident == nil {
            occurrence.incident = try await openIncident(maintenance, occurrence, context, in: transaction)
        }
        var statements = [
            OccurrenceStore.update(
                occurrence, of: key.maintenance, nextAt: occurrence.nextMoment(ending, grace: grace))
        ]
        if let news {
            let notice = MaintenanceNotice(maintenance: maintenance, now: now, actor: Principal.daemon.name)
            statements.append(NoticeStore.put([notice.tell(news, of: occurrence)]))
            if let action = news.action {
                statements.append(MaintenanceDesk.audit(action, maintenance, [occurrence], by: .daemon))
            }
        }
        // The incident of an overrun takes what was held; what is over opens its own.
        if letsGo {
            statements.append(OccurrenceStore.releaseAlerts(on: maintenance.window.components))
        }
        if claimed.state != occurrence.state { statements.append(MaintenanceStore.planAgain(key.maintenance)) }
        try await transaction.pipeline(statements)
        return news
    }

    /// Opens the incident of an overrun; its number.
    private func openIncident(
        _ maintenance: Maintenance, _ occurrence: MaintenanceOccurrence, _ context: CommandContext,
        in transaction: PostgresTransaction
    ) async throws -> Int {
        let window = maintenance.window
        let graph = try await desk.catalog.graph(
            version: try await desk.incidents.load(nil, in: transaction).catalogVersion)
        // What has left the catalog meanwhile cannot be harmed, and not where a component does not run.
        let impacts = window.components.compactMap { slug in
            graph.components[slug].map { component in
                let regions = window.regions.filter { component.regions.isEmpty || component.regions.contains($0) }
                return ComponentImpact(component: slug, impact: .degraded, regions: regions)
            }
        }
        let opening = OpenIncident(
            title: "Maintenance overran: \(window.title)", summary: window.description, impacts: impacts,
            cause: CauseHypothesis(
                category: .maintenance, subcategory: .plannedOverrun, confidence: .confirmed,
                evidence: "Planned until \(occurrence.endsAt.toTheSecond), and nobody has ended or extended it."),
            startedAt: occurrence.endsAt, labels: ["maintenance": maintenance.id.text], origin: .maintenance)
        return try await desk.open(opening, context, in: transaction).incident.number
    }
}

extension MaintenanceNews {
    /// What the audit calls it; nil of what changes nothing.
    fileprivate var action: String? {
        switch self {
        case .ahead: nil
        case .started: "begin"
        case .extended: "extend"
        case .ended: "end"
        case .cancelled: "cancel"
        case .overran: "overrun"
        }
    }
}

/// Forgets what ended long ago.
struct MaintenancePruneRunner: PeriodicRunner {
    static let name = "maintenance_prune"
    static let failure = "cannot prune old maintenance"

    let pool: PostgresPool
    /// Zero keeps everything.
    let days: Int
    let logger: Logger
    var interval: Duration = .seconds(3_600)

    private static let batchMax = 1_000

    func pass() async throws {
        guard days > 0 else { return }
        while try await MaintenanceStore.prune(days: days, limit: Self.batchMax, in: pool) >= Self.batchMax {}
    }
}
