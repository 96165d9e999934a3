import FoundationEssentials
import IncidentDomain
import Logging
import Postgres

/// Moves alerts between incidents, as people say: the rows, the timelines of all incidents and the groups change in one
/// transaction.
struct AlertDesk: Sendable {
    /// Where alerts are to belong.
    enum Target: Hashable, Sendable {
        case incident(Int)
        /// An incident of their own, which they open.
        case new
        case none
    }

    /// Alerts of one request.
    static let alertsMax = 200

    let desk: IncidentDesk
    let delivery: AlertDelivery
    let severities: AlertSeverityTable
    let routing: WakeSignal
    private let store = PlacementStore()

    init(desk: IncidentDesk, severities: AlertSeverityTable, routing: WakeSignal, logger: Logger) {
        self.desk = desk
        self.severities = severities
        self.routing = routing
        delivery = AlertDelivery(
            pool: desk.pool, desk: desk, undelivered: Setbacks("moved deliveries"), severities: severities,
            logger: logger)
    }

    /// Moves alerts; those that are there already stay.
    ///
    /// - Throws: 404 when there is no such alert, a refusal when an incident does not take them.
    func move(_ ids: [UUID], to target: Target, reason: String, _ context: CommandContext) async throws {
        let number: Int? = if case .incident(let number) = target { number } else { nil }
        try await desk.repeating(context, on: number) { mayBeDone, _ in
            if mayBeDone, try await desk.timeline.firstEntry(of: context.commandID, on: nil, in: desk.pool) != nil {
                return
            }
            try await desk.pool.transaction { transaction in
                try await moveOnce(ids, to: target, reason: reason, context, in: transaction)
            }
        }
        desk.feed.committed()
        routing.wake()
    }

    private func moveOnce(
        _ ids: [UUID], to target: Target, reason: String, _ context: CommandContext,
        in transaction: PostgresTransaction
    ) async throws {
        // Whoever places alerts locks alerts first and incidents then; here it is the other way round.
        try await store.waitForPlacement(in: transaction)
        let seen = try await store.alerts(ids, in: transaction)
        try Self.check(seen, ids)
        var held = Set(seen.compactMap(\.incident))
        if case .incident(let number) = target { held.insert(number) }
        for number in held.sorted() {
            guard try await desk.incidents.load(number, hold: .lock, in: transaction).row != nil else {
                throw IncidentRefusal.badValue(field: "/incident", detail: "No incident INC-\(number).")
            }
        }
        // What its incident has not heard of an alert, it hears now; what comes meanwhile waits for the rows.
        try await tell(held, in: transaction)
        try await store.lock(alerts: ids, in: transaction)
        try await tell(held, in: transaction)
        let alerts = try await store.alerts(ids, in: transaction)
        guard alerts.allSatisfy({ $0.incident.map(held.contains) ?? true }) else { throw LostRace() }
        if target == .new, try await areAlone(alerts, in: transaction) { return }
        try await move(alerts, to: target, reason: reason, context, in: transaction)
    }

    /// An alert that somebody ended by hand fires after all; one that fires stays as it is.
    ///
    /// - Throws: 404 when there is no such alert, a refusal when its sender ended it, or says a newer firing.
    func reopen(_ id: UUID, reason: String, _ context: CommandContext) async throws {
        try await desk.repeating(context, on: nil) { _, _ in
            try await desk.pool.transaction { transaction in
                try await reopenOnce(id, reason: reason, context, in: transaction)
            }
        }
        desk.feed.committed()
        routing.wake()
    }

    private func reopenOnce(
        _ id: UUID, reason: String, _ context: CommandContext, in transaction: PostgresTransaction
    ) async throws {
        try await store.waitForPlacement(in: transaction)
        let seen = try await store.alerts([id], in: transaction)
        let held = Set(seen.compactMap(\.incident))
        for number in held { _ = try await desk.incidents.load(number, hold: .lock, in: transaction) }
        try await store.lock(alerts: [id], in: transaction)
        // What its incident has not heard of an alert, it hears now.
        try await tell(held, in: transaction)
        switch try await store.reopen(id, in: transaction) {
        case .fires: return
        case .unknown: throw Problem.notFound("Alert \(id.text)")
        case .endedBySender:
            throw IncidentRefusal.badValue(
                field: "", detail: "Nobody ended this alert by hand. It fires again when its sender says so.")
        case .superseded:
            throw IncidentRefusal.badValue(
                field: "",
                detail: "Its sender says a newer firing, which has an alert of its own. This one stays resolved.")
        case .reopened: break
        }
        guard let alert = try await store.alerts([id], in: transaction).first else { return }
        guard let number = alert.incident else {
            // One that belonged nowhere finds its place now, unless a person said that it has none.
            if alert.held != .person { try await store.unassign([id], in: transaction) }
            return
        }
        guard held.contains(number) else { throw LostRace() }
        let loaded = try await desk.incidents.load(number, hold: .lock, in: transaction)
        guard let row = loaded.row, row.incident.takesAlerts else {
            // It finds or opens an incident, as one that fires anew.
            return try await store.unassign([id], in: transaction)
        }
        _ = try await desk.apply(
            .reopenAlerts([alert.mention], reason: reason), to: row, context, loaded: loaded, in: transaction)
    }

