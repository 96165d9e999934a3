import Logging
import Synchronization

/// The one owner of all the pool's connections: a loop on a thread of its own that takes messages, gives jobs to
/// connections, and reads replies. Nothing here is shared; other threads reach it by the mailbox alone.
final class PoolDriver {
    let mailbox: PoolMailbox
    let configuration: PostgresConfiguration
    let logger: Logger
    let poller = Poller()
    var metrics = PoolMetrics()

    var connections: [Int: PostgresConnection] = [:]
    /// Connections of the pool with nothing to do; the last one used is used next, so that few stay warm.
    var idle: [Int] = []
    var queue = JobQueue()
    var leases: [LeaseID: Int] = [:]
    var listeners: [Int: Listener] = [:]
    var connecting = Connecting()
    var cancelThreads = 0
    var isKeptWarm = false
    /// Set when the pool is closing: the moment at which whatever is left is given up.
    var closesAt: MonotonicTime?

    let acquireTimeout_nanoseconds: Int64
    private static let mailboxID = 0
    private var lastConnectionID = PoolDriver.mailboxID

    /// Starts the driver; it ends when the mailbox gets `.close`.
    static func start(mailbox: PoolMailbox, configuration: PostgresConfiguration, logger: Logger) {
        do throws(PostgresError) {
            try BlockingThread.start("postgres-pool") {
                PoolDriver(mailbox: mailbox, configuration: configuration, logger: logger).run()
            }
        } catch {
            // A pool without its thread would answer nobody, for ever, so the process ends. Pools are made when a daemon or a
            // command starts; the service manager starts the daemon again.
            fatalError("\(error)")
        }
    }

    private init(mailbox: PoolMailbox, configuration: PostgresConfiguration, logger: Logger) {
        self.mailbox = mailbox
        self.configuration = configuration
        self.acquireTimeout_nanoseconds = configuration.acquireTimeout.nanoseconds
        self.logger = logger
        self.connecting = Connecting(configuration)
    }

    private func run() {
        poller.addWakeUp(mailbox.wakeDescriptor, id: Self.mailboxID)
        while !isDone {
            let statistics = statistics
            metrics.publish(statistics)
            let messages = mailbox.take(publishing: statistics)
            messages.forEach(receive)
            dispatch()
            openConnections()
            // With messages taken the mailbox was not told that we sleep; look again before we do.
            if messages.isEmpty { waitForEvents() }
        }
        giveUpEverything()
        mailbox.close().forEach(refuse)
    }

    private func waitForEvents() {
        for event in poller.wait(until: nextTimer) {
            // A connection may have been closed by an event before this one.
            if event.isWritable, let connection = connections[event.id] { flush(connection) }
            if event.isReadable, let connection = connections[event.id] { read(connection) }
        }
        fireTimers()
    }

    private func receive(_ message: PoolMessage) {
        switch message {
        case .submit(let job, let completion): accept(job, completion)
        case .cancel(let job): cancel(job)
        case .opened(let purpose, let result): opened(purpose, result)
        case .cancelDelivered(let id): cancelDelivered(id)
        case .listen(let request): listen(request)
        case .stopListening(let id): stopListening(id)
        case .keepWarm: isKeptWarm = true
        case .ask(let answer): answer()
        case .close(let within): close(within: within)
        }
    }

    func nextConnectionID() -> Int {
        lastConnectionID += 1
        return lastConnectionID
    }

    var poolConnectionCount: Int {
        connections.count - listeners.values.count { $0.connection != nil }
    }

    private var statistics: PostgresPoolStatistics {
        let size = poolConnectionCount
        return PostgresPoolStatistics(size: size, idle: idle.count, busy: size - idle.count, waiting: queue.count)
    }
}

// MARK: - Timers

extension PoolDriver {
    private var nextTimer: MonotonicTime {
        var next = min(queue.earliestExpiry, connectTimer, closesAt ?? .distantFuture)
        for connection in connections.values { next = min(next, connection.deadline) }
        for listener in listeners.values { next = min(next, timer(of: listener)) }
        return next
    }

