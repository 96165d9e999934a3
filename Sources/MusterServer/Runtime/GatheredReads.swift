import Synchronization

/// Reads of single rows, gathered: what is asked for while a read is under way goes together into the next one. Alone, a
/// read waits for nobody; under load, a round trip to the database is shared by many requests. Each answer is at least as
/// new as its question.
final class GatheredReads<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    /// Reads some keys and tells what was found, on whatever thread it comes to know.
    typealias Read = @Sendable ([Key], @escaping @Sendable (Result<[Key: Value], any Error>) -> Void) -> Void

    private typealias Waiting = (key: Key, continuation: CheckedContinuation<Value?, any Error>)

    private struct State {
        var waiting: [Waiting] = []
        var underWay = 0
    }

    /// Reads under way at once: while one is with the database, the next one is being put together.
    private let underWayMax: Int
    /// Keys in one read.
    private let keysMax: Int
    private let state = Mutex(State())
    private let read: Read

    init(underWayMax: Int = 1, keysMax: Int = 64, read: @escaping Read) {
        self.underWayMax = underWayMax
        self.keysMax = keysMax
        self.read = read
    }

    /// The value of a key; nil when there is none. Throws what the shared read told.
    func value(_ key: Key) async throws -> Value? {
        try await withCheckedThrowingContinuation { continuation in
            let begins = state.withLock { state in
                state.waiting.append((key, continuation))
                guard state.underWay < underWayMax else { return false }
                state.underWay += 1
                return true
            }
            if begins { readWhatWaits() }
        }
    }

    /// How many wait for a read that has not begun.
    var waiting: Int { state.withLock { $0.waiting.count } }

    /// The next read is on its way before anybody hears of this one: the database need not wait for them.
    private func readWhatWaits() {
        guard let batch = nextBatch() else { return }
        read(Array(Set(batch.map(\.key)))) { [self] result in
            readWhatWaits()
            for waiting in batch { waiting.continuation.resume(with: result.map { $0[waiting.key] }) }
        }
    }

    private func nextBatch() -> [Waiting]? {
        state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.underWay -= 1
                return nil
            }
            let batch = Array(state.waiting.prefix(keysMax))
            state.waiting.removeFirst(batch.count)
            return batch
        }
    }
}
