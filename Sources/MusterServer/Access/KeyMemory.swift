import Synchronization

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
