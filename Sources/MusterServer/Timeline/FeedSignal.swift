import Synchronization

/// Wakes those who read the feed. It carries nothing: whoever wakes reads what is committed, so that a lost or doubled
/// signal does no harm.
final class FeedSignal: Sendable {
    private struct Readers {
        var nextID = 0
        var waiting: [Int: AsyncStream<Void>.Continuation] = [:]
    }

    private let readers = Mutex(Readers())
    private let loops: [WakeSignal]
    private let commits: AsyncStream<Void>
    private let commitsContinuation: AsyncStream<Void>.Continuation

    /// - Parameter loops: Loops that are woken with the readers.
    init(waking loops: [WakeSignal] = []) {
        self.loops = loops
        (commits, commitsContinuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Something was committed by this daemon: its own readers wake now, those of other daemons soon (`FeedNotifier`).
    func committed() {
        commitsContinuation.yield()
        wake()
    }

    /// Wakes the readers in this daemon.
    func wake() {
        let waiting = readers.withLock { Array($0.waiting.values) }
        for continuation in waiting { continuation.yield() }
        for loop in loops { loop.wake() }
    }

    /// Signals for one reader, which ends by dropping the stream. Signals that come while it is busy are one.
    func signals() -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let id = readers.withLock { readers in
            readers.nextID += 1
            readers.waiting[readers.nextID] = continuation
            return readers.nextID
        }
        continuation.onTermination = { [weak self] _ in
            self?.readers.withLock { _ = $0.waiting.removeValue(forKey: id) }
        }
        return stream
    }

    /// Commits of this daemon, several in quick succession as one.
    var ownCommits: AsyncStream<Void> { commits }
}
