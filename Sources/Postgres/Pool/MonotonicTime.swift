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
        let (seconds, attoseconds) = wait.components
        let (whole, tooLong) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, tooLate) = time.nanoseconds.addingReportingOverflow(tooLong ? .max : whole + attoseconds / 1_000_000_000)
        return tooLong || tooLate ? .distantFuture : MonotonicTime(nanoseconds: sum)
    }

    static func - (left: MonotonicTime, right: MonotonicTime) -> Int64 {
        left.nanoseconds - right.nanoseconds
    }
}
