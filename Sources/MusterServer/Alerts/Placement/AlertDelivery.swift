import FoundationEssentials
import IncidentDomain
import Logging
import Postgres

/// Tells incidents what their alerts did: of alerts whose group they take already, which is the way of nearly all alerts in a
/// storm, and of alerts that `AlertPlacer` brings to them.
struct AlertDelivery: Sendable {
    let pool: PostgresPool
    let desk: IncidentDesk
    /// Incidents that could not be told of their alerts.
    let undelivered: Setbacks<Int>
    /// What the words of senders mean.
    let severities: AlertSeverityTable
    let logger: Logger
    private let store = PlacementStore()

    private static let incidentsMax = 100
    /// Each holds what one statement of the intake brought.
    private static let deliveriesMax = 100
    private static let roundsAtOnce = 5

    init(
        pool: PostgresPool, desk: IncidentDesk, undelivered: Setbacks<Int>, severities: AlertSeverityTable,
        logger: Logger
    ) {
        self.pool = pool
        self.desk = desk
        self.undelivered = undelivered
        self.severities = severities
        self.logger = logger
    }

    /// Delivers what waits, incident by incident; returns how many alerts that were.
    ///
    /// - Parameter isolating: Leaves out the incidents that fail, as `AlertRouter.routeBatch` does.
    func deliver(isolating: Bool) async throws -> Int {
        var count = 0
        let numbers = try await store.incidentsWithDeliveries(
            limit: Self.incidentsMax, without: undelivered.resting, in: pool)
        for number in numbers {
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

    /// Tells one incident at once, so that a person who ended its alert by hand can go on with it. What is left after some rounds, or
    /// could not be told, the router delivers.
    func deliverNow(to number: Int) async {
        do {
            for _ in 0..<Self.roundsAtOnce {
                let count = try await desk.repeating(CommandContext(principal: .daemon)) { _, _ in
                    try await pool.transaction { transaction in try await deliver(to: number, in: transaction) }
                }
                if count == 0 { return desk.feed.committed() }
            }
        } catch {
            logger.debug(
                "incident is told of its alert later", metadata: ["incident": "\(number)", "error": "\(error)"])
        }
        desk.feed.committed()
    }

    /// Tells one incident of up to `deliveriesMax` of its deliveries, the oldest first; how many alerts they name.
    func deliver(to number: Int, in transaction: PostgresTransaction) async throws -> Int {
        guard let (row, loaded) = try await locked(number, in: transaction) else { return 0 }
        let deliveries = try await store.removeDeliveries(of: number, limit: Self.deliveriesMax, in: transaction)
        guard !deliveries.all.isEmpty else { return 0 }
        let alerts = try await store.alerts(deliveries.all, in: transaction)
        let began = alerts.filter { deliveries.began.contains($0.id) }
        var ended = alerts.filter { deliveries.ended.contains($0.id) }
        if row.incident.takesAlerts {
            try await attach(began, to: row, loaded, in: transaction)
        } else {
            // It was closed after the intake had looked: these find or open another one, their ends included.
            try await store.unassign(began.map(\.id), in: transaction)
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
        _ began: [PlacementStore.Delivered], to row: IncidentStore.Row, _ loaded: IncidentStore.Loaded,
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
                firingSince: Dictionary(
                    alerts.filter(\.isFiring).compactMap { alert in alert.mention.component.map { ($0, alert.since) } },
                    uniquingKeysWith: min),
                said: try await said(by: alerts, to: row.incident, in: transaction))
            let newcomers = alerts.filter { $0.incident != row.incident.number }.map(\.id)
            try await attach(news, newcomers: newcomers, to: row, loaded, because: .group, in: transaction)
        }
    }

    /// What alerts say that an incident keeps. The pages are looked up while it has room for them, of those that it names.
    private func said(
        by alerts: [PlacementStore.Delivered], to incident: Incident, in transaction: PostgresTransaction
    ) async throws -> AlertsSay {
        let isFull = (incident.links?.count ?? 0) >= IncidentLimits.links
        let named = alerts.prefix(AlertBatch.mentionsMax).map(\.id)
        return AlertsSay(
            links: isFull ? [] : try await store.links(of: named, in: transaction),
            severity: alerts.compactMap { severities.severity($0.severity, kind: $0.kind) }.min())
    }

    /// An incident, locked; the one it was merged into in its place.
    private func locked(
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

    /// Tells an incident, which is locked, of alerts that began.
    ///
    /// - Parameter newcomers: Which of them no row gives to this incident yet.
    func attach(
        _ news: AlertNews, newcomers: [UUID], to row: IncidentStore.Row, _ loaded: IncidentStore.Loaded,
        because reason: Placement.JoinReason, in transaction: PostgresTransaction
    ) async throws {
        var (row, loaded) = (row, loaded)
        let number = row.incident.number
        let context = CommandContext(principal: news.principal)
        if reason == .again {
            _ = try await desk.apply(
                .reopenRecovered(firingOn: news.firingComponents), to: row, context, loaded: loaded, in: transaction)
            loaded = try await desk.incidents.load(number, hold: .lock, in: transaction)
            row = loaded.row ?? row
        }
        let command: IncidentCommand =
            switch reason {
            case .group, .again: .attachAlerts(news.mentions, saying: news.said)
            case .affects(let component): .attachAlerts(news.mentions, affecting: component, saying: news.said)
            case .connected(let found): .attachAlerts(news.mentions, correlation: found, saying: news.said)
            }
        _ = try await desk.apply(command, to: row, context, loaded: loaded, in: transaction)
        let graph = try await desk.catalog.graph(version: loaded.catalogVersion)
        for impact in news.impacts(graph: graph, beside: row.incident, startedAt: row.incident.times.startedAt) {
            let again = try await desk.incidents.load(number, hold: .lock, in: transaction)
            guard let current = again.row else { continue }
            _ = try await desk.apply(.setImpact(impact), to: current, context, loaded: again, in: transaction)
        }
        if !newcomers.isEmpty { try await store.assign(news.key, to: number, alerts: newcomers, in: transaction) }
    }

    /// Tells an incident of alerts that ended.
    ///
    /// - Parameter atOnce: Whether they were over before the incident heard of them.
    func clear(
        _ mentions: [AlertMention], of incident: Int, atOnce: Bool = false, in transaction: PostgresTransaction
    ) async throws {
        let loaded = try await desk.incidents.load(incident, hold: .lock, in: transaction)
        guard let row = loaded.row else { return }
        let context = CommandContext(principal: .daemon)
        _ = try await desk.apply(
            .clearAlerts(mentions, atOnce: atOnce), to: row, context, loaded: loaded, in: transaction)
    }

    /// Somebody works on an alert of an incident that nobody has acknowledged yet: that is who acknowledges it. Later
    /// phases say more than that, and stay as they are.
    func acknowledge(
        _ number: Int, by principal: Principal?, in transaction: PostgresTransaction
    ) async throws {
        guard let principal else { return }
        let loaded = try await desk.incidents.load(number, hold: .lock, in: transaction)
        guard let row = loaded.row, row.incident.phase == .detect, row.incident.times.acknowledgedAt == nil else {
            return
        }
        _ = try await desk.apply(
            .acknowledge, to: row, CommandContext(principal: principal), loaded: loaded, in: transaction)
    }
}
