import Logging
import ServiceLifecycle

/// Deletes idempotency rows that are too old.
struct IdempotencyPruneRunner: Service {
    let store: IdempotencyStore
    let logger: Logger
    private static let interval: Duration = .seconds(600)
    private static let batchRows = 5_000

    func run() async throws {
        // Being stopped in the middle of a wait is no error.
        try? await cancelWhenGracefulShutdown {
            while true {
                try await Task.sleep(for: Self.interval)
                await RunnerPulse.pass { await prune() }
            }
        }
    }

    private func prune() async {
        do {
            while try await store.prune(max: Self.batchRows) == Self.batchRows {}
        } catch {
            logger.warning("pruning failed", metadata: ["error": .string(String(reflecting: error))])
        }
    }
}
