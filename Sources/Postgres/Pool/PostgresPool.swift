import Glibc
package import Logging
import Metrics
import ServiceLifecycle
import Synchronization

/// Hears that statements have ended.
package protocol PostgresAnswerListener: AnyObject, Sendable {
    func answered()
}

/// Connections to PostgreSQL, shared by everything in the process. Statements may be given to it before `run()` and
/// while the server is away: they wait up to `acquireTimeout`. Connections are opened as they are needed.
package final class PostgresPool: Service, Sendable {
    package let configuration: PostgresConfiguration
    /// What was read by this pool and could not be understood.
    package let unreadable: UnreadableRows
    private let mailbox = PoolMailbox()
    private let listenersMade = Atomic(0)

    package init(configuration: PostgresConfiguration, logger: Logger) {
        self.configuration = configuration
        unreadable = UnreadableRows(logger: logger)
        PoolDriver.start(mailbox: mailbox, configuration: configuration, logger: logger)
    }

    deinit {
        mailbox.post(.close(within: .zero))
    }

    /// Holds at least one connection open, until graceful shutdown (queued work is finished, within `shutdownTimeout`)
    /// or cancellation (running work has a second); then the pool is closed for good.
    package func run() async throws {
        mailbox.post(.keepWarm)
        await withTaskCancellationHandler {
            await withGracefulShutdownHandler {
                await mailbox.waitUntilClosed()
            } onGracefulShutdown: {
                self.mailbox.post(.close(within: self.configuration.shutdownTimeout))
            }
        } onCancel: {
            self.mailbox.post(.close(within: .seconds(1)))
        }
    }

    /// Closes the pool without `run()`: waits for queued work up to `shutdownTimeout`.
    package func close() async {
        mailbox.post(.close(within: configuration.shutdownTimeout))
        await mailbox.waitUntilClosed()
    }

    /// One statement, committed by itself. `deadline` counts from now and includes the wait for a connection; a
    /// statement with one has a connection to itself.
    @discardableResult
    package func query(_ sql: SQL, deadline: Duration? = nil) async throws -> PostgresResult {
        try await pipeline([sql], deadline: deadline)[0]
    }

    /// One statement that is planned as it asks for, in a transaction of its own.
    @discardableResult
    package func query(_ sql: SQL, planning: PostgresPlanning) async throws -> PostgresResult {
        guard let settings = planning.settings else { return try await query(sql) }
        return try await pipeline([settings, sql])[1]
    }

    /// One statement whose outcome is told on the pool's own thread: for what must not cost a change of threads. Whatever
    /// `completion` does holds up every other statement, so it may only decode a few rows and hand on.
    package func query(
        _ sql: SQL, completion: @escaping @Sendable (Result<PostgresResult, PostgresError>) -> Void
    ) {
        do {
            try Self.check([sql])
        } catch {
            return completion(.failure(error))
        }
        let job = PostgresJob(statements: [sql], part: .alone, expires: nil)
        let isPosted = mailbox.post(.submit(job, { outcome in completion(outcome.map { $0[0] }) }))
        if !isPosted { completion(.failure(.closed)) }
    }

    /// Statements in one round trip and one implicit transaction: all of them or none.
    @discardableResult
    package func pipeline(_ statements: [SQL], deadline: Duration? = nil) async throws -> [PostgresResult] {
        guard !statements.isEmpty else { return [] }
        return try await submit(statements, part: .alone, deadline: deadline)
    }

    /// Has `answer` called by the thread that owns the connections, at its next turn, whether PostgreSQL is there or not.
    /// A pool that is closed has nothing to get round to any more, and answers at once.
    package func askDriver(_ answer: @escaping @Sendable () -> Void) {
        if !mailbox.post(.ask(answer)) { answer() }
    }

    /// Told of every answer, good or bad, that the task it is set for, or a child of that, got from any pool.
    @TaskLocal package static var listener: (any PostgresAnswerListener)?

    /// What the pool is doing at this moment.
    package func statistics() -> PostgresPoolStatistics {
        mailbox.statistics
    }

    /// Listens on a connection of its own, reconnecting for ever; begins with `.reconnected`. Ends with the pool or the
    /// stream's reader. A reader that falls 1,024 notifications behind misses some, and is told `.reconnected` again.
    package func notifications(on channels: [String]) -> AsyncStream<PostgresNotification> {
        let id = listenersMade.wrappingAdd(1, ordering: .relaxed).newValue
        let (stream, continuation) = AsyncStream.makeStream(
            of: PostgresNotification.self, bufferingPolicy: .bufferingOldest(1_024))
        let mailbox = mailbox
        continuation.onTermination = { _ in mailbox.post(.stopListening(id)) }
        if !mailbox.post(.listen(ListenerRequest(id: id, channels: channels, continuation: continuation))) {
            continuation.finish()
        }
        return stream
    }
}