    private func fireTimers() {
        let now = MonotonicTime.now
        if queue.earliestExpiry <= now { expireQueue(now) }
        for connection in connections.values where connection.deadline <= now {
            deadlinePassed(connection)
        }
        for listener in listeners.values where timer(of: listener) <= now { wake(listener) }
    }

    private var whyBusy: String {
        poolConnectionCount == 0 ? "connecting takes too long" : "all \(poolConnectionCount) connections were busy"
    }

    private func expireQueue(_ now: MonotonicTime) {
        for pending in queue.remove(where: { $0.queueExpires <= now }) {
            if let expires = pending.job.expires, expires <= now {
                metrics.deadlineExceeded()
                finish(pending, .failure(.deadlineExceeded(outcomeUnknown: false)))
            } else {
                metrics.jobRefused()
                finish(pending, .failure(.unavailable(reason: connecting.lastFailure ?? whyBusy)))
            }
        }
    }
}

/// How jobs get onto connections.
extension PoolDriver {
    func accept(_ job: PostgresJob, _ completion: @escaping JobCompletion) {
        var expires = job.created.after(nanoseconds: acquireTimeout_nanoseconds)
        if let wanted = job.expires { expires = min(expires, wanted) }
        let pending = PendingJob(job: job, completion: completion, queueExpires: expires)
        if job.isCancelled.load(ordering: .relaxed) { return finish(pending, .failure(.cancelled)) }
        if let lease = job.lease { return accept(pending, of: lease) }
        if closesAt != nil { return finish(pending, .failure(.closed)) }
        if let problem = connecting.misconfiguration { return finish(pending, .failure(problem)) }
        guard queue.count < configuration.waitingMax else {
            metrics.jobRefused()
            return finish(pending, .failure(.overloaded))
        }
        queue.append(pending)
    }

    /// Gives waiting jobs to free connections. A connection takes its share of the jobs that wait, so that with more
    /// jobs than connections several travel in one pipeline; a transaction, and a job with a deadline of its own, gets
    /// a connection alone.
    func dispatch() {
        while let head = queue.head {
            guard !head.isFinished else {
                _ = queue.popFirst()
                continue
            }
            guard let id = idle.popLast() else { return }
            guard let connection = connections[id] else { continue }
            let share = (queue.count + poolConnectionCount - 1) / max(1, poolConnectionCount)
            var room = head.isExclusive ? 1 : max(1, min(configuration.pipelineMax, share))
            guard connection.sendHousekeeping() else { return lost(connection, connection.link.errorMessage) }
            while room > 0, let next = queue.head, connection.isEmpty || !next.isExclusive {
                _ = queue.popFirst()
                guard !next.isFinished else { continue }
                guard send(next, on: connection) else { break }
                if next.isExclusive { break }
                room -= 1
            }
            flush(connection)
        }
    }

    /// False when the connection is lost; the job then waits for another one.
    private func send(_ pending: PendingJob, on connection: PostgresConnection) -> Bool {
        if case .begins(let lease) = pending.job.part {
            leases[lease] = connection.id
            connection.lease = lease
        }
        guard connection.send(.job(pending), pending.job.statements) else {
            if let lease = connection.lease { leases[lease] = nil }
            connection.lease = nil
            retry(pending)
            lost(connection, connection.link.errorMessage)
            return false
        }
        metrics.jobSent(waitedNanoseconds: .now - pending.job.created)
        return true
    }

    /// Queues a job again of which the server has certainly done nothing.
    func retry(_ pending: PendingJob) {
        pending.attempts += 1
        if pending.job.isCancelled.load(ordering: .relaxed) { return finish(pending, .failure(.cancelled)) }
        pending.queueExpires = MonotonicTime.now.after(nanoseconds: acquireTimeout_nanoseconds)
        if let expires = pending.job.expires { pending.queueExpires = min(pending.queueExpires, expires) }
        queue.prepend(pending)
    }

    func flush(_ connection: PostgresConnection) {
        switch connection.link.flush() {
        case .failed: lost(connection, connection.link.errorMessage)
        case .done: watchWrites(connection, false)
        case .blocked: watchWrites(connection, true)
        }
    }

