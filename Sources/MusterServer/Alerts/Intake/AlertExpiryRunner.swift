import Logging
import Synchronization

/// Ends the alerts that were not said again in time. Any number of daemons may run it: each takes rows that no other has.
final class AlertExpiryRunner: PeriodicRunner {
    static let name = "expiry"
    static let failure = "cannot end expired alerts"

    private enum Stage {
        case starting
        /// While no daemon ran, nobody could say anything again, and senders do so every minute or so.
        case settling(until: ContinuousClock.Instant)
        case settled
    }

    private let store: AlertStore
    private let routing: WakeSignal
    let logger: Logger
    let interval: Duration = .seconds(5)
    private let stage = Mutex(Stage.starting)

    private static let settling: Duration = .seconds(150)
    private static let batchMax = 500

    init(store: AlertStore, routing: WakeSignal, logger: Logger) {
        self.store = store
        self.routing = routing
        self.logger = logger
    }

    func pass() async throws {
        switch stage.withLock({ $0 }) {
        case .starting:
            // Ends may come at once, and an older program beside this one may go on for a while.
            stage.withLock { $0 = .settling(until: .now + Self.settling) }
            try await store.adoptMetricAlerts()
        case .settling(let end):
            guard ContinuousClock.now >= end else { return }
            // By now the program that this one takes the place of is gone.
            try await inTurn([("adoption", adopt), ("expiry", expire)])
        case .settled:
            try await expire()
        }
    }

    private func adopt() async throws {
        try await store.adoptExpiry()
        try await store.adoptMetricAlerts()
        stage.withLock { $0 = .settled }
    }

    /// Ends everything that is due.
    private func expire() async throws {
        while try await store.postponeExpiry(limit: Self.batchMax) == Self.batchMax {}
        while true {
            let count = try await store.resolveExpired(limit: Self.batchMax)
            if count > 0 { routing.wake() }
            guard count == Self.batchMax else { return }
        }
    }
}
