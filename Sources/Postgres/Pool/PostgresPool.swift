import Glibc
package import Logging
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
    private let mailbox = PoolMailbox()
    private let listenersMade = Atomic(0)

    package init(configuration: PostgresConfiguration, logger: Logger) {
        self.configuration = configuration
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