extension PostgresPool {
    /// Hands a job to the driver and waits. `isCancellable` is false only for what must run although the task was
    /// cancelled.
    func submit(
        _ statements: [SQL], part: PostgresJob.Part, deadline: Duration? = nil, isCancellable: Bool = true
    ) async throws(PostgresError) -> [PostgresResult] {
        try Self.check(statements)
        defer { Self.listener?.answered() }
        let job = PostgresJob(statements: statements, part: part, expires: deadline.map { .now + $0 })
        guard isCancellable else { return try await hand(job).get() }
        return try await withTaskCancellationHandler {
            await hand(job)
        } onCancel: {
            // The flag first: if the job is still on its way to the driver, that is where the driver will see it.
            job.isCancelled.store(true, ordering: .relaxed)
            self.mailbox.post(.cancel(job))
        }.get()
    }

    private func hand(_ job: PostgresJob) async -> Result<[PostgresResult], PostgresError> {
        await withCheckedContinuation { continuation in
            if !mailbox.post(.submit(job, { continuation.resume(returning: $0) })) {
                continuation.resume(returning: .failure(.closed))
            }
        }
    }

    /// Statements are some thousand bytes; a loop in Swift takes as long for them as everything else that is done here.
    private static func holdsNUL(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { utf8 in utf8.baseAddress.map { memchr($0, 0, utf8.count) != nil } ?? false }
    }

    /// Refuses what libpq could not send.
    private static func check(_ statements: [SQL]) throws(PostgresError) {
        for statement in statements {
            for (index, bind) in statement.binds.enumerated() {
                if let problem = bind.problem { throw .invalidParameter(position: index + 1, reason: problem) }
            }
            if holdsNUL(statement.text) {
                throw .invalidParameter(position: 0, reason: "the statement holds a NUL character")
            }
        }
    }
}

/// How far a transaction is kept apart from others.
package enum PostgresIsolation: Sendable {
    case readCommitted, repeatableRead, serializable

    fileprivate var begin: SQL {
        switch self {
        case .readCommitted: "BEGIN ISOLATION LEVEL READ COMMITTED"
        case .repeatableRead: "BEGIN ISOLATION LEVEL REPEATABLE READ"
        case .serializable: "BEGIN ISOLATION LEVEL SERIALIZABLE"
        }
    }
}

extension PostgresPool {
    /// Runs `body` between `BEGIN` and `COMMIT`; an error, or a task cancelled, rolls back. A connection is bound to
    /// the transaction from its first statement on.
    @discardableResult
    package func transaction<T: Sendable>(
        _ isolation: PostgresIsolation = .readCommitted, _ body: (PostgresTransaction) async throws -> T
    ) async throws -> T {
        let transaction = PostgresTransaction(pool: self, isolation: isolation)
        do {
            let value = try await body(transaction)
            try await transaction.commit()
            return value
        } catch {
            await transaction.rollBack()
            throw error
        }
    }
}

