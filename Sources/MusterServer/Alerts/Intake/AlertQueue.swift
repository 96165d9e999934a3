import FoundationEssentials

/// The order in which messages are stored: who waits, what is under way, and what may begin beside it.
///
/// Two batches may be under way, so that the database works on one while the next is made; never two that name the same
/// alert, so that a firing and its end cannot overtake each other.
struct AlertQueue<Sender: Sendable>: Sendable {
    /// One message that waits for its commit.
    struct Waiting: Sendable {
        let source: UUID
        let message: IncomingMessage
        let sender: Sender
        let since: ContinuousClock.Instant = .now
    }

    /// Messages that are stored together.
    struct Batch: Sendable {
        var messages: [Waiting] = []
        fileprivate var alerts = 0
        fileprivate var hashes: [Int] = []
        /// Whether a whole group ends with it: then nothing else may be under way, as that could belong to the group.
        fileprivate var endsGroup = false
    }

    /// Alerts in one batch; a message is never divided.
    let batchMax: Int
    /// Alerts that may wait.
    let waitingMax: Int
    /// How many alerts are worth a second batch beside the first: a few rather wait and share.
    let besideMin: Int

    private var waiting: [Waiting] = []
    /// How many alerts wait.
    private(set) var alerts = 0
    private var batchesUnderWay = 0
    private var hashesUnderWay: Set<Int> = []
    private var groupIsEnding = false

    init(batchMax: Int, waitingMax: Int, besideMin: Int) {
        (self.batchMax, self.waitingMax, self.besideMin) = (batchMax, waitingMax, besideMin)
    }

    var isIdle: Bool { batchesUnderWay == 0 }

    /// Whether a batch could begin now; if not, the end of one that is under way is what matters next.
    var mayBegin: Bool { !groupIsEnding && (isIdle || (batchesUnderWay < 2 && alerts >= besideMin)) }

    /// Lines a message up. False when too much waits; one is always taken, however large, or a large group would be refused
    /// for ever.
    mutating func append(_ message: Waiting) -> Bool {
        let count = message.message.alerts.count
        guard alerts == 0 || alerts + count <= waitingMax else { return false }
        alerts += count
        waiting.append(message)
        return true
    }

    /// What to store now; nil when nothing waits or has to wait for what is under way. `finish` has to follow.
    mutating func next() -> Batch? {
        guard mayBegin else { return nil }
        var batch = Batch()
        for message in waiting {
            guard batch.messages.isEmpty || batch.alerts + message.message.alerts.count <= batchMax else { break }
            let endsGroup = message.message.resolvedGroup != nil
            // Two alerts of one hash only wait for each other.
            let hashes = message.message.alerts.map { AlertKey.hash(of: $0.identity, from: message.source) }
            guard isIdle || (!endsGroup && hashes.allSatisfy { !hashesUnderWay.contains($0) }) else { break }
            batch.messages.append(message)
            batch.alerts += hashes.count
            batch.hashes += hashes
            batch.endsGroup = endsGroup
            // An alert of the group that fires later must not end with it.
            if endsGroup { break }
        }
        guard !batch.messages.isEmpty else { return nil }
        waiting.removeFirst(batch.messages.count)
        alerts -= batch.alerts
        batchesUnderWay += 1
        hashesUnderWay.formUnion(batch.hashes)
        groupIsEnding = batch.endsGroup
        return batch
    }

    mutating func finish(_ batch: Batch) {
        batchesUnderWay -= 1
        if isIdle { hashesUnderWay.removeAll(keepingCapacity: true) } else { hashesUnderWay.subtract(batch.hashes) }
        if batch.endsGroup { groupIsEnding = false }
    }

    /// Takes out who has waited since before that moment: they stand in front, as all are lined up when they come.
    mutating func removeAll(waitingSince moment: ContinuousClock.Instant) -> [Waiting] {
        let overdue = Array(waiting.prefix { $0.since < moment })
        waiting.removeFirst(overdue.count)
        alerts -= overdue.reduce(0) { $0 + $1.message.alerts.count }
        return overdue
    }

    /// Takes out whatever waits.
    mutating func removeAll() -> [Waiting] {
        alerts = 0
        defer { waiting = [] }
        return waiting
    }
}
