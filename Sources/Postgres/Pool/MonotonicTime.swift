import Glibc

/// A moment of the clock that never jumps, cheap to read and to compare on the driver's path.
struct MonotonicTime: Comparable, Sendable {
    let nanoseconds: Int64

    static var now: MonotonicTime {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return MonotonicTime(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    static let distantFuture = MonotonicTime(nanoseconds: .max)

    static func < (left: MonotonicTime, right: MonotonicTime) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// Saturates, so that 'never' may be any very long duration.
    static func + (time: MonotonicTime, wait: Duration) -> MonotonicTime {
        time.after(nanoseconds: wait.nanoseconds)
    }

    /// For the driver's path: taking a `Duration` apart costs more than all the rest of setting a timer.
    func after(nanoseconds wait: Int64) -> MonotonicTime {
        let (sum, overflows) = nanoseconds.addingReportingOverflow(wait)
        return overflows ? .distantFuture : MonotonicTime(nanoseconds: sum)
    }

    static func - (left: MonotonicTime, right: MonotonicTime) -> Int64 {
        left.nanoseconds - right.nanoseconds
    }
}

extension Duration {
    /// Whole nanoseconds, at most 292 years.
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (whole, overflows) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflows ? .max : whole + attoseconds / 1_000_000_000
    }
}

/// How long to wait before the next attempt: doubling from `min` to `max`, with jitter so that many clients do not come
/// back at once.
struct Backoff {
    private let min: Duration
    private let max: Duration
    private(set) var failures = 0

    init(min: Duration, max: Duration) {
        self.min = min
        self.max = max
    }

    mutating func succeeded() {
        failures = 0
    }

    /// Counts a failure; the wait lies between half of the step and all of it, as `random` (0 to 1) says.
    mutating func failed(random: Double) -> Duration {
        let doublings = Swift.min(failures, 20)
        failures += 1
        let step = Swift.min(max, min * (1 << doublings))
        return step * (0.5 + 0.5 * random)
    }
}
