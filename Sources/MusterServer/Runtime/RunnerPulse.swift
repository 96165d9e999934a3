import Postgres
import ServiceLifecycle
import Synchronization

/// What a runner is at: waiting for its time or a signal, or carrying something out and last seen to get on with it at a
/// moment. Every answer of the database, good or bad, is getting on.
final class RunnerPulse: PostgresAnswerListener {
    private struct State {
        var passes = 0
        var lastProgress = ContinuousClock.now
    }

    let name: String
    private let state = Mutex(State())

    init(name: String) {
        self.name = name
    }

    /// Runs something of a runner's of which an end is expected. What a runner merely waits for stands outside.
    @discardableResult
    static func pass<T>(
        isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> T
    ) async rethrows -> T {
        guard let current = PostgresPool.listener as? RunnerPulse else { return try await body() }
        current.change(by: 1)
        defer { current.change(by: -1) }
        return try await body()
    }

    /// Runs a runner under this pulse.
    func feel(_ runner: any Service) async throws {
        try await PostgresPool.$listener.withValue(self) { try await runner.run() }
    }

    /// Whether it is in the middle of something and has not got on with it for so long.
    func isHanging(limit: Duration, now: ContinuousClock.Instant = .now) -> Bool {
        state.withLock { $0.passes > 0 && $0.lastProgress.duration(to: now) > limit }
    }

    func answered() {
        change(by: 0)
    }

    private func change(by passes: Int) {
        state.withLock { state in
            state.passes += passes
            state.lastProgress = .now
        }
    }
}

/// A runner whose pulse is felt.
struct PulsingService: Service {
    let service: any Service
    let pulse: RunnerPulse

    init(_ service: any Service) {
        self.service = service
        pulse = RunnerPulse(name: "\(type(of: service))")
    }

    func run() async throws {
        try await pulse.feel(service)
    }
}
