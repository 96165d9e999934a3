import FoundationEssentials
import Logging
import Metrics
import Postgres
import ServiceLifecycle
import Synchronization

/// A loop beside the requests: a pass, a rest, the next pass, until the daemon stops.
///
/// What is due stands in the database, where a pass claims it. So any number of daemons may run the same loop, and a pass that
/// fails or a daemon that ends loses nothing: the next pass finds it again. A failed pass is logged, and the loop rests as
/// always. An item that fails by itself must not fail the pass: `Setbacks.attempt` sets it aside.
protocol PeriodicRunner: Service {
    /// The loop's name in the metrics.
    static var name: String { get }
    /// What the log says of a pass that failed.
    static var failure: String { get }
    var logger: Logger { get }
    /// How long the loop rests after a pass.
    var interval: Duration { get }
    /// How long it waits before the first pass.
    var delay: Duration { get }
    /// What wakes the loop before its interval is over.
    var signal: WakeSignal? { get }

    /// Does what is due. The watchdog expects that it ends, or that the database answers something now and then.
    func pass() async throws
}

extension PeriodicRunner {
    var delay: Duration { .zero }
    var signal: WakeSignal? { nil }

    func run() async throws { await repeatUntilStopped() }

    /// The loop, for runners that have something to do after it.
    func repeatUntilStopped() async {
        let progress = RunnerProgress(Self.name, every: max(interval, delay))
        progress.begin()
        await cancelWhenGracefulShutdown {
            // To go by time is what the loop is for; a stop cancels the wait, and the loop then ends.
            if delay > .zero { try? await Task.sleep(for: delay) }
            guard let signal else { return await repeatPasses { await attempt(progress) } }
            await withTaskGroup { group in
                group.addTask { await repeatPasses { signal.wake() } }
                for await _ in signal.signals { await attempt(progress) }
            }
        }
    }

    /// Does a pass in parts: one that fails keeps no other from being done. What failed is the pass's error, by its names.
    func inTurn(_ parts: [(name: String, body: () async throws -> Void)]) async throws {
        var failures = PartFailures()
        for part in parts {
            do {
                try await part.body()
            } catch {
                guard !Task.isCancelled else { throw error }
                failures.texts.append("\(part.name): \(error)")
            }
        }
        if !failures.texts.isEmpty { throw failures }
    }

    private func repeatPasses(_ body: () async -> Void) async {
        while !Task.isCancelled {
            await body()
            // The rest between two passes. What is due stands in the database, which tells nobody when that time has come.
            try? await Task.sleep(for: interval)
        }
    }

    private func attempt(_ progress: RunnerProgress) async {
        do {
            try await RunnerPulse.pass { try await pass() }
            progress.passed()
        } catch {
            guard !Task.isCancelled else { return }
            logger.warning("\(Self.failure)", metadata: ["error": "\(error)"])
        }
    }
}

/// What failed of a pass, each part by its name.
struct PartFailures: Error, CustomStringConvertible {
    var texts: [String] = []

    var description: String { texts.joined(separator: "; ") }
}

/// Says when a loop last ended a pass without an error, so that one that stands still is seen. A loop that does not run in
/// this daemon is not shown.
struct RunnerProgress: Sendable {
    /// The loop's, as a label.
    let name: String
    /// How long it rests between two passes at most.
    let interval: Duration

    init(_ name: String, every interval: Duration) {
        self.name = name
        self.interval = interval
    }

    /// The loop starts: from here on it is expected to get on.
    func begin() {
        meter("muster_runner_interval_seconds").set(interval.inSeconds)
        passed()
    }

    func passed() {
        // Made anew each time: the series must not be there, with a zero, before the loop is.
        meter("muster_runner_last_pass_timestamp_seconds").set(Date().timeIntervalSince1970)
    }

    private func meter(_ label: String) -> Meter {
        Meter(label: label, dimensions: [("runner", name)])
    }
}

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

/// What a loop could not carry out. It is tried a few times, then set aside by its name and tried once an hour: so it never
/// stands in front of the others, and what a newer release or a corrected row makes possible still happens by itself.
///
/// In memory, as every daemon may find out for itself; a daemon that starts tries everything anew.
final class Setbacks<Key: Hashable & Sendable>: Sendable {
    private struct Setback {
        var tries: Int
        var until: ContinuousClock.Instant
    }

    /// How long something rests after each failure; the last one is for all that follow.
    private let rests: [Duration]
    /// Beyond so many, the one that rests longest is forgotten, and tried again.
    private let keysMax: Int
    /// What the loop works on, as the metric names it.
    private let queue: String
    private let known = Mutex<[Key: Setback]>([:])

    init(_ queue: String, rests: [Duration] = [.zero, .seconds(10), .seconds(3_600)], keysMax: Int = 10_000) {
        self.queue = queue
        self.rests = rests
        self.keysMax = keysMax
        tell(0)
    }

    /// What is to be left out at this moment.
    var resting: [Key] {
        let now = ContinuousClock.now
        return known.withLock { known in known.filter { $0.value.until > now }.map(\.key) }
    }

    func isResting(_ key: Key) -> Bool {
        known.withLock { $0[key].map { $0.until > .now } ?? false }
    }

    /// Carries something out, unless it rests. What fails by itself is noted and holds up nothing else.
    ///
    /// - Returns: Whether it was carried out.
    /// - Throws: What is not the item's own fault: the database is away, or the loop ends.
    func attempt(_ key: Key, logger: Logger, _ body: () async throws -> Void) async throws -> Bool {
        guard !isResting(key) else { return false }
        do {
            try await body()
            succeeded(key)
            return true
        } catch let error as PostgresError where error.isTransient {
            throw error
        } catch {
            guard !Task.isCancelled else { throw error }
            failed(key, error, logger: logger)
            return false
        }
    }

    /// Something failed by itself, and not because the database is away.
    ///
    /// - Parameter isHopeless: Another try would end the same, as of a row that cannot be read.
    func failed(_ key: Key, _ error: any Error, isHopeless: Bool = false, logger: Logger) {
        let (tries, count) = known.withLock { known in
            if known.count >= keysMax, known[key] == nil,
                let longest = known.max(by: { $0.value.until < $1.value.until })?.key
            {
                known[longest] = nil
            }
            let tries = isHopeless ? max(rests.count, known[key]?.tries ?? 0) : (known[key]?.tries ?? 0) + 1
            known[key] = Setback(tries: tries, until: .now + rests[min(tries, rests.count) - 1])
            return (tries, known.values.count { $0.tries >= rests.count })
        }
        let metadata: Logger.Metadata = [
            "queue": .string(queue), "item": .string("\(key)"), "tries": .stringConvertible(tries),
            "error": .string("\(error)"),
        ]
        if tries >= rests.count {
            logger.error(
                "an item failed repeatedly and is set aside; it is retried once an hour", metadata: metadata)
        } else {
            logger.warning("an item failed and will be retried", metadata: metadata)
        }
        tell(count)
    }

    func succeeded(_ key: Key) {
        let count = known.withLock { known -> Int? in
            guard known.removeValue(forKey: key) != nil else { return nil }
            return known.values.count { $0.tries >= rests.count }
        }
        if let count { tell(count) }
    }

    private func tell(_ count: Int) {
        Gauge(label: "muster_set_aside", dimensions: [("queue", queue)]).record(count)
    }
}
