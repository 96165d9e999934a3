import Metrics
import Synchronization

/// How many reports are taken within a minute: of one address, and of all together, which also bounds what has to be remembered
/// here and what is written. Each daemon counts for itself. What is refused is counted.
final class ReportLimiter: Sendable {
    struct Limits: Sendable {
        var perReporter = 10
        /// Each is a row at the most for two hours, and one for as long as counts are kept.
        var perMinute = 6_000
    }

    /// Which one was reached.
    enum Limit: String, CaseIterable, Sendable {
        case address, all
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
    func take(reporter: [UInt8], at seconds: Int64) -> Int? {
        let limit: Limit? = state.withLock { state in
            let minute = seconds / 60
            if minute != state.minute { state = State(minute: minute) }
            guard state.total < limits.perMinute else { return .all }
            guard state.counts[reporter, default: 0] < limits.perReporter else { return .address }
            state.counts[reporter, default: 0] += 1
            state.total += 1
            return nil
        }
        guard let limit else { return nil }
        Counter(label: "muster_reports_refused", dimensions: [("limit", limit.rawValue)]).increment()
        return Int(60 - seconds % 60)
    }

    /// How many addresses are remembered.
    var remembered: Int { state.withLock { $0.counts.count } }
}
