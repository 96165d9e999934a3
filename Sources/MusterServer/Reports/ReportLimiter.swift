import Synchronization

/// How many reports are taken within a minute: of one reporter, of one address, and of all together, which also bounds what
/// has to be remembered. Each daemon counts for itself.
final class ReportLimiter: Sendable {
    struct Limits: Sendable {
        var perReporter = 10
        /// An office, or a mobile network, has many people behind one address.
        var perPlace = 120
        var perMinute = 6_000
    }

    private struct State {
        var minute: Int64 = 0
        var counts: [[UInt8]: Int] = [:]
        var total = 0
    }

    private let limits: Limits
    private let state = Mutex(State())

    init(_ limits: Limits = Limits()) {
        self.limits = limits
    }

    /// Counts one report.
    ///
    /// - Parameter seconds: What the clock says, of whatever beginning.
    /// - Returns: Nil when it is taken, else after how many seconds to try again.
    func take(reporter: [UInt8], place: [UInt8], at seconds: Int64) -> Int? {
        state.withLock { state in
            let minute = seconds / 60
            if minute != state.minute { state = State(minute: minute) }
            guard state.counts[reporter, default: 0] < limits.perReporter,
                state.counts[place, default: 0] < limits.perPlace, state.total < limits.perMinute
            else { return Int(60 - seconds % 60) }
            state.counts[reporter, default: 0] += 1
            state.counts[place, default: 0] += 1
            state.total += 1
            return nil
        }
    }

    /// How many reporters and addresses are remembered.
    var remembered: Int { state.withLock { $0.counts.count } }
}
