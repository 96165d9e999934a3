import FoundationEssentials
import IncidentDomain
import Logging
import Metrics
import NIOCore
import NIOPosix
import Postgres
import ServiceLifecycle
import Synchronization

/// Gathers what arrives within a moment into one statement, and lets each sender wait for its commit.
///
/// While a statement runs, the next batch gathers: alone, an alert waits for nobody; in a storm, hundreds share one
/// commit. `AlertQueue` says what may run beside what.
final class AlertIntake: Service, Sendable {
    /// What bounds the memory and the work.
    struct Limits: Sendable {
        /// Alerts in one statement.
        var batchMax = 500
        /// Alerts that may wait; more are refused, and their senders try again later.
        var waitingMax = 20_000
        /// How long a lone alert waits for company.
        var gathering: Duration = .zero
        /// How many alerts begin a second statement beside the first.
        var besideMin = 24
    }

    /// Who waits for an answer.
    private struct Sender: Sendable {
        let done: CheckedContinuation<Void, any Error>
        /// Which loop carries out the request, if one does.
        let loop: (any EventLoop)?
    }

    private struct State {
        var queue: AlertQueue<Sender>
        var recent = RecentAlerts()
        var isClosed = false
    }

    private let store: AlertIntakeStore
    private let limits: Limits
    private let clock: DatabaseClock
    private let logger: Logger
    private let routing: WakeSignal
    private let state: Mutex<State>
    /// How many alerts share a statement, and how long it takes.
    private let batchAlerts = Recorder(label: "muster_intake_batch_alerts", aggregate: true)
    private let batchDuration = Metrics.Timer(label: "muster_intake_batch_duration_seconds")
    private let arrivals: AsyncStream<Void>
    private let arrived: AsyncStream<Void>.Continuation

    init(
        store: AlertIntakeStore, limits: Limits, routing: WakeSignal, clock: DatabaseClock = DatabaseClock(),
        logger: Logger
    ) {
        self.store = store
        self.limits = limits
        self.routing = routing
        self.clock = clock
        self.logger = logger
        state = Mutex(
            State(
                queue: AlertQueue(
                    batchMax: limits.batchMax, waitingMax: limits.waitingMax, besideMin: limits.besideMin)))
        (arrivals, arrived) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Takes a message in; returns when all of it is committed.
    ///
    /// - Throws: `Problem` `overloaded` when too much waits already, or the fault of the statement.
    func accept(_ message: IncomingMessage, from source: UUID) async throws {
        guard !message.alerts.isEmpty || message.resolvedGroup != nil else { return }
        let loop = MultiThreadedEventLoopGroup.currentEventLoop
        try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
            let (isTaken, mayBegin) = state.withLock { state in
                let isTaken =
                    !state.isClosed
                    && state.queue.append(
                        .init(source: source, message: message, sender: Sender(done: done, loop: loop)))
                return (isTaken, state.queue.mayBegin)
            }
            guard isTaken else {
                return done.resume(
                    throwing: Problem.later(.overloaded, "The queue of incoming alerts is full.", seconds: 2))
            }
            // To wake the other thread for nothing costs more than to read the message.
            if mayBegin { arrived.yield() }
        }
    }

    /// How many alerts wait at this moment.
    var waiting: Int { state.withLock { $0.queue.alerts } }
    /// How many may.
    var waitingMax: Int { limits.waitingMax }

    func run() async throws {
        // Seen as 0 from the beginning: a counter that first appears with a value has not grown.
        for reason in IgnoredReason.allCases { reason.count(0) }
        await withDiscardingTaskGroup { group in
            for await _ in arrivals.cancelOnGracefulShutdown() {
                if limits.gathering > .zero, state.withLock({ $0.queue.isIdle }) {
                    try? await Task.sleep(for: limits.gathering)
                }
                while let batch = state.withLock({ $0.queue.next() }) {
                    group.addTask {
                        await self.carryOut(batch)
                        self.arrived.yield()
                    }
                }
            }
        }
        // Requests in flight end before the daemon does: what they brought is stored, not dropped.
        while let batch = state.withLock({ $0.queue.next() }) { await carryOut(batch) }
        let left = state.withLock { state in
            state.isClosed = true
            return state.queue.removeAll()
        }
        Self.answer(left, .failure(PostgresError.closed))
    }

    private func carryOut(_ batch: AlertQueue<Sender>.Batch) async {
        await RunnerPulse.pass { await storeAndAnswer(batch.messages) }
        state.withLock { $0.queue.finish(batch) }
    }

