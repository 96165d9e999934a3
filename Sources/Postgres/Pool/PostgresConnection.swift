import Synchronization

/// One connection in the driver's hands: sends units of work and turns replies into actions. Never leaves the driver's
/// thread.
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
    /// A cancellation was sent since the connection was last empty, so that it may have hit another job than the one
    /// meant.
    var mayBeHitByCancel = false
    /// When to give up on the server, if the unit at the head has not ended by then. Counts from when the server began
    /// with that unit, as far as we can know.
    private(set) var deadline = MonotonicTime.distantFuture
    private let plansLifetime_nanoseconds: Int64
    private var plansExpire: MonotonicTime
    private let statementDeadline_nanoseconds: Int64
    /// The unit at the head was asked to stop.
    private var isHeadCancelled = false
    /// When the server last said anything.
    private(set) var lastReply = MonotonicTime.now
    /// Whether epoll watches for room to write.
    var watchesWrites = false

    init(id: Int, purpose: ConnectionPurpose, link: LibPQConnection, configuration: PostgresConfiguration) {
        self.id = id
        self.purpose = purpose
        self.link = link
        self.statements = StatementCache(max: configuration.preparedStatementsMax)
        self.statementDeadline_nanoseconds = configuration.statementDeadline.nanoseconds
        plansLifetime_nanoseconds = configuration.plansLifetime.nanoseconds
        plansExpire = .now.after(nanoseconds: plansLifetime_nanoseconds)
    }

    var isEmpty: Bool { pipeline.isEmpty }

    /// Sends statements and a sync. False when libpq refuses; then the server got no sync, and so can commit nothing of
    /// it.
    func send(_ unit: Unit, _ sqls: [SQL]) -> Bool {
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
        sent(unit, steps)
        return true
    }

    /// Sends a statement that is not to be prepared, and a sync.
    func sendPlain(_ unit: Unit, _ text: String) -> Bool {
        guard link.sendPlain(text), link.sendSync() else { return false }
        sent(unit, [.execute])
        return true
    }

    private func sent(_ unit: Unit, _ steps: [Pipeline.Step]) {
        let isHead = pipeline.isEmpty
        pipeline.sent(unit, steps: steps)
        if isHead { headChanged(at: .now) }
    }

    private func headChanged(at now: MonotonicTime) {
        isHeadCancelled = false
        guard let head = pipeline.head else { return deadline = .distantFuture }
        deadline = now.after(nanoseconds: statementDeadline_nanoseconds)
        if case .job(let pending) = head, let expires = pending.job.expires { deadline = min(deadline, expires) }
    }

    /// Gives up the prepared statements that are no longer used, and plans that are old. Not while a transaction is open:
    /// an error would fail it.
    func sendHousekeeping() -> Bool {
        let now = MonotonicTime.now
        if plansExpire <= now {
            plansExpire = now.after(nanoseconds: plansLifetime_nanoseconds)
            guard sendPlain(.housekeeping, "DISCARD PLANS") else { return false }
        }
        return statements.takeDiscarded().allSatisfy { sendPlain(.housekeeping, "DEALLOCATE \($0)") }
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
                    headChanged(at: lastReply)
                    perform(action)
                case .forget(let text): statements.forget(text)
                case .broken(let reason): return reason
                }
            }
        }
        return nil
    }

    /// Prepares the job's statements anew when they come again; all statements without a job, as a migration may have
    /// changed what any of them means.
    func forgetStatements(of job: PostgresJob?) {
        guard let job else { return statements.forgetAll() }
        for statement in job.statements { statements.forget(statement.text) }
    }

    /// The unit at the head was asked to stop; a server that does not answer even that is given up soon.
    func headWasCancelled(patience: Duration) {
        isHeadCancelled = true
        deadline = min(deadline, .now + patience)
    }

    /// Whether the deadline is one that the caller chose for this job.
    var headHasOwnDeadline: Bool {
        guard case .job(let pending) = pipeline.head else { return false }
        return pending.job.expires == deadline
    }

    /// Whether the job at the head wants to be cancelled and has not been yet.
    var headWantsCancel: Bool {
        guard case .job(let pending) = pipeline.head else { return false }
        return !isHeadCancelled && pending.job.isCancelled.load(ordering: .relaxed)
    }
}
