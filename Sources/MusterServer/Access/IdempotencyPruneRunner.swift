import Logging
import ServiceLifecycle

/// Deletes idempotency rows that are too old.
struct IdempotencyPruneRunner: Service {
    let store: IdempotencyStore
    let logger: Logger
    private static let interval: Duration = .seconds(600)

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            while true {
                try await Task.sleep(for: Self.interval)
                do {
                    while try await store.prune(max: 5_000) == 5_000 {}
                } catch {
                    logger.warning("pruning failed", metadata: ["error": .string(String(reflecting: error))])
                }
            }
        }
    }
}
