import FoundationEssentials
import IncidentDomain
import Logging
import Postgres
import ServiceLifecycle
import Synchronization

/// Gathers what arrives within a moment into one statement, and lets each sender wait for its commit.
///
/// One statement runs at a time, in the order of arrival, so that a firing and its end cannot overtake each other. While
/// it runs, the next batch gathers: alone, an alert waits for nobody; in a storm, hundreds share one commit.
final class AlertIntake: Service, Sendable {
    /// What bounds the memory and the work.
    struct Limits: Sendable {
        /// Alerts in one statement.
        var batchMax = 500
        /// Alerts that may wait; more are refused, and their senders try again later.
        var waitingMax = 20_000
        /// How long a lone alert waits for company.
        var gathering: Duration = .zero
    }

    /// One message that waits for its commit.
    private struct Waiting {
        let source: UUID
        let message: IncomingMessage
        let done: CheckedContinuation<Void, any Error>
    }

    private struct Queue {
        var waiting: [Waiting] = []
        var alerts = 0
        var isClosed = false
    }

    private let store: AlertStore
    private let limits: Limits
    private let logger: Logger
    private let routing: RoutingSignal
    private let queue = Mutex(Queue())
    private let arrivals: AsyncStream<Void>
    private let arrived: AsyncStream<Void>.Continuation

    init(store: AlertStore, limits: Limits, routing: RoutingSignal, logger: Logger) {
        self.store = store
        self.limits = limits
        self.routing = routing
        self.logger = logger
        (arrivals, arrived) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Takes a message in; returns when all of it is committed.
    ///
    /// - Throws: `Problem` `overloaded` when too much waits already, or the fault of the statement.
    func take(_ message: IncomingMessage, from source: UUID) async throws {
        guard !message.alerts.isEmpty || message.resolvedGroup != nil else { return }
        try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
            let isTaken = queue.withLock { queue in
                // One message is always taken, however large, so that a large group is not refused for ever.
                guard !queue.isClosed, queue.alerts == 0 || queue.alerts + message.alerts.count <= limits.waitingMax
                else { return false }
                queue.alerts += message.alerts.count
                queue.waiting.append(Waiting(source: source, message: message, done: done))
                return true
            }
            guard isTaken else {
                return done.resume(
                    throwing: Problem.later(.overloaded, "Too many alerts wait to be stored.", seconds: 2))
            }
            arrived.yield()
        }
    }

    /// How many alerts wait at this moment.
    var waiting: Int { queue.withLock { $0.alerts } }

    func run() async throws {
        for await _ in arrivals.cancelOnGracefulShutdown() {
            if limits.gathering > .zero { try? await Task.sleep(for: limits.gathering) }
            while await storeNextBatch() {}
        }
        // Requests in flight end before the daemon does: what they brought is stored, not dropped.
        while await storeNextBatch() {}
        let left = queue.withLock { queue in
            queue.isClosed = true
            defer { queue.waiting = [] }
            return queue.waiting
        }
        for waiting in left { waiting.done.resume(throwing: PostgresError.closed) }
    }

    /// Stores what waits, up to one batch; false when nothing waits.
    private func storeNextBatch() async -> Bool {
        let batch = queue.withLock { queue in
            var count = 0
            var alerts = 0
            for waiting in queue.waiting {
                guard count == 0 || alerts + waiting.message.alerts.count <= limits.batchMax else { break }
                count += 1
                alerts += waiting.message.alerts.count
                // What ends a whole group ends its batch: an alert that fires later must not end with it.
                if waiting.message.resolvedGroup != nil { break }
            }
            let batch = Array(queue.waiting.prefix(count))
            queue.waiting.removeFirst(count)
            queue.alerts -= alerts
            return batch
        }
        guard !batch.isEmpty else { return false }
        await storeAndAnswer(batch)
        return true
    }

    private func storeAndAnswer(_ batch: [Waiting]) async {
        do {
            try await store(batch)
            for waiting in batch { waiting.done.resume() }
        } catch let error as PostgresError where batch.count > 1 && Self.isAboutContent(error) {
            // What the database cannot take of one sender must not keep out the others.
            for waiting in batch { await storeAndAnswer([waiting]) }
        } catch {
            for waiting in batch { waiting.done.resume(throwing: error) }
        }
    }

    private func store(_ batch: [Waiting]) async throws {
        var changed = 0
        for round in AlertFolding.rounds(batch.map { ($0.source, $0.message.alerts) }) {
            changed += try await repeating { try await store.take(round) }
        }
        for waiting in batch {
            guard let group = waiting.message.resolvedGroup else { continue }
            changed += try await repeating { try await store.resolveGroup(group, of: waiting.source) }
        }
        if changed > 0 { routing.wake() }
    }

    /// Storing a batch twice changes nothing but counters, so it is simply repeated when its outcome is unknown or when
    /// another daemon was in the way. More than a few times is left to the senders.
    private func repeating(_ body: () async throws -> Int) async throws -> Int {
        for _ in 0..<3 {
            do {
                return try await body()
            } catch let error as PostgresError where Self.isWorthRepeating(error) {
                logger.debug("a batch of alerts is repeated", metadata: ["error": "\(error)"])
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
