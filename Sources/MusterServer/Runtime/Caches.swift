import Postgres
import ServiceLifecycle
import Synchronization

/// What the database says of something that has a version, whole, in memory.
///
/// Whoever decides brings the version that holds for the decision; a copy of another version is read again. Many who need
/// it at once share one reading, and a reading that began before something was forgotten is not kept.
final class VersionedCache<Value: Sendable>: Sendable {
    private struct State {
        var held: Value?
        /// Something has changed since `held` was read, or may have.
        var isStale = false
        var reading: Task<Value, any Error>?
        /// Counts the forgettings.
        var generation = 0
    }

    private enum Step {
        case held(Value)
        case begun(Task<Value, any Error>)
        case joined(Task<Value, any Error>)
    }

    private let version: @Sendable (Value) -> Int
    private let read: @Sendable () async throws -> Value
    private let state = Mutex(State())

    /// - Parameter read: Reads what is stored now.
    init(version: @escaping @Sendable (Value) -> Int, read: @escaping @Sendable () async throws -> Value) {
        self.version = version
        self.read = read
    }

    /// What is in memory.
    var held: Value? { state.withLock { $0.held } }

    /// What is in memory, or stored when nothing is. While something newer is read, nobody waits for it.
    func current() async throws -> Value {
        let held = state.withLock { state in
            if state.isStale, state.reading == nil { _ = begin(&state) }
            return state.held
        }
        if let held { return held }
        return try await fresh()
    }

    /// This version, or a newer one.
    func value(version wanted: Int) async throws -> Value {
        while true {
            switch step({ version($0) >= wanted }) {
            case .held(let value): return value
            case .begun(let reading): return try await reading.value
            case .joined(let reading):
                // What somebody began earlier may have been too early for us.
                let value = try await reading.value
                if version(value) >= wanted { return value }
            }
        }
    }

    /// What is stored now: after a change of one's own.
    func refresh() async throws {
        forget()
        _ = try await fresh()
    }

    /// Something changed: it is read again, and a reading that began before is not kept.
    func forget() {
        state.withLock { state in
            state.isStale = true
            state.reading = nil
            state.generation += 1
        }
    }

    private func fresh() async throws -> Value {
        switch step({ _ in false }) {
        case .held(let value): return value
        case .begun(let reading), .joined(let reading): return try await reading.value
        }
    }

    private func step(_ isWanted: (Value) -> Bool) -> Step {
        state.withLock { state in
            if let held = state.held, !state.isStale, isWanted(held) { return .held(held) }
            if let reading = state.reading { return .joined(reading) }
            return .begun(begin(&state))
        }
    }

    private func begin(_ state: inout State) -> Task<Value, any Error> {
        let reading = Task { [generation = state.generation] in try await self.readOnce(generation) }
        state.reading = reading
        return reading
    }

    private func readOnce(_ generation: Int) async throws -> Value {
        let result: Result<Value, any Error>
        do {
            result = .success(try await read())
        } catch {
            result = .failure(error)
        }
        state.withLock { state in
            let isLatest = state.generation == generation
            if case .success(let value) = result {
                // Something may have changed since it began, and it is still newer than what is held: whoever waited for it, as after
                // a change of his own, finds it from now on.
                if isLatest || state.held.map({ version($0) < version(value) }) ?? false { state.held = value }
                if isLatest { state.isStale = false }
            }
            if isLatest { state.reading = nil }
        }
        return try result.get()
    }
}

/// One reading of something for all who ask for it while it goes on. Nothing is kept afterwards.
final class SharedReads<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private let underWay = Mutex<[Key: Task<Value, any Error>]>([:])

    func value(_ key: Key, _ read: @escaping @Sendable () async throws -> Value) async throws -> Value {
        let reading = underWay.withLock { underWay in
            if let reading = underWay[key] { return reading }
            // Those who ask wait; the work is for the threads of long work.
            let reading = Task(executorPreference: WorkerPool.executor) {
                defer { self.underWay.withLock { $0[key] = nil } }
                return try await read()
            }
            underWay[key] = reading
            return reading
        }
        return try await reading.value
    }
}

/// Has the caches of this daemon forget what another one changed, as soon as PostgreSQL tells of it. What was missed while the
/// connection was lost is forgotten when it is there again.
struct CacheInvalidator: Service {
    let pool: PostgresPool
    /// What to forget, by the channel that tells of a change.
    let forgetting: [String: @Sendable () -> Void]
    /// What goes by versions that commands bring, and yet may be of another history after PostgreSQL was away.
    let onReconnect: @Sendable () -> Void

