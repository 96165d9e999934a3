import Postgres
import ServiceLifecycle

/// Gives memory back that a storm has left free. glibc by itself only does so at the end of its heap, and what one long-lived
/// piece stands behind it keeps.
struct MemoryRunner: Service {
    /// By how much the process may grow before it is looked at again.
    private static let growthBytes = 16.0 * 1_048_576

    func run() async throws {
        await cancelWhenGracefulShutdown {
            // What stays after it was given back is in use, or in pieces too small to be.
            var least = ProcessMetrics.residentBytes() ?? 0
            while !Task.isCancelled {
                try? await Task.sleep(for: .seconds(1))
                var resident = ProcessMetrics.residentBytes() ?? 0
                if resident > least + Self.growthBytes {
                    _ = try? await WorkerPool.run { MemoryLimits.giveBack() }
                    resident = ProcessMetrics.residentBytes() ?? 0
                    least = resident
                }
                least = min(least, resident)
            }
        }
    }
}
