import Logging
import Postgres
import ServiceLifecycle

/// Ends the alerts that were not said again in time. Any number of daemons may run it: each takes rows that no other has.
struct AlertExpiryRunner: Service {
    let store: AlertStore
    let routing: WakeSignal
    let logger: Logger
    var interval: Duration = .seconds(5)
    /// How long to wait after the start: while no daemon ran, nobody could say anything again, and senders do so every minute
    /// or so.
    var settling: Duration = .seconds(150)

    private static let batchMax = 500
    private let progress = RunnerProgress("expiry")

    func run() async throws {
        progress.begin()
        await cancelWhenGracefulShutdown {
            // Ends may come at once, and an older program beside this one may go on for a while.
            _ = await adopt { try await store.adoptMetricAlerts() }
            try? await Task.sleep(for: settling)
            // By now the program that this one takes the place of is gone.
            var isAdopted = false
            while !Task.isCancelled {
                if !isAdopted {
                    isAdopted = await adopt {
                        try await store.adoptExpiry()
                        try await store.adoptMetricAlerts()
                    }
                }
                await RunnerPulse.pass { await expire() }
                try? await Task.sleep(for: interval)
            }
        }
    }

    /// - Returns: Whether that is done; else it is tried again.
    private func adopt(_ body: () async throws -> Void) async -> Bool {
        do {
            try await body()
            return true
        } catch {
            guard !Task.isCancelled else { return false }
            logger.warning(
                "cannot migrate open alerts of an older release yet, will retry", metadata: ["error": "\(error)"])
            return false
        }
    }

    /// Ends everything that is due.
    func expire() async {
        do {
            while try await store.postponeExpiry(limit: Self.batchMax) == Self.batchMax {}
            while true {
                let count = try await store.resolveExpired(limit: Self.batchMax)
                if count > 0 { routing.wake() }
                guard count == Self.batchMax else { return progress.passed() }
            }
        } catch {
            guard !Task.isCancelled else { return }
            logger.warning("cannot end expired alerts", metadata: ["error": "\(error)"])
        }
    }
}