    func run() async throws {
        for await told in pool.notifications(on: Array(forgetting.keys)).cancelOnGracefulShutdown() {
            switch told {
            case .notified(let channel, _): forgetting[channel]?()
            case .reconnected:
                for forget in forgetting.values { forget() }
                onReconnect()
            }
        }
    }
}

/// What tokens and keys open, remembered for less than a second: every request asks, and the database need not be asked each
/// time. A daemon that changes one forgets at once; another one hears of it by a notification, and is right within a second
/// also when that is lost.
final class KeyMemory<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Entry {
        let value: Value?
        let expires: ContinuousClock.Instant
        /// Somebody asks anew; the others go on with this for `grace`, lest all of them ask at once.
        var isRenewed = false
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        /// Counts the forgettings, so that an answer that was on its way meanwhile is not remembered.
        var generation = 0
    }

    private let keeping: Duration
    private let grace: Duration
    private let entriesMax: Int
    private let remembersAbsence: Bool
    private let now: @Sendable () -> ContinuousClock.Instant
    private let state = Mutex(State())
    /// Who tries key after key waits here, and not in the queue of the database, where everybody waits.
    private let asking = Turns(max: 64, waitingMax: 8_192)

    /// - Parameter remembersAbsence: Whether it is also remembered that a key opens nothing.
    init(
        keeping: Duration = .milliseconds(700), grace: Duration = .milliseconds(250), entriesMax: Int = 10_000,
        remembersAbsence: Bool, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.keeping = keeping
        self.grace = grace
        self.entriesMax = entriesMax
        self.remembersAbsence = remembersAbsence
        self.now = now
    }

    /// How many keys are remembered.
    var count: Int { state.withLock { $0.entries.count } }

    func forget() {
        state.withLock { state in
            state.entries.removeAll(keepingCapacity: true)
            state.generation += 1
        }
    }

    /// What the key opens: as it is remembered, or else as `ask` says.
    func value(of key: Key, _ ask: () async throws -> Value?) async throws -> Value? {
        let now = now()
        let (known, generation) = state.withLock { state -> (Entry?, Int) in
            guard let entry = state.entries[key] else { return (nil, state.generation) }
            if entry.expires > now || entry.isRenewed && entry.expires + grace > now { return (entry, 0) }
            state.entries[key]?.isRenewed = true
            return (nil, state.generation)
        }
        if let known { return known.value }
        do {
            let value = try await asking.take(ask)
            remember(value, of: key, until: now + keeping, generation)
            return value
        } catch {
            state.withLock { $0.entries[key]?.isRenewed = false }
            throw error
        }
    }

    private func remember(_ value: Value?, of key: Key, until expires: ContinuousClock.Instant, _ generation: Int) {
        state.withLock { state in
            guard state.generation == generation else { return }
            guard value != nil || remembersAbsence else {
                state.entries[key] = nil
                return
            }
            // Someone who tries key after key fills the memory with noes; it then begins anew rather than grow.
            if state.entries.count >= entriesMax { state.entries.removeAll(keepingCapacity: true) }
            state.entries[key] = Entry(value: value, expires: expires)
        }
    }
}

/// A value that is read at most once in a while, however many ask: what is watched must not suffer from being watched.
/// Whoever asks while it is being read waits for that reading; it goes on on one of Swift's threads, not on an event loop.
final class MomentCache<Value: Sendable>: Sendable {
    private struct State {
        var held: Value?
        var readAt: ContinuousClock.Instant?
        var reading: Task<Value?, Never>?
    }

    private enum Known {
        case held(Value?)
        case reading(Task<Value?, Never>)
    }

    private let read: @Sendable () async throws -> Value
    private let lifetime: Duration
    private let state = Mutex(State())

    /// - Parameter lifetime: How old a value may be; less than the time between two scrapes of one Prometheus.
    init(lifetime: Duration = .seconds(5), read: @escaping @Sendable () async throws -> Value) {
        self.lifetime = lifetime
        self.read = read
    }

    /// The value, at most so old; nil when it could not be read.
    func current() async -> Value? {
        let known = state.withLock { state -> Known in
            if let reading = state.reading { return .reading(reading) }
            if let readAt = state.readAt, readAt.duration(to: .now) < lifetime { return .held(state.held) }
            let reading = Task { await self.readAnew() }
            state.reading = reading
            return .reading(reading)
        }
        switch known {
        case .held(let value): return value
        case .reading(let task): return await task.value
        }
    }

    private func readAnew() async -> Value? {
        let value = try? await read()
        state.withLock { state in
            state.held = value
            state.readAt = .now
            state.reading = nil
        }
        return value
    }
}
