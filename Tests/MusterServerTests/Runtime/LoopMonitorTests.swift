import Glibc
import Logging
import NIOCore
import NIOPosix
import Testing

@testable import MusterServer

/// How long event loops are held, measured from outside.
@Suite(.timeLimit(.minutes(20))) struct LoopMonitorTests {
    /// Holds a loop that is watched with `work`, within a request for an operation; what was found.
    private func held(_ work: @escaping @Sendable () -> Void) async throws -> (LoopMonitor, RecordedLog) {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        let monitor = LoopMonitor([loop], interval: .milliseconds(5))
        let log = RecordedLog()
        let watching = Task { await monitor.watch(Logger(label: "test") { _ in RecordingLogHandler(log: log) }) }
        let operation = LoopOperation("GET /v1/something")
        // Until it is known which thread the loop is, nothing is measured.
        while try await loop.submit({ LoopWork.current.currentValue == nil }).get() { await Task.yield() }
        while monitor.ever == LoopMonitor.Held() { await Task.yield() }
        for _ in 0..<5 where monitor.ever.wall < .milliseconds(300) {
            try await loop.submit {
                LoopWork.current.currentValue?.began(operation)
                work()
                LoopWork.current.currentValue?.ended(operation)
            }.get()
            // Whatever was asked meanwhile is answered before this.
            try await loop.submit {}.get()
        }
        watching.cancel()
        await watching.value
        try await group.shutdownGracefully()
        return (monitor, log)
    }

    @Test func `a loop that computes is seen with its CPU time, and the log names what it carried out`() async throws {
        let (monitor, log) = try await held {
            let start = ContinuousClock.now
            while start.duration(to: .now) < .milliseconds(500) {}
        }
        #expect(monitor.ever.wall >= .milliseconds(300))
        #expect(monitor.ever.cpu > .milliseconds(20), "on a busy machine it is less than half a second")
        #expect(monitor.recent == monitor.ever)
        let line = try #require(log.lines.first { $0.message.contains("an event loop was blocked") })
        #expect(line.level == .warning && line.metadata["operations"]?.contains("GET /v1/something") == true)
    }

    @Test func `a hold is told by its time or by its CPU time`() {
        func isTold(_ wall: Int, _ cpu: Int) -> Bool {
            LoopMonitor.Held(wall: .milliseconds(wall), cpu: .milliseconds(cpu)).isTold
        }
        #expect(isTold(100, 0) && isTold(25, 20))
        #expect(!isTold(99, 19))
    }

    @Test func `a loop that waits for a processor has spent none of it`() async throws {
        let (monitor, _) = try await held { usleep(500_000) }
        #expect(monitor.ever.wall >= .milliseconds(300))
        #expect(monitor.ever.cpu < .milliseconds(100))
    }
}
