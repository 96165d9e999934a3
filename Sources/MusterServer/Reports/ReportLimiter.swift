import Metrics
import Synchronization

/// How many reports are taken: of one address and of all together within a minute, and of all within an hour, which bounds
/// what has to be remembered here and what is written. Each daemon counts for itself. What is refused is counted.
final class ReportLimiter: Sendable {
    struct Limits: Sendable {
        var perReporter = 10
        var perMinute = 6_000
        /// Each is a row at the most for two hours, and one for as long as counts are kept.
        var perHour = 100_000
    }

    private struct State {
        var minute: Int64 = 0
        var counts: [[UInt8]: Int] = [:]
        var total = 0
        var hour: Int64 = 0
        var inHour = 0
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
        let refusal: (limit: String, wait: Int64)? = state.withLock { state in
            let (minute, hour) = (seconds / 60, seconds / 3_600)
            if hour != state.hour { (state.hour, state.inHour) = (hour, 0) }
            if minute != state.minute { (state.minute, state.total, state.counts) = (minute, 0, [:]) }
            guard state.inHour < limits.perHour else { return ("hour", 3_600 - seconds % 3_600) }
            guard state.total < limits.perMinute else { return ("minute", 60 - seconds % 60) }
            guard state.counts[reporter, default: 0] < limits.perReporter else { return ("address", 60 - seconds % 60) }
            state.counts[reporter, default: 0] += 1
            state.total += 1
            state.inHour += 1
            return nil
        }
        guard let refusal else { return nil }
        Counter(label: "muster_reports_refused", dimensions: [("limit", refusal.limit)]).increment()
        return Int(refusal.wait)
    }

    /// How many addresses are remembered.
    var remembered: Int { state.withLock { $0.counts.count } }
}
