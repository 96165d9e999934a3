import Glibc
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization

/// Measures from outside how long each event loop is held: it hands every loop a small task again and again, and looks how
/// long that waits. A loop carries out the requests of many connections, so that what holds one holds all of these up.
///
/// Beside the time that passed there is the CPU time that the loop's thread spent meanwhile: on a machine that is busy with
/// other things a loop waits for a processor, which is no fault of ours.
final class LoopMonitor: Sendable {
    /// How long a loop was held at most.
    struct Held: Sendable, Equatable {
        var wall: Duration = .zero
        /// What the loop's thread computed meanwhile.
        var cpu: Duration = .zero

        /// Whether it is told in the log.
        var isTold: Bool { wall >= LoopMonitor.culpritMin.wall || cpu >= LoopMonitor.culpritMin.cpu }

        mutating func formMax(_ other: Held) {
            wall = max(wall, other.wall)
            cpu = max(cpu, other.cpu)
        }
    }

    /// A hold that is told in the log: by the time that passed, or by the CPU time in it.
    static let culpritMin = Held(wall: .milliseconds(100), cpu: .milliseconds(20))
    /// How long the longest hold is shown at least; at most twice as long.
    private static let window: Duration = .seconds(30)
    /// At most one line in this time, for all loops.
    private static let logInterval: Duration = .seconds(10)

    /// The loops of this process, which all servers in it share.
    static let shared = LoopMonitor(HTTPServer.loops.makeIterator().map { $0 })

    private struct State {
        var ever = Held()
        var window = Held()
        var windowBefore = Held()
        var windowBegan = ContinuousClock.now
        var loggedAt: ContinuousClock.Instant?
    }

    /// While no loop computes anything, they are looked at this much less often: a daemon that does nothing sleeps. A hold that
    /// begins then is seen so much later.
    private static let quietFactor = 2

    private let loops: [WatchedLoop]
    private let interval: Duration
    private let state = Mutex(State())

    /// - Parameter interval: How often each loop is asked; what holds it for a shorter time is seen by chance.
    init(_ loops: [any EventLoop], interval: Duration = .milliseconds(20)) {
        self.loops = loops.enumerated().map { WatchedLoop(number: $0.offset, loop: $0.element) }
        self.interval = interval
    }

    /// The longest hold since the process started.
    var ever: Held { state.withLock { $0.ever } }

    /// The longest hold of the last half minute to minute.
    var recent: Held {
        state.withLock { state in
            var held = state.window
            held.formMax(state.windowBefore)
            return held
        }
    }

    /// Watches until the task is cancelled. The clock is the acceptor's loop, which is not watched: to wake fifty times a second
    /// in Swift's pool would cost a daemon that does nothing more than all the rest of it.
    func watch(_ logger: Logger) async {
        for loop in loops { loop.prepare() }
        let isOver = StopFlag()
        tick(after: interval, until: isOver, logger)
        // Ends with the task and not by itself: the work is done by the timer.
        while !Task.isCancelled { try? await Task.sleep(for: .seconds(3_600)) }
        isOver.set()
    }

    private func tick(after pause: Duration, until isOver: StopFlag, _ logger: Logger) {
        HTTPServer.acceptors.next().scheduleTask(in: TimeAmount(pause)) {
            guard !isOver.isSet else { return }
            var isQuiet = true
            for loop in self.loops where loop.ask({ self.note($0, of: loop, logger) }) { isQuiet = false }
            self.tick(after: isQuiet ? self.interval * Self.quietFactor : self.interval, until: isOver, logger)
        }
    }

    private func note(_ held: Held, of loop: WatchedLoop, _ logger: Logger) {
        let now = ContinuousClock.now
        let isLogged = state.withLock { state in
            if state.windowBegan.duration(to: now) > Self.window {
                (state.windowBefore, state.window, state.windowBegan) = (state.window, Held(), now)
            }
            state.window.formMax(held)
            state.ever.formMax(held)
            guard held.isTold else { return false }
            if let last = state.loggedAt, last.duration(to: now) < Self.logInterval { return false }
            state.loggedAt = now
            return true
        }
        let operations = loop.takeSuspects()
        guard isLogged else { return }
        logger.warning(
            "an event loop was blocked; its requests had to wait",
            metadata: [
                "loop": .stringConvertible(loop.number),
                "held_ms": .stringConvertible(held.wall.wholeMilliseconds),
                "cpu_ms": .stringConvertible(held.cpu.wholeMilliseconds),
                "operations": .array(operations.map { .string($0) }),
            ])
    }
}

/// Runs the monitor beside everything else.
struct LoopMonitorRunner: Service {
    var monitor = LoopMonitor.shared
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown { await monitor.watch(logger) }
    }
}

/// One event loop that is watched, with what it carries out.
final class WatchedLoop: Sendable {
    private struct Question {
        let askedAt: ContinuousClock.Instant
        let cpu: Duration
    }

    private struct State {
        var question: Question?
        var suspects: [String] = []
        /// What the loop's thread had computed when it last answered, and how often it was not asked since.
        var cpuAtAnswer: Duration = .zero
        var timesPassedOver = 0
    }

