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