    private func watchWrites(_ connection: PostgresConnection, _ writes: Bool) {
        guard connection.watchesWrites != writes else { return }
        connection.watchesWrites = writes
        poller.watch(connection.link.socket, id: connection.id, writes: writes)
    }

    func finish(_ pending: PendingJob, _ result: Result<[PostgresResult], PostgresError>) {
        metrics.jobFinished(nanoseconds: .now - pending.job.created)
        pending.finish(result)
    }
}

// MARK: - Transactions

extension PoolDriver {
    private func accept(_ pending: PendingJob, of lease: LeaseID) {
        guard let id = leases[lease], let connection = connections[id] else {
            // Its connection died, and with it all that the transaction did.
            if case .ends(_, commits: false) = pending.job.part { return finish(pending, .success([])) }
            return finish(
                pending,
                .failure(.connectionLost(outcomeUnknown: false, reason: "the transaction's connection is gone")))
        }
        guard connection.isEmpty else { return connection.leaseQueue.append(pending) }
        sendWithinLease(pending, on: connection)
    }

    func sendNextOfLease(_ connection: PostgresConnection) {
        while connection.isEmpty, let next = connection.leaseQueue.popFirst() {
            if !next.isFinished { sendWithinLease(next, on: connection) }
        }
    }

    private func sendWithinLease(_ pending: PendingJob, on connection: PostgresConnection) {
        guard connection.send(.job(pending), pending.job.statements) else {
            let reason = connection.link.errorMessage
            finish(pending, .failure(.connectionLost(outcomeUnknown: false, reason: reason)))
            return lost(connection, reason)
        }
        flush(connection)
    }
}

/// What follows from the server's replies.
extension PoolDriver {
    func read(_ connection: PostgresConnection) {
        let problem = connection.receive { action in
            switch action {
            case .succeeded(let unit, let values): succeeded(unit, values, on: connection)
            case .failed(let unit, let error, _): failed(unit, error, on: connection)
            case .forget, .broken: break
            }
        }
        if let problem { return lost(connection, problem) }
        if case .listener(let id) = connection.purpose { return readNotifications(connection, listener: id) }
        if connection.isEmpty {
            emptied(connection)
        } else if connection.headWantsCancel {
            sendCancel(connection)
        }
    }

    private func succeeded(_ unit: PostgresConnection.Unit, _ values: [ResultHandle], on connection: PostgresConnection)
    {
        switch unit {
        case .job(let pending):
            released(pending.job, connection)
            // A second try began with a rollback, which nobody asked for.
            finish(pending, .success(values.suffix(pending.job.statements.count).map(PostgresResult.init)))
        case .listen: listens(connection)
        case .check, .housekeeping: break
        }
    }

    private func failed(
        _ unit: PostgresConnection.Unit, _ error: PostgresServerError, on connection: PostgresConnection
    ) {
        switch unit {
        case .job(let pending): failed(pending, error, on: connection)
        case .listen, .check:
            logger.warning("listening failed", metadata: ["error": "\(error)"])
            connection.isRetiring = true
        case .housekeeping: break
        }
    }

    /// A failed unit has done nothing: its implicit transaction was rolled back. So what is not the statement's own
    /// fault may be tried again, once; within a transaction only its first part may, as nobody has seen a result of it
    /// yet.
    private func failed(_ pending: PendingJob, _ error: PostgresServerError, on connection: PostgresConnection) {
        let isFirstTry = pending.attempts == 0
        let isCancelled = pending.job.isCancelled.load(ordering: .relaxed)
        if error.isAboutPreparedStatements {
            connection.forgetStatements(of: error.sqlState == "26000" ? pending.job : nil)
        }
        // After a switchover the connection leads to what has become a standby; another one will find the new primary.
        let isDemoted = error.sqlState == "25006" && connecting.parameters?.wantsWritable == true
        if isDemoted { connection.isRetiring = true }
        let isOthersFault =
            error.isAboutPreparedStatements || isDemoted || error.sqlState == "57014" && connection.mayBeHitByCancel
        guard isFirstTry, isOthersFault, !isCancelled else {
            released(pending.job, connection, failed: true)
            let cancelled = isCancelled && error.sqlState == "57014"
            return finish(pending, .failure(cancelled ? .cancelled : .server(error)))
        }
        switch pending.job.part {
        case .alone: retry(pending)
        case .begins where error.isAboutPreparedStatements && closesAt == nil:
            pending.attempts += 1
            if !connection.send(.job(pending), ["ROLLBACK"] + pending.job.statements) {
                connection.isRetiring = true
                finish(pending, .failure(.server(error)))
            }
        case .begins, .continues, .ends:
            released(pending.job, connection, failed: true)
            finish(pending, .failure(.server(error)))
        }
    }

