import Postgres
import ServiceLifecycle

/// Gives memory back that a storm has left free. glibc by itself only does so at the end of its heap, and what one long-lived
/// piece stands behind it keeps.
struct MemoryRunner: Service {
    /// How far above the least that it ever was the process has to be.
    private static let worthBytes = 16.0 * 1_048_576
    /// Less than so much is no success.
    private static let successBytes = 2.0 * 1_048_576
    private static let pauses: ClosedRange<Duration> = .seconds(1) ... .seconds(60)

    func run() async throws {
        await cancelWhenGracefulShutdown { await giveBackNowAndThen() }
    }

    /// What stays is in use, or in pieces too small to be given back: then it is tried less and less often, until the process
    /// grows again.
    private func giveBackNowAndThen() async {
        var (least, last) = (Double.infinity, Double.infinity)
        var pause = Self.pauses.lowerBound
        var next = ContinuousClock.now
        while !Task.isCancelled {
            // The kernel tells nobody that a process has grown, so it is looked at: one read of /proc.
            try? await Task.sleep(for: Self.pauses.lowerBound)
            guard let before = ProcessMetrics.residentBytes() else { return }
            if before > last + Self.worthBytes { next = .now }
            if before > least + Self.worthBytes, next <= .now {
                _ = try? await WorkerPool.run { MemoryLimits.giveBack() }
                last = ProcessMetrics.residentBytes() ?? before
                pause =
                    before - last < Self.successBytes ? min(pause * 2, Self.pauses.upperBound) : Self.pauses.lowerBound
                next = .now + pause
            }
            least = min(least, before, last)
        }
    }
}