    private static func check(_ alerts: [UnplacedAlert], _ ids: [UUID]) throws {
        let known = Set(alerts.map(\.id))
        let missing = ids.filter { !known.contains($0) }
        guard missing.isEmpty else {
            throw Problem.notFound("Alert \(missing.prefix(5).map(\.text).joined(separator: ", "))")
        }
        guard !alerts.contains(where: { $0.group.source == BuiltInSource.reports }) else {
            throw IncidentRefusal.badValue(
                field: "/incident",
                detail:
                    "A surge of users' reports belongs to no incident. It is shown beside the incidents that it is about."
            )
        }
    }

    /// Whether alerts have an open incident to themselves: what asks for that once more changes nothing.
    private func areAlone(_ alerts: [UnplacedAlert], in transaction: PostgresTransaction) async throws -> Bool {
        let numbers = Set(alerts.map(\.incident))
        guard numbers.count == 1, let number = alerts.first?.incident else { return false }
        guard let row = try await desk.incidents.load(number, hold: .lock, in: transaction).row else { return false }
        return row.incident.phase.isOpen && row.incident.alerts == alerts.count
    }

    private func tell(_ numbers: Set<Int>, in transaction: PostgresTransaction) async throws {
        for number in numbers.sorted() {
            while try await store.hasDeliveries(number, in: transaction) {
                _ = try await delivery.deliver(to: number, in: transaction)
            }
        }
    }

    private func move(
        _ alerts: [UnplacedAlert], to target: Target, reason: String, _ context: CommandContext,
        in transaction: PostgresTransaction
    ) async throws {
        var moving = alerts
        if case .incident(let number) = target { moving.removeAll { $0.incident == number } }
        if target == .none { moving.removeAll { $0.incident == nil && $0.held == .person } }
        let parts = Dictionary(grouping: moving, by: \.incident).sorted { ($0.key ?? .max) < ($1.key ?? .max) }
        var number: Int? = if case .incident(let number) = target { number } else { nil }
        for (from, alerts) in parts {
            if target == .new, number == nil {
                number = try await open(alerts, from: from, reason: reason, context, in: transaction)
            } else if let number {
                let move = move(of: alerts, other: from, reason: reason)
                try await apply(.takeInAlerts(move), to: number, context, in: transaction)
            }
            if let from {
                var move = move(of: alerts, other: number, reason: reason)
                move.deserted = try await store.deserted(
                    Set(alerts.compactMap(\.facts.component)).sorted(), of: from, without: alerts.map(\.id),
                    in: transaction)
                try await apply(.giveAwayAlerts(move), to: from, context, in: transaction)
            }
        }
        guard !moving.isEmpty else { return }
        try await store.move(moving.map(\.id), to: number, in: transaction)
        try await store.moveGroups(of: moving.map(\.id), to: number, in: transaction)
    }

    private func apply(
        _ command: IncidentCommand, to number: Int, _ context: CommandContext, in transaction: PostgresTransaction
    ) async throws {
        let loaded = try await desk.incidents.load(number, hold: .lock, in: transaction)
        guard let row = loaded.row else { throw IncidentDesk.missing(number) }
        _ = try await desk.apply(command, to: row, context, loaded: loaded, in: transaction)
    }

    private func open(
        _ alerts: [UnplacedAlert], from: Int?, reason: String, _ context: CommandContext,
        in transaction: PostgresTransaction
    ) async throws -> Int {
        let loaded = try await desk.incidents.load(nil, in: transaction)
        let graph = try await desk.catalog.graph(version: loaded.catalogVersion)
        let group = AlertGroup(key: alerts[0].group, alerts: alerts)
        var opening = group.opening(now: loaded.now, graph: graph, severities: severities)
        opening.move = move(of: alerts, other: from, reason: reason)
        return try await desk.open(opening, context, in: transaction).incident.number
    }

    private func move(of alerts: [UnplacedAlert], other: Int?, reason: String) -> AlertMove {
        let news = AlertGroup(key: alerts[0].group, alerts: alerts).news(severities)
        let firing = alerts.filter { !$0.isResolved }
        return AlertMove(
            news.mentions, firing: firing.reduce(into: [:]) { $0[$1.facts.component ?? "", default: 0] += 1 },
            other: other, reason: reason, saying: news.said, since: news.firingSince)
    }
}
