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
