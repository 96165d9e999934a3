import Logging
import ServiceLifecycle

/// Looks at the database's clock now and then, and says when this machine's is wrong.
struct DatabaseClockRunner: Service {
    let clock: DatabaseClock
    let store: DatabaseClockStore
    let logger: Logger
    var interval: Duration = .seconds(15)

    /// So far apart, somebody should do something.
    private static let offsetMax = 2.0

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var wasWrong = false
            while !Task.isCancelled {
                // When it does not answer, others say so, and the clock goes on.
                try? await RunnerPulse.pass { try await store.read(into: clock) }
                let offset = clock.offsetSeconds
                let isWrong = clock.isSet && abs(offset) > Self.offsetMax
                if isWrong, !wasWrong {
                    logger.warning(
                        "this machine's clock differs from the database's, by which Muster goes; let both follow a time server",
                        metadata: ["seconds_ahead": .stringConvertible(offset.rounded())])
                }
                wasWrong = isWrong
                try? await Task.sleep(for: interval)
            }
        }
    }
}