/// A transaction that `PostgresPool.transaction` opened. `BEGIN` travels with the first statement, and `commit(after:)`
/// lets `COMMIT` travel with the last ones. Statements run one after another, also when several tasks give them.
package final class PostgresTransaction: Sendable {
    private enum Phase {
        case untouched
        /// `BEGIN` is on its way; others must not overtake it.
        case opening([CheckedContinuation<Void, Never>])
        case open
        case over
    }

    private let pool: PostgresPool
    private let isolation: PostgresIsolation
    private let lease = LeaseID()
    private let phase = Mutex(Phase.untouched)

    fileprivate init(pool: PostgresPool, isolation: PostgresIsolation) {
        self.pool = pool
        self.isolation = isolation
    }

    /// What was read by the pool and could not be understood.
    package var unreadable: UnreadableRows { pool.unreadable }

    /// One statement within the transaction. After an error only the rollback can follow.
    @discardableResult
    package func query(_ sql: SQL) async throws -> PostgresResult {
        try await pipeline([sql])[0]
    }

    /// Statements within the transaction, in one round trip. An error fails those after it too.
    @discardableResult
    package func pipeline(_ statements: [SQL]) async throws -> [PostgresResult] {
        guard !statements.isEmpty else { return [] }
        guard try await isOpen() else { return try await begin(statements) }
        return try await pool.submit(statements, part: .continues(lease))
    }

    /// The last statements and `COMMIT` in one round trip. Nothing more may follow in `body`; an error rolls back.
    @discardableResult
    package func commit(after statements: [SQL]) async throws -> [PostgresResult] {
        guard try await isOpen() else {
            let results = try await begin(statements)
            _ = try await end([])
            return results
        }
        return try await end(statements)
    }

    /// Commits, unless `commit(after:)` did so already or there was nothing.
    fileprivate func commit() async throws {
        let isOpen = phase.withLock { phase in
            switch phase {
            case .open: return true
            case .untouched, .opening, .over:
                phase = .over
                return false
            }
        }
        if isOpen { _ = try await end([]) }
    }

    /// A cancelled task must not leave the transaction open, so the rollback cannot be cancelled.
    fileprivate func rollBack() async {
        let wasOpen = phase.withLock { phase in
            defer { phase = .over }
            guard case .open = phase else { return false }
            return true
        }
        guard wasOpen else { return }
        _ = try? await pool.submit(["ROLLBACK"], part: .ends(lease, commits: false), isCancellable: false)
    }

    private func end(_ statements: [SQL]) async throws -> [PostgresResult] {
        let results = try await pool.submit(statements + ["COMMIT"], part: .ends(lease, commits: true))
        phase.withLock { $0 = .over }
        // The server answers so when a statement had failed before and nobody minded.
        guard results.last?.commandTag != "ROLLBACK" else {
            throw PostgresError.transactionFailed(reason: "a statement had failed, so the commit rolled back")
        }
        return results.dropLast()
    }

    /// `BEGIN` and the first statements in one round trip. Whatever comes of them, the transaction then has to be
    /// ended.
    private func begin(_ statements: [SQL]) async throws -> [PostgresResult] {
        defer {
            let waiters = phase.withLock { phase in
                guard case .opening(let waiters) = phase else { return [CheckedContinuation<Void, Never>]() }
                phase = .open
                return waiters
            }
            waiters.forEach { $0.resume() }
        }
        return Array(try await pool.submit([isolation.begin] + statements, part: .begins(lease)).dropFirst())
    }

    /// False for the one caller who has to open it; others wait until that is done. Throws when the transaction is
    /// over.
    private func isOpen() async throws -> Bool {
        while true {
            let answer: Bool? = try phase.withLock { phase in
                switch phase {
                case .over: throw PostgresError.transactionFailed(reason: "the transaction is over")
                case .open: return true
                case .opening: return nil
                case .untouched:
                    phase = .opening([])
                    return false
                }
            }
            if let answer { return answer }
            await withCheckedContinuation { continuation in
                let mustWait = phase.withLock { phase in
                    guard case .opening(let waiters) = phase else { return false }
                    phase = .opening(waiters + [continuation])
                    return true
                }
                if !mustWait { continuation.resume() }
            }
        }
    }
}

