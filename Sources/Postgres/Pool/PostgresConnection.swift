import Synchronization

/// One connection in the driver's hands: sends units of work and turns replies into actions. Never leaves the driver's thread.
final class PostgresConnection {
    /// What was sent, up to a sync.
    enum Unit {
        case job(PendingJob)
        /// `LISTEN` for a listener's channels.
        case listen
        /// A question to see whether the server still answers.
        case check
        /// Gives up a prepared statement; nobody cares how it ends.
        case housekeeping
    }

    typealias Pipeline = PipelineState<Unit, ResultHandle, PostgresServerError>

    let id: Int
    let purpose: ConnectionPurpose
    let link: LibPQConnection
    private(set) var pipeline = Pipeline()
    private var statements: StatementCache
    /// The transaction that has this connection to itself.
    var lease: LeaseID?
    /// Jobs of that transaction that wait for the one in flight.
    var leaseQueue = JobQueue()
    /// Closed as soon as nothing is in flight.
    var isRetiring = false
    /// Cancellations that a helper thread has not yet delivered: until then whatever runs here may be hit.
    var cancelsUnderway = 0
    /// A cancellation was sent since the connection was last empty, so that it may have hit another job than the one meant.
    var mayBeHitByCancel = false
    /// When the server began with the unit at the head, as far as we can know.
    private(set) var headSince = MonotonicTime.now
    /// When the unit at the head was asked to stop.
    var headCancelledAt: MonotonicTime?
    /// When the server last said anything.
    private(set) var lastReply = MonotonicTime.now
    /// Whether epoll watches for room to write.
    var watchesWrites = false

    init(id: Int, purpose: ConnectionPurpose, link: LibPQConnection, preparedStatementsMax: Int) {
        self.id = id
        self.purpose = purpose
        self.link = link
        self.statements = StatementCache(max: preparedStatementsMax)
    }

    var isEmpty: Bool { pipeline.isEmpty }

    /// Sends statements and a sync. False when libpq refuses; then the server got no sync, and so can commit nothing of it.
    func send(_ unit: Unit, _ sqls: [SQL]) -> Bool {
        if pipeline.isEmpty { headSince = .now }
        var steps: [Pipeline.Step] = []
        for sql in sqls {
            let (name, isNew) = statements.use(sql)
            if isNew {
                guard link.sendPrepare(name: name, statement: sql) else { return false }
                steps.append(.prepare(sql.text))
            }
            guard link.sendExecute(name: name, binds: sql.binds) else { return false }
            steps.append(.execute)
        }
        guard link.sendSync() else { return false }
        pipeline.sent(unit, steps: steps)
        return true
    }

    /// Sends a statement that is not to be prepared, and a sync.
    func sendPlain(_ unit: Unit, _ text: String) -> Bool {
        if pipeline.isEmpty { headSince = .now }
        guard link.sendPlain(text), link.sendSync() else { return false }
        pipeline.sent(unit, steps: [.execute])
        return true
    }

    /// Gives up the prepared statements that are no longer used. Not while a transaction is open: an error would fail it.
    func sendHousekeeping() -> Bool {
        statements.takeDiscarded().allSatisfy { sendPlain(.housekeeping, "DEALLOCATE \($0)") }
    }

    /// Reads what has arrived and hands each action to `perform`. Returns why the connection is of no more use, or nil.
    func receive(_ perform: (Pipeline.Action) -> Void) -> String? {
        guard link.consumeInput() else { return link.errorMessage }
        lastReply = .now
        var endsInARow = 0
        while !pipeline.isEmpty, !link.isBusy {
            let reply = link.nextReply()
            if case .end = reply { endsInARow += 1 } else { endsInARow = 0 }
            guard endsInARow < 3 else { return "libpq has no reply to what was sent" }
            for action in pipeline.received(reply) {
                switch action {
                case .succeeded, .failed:
                    headSince = lastReply
                    headCancelledAt = nil
                    perform(action)
                case .forget(let text): statements.forget(text)
                case .broken(let reason): return reason
                }
            }
        }
        return nil
    }

    /// Prepares the job's statements anew when they come again; all statements without a job, as a migration may have changed what
    /// any of them means.
    func forgetStatements(of job: PostgresJob?) {
        guard let job else { return statements.forgetAll() }
        for statement in job.statements { statements.forget(statement.text) }
    }

    /// When to give up on the server, if the unit at the head has not ended by then.
    func deadline(_ configuration: PostgresConfiguration) -> MonotonicTime {
        guard let head = pipeline.head else { return .distantFuture }
        var deadline = headSince + configuration.statementDeadline
        if case .job(let pending) = head, let expires = pending.job.expires { deadline = min(deadline, expires) }
        if let headCancelledAt { deadline = min(deadline, headCancelledAt + .seconds(5)) }
        return deadline
    }

    /// Whether the job at the head wants to be cancelled and has not been yet.
    var headWantsCancel: Bool {
        guard case .job(let pending) = pipeline.head else { return false }
        return headCancelledAt == nil && pending.job.isCancelled.load(ordering: .relaxed)
    }
}