    /// A loop that has computed less than this since it last answered holds nobody up, and is let sleep.
    private static let idleMax: Duration = .microseconds(100)
    /// It is asked then, too, now and again, as a loop may be held without computing.
    private static let passedOverMax = 10

    let number: Int
    private let loop: any EventLoop
    private let work = LoopWork()
    private let clock = Mutex<clockid_t?>(nil)
    private let state = Mutex(State())

    init(number: Int, loop: any EventLoop) {
        self.number = number
        self.loop = loop
    }

    /// Has the loop's thread say which it is.
    func prepare() {
        loop.execute {
            LoopWork.current.currentValue = self.work
            var clock = clockid_t()
            guard pthread_getcpuclockid(pthread_self(), &clock) == 0 else { return }
            self.clock.withLock { $0 = clock }
        }
    }

    /// Asks the loop, or, while it has not answered, looks at what it does.
    ///
    /// - Returns: Whether the loop is at work; one that has computed nothing is not asked.
    func ask(_ answered: @escaping @Sendable (LoopMonitor.Held) -> Void) -> Bool {
        guard let clock = clock.withLock({ $0 }) else { return true }
        let now = ContinuousClock.now
        let cpu = Self.time(of: clock)
        let (isNew, isAtWork) = state.withLock { state in
            guard let question = state.question else {
                let isAtWork = cpu - state.cpuAtAnswer >= Self.idleMax
                guard isAtWork || state.timesPassedOver >= Self.passedOverMax else {
                    state.timesPassedOver += 1
                    return (false, false)
                }
                state.timesPassedOver = 0
                state.question = Question(askedAt: now, cpu: cpu)
                return (true, isAtWork)
            }
            // Half of what is told, so that there is a look at every hold that is.
            let least = LoopMonitor.culpritMin
            let isLong = question.askedAt.duration(to: now) >= least.wall / 2 || cpu - question.cpu >= least.cpu / 2
            if isLong, state.suspects.isEmpty {
                state.suspects = work.underWay
            }
            return (false, true)
        }
        guard isNew else { return isAtWork }
        loop.execute {
            guard let question = self.state.withLock({ $0.question }) else { return }
            let cpu = Self.time(of: clock)
            answered(LoopMonitor.Held(wall: question.askedAt.duration(to: .now), cpu: cpu - question.cpu))
            self.state.withLock { ($0.question, $0.cpuAtAnswer) = (nil, cpu) }
        }
        return isAtWork
    }

    /// What it was carrying out while it was held; what it carries out now, when nobody looked.
    func takeSuspects() -> [String] {
        state.withLock { state in
            defer { state.suspects = [] }
            return state.suspects.isEmpty ? work.underWay : state.suspects
        }
    }

    private static func time(of clock: clockid_t) -> Duration {
        var time = timespec()
        guard clock_gettime(clock, &time) == 0 else { return .zero }
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}

/// The operations that a loop has begun and not ended, for who asks what holds it.
final class LoopWork: Sendable {
    /// Of this thread, if it is a loop's that is watched.
    static let current = ThreadSpecificVariable<LoopWork>()

    private struct State {
        var counts: [Int] = []
        /// What began last: most likely the one that computes.
        var last: Int?
    }

    private static let namesShown = 8
    private let state = Mutex(State())

    /// A request for an operation was begun by this thread; `ended` has to follow on it.
    func began(_ operation: LoopOperation) {
        state.withLock { state in
            if operation.number >= state.counts.count {
                state.counts += repeatElement(0, count: operation.number + 1 - state.counts.count)
            }
            state.counts[operation.number] += 1
            state.last = operation.number
        }
    }

    func ended(_ operation: LoopOperation) {
        state.withLock { state in
            guard operation.number < state.counts.count, state.counts[operation.number] > 0 else { return }
            state.counts[operation.number] -= 1
        }
    }

    /// The one that began last comes first, also when it has ended meanwhile: on a busy machine nobody looked in time.
    fileprivate var underWay: [String] {
        let (counts, last) = state.withLock { ($0.counts, $0.last) }
        let numbers = counts.indices.filter { counts[$0] > 0 && $0 != last }
        let shown = (last.map { [$0] } ?? []) + numbers
        return shown.prefix(Self.namesShown).map(LoopOperation.name)
    }
}

/// A kind of request by a small number, so that beginning and ending one costs next to nothing.
struct LoopOperation: Sendable {
    fileprivate let number: Int

    private static let names = Mutex<[String]>([])

    /// The same number for the same name.
    init(_ name: String) {
        number = Self.names.withLock { names in
            if let known = names.firstIndex(of: name) { return known }
            names.append(name)
            return names.count - 1
        }
    }

    fileprivate static func name(_ number: Int) -> String {
        names.withLock { $0[number] }
    }
}

extension Duration {
    /// Milliseconds, rounded down.
    var wholeMilliseconds: Int64 { components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000 }

    /// In seconds.
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
