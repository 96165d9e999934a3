import Logging

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