    private func storeAndAnswer(_ batch: [AlertQueue<Sender>.Waiting]) async {
        let began = ContinuousClock.now
        do {
            try await store(batch)
            Self.answer(batch, .success(()))
        } catch let error as PostgresError where batch.count > 1 && Self.isAboutContent(error) {
            // What the database cannot take of one sender must not keep out the others.
            for waiting in batch { await storeAndAnswer([waiting]) }
        } catch {
            Self.answer(batch, .failure(error))
            if let error = error as? PostgresError, Self.isOutOfTime(error) { giveUpOverdue(since: began) }
        }
    }

    /// Answers those who have waited for half of the time that a statement was given in vain: the next may be in vain as well,
    /// and no sender should wait for two.
    private func giveUpOverdue(since began: ContinuousClock.Instant) {
        let middle = began + began.duration(to: .now) / 2
        let overdue = state.withLock { $0.queue.removeAll(waitingSince: middle) }
        Self.answer(overdue, .failure(PostgresError.deadlineExceeded(outcomeUnknown: false)))
    }

    /// Lets the senders go on, each loop woken once for all of its requests: a wake-up costs more than an answer.
    private static func answer(_ batch: [AlertQueue<Sender>.Waiting], _ result: Result<Void, any Error>) {
        for (_, waiting) in Dictionary(grouping: batch, by: { $0.sender.loop.map { ObjectIdentifier($0) } }) {
            let senders = waiting.map(\.sender)
            guard let loop = senders[0].loop else {
                for sender in senders { sender.done.resume(with: result) }
                continue
            }
            loop.execute {
                for sender in senders { sender.done.resume(with: result) }
            }
        }
    }

    private func store(_ batch: [AlertQueue<Sender>.Waiting]) async throws {
        var changed = 0
        for round in AlertFolding.rounds(batch.map { ($0.source, $0.message.alerts) }, at: clock.now) {
            let start = ContinuousClock.now
            changed += try await store(round)
            batchAlerts.record(round.count)
            batchDuration.record(duration: start.duration(to: .now))
        }
        for waiting in batch {
            guard let group = waiting.message.resolvedGroup else { continue }
            changed += try await repeating {
                try await AlertStore(pool: store.pool).resolveGroup(group, of: waiting.source)
            }
        }
        if changed > 0 { routing.wake() }
    }

    /// Repetitions are counted beside, in a statement of their own, as far as they say nothing new.
    ///
    /// - Returns: How many alerts changed state.
    private func store(_ round: [AlertIntakeStore.Arrival]) async throws -> Int {
        let (again, others) = state.withLock { $0.recent.divide(round) }
        async let rest = repeating { try await store.count(again) }
        let changed = try await repeating { try await store.apply(others) }
        let left = try await rest
        let changedLater = try await repeating { try await store.apply(left) }
        state.withLock { $0.recent.note(round) }
        return changed + changedLater
    }

    /// Storing a batch twice changes nothing but counters, so it is simply repeated when its outcome is unknown or when
    /// another daemon was in the way. More than a few times is left to the senders.
    private func repeating<T>(_ body: () async throws -> T) async throws -> T {
        for _ in 0..<3 {
            do {
                return try await body()
            } catch let error as PostgresError where Self.isWorthRepeating(error) {
                logger.debug("storing a batch of alerts again", metadata: ["error": "\(error)"])
            }
        }
        return try await body()
    }

    /// Whether a value was refused, and not the work: data exceptions and constraints (classes 22 and 23).
    private static func isAboutContent(_ error: PostgresError) -> Bool {
        switch error {
        case .invalidParameter: true
        case .server(let server): server.sqlState.hasPrefix("22") || server.sqlState.hasPrefix("23")
        case .connectionLost, .deadlineExceeded, .unavailable, .overloaded, .cancelled, .closed, .decoding,
            .transactionFailed, .misconfigured, .migration, .embedded:
            false
        }
    }

    /// Whether PostgreSQL used up its time (57014), or gave no answer at all.
    private static func isOutOfTime(_ error: PostgresError) -> Bool {
        switch error {
        case .deadlineExceeded: true
        case .server(let server): server.sqlState == "57014"
        case .connectionLost, .unavailable, .overloaded, .cancelled, .closed, .invalidParameter, .decoding,
            .transactionFailed, .misconfigured, .migration, .embedded:
            false
        }
    }

    private static func isWorthRepeating(_ error: PostgresError) -> Bool {
        switch error {
        case .connectionLost: true
        case .server(let server): ["40P01", "40001", "23505"].contains(server.sqlState)
        case .deadlineExceeded, .unavailable, .overloaded, .cancelled, .closed, .invalidParameter, .decoding,
            .transactionFailed, .misconfigured, .migration, .embedded:
            false
        }
    }
}
