import Synchronization

/// Told once how a job ended, on the driver's thread.
typealias JobCompletion = @Sendable (Result<[PostgresResult], PostgresError>) -> Void

/// Statements that travel together and end in one sync. Made by the task that wants them, read by the driver.
final class PostgresJob: Sendable {
    /// What the job is to the transaction it belongs to.
    enum Part: Equatable {
        /// It belongs to none; the server commits it at its sync.
        case alone
        /// It opens the transaction, so the connection is kept for it from now on.
        case begins(LeaseID)
        case continues(LeaseID)
        /// It ends with `COMMIT` or `ROLLBACK`, after which the connection is free; `commits` tells which.
        case ends(LeaseID, commits: Bool)
    }

    let statements: [SQL]
    let part: Part
    /// The moment after which the caller no longer wants it; nil for the pool's limits alone.
    let expires: MonotonicTime?
    let created = MonotonicTime.now
    let isCancelled = Atomic(false)

    init(statements: [SQL], part: Part, expires: MonotonicTime?) {
        self.statements = statements
        self.part = part
        self.expires = expires
    }

    /// Whether the job can have committed something once all of it was sent.
    var mayCommit: Bool {
        switch part {
        case .alone: true
        case .begins, .continues: false
        case .ends(_, let commits): commits
        }
    }

    /// The transaction whose connection it must run on.
    var lease: LeaseID? {
        switch part {
        case .alone, .begins: nil
        case .continues(let lease), .ends(let lease, _): lease
        }
    }

    fileprivate var belongsToTransaction: Bool {
        switch part {
        case .alone: false
        case .begins, .continues, .ends: true
        }
    }
}

/// Names a transaction, and with it the connection that it is bound to.
struct LeaseID: Hashable, Sendable {
    private static let next = Atomic(0)
    private let value = LeaseID.next.wrappingAdd(1, ordering: .relaxed).newValue
}

/// A job in the driver's hands. Its completion is called exactly once, by `finish`.
final class PendingJob {
    let job: PostgresJob
    /// When it gives up waiting for a connection.
    var queueExpires: MonotonicTime
    private var completion: JobCompletion?
    /// How often it was sent in vain.
    var attempts = 0

    init(job: PostgresJob, completion: @escaping JobCompletion, queueExpires: MonotonicTime) {
        self.job = job
        self.completion = completion
        self.queueExpires = queueExpires
    }

    deinit {
        // A job that was dropped would leave its task waiting for ever; this is the net below a bug.
        completion?(.failure(.closed))
    }

    var isFinished: Bool { completion == nil }

    /// Shares its connection's pipeline with no other job: they could be hurt by its early deadline, and it, once it
    /// has failed through no fault of its own, by their failing to prepare the same statement.
    var isExclusive: Bool {
        job.belongsToTransaction || job.expires != nil || attempts > 0
    }

    func finish(_ result: Result<[PostgresResult], PostgresError>) {
        // Emptied first: a completion may lead back to here.
        let told = completion
        completion = nil
        told?(result)
    }
}

/// Jobs that wait for a connection, first come first served.
struct JobQueue {
    private var jobs: [PendingJob?] = []
    private var first = 0
    /// No job in the queue expires before this; jobs that left it early make it a lower bound only.
    private(set) var earliestExpiry = MonotonicTime.distantFuture

    var count: Int { jobs.count - first }
    var isEmpty: Bool { jobs.count == first }
    var head: PendingJob? { isEmpty ? nil : jobs[first] }

    mutating func append(_ job: PendingJob) {
        jobs.append(job)
        earliestExpiry = min(earliestExpiry, job.queueExpires)
    }

    /// For a job that has been out already and must not wait behind all the others again.
    mutating func prepend(_ job: PendingJob) {
        if first > 0 {
            first -= 1
            jobs[first] = job
        } else {
            jobs.insert(job, at: 0)
        }
        earliestExpiry = min(earliestExpiry, job.queueExpires)
    }

    mutating func popFirst() -> PendingJob? {
        guard !isEmpty else { return nil }
        let job = jobs[first]
        jobs[first] = nil
        first += 1
        if first == jobs.count {
            jobs.removeAll(keepingCapacity: true)
            first = 0
            earliestExpiry = .distantFuture
        } else if first > 1_024 {
            jobs.removeFirst(first)
            first = 0
        }
        return job
    }

    /// Takes out the jobs for which `isUnwanted` says so.
    mutating func remove(where isUnwanted: (PendingJob) -> Bool) -> [PendingJob] {
        let waiting = jobs[first...].compactMap { $0 }
        let removed = waiting.filter(isUnwanted)
        jobs = waiting.filter { !isUnwanted($0) }
        first = 0
        earliestExpiry = jobs.reduce(.distantFuture) { min($0, $1?.queueExpires ?? .distantFuture) }
        return removed
    }
}

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