/// What the pool is doing at this moment.
package struct PostgresPoolStatistics: Sendable, Equatable {
    /// Open connections.
    package var size: Int
    /// Connections with nothing to do.
    package var idle: Int
    /// Connections with a statement in flight or a transaction open.
    package var busy: Int
    /// Statements that wait for a connection.
    package var waiting: Int

    package init(size: Int, idle: Int, busy: Int, waiting: Int) {
        self.size = size
        self.idle = idle
        self.busy = busy
        self.waiting = waiting
    }
}

/// What a listener is told.
package enum PostgresNotification: Sendable, Equatable {
    /// A `NOTIFY` on one of the channels.
    case notified(channel: String, payload: String)
    /// The connection listens (also the first time): whatever was notified before now may have been missed, so read
    /// everything.
    case reconnected
}

/// How the server is to plan a statement: the session's own way is for statements that look rows up.
package enum PostgresPlanning: Sendable {
    /// As every connection has it (`ConnectionParameters`): by indexes, one plan for all parameters.
    case lookUp
    /// As PostgreSQL would do by itself, for these parameters: for statistics and filtered lists, which read much.
    case free
    /// By bitmaps of indexes alone, which are put together before a row is read: for conditions that are each too wide.
    case bitmaps

    /// What makes it so until the transaction ends.
    var settings: SQL? {
        switch self {
        case .lookUp: nil
        case .free:
            """
            SELECT set_config('plan_cache_mode', 'force_custom_plan', true), set_config('enable_seqscan', 'on', true),
                set_config('enable_hashjoin', 'on', true), set_config('enable_mergejoin', 'on', true)
            """
        case .bitmaps:
            """
            SELECT set_config('plan_cache_mode', 'force_custom_plan', true), set_config('enable_indexscan', 'off', true),
                set_config('max_parallel_workers_per_gather', '0', true), set_config('work_mem', '32MB', true)
            """
        }
    }
}

/// What the pool tells the outside, by swift-metrics.
struct PoolMetrics {
    /// From handing a job to the pool until its answer.
    private let duration = Timer(label: "postgres_job_duration_seconds")
    /// The part of it before a connection was free.
    private let wait = Timer(label: "postgres_job_wait_seconds")
    private let size = Gauge(label: "postgres_pool_connections")
    private let busy = Gauge(label: "postgres_pool_busy_connections")
    private let waiting = Gauge(label: "postgres_pool_waiting_jobs")
    private let opened = Counter(label: "postgres_connections_opened_total")
    private let lost = Counter(label: "postgres_connections_lost_total")
    private let openFailed = Counter(label: "postgres_connection_failures_total")
    private let deadlines = Counter(label: "postgres_deadlines_exceeded_total")
    private let refused = Counter(label: "postgres_jobs_refused_total")
    private var published = PostgresPoolStatistics(size: -1, idle: -1, busy: -1, waiting: -1)

    func jobFinished(nanoseconds: Int64) {
        duration.recordNanoseconds(nanoseconds)
    }

    func jobSent(waitedNanoseconds: Int64) {
        wait.recordNanoseconds(waitedNanoseconds)
    }

    func connectionOpened() { opened.increment() }
    func connectionLost() { lost.increment() }
    func connectionFailed() { openFailed.increment() }
    func deadlineExceeded() { deadlines.increment() }
    func jobRefused() { refused.increment() }

    mutating func publish(_ statistics: PostgresPoolStatistics) {
        guard statistics != published else { return }
        if statistics.size != published.size { size.record(statistics.size) }
        if statistics.busy != published.busy { busy.record(statistics.busy) }
        if statistics.waiting != published.waiting { waiting.record(statistics.waiting) }
        published = statistics
    }
}
