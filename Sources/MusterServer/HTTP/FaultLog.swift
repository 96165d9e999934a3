import Logging
import Synchronization

/// Logs faults of requests, some a second: while the database is away every request fails for the same reason, and a
/// log that is flooded hides what it should show.
final class FaultLog: Sendable {
    private struct State {
        var second: Int64 = .min
        var logged = 0
        var suppressed = 0
    }

    private let logger: Logger
    private let linesPerSecondMax: Int
    private let start = ContinuousClock.now
    private let state = Mutex(State())

    init(logger: Logger, linesPerSecondMax: Int = 20) {
        self.logger = logger
        self.linesPerSecondMax = linesPerSecondMax
    }

    /// Logs the fault, unless this second has had its share; the next line then says how many were left out.
    func log(_ level: Logger.Level, _ metadata: Logger.Metadata) {
        guard let suppressed = admit(at: start.duration(to: .now).components.seconds) else { return }
        var metadata = metadata
        if suppressed > 0 { metadata["suppressed"] = .stringConvertible(suppressed) }
        logger.log(level: level, "request failed", metadata: metadata)
    }

    /// Whether this second still has room for a line that somebody else writes.
    func isDue() -> Bool {
        admit(at: start.duration(to: .now).components.seconds) != nil
    }

    /// How many lines were left out before this one; nil when this one is to be left out too.
    func admit(at second: Int64) -> Int? {
        state.withLock { state in
            if state.second != second {
                state.second = second
                state.logged = 0
            }
            guard state.logged < linesPerSecondMax else {
                state.suppressed += 1
                return nil
            }
            state.logged += 1
            defer { state.suppressed = 0 }
            return state.suppressed
        }
    }
}
