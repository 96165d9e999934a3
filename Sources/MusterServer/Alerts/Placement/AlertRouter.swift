import FoundationEssentials
import IncidentDomain
import Logging
import Postgres
import ServiceLifecycle

/// The loop that tells incidents what their alerts did.
///
/// Its work stands in the database, so a crash leaves it to the next daemon: deliveries for incidents that take a group
/// (`AlertDelivery`), and alerts that are marked as not routed because no incident takes their group (`AlertPlacer`).
struct AlertRouter: Service {
    let pool: PostgresPool
    let desk: IncidentDesk
    let signal: WakeSignal
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
    /// What the words of senders for how bad it is mean.
    var severities = AlertSeverityTable.builtIn
    private let store = PlacementStore()
    private let progress = RunnerProgress("alerts", every: .seconds(1))
    /// Incidents that could not be told of their alerts.
    let undelivered = Setbacks<Int>("deliveries")
    /// Alerts that could not be brought to an incident.
    let unplaced = Setbacks<UUID>("alerts")

    /// What one look at the work came to.
    private struct Round {
        var routed: Int
        /// More alerts wait to be placed than one batch takes.
        var isFull: Bool
        /// Another daemon places alerts at this moment; what it did not see of ours is still there.
        var isBusy: Bool

        var isWorthAnother: Bool { routed > 0 || isBusy }
    }

    private var delivery: AlertDelivery {
        AlertDelivery(
            pool: pool, desk: desk, undelivered: undelivered, severities: severities, logger: logger)
    }

    private var placer: AlertPlacer {
        AlertPlacer(
            pool: pool, desk: desk, book: book, delivery: delivery, unplaced: unplaced, logger: logger,
            correlationWindow: correlationWindow, settle: settle, reportsOpenIncidents: reportsOpenIncidents)
    }

    func run() async throws {
        progress.begin()
        await cancelWhenGracefulShutdown {
            await withTaskGroup { group in
                group.addTask { await follow() }
                group.addTask {
                    while !Task.isCancelled {
                        await RunnerPulse.pass { await releaseDue() }
                        signal.wake()
                        // What another daemon left, and what time alone releases, sends no signal here.
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
                    // A rest on purpose, so that an incident hears of many alerts at once; those that no incident knows yet
                    // wait for nothing. A stop cancels it.
                    try await Task.sleep(for: round.isFull ? rest : max(rest, min(took, Self.restMax)))
                    began = ContinuousClock.now
                }
                progress.passed()
            } catch {
                guard !Task.isCancelled else { return }
                // The alerts are safe and stay marked; the next second tries again.
                logger.warning("cannot route alerts to incidents", metadata: ["error": "\(error)"])
                if (error as? PostgresError)?.isTransient != true { _ = try? await routeBatch(isolating: true) }
            }
        }
    }

    /// Alerts whose reason for waiting has passed are looked at again, by whichever daemon sees it first.
    func releaseDue() async {
        do {
            _ = try await store.releaseDue(limit: AlertPlacer.batchMax, in: pool)
        } catch {
            logger.warning("cannot release held alerts", metadata: ["error": "\(error)"])
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
        let delivered = try await delivery.deliver(isolating: isolating)
        let placed = try await placer.place(isolating: isolating)
        let round = Round(
            routed: delivered + (placed ?? 0), isFull: placed == AlertPlacer.batchMax, isBusy: placed == nil)
        if round.routed > 0 { desk.feed.committed() }
        return round
    }
}
