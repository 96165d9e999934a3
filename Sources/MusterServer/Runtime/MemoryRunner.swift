import Postgres
import ServiceLifecycle

/// Gives memory back that a storm has left free. glibc by itself only does so at the end of its heap, and what one long-lived
/// piece stands behind it keeps.
struct MemoryRunner: Service {
    /// What may stay free for the next requests.
    private static let keptBytes = 24 << 20

    func run() async throws {
        await cancelWhenGracefulShutdown {
            // What was free after the last time is in pieces too small to give back, and looked at again only with more.
            var left = 0
            while !Task.isCancelled {
                try? await Task.sleep(for: .seconds(1))
                let before = left
                left = (try? await WorkerPool.run { MemoryLimits.giveBack(above: before + Self.keptBytes) }) ?? before
            }
        }
    }
}
