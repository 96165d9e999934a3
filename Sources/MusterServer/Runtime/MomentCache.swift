import Synchronization

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
