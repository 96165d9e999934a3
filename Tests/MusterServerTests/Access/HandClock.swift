import Synchronization

/// A clock that a test sets by hand.
final class HandClock: Sendable {
    private let moment = Mutex(ContinuousClock.now)

    var now: ContinuousClock.Instant { moment.withLock { $0 } }

    func advance(by time: Duration) {
        moment.withLock { $0 += time }
    }
}
