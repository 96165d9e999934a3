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
    let book: RuleBook
    /// How long an incident that hears nothing more goes on taking alerts that only a dependency connects with it; zero
    /// for not at all.
    let correlationWindow: Duration
    /// How often to look for work that another daemon left.
    var interval: Duration = .seconds(1)
    /// How long to rest after a batch: in a storm, what comes meanwhile reaches its incident in one piece. A lone alert
    /// waits for nothing.
    var rest: Duration = .milliseconds(25)
    /// How much longer than a batch takes the rest after it is, up to `restMax`: what an incident hears a little later
    /// leaves the database to what is coming in.
    static let restShare = 3
    static let restMax: Duration = .milliseconds(500)
    /// How long an alert has to fire until it opens an incident; with zero, one that ends within a moment opens one, too.
    var settle: Duration = .zero
    /// Whether users' reports alone open incidents.
    var reportsOpenIncidents = false
    let store = AlertRoutingStore()
    private let progress = RunnerProgress("alerts")
    /// Incidents that could not be told of their alerts.
    let undelivered = Setbacks<Int>("deliveries")
    /// Alerts that could not be brought to an incident.
    let unplaced = Setbacks<UUID>("alerts")

    static let batchMax = 500

    /// What one look at the work came to.
    private struct Round {
        var routed: Int
        /// More alerts wait to be placed than one batch takes.
        var isFull: Bool
        /// Another daemon places alerts at this moment; what it did not see of ours is still there.
        var isBusy: Bool

        var isWorthAnother: Bool { routed > 0 || isBusy }
    }

    func run() async throws {
        progress.begin()
        await cancelWhenGracefulShutdown {
            await withTaskGroup { group in
                group.addTask { await follow() }
                group.addTask {
                    while !Task.isCancelled {
                        await RunnerPulse.pass { await letGo() }
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
                var began = ContinuousClock.now
                while case let round = try await RunnerPulse.pass({ try await round() }), round.isWorthAnother {
                    // In a storm there is always another one.
                    progress.passed()
                    let took = (ContinuousClock.now - began) * Self.restShare
                    // Alerts that no incident knows yet wait for nothing.
                    try await Task.sleep(for: round.isFull ? rest : max(rest, min(took, Self.restMax)))
                    began = ContinuousClock.now
                }
                progress.passed()
            } catch {
                guard !Task.isCancelled else { return }
                // The alerts are safe and stay marked; the next second tries again.
                logger.warning("alerts could not be brought to their incidents", metadata: ["error": "\(error)"])
                if (error as? PostgresError)?.isTransient != true { _ = try? await routeBatch(isolating: true) }
            }
        }
    }

    /// Alerts whose reason for waiting has passed are looked at again, by whichever daemon sees it first.
    func letGo() async {
        do {
            _ = try await store.letGo(limit: Self.batchMax, in: pool)
        } catch {
            logger.warning("alerts that waited could not be looked at", metadata: ["error": "\(error)"])
        }
    }

    /// Routes what is not routed, up to one batch; returns how many alerts that were.
    ///
    /// - Parameter isolating: Leaves out the incidents and groups that fail, where otherwise nothing of the batch is done:
    ///   one incident that cannot be read must not hold up the alerts of all others.
    @discardableResult
    func routeBatch(isolating: Bool = false) async throws -> Int {
        try await round(isolating: isolating).routed
    }

    private func round(isolating: Bool = false) async throws -> Round {
        let delivered = try await deliver(isolating: isolating)
        let placed = try await place(isolating: isolating)
        let round = Round(
            routed: delivered + (placed ?? 0), isFull: placed == Self.batchMax, isBusy: placed == nil)
        if round.routed > 0 { desk.feed.committed() }
        return round
    }

    /// One part of a batch. False when it failed by itself and the rest is to go on without it.
    func part(
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

    /// Tells an incident, which is held, of alerts that began.
    ///
    /// - Parameter newcomers: Which of them no row gives to this incident yet.
    func attach(
        _ news: AlertNews, newcomers: [UUID], to row: IncidentStore.Row, _ loaded: IncidentStore.Loaded,
        affecting component: String? = nil, correlation: AlertCorrelation? = nil,
        in transaction: PostgresTransaction
    ) async throws {
        let number = row.incident.number
        let context = CommandContext(principal: news.principal)
        _ = try await desk.apply(
            .attachAlerts(news.mentions, affecting: component, correlation: correlation), to: row, context,
            loaded: loaded, in: transaction)
        let graph = try await desk.catalog.graph(version: loaded.catalogVersion)
        for impact in news.impacts(graph: graph, beside: row.incident) {
            let again = try await desk.incidents.load(number, hold: .lock, in: transaction)
            guard let current = again.row else { continue }
            _ = try await desk.apply(.setImpact(impact), to: current, context, loaded: again, in: transaction)
        }
        if !newcomers.isEmpty { try await store.assign(news.key, to: number, alerts: newcomers, in: transaction) }
    }

    func attach(
        _ group: AlertGroup, to row: IncidentStore.Row, _ loaded: IncidentStore.Loaded,
        affecting component: String? = nil, correlation: AlertCorrelation? = nil,
        in transaction: PostgresTransaction
    ) async throws {
        let newcomers = group.alerts.filter { $0.incident != row.incident.number }.map(\.id)
        try await attach(
            group.news, newcomers: newcomers, to: row, loaded, affecting: component, correlation: correlation,
            in: transaction)
    }

    /// Alerts that began and ended before anybody was told: the timeline has both.
    func clearOver(
        _ group: AlertGroup, of number: Int, in transaction: PostgresTransaction
    ) async throws {
        let over = group.alerts.filter(\.isResolved).map(\.mention)
        if !over.isEmpty { try await clear(over, of: number, atOnce: true, in: transaction) }
    }

    /// Somebody looks at an alert of an incident that nobody has acknowledged yet: that is who acknowledges it. Later
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
