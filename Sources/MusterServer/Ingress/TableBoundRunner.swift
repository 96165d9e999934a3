import Logging
import Metrics
import ServiceLifecycle

/// Keeps the tables that grow with what comes in within their bounds, whoever floods them. Any daemon may do it.
struct TableBoundRunner: Service {
    let store: TableBoundStore
    let logger: Logger
    var bounds = TableBound.all
    var interval: Duration = .seconds(60)

    private static let batchRows = 5_000

    func run() async throws {
        // Seen as 0 from the beginning: a counter that first appears with a value has not grown.
        for bound in bounds { Self.dropped(bound).increment(by: 0) }
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                try? await Task.sleep(for: interval)
                guard !Task.isCancelled else { return }
                await RunnerPulse.pass {
                    for bound in bounds { await cut(bound) }
                }
            }
        }
    }

    private static func dropped(_ bound: TableBound) -> Counter {
        Counter(label: "muster_dropped_rows", dimensions: [("what", bound.what)])
    }

    private func cut(_ bound: TableBound) async {
        do {
            var total = 0
            var count = Self.batchRows
            while count == Self.batchRows, !Task.isCancelled {
                count = try await store.cut(bound, limit: Self.batchRows)
                total += count
            }
            guard total > 0 else { return }
            Self.dropped(bound).increment(by: total)
            logger.warning(
                "too many \(bound.what), removed the oldest", metadata: ["rows": .stringConvertible(total)])
        } catch {
            guard !Task.isCancelled else { return }
            logger.warning("cannot keep \(bound.what) within their limit", metadata: ["error": "\(error)"])
        }
    }
}