    /// Frees the connection when the job was the end of a transaction. A `COMMIT` that failed is not: a `ROLLBACK` will
    /// follow.
    private func released(_ job: PostgresJob, _ connection: PostgresConnection, failed: Bool = false) {
        guard case .ends(let lease, let commits) = job.part, !(failed && commits) else { return }
        leases[lease] = nil
        connection.lease = nil
    }

    /// Nothing is in flight: the connection goes on with its transaction, to the idle ones, or away.
    func emptied(_ connection: PostgresConnection) {
        if connection.lease != nil {
            sendNextOfLease(connection)
            return
        }
        guard connection.cancelsUnderway == 0 else { return }
        connection.mayBeHitByCancel = false
        guard !connection.isRetiring else { return closeQuietly(connection) }
        guard connection.link.isOutsideTransaction else {
            logger.error(
                "a statement outside of PostgresPool.transaction left a transaction open; its connection is closed")
            return closeQuietly(connection)
        }
        guard closesAt == nil || !queue.isEmpty else { return closeQuietly(connection) }
        idle.append(connection.id)
    }
}

extension PostgresServerError {
    /// The plan that the server kept no longer fits (the function that says so is named, as the message may be
    /// translated), or it has lost the statement, as after `DISCARD ALL` or behind a pooler.
    fileprivate var isAboutPreparedStatements: Bool {
        sqlState == "26000" || sqlState == "0A000" && sourceFunction == "RevalidateCachedQuery"
    }
}

/// How a cancelled task's job ends: taken out of the queue, or cancelled on the server and drained.
extension PoolDriver {
    func cancel(_ job: PostgresJob) {
        for pending in queue.remove(where: { $0.job === job }) { finish(pending, .failure(.cancelled)) }
        for connection in connections.values {
            if connection.leaseQueue.count > 0 {
                for pending in connection.leaseQueue.remove(where: { $0.job === job }) {
                    finish(pending, .failure(.cancelled))
                }
            }
            if connection.headWantsCancel { sendCancel(connection) }
        }
    }

    /// Asks the server to stop what the connection is doing. The request names no statement, so it may hit the one that
    /// follows in the pipeline; that one is then sent again. A job behind the head is cancelled when it gets there.
    func sendCancel(_ connection: PostgresConnection) {
        guard startCancelThread(connection) else { return lost(connection, "too many cancellations at once") }
        connection.headWasCancelled(patience: .seconds(5))
        connection.mayBeHitByCancel = true
        connection.cancelsUnderway += 1
    }

    /// False when there are too many already, as each waits for as long as a frozen server lets it, or when the process may
    /// have no more threads.
    func startCancelThread(_ connection: PostgresConnection) -> Bool {
        guard cancelThreads < max(4, configuration.connections), let handle = connection.link.cancelHandle() else {
            return false
        }
        let (mailbox, id) = (mailbox, connection.id)
        do throws(PostgresError) {
            try BlockingThread.start("postgres-cancel") {
                handle.cancel()
                mailbox.post(.cancelDelivered(connection: id))
            }
        } catch {
            return false
        }
        cancelThreads += 1
        return true
    }

    func cancelDelivered(_ id: Int) {
        cancelThreads -= 1
        guard let connection = connections[id] else { return }
        connection.cancelsUnderway -= 1
        // It was kept from new jobs until now, lest they be hit.
        if connection.isEmpty, connection.lease == nil { emptied(connection) }
    }
}
