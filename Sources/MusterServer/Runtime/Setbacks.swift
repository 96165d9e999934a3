import Logging
import Metrics
import Synchronization

/// What a loop could not carry out. It is tried a few times, then set aside by its name and tried once an hour: so it never
/// stands in front of the others, and what a newer release or a corrected row makes possible still happens by itself.
///
/// In memory, as every daemon may find out for itself; a daemon that starts tries everything anew.
final class Setbacks<Key: Hashable & Sendable>: Sendable {
    private struct Setback {
        var tries: Int
        var until: ContinuousClock.Instant
    }

    /// How long something rests after each failure; the last one is for all that follow.
    private let rests: [Duration]
    /// Beyond so many, the one that rests longest is forgotten, and tried again.
    private let keysMax: Int
    /// What the loop works on, as the metric names it.
    private let queue: String
    private let known = Mutex<[Key: Setback]>([:])

    init(_ queue: String, rests: [Duration] = [.zero, .seconds(10), .seconds(3_600)], keysMax: Int = 10_000) {
        self.queue = queue
        self.rests = rests
        self.keysMax = keysMax
        tell(0)
    }

    /// What is to be left out at this moment.
    var resting: [Key] {
        let now = ContinuousClock.now
        return known.withLock { known in known.filter { $0.value.until > now }.map(\.key) }
    }

    func isResting(_ key: Key) -> Bool {
        known.withLock { $0[key].map { $0.until > .now } ?? false }
    }

    /// Something failed by itself, and not because the database is away.
    ///
    /// - Parameter isHopeless: Another try would end the same, as of a row that cannot be read.
    func failed(_ key: Key, _ error: any Error, isHopeless: Bool = false, logger: Logger) {
        let (tries, count) = known.withLock { known in
            if known.count >= keysMax, known[key] == nil,
                let longest = known.max(by: { $0.value.until < $1.value.until })?.key
            {
                known[longest] = nil
            }
            let tries = isHopeless ? max(rests.count, known[key]?.tries ?? 0) : (known[key]?.tries ?? 0) + 1
            known[key] = Setback(tries: tries, until: .now + rests[min(tries, rests.count) - 1])
            return (tries, known.values.count { $0.tries >= rests.count })
        }
        let metadata: Logger.Metadata = [
            "queue": .string(queue), "item": .string("\(key)"), "tries": .stringConvertible(tries),
            "error": .string("\(error)"),
        ]
        if tries >= rests.count {
            logger.error(
                "something cannot be carried out and is set aside; it is tried once an hour", metadata: metadata)
        } else {
            logger.warning("something could not be carried out and is tried again", metadata: metadata)
        }
        tell(count)
    }

    func succeeded(_ key: Key) {
        let count = known.withLock { known -> Int? in
            guard known.removeValue(forKey: key) != nil else { return nil }
            return known.values.count { $0.tries >= rests.count }
        }
        if let count { tell(count) }
    }

    private func tell(_ count: Int) {
        Gauge(label: "muster_set_aside", dimensions: [("queue", queue)]).record(count)
    }
}
