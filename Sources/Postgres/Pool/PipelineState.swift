/// The bookkeeping of one connection in pipeline mode: which steps were sent, and which unit of work each reply is for.
/// A unit is what ends in a sync of its own: one implicit transaction. The rules, which the tests spell out as a table:
///
/// - replies come in the order of the steps, one a step, then a sync a unit;
/// - an error fails its unit: the steps after it are skipped up to the sync, the units behind are untouched;
/// - an error may also come after the last step, from the commit itself (deferred constraints), before the sync.
struct PipelineState<Unit, Value, Failure> {
    enum Step: Equatable {
        /// Makes a prepared statement of this text; has no result that anybody wants.
        case prepare(String)
        /// Has a result.
        case execute
    }

    enum Action {
        case succeeded(Unit, [Value])
        /// `step` is the one that failed; nil when the commit did.
        case failed(Unit, Failure, step: Int?)
        /// The statement of this text was not prepared after all.
        case forget(String)
        /// The replies make no sense; the connection must be closed.
        case broken(String)
    }

    private struct Entry {
        let unit: Unit
        let steps: [Step]
        var replies = 0
        var values: [Value] = []
        var failure: Failure?
        var failedStep: Int?
    }

    private var entries: [Entry] = []
    private var first = 0

    /// Units sent and not yet finished, oldest first.
    var units: [Unit] { entries[first...].map(\.unit) }
    var count: Int { entries.count - first }
    var isEmpty: Bool { entries.count == first }
    /// The unit that the server is working on.
    var head: Unit? { isEmpty ? nil : entries[first].unit }

    mutating func sent(_ unit: Unit, steps: [Step]) {
        entries.append(Entry(unit: unit, steps: steps))
    }

    /// At most two actions follow from one reply.
    mutating func received(_ reply: PipelineReply<Value, Failure>) -> [Action] {
        switch reply {
        case .end: return []
        case .lost(let reason): return [.broken(reason)]
        case .sync: return finishHead()
        case .value(let value): return stepReplied(value: value, failure: nil)
        case .failure(let failure): return stepReplied(value: nil, failure: failure)
        case .aborted: return stepReplied(value: nil, failure: nil)
        }
    }

    private mutating func stepReplied(value: Value?, failure: Failure?) -> [Action] {
        guard !isEmpty else { return [.broken("a reply to nothing that was sent")] }
        let step = entries[first].replies
        guard step < entries[first].steps.count else {
            guard let failure, entries[first].failure == nil else { return [.broken("more replies than steps")] }
            entries[first].failure = failure
            return []
        }
        entries[first].replies += 1
        if let failure, entries[first].failure == nil {
            entries[first].failure = failure
            entries[first].failedStep = step
        }
        switch entries[first].steps[step] {
        case .execute:
            if let value { entries[first].values.append(value) }
            return []
        case .prepare(let text): return value == nil ? [.forget(text)] : []
        }
    }

    private mutating func finishHead() -> [Action] {
        guard !isEmpty, entries[first].replies == entries[first].steps.count else {
            return [.broken("a sync too early")]
        }
        let entry = entries[first]
        first += 1
        if first == entries.count {
            entries.removeAll(keepingCapacity: true)
            first = 0
        }
        if let failure = entry.failure { return [.failed(entry.unit, failure, step: entry.failedStep)] }
        return [.succeeded(entry.unit, entry.values)]
    }
}

/// What comes back for one step of a pipeline.
enum PipelineReply<Value, Failure> {
    /// The step was done.
    case value(Value)
    /// The step failed, or the end of its implicit transaction did.
    case failure(Failure)
    /// The step was skipped, because one before it in the same implicit transaction failed.
    case aborted
    /// The end of an implicit transaction.
    case sync
    /// libpq's NULL after each step.
    case end
    /// Not an answer to a step: the connection is of no more use.
    case lost(reason: String)
}
