import Synchronization

/// The figures of the database, read at most once in a while, however many scrape: what is watched must not suffer from
/// being watched.
final class FigureCache: Sendable {
    private struct State {
        var held: Figures?
        var readAt: ContinuousClock.Instant?
        var reading: Task<Figures?, Never>?
    }

    private let read: @Sendable () async throws -> Figures
    private let lifetime: Duration
    private let state = Mutex(State())

    /// - Parameter lifetime: How old figures may be; less than the time between two scrapes of one Prometheus.
    init(lifetime: Duration = .seconds(5), read: @escaping @Sendable () async throws -> Figures) {
        self.lifetime = lifetime
        self.read = read
    }

    /// The figures, at most so old; nil when the database did not answer.
    func current() async -> Figures? {
        let task = state.withLock { state -> Task<Figures?, Never>? in
            if let reading = state.reading { return reading }
            if let readAt = state.readAt, readAt.duration(to: .now) < lifetime { return nil }
            let reading = Task { await self.readAnew() }
            state.reading = reading
            return reading
        }
        if let task { return await task.value }
        return state.withLock { $0.held }
    }

    private func readAnew() async -> Figures? {
        let figures = try? await read()
        state.withLock { state in
            state.held = figures
            state.readAt = .now
            state.reading = nil
        }
        return figures
    }
}
