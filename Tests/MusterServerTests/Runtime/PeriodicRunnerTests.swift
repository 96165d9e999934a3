import Logging
import ServiceLifecycle
import Synchronization
import TestSupport
import Testing

@testable import MusterServer

/// The loop under the loops.
@Suite(.timeLimit(.minutes(5))) struct PeriodicRunnerTests {
    private struct Fault: Error {}

    private final class Runner: PeriodicRunner {
        static let name = "test"
        static let failure = "the test's pass failed"
        let logger: Logger
        let interval: Duration
        let signal: WakeSignal?
        let passes = Mutex(0)
        let (done, ends) = AsyncStream<Int>.makeStream()

        init(_ logger: Logger, interval: Duration = .zero, signal: WakeSignal? = nil) {
            (self.logger, self.interval, self.signal) = (logger, interval, signal)
        }

        func pass() async throws {
            let number = passes.withLock { passes in
                passes += 1
                return passes
            }
            ends.yield(number)
            if number == 1 { throw Fault() }
        }
    }

    private static func run(_ runner: Runner, until isEnough: @escaping @Sendable (Int) -> Void, passes: Int)
        async throws
    {
        let group = ServiceGroup(services: [runner], logger: TestServer.quietLogger)
        async let running: Void = group.run()
        for await number in runner.done {
            isEnough(number)
            if number == passes { break }
        }
        await group.triggerGracefulShutdown()
        try await running
    }

    @Test func `a pass that fails is logged once, and the loop goes on until the daemon stops`() async throws {
        let log = RecordedLog()
        let runner = Runner(Logger(label: "test") { _ in RecordingLogHandler(log: log) })
        try await Self.run(runner, until: { _ in }, passes: 3)
        #expect(log.lines.map(\.message) == ["the test's pass failed"])
    }

    @Test func `a signal wakes the loop before its interval is over`() async throws {
        let signal = WakeSignal()
        let runner = Runner(TestServer.quietLogger, interval: .seconds(3_600), signal: signal)
        try await Self.run(runner, until: { _ in signal.wake() }, passes: 3)
        #expect(runner.passes.withLock { $0 } >= 3)
    }

    @Test func `a part that fails keeps no other from being done, and its error is the pass's`() async {
        let runner = Runner(TestServer.quietLogger)
        let done = Mutex<[Int]>([])
        let failure = await #expect(throws: PartFailures.self) {
            try await runner.inTurn(
                (1...3).map { part in
                    (
                        "part \(part)",
                        {
                            if part == 2 { throw Fault() }
                            done.withLock { $0.append(part) }
                        }
                    )
                })
        }
        #expect(failure?.description == "part 2: Fault()")
        let parts = done.withLock { $0 }
        #expect(parts == [1, 3])
    }
}
