import FoundationEssentials
import Synchronization

/// One line in the log for each source and minute: a tool whose messages are wrong sends them on and on.
final class DeadLetterWarnings: Sendable {
    private static let sourcesMax = 1_000
    private static let interval: Duration = .seconds(60)
    private let last = Mutex<[UUID: ContinuousClock.Instant]>([:])

    func isDue(_ source: UUID) -> Bool {
        let now = ContinuousClock.now
        return last.withLock { last in
            if let earlier = last[source], earlier.duration(to: now) < Self.interval { return false }
            if last.count >= Self.sourcesMax { last.removeAll() }
            last[source] = now
            return true
        }
    }
}
