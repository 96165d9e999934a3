import Foundation
import Glibc
import Logging
import Postgres
import ServiceLifecycle
import Synchronization
import TestSupport
import Testing

@testable import MusterServer

/// What keeps the signs of life going, and what stops them.
@Suite(.timeLimit(.minutes(5))) struct SystemdWatchdogTests {
    @Test func `parts that answer are not waited for`() async throws {
        try await TestDatabase.with { database in
            let round = SystemdWatchdog.Round(asking: VitalSign.eventLoops() + [.pool(database.pool)])
            while !round.silent.isEmpty { await Task.yield() }
        }
    }

    @Test func `the pool's thread answers while PostgreSQL is away, and is missed when it hangs`() async throws {
        var configuration = PostgresConfiguration(conninfo: "host=/nowhere")
        configuration.acquireTimeout = .milliseconds(50)
        let pool = PostgresPool(configuration: configuration, logger: TestServer.quietLogger)
        await #expect(throws: PostgresError.self) { try await pool.query("SELECT 1") }
        await answers(.pool(pool))

        let (hangs, goOn) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        pool.askDriver {
            hangs.signal()
            goOn.wait()
        }
        await waited(for: hangs)
        let round = SystemdWatchdog.Round(asking: [.pool(pool)])
        await answers(VitalSign.eventLoops()[0])
        #expect(round.silent == ["pool"])
        goOn.signal()
        while !round.silent.isEmpty { await Task.yield() }
        await pool.close()
        await answers(.pool(pool))
    }

    @Test func `a loop that gets on with nothing is missed, and one that waits is not`() async throws {
        let pulse = RunnerPulse(name: "one")
        let later = ContinuousClock.now + .seconds(3_600)
        let (inside, entered) = AsyncStream.makeStream(of: Void.self)
        let (release, go) = AsyncStream.makeStream(of: Void.self)
        let runner = HangingRunner(entered: entered, release: release)
        let task = Task { try await pulse.feel(runner) }
        #expect(!pulse.isHanging(limit: .seconds(60), now: later))
        for await _ in inside { break }
        #expect(!pulse.isHanging(limit: .seconds(60)))
        #expect(pulse.isHanging(limit: .seconds(60), now: later))
        let sign = VitalSign.runners({ [pulse] }, limit: .zero)
        #expect(SystemdWatchdog.Round(asking: [sign]).silent == ["runners"])
        go.finish()
        try await task.value
        #expect(!pulse.isHanging(limit: .seconds(60), now: later))
        #expect(SystemdWatchdog.Round(asking: [sign]).silent.isEmpty)
    }

    @Test func `every answer of the database, also a bad one, is getting on`() async throws {
        try await TestDatabase.with { database in
            let counter = AnswerCounter()
            await PostgresPool.$listener.withValue(counter) {
                _ = try? await database.pool.query("SELECT 1")
                _ = try? await database.pool.query("SELECT nothing")
            }
            #expect(counter.answers.withLock { $0 } == 2)
        }
    }

    @Test func `one silent part stops the signs of life, and they go on when it answers again`() async throws {
        let manager = try NotifyListener()
        let environment = ["NOTIFY_SOCKET": manager.name, "WATCHDOG_USEC": "40000"]
        let isHanging = Mutex(false)
        let asked = Mutex(0)
        let sign = VitalSign(name: "part") { answer in
            asked.withLock { $0 += 1 }
            if !isHanging.withLock({ $0 }) { answer() }
        }
        let watchdog = SystemdWatchdog(
            notifier: SystemdNotifier(environment: environment), signs: [sign], logger: TestServer.quietLogger)
        let group = ServiceGroup(services: [watchdog], logger: TestServer.quietLogger)
        let running = Task { try await group.run() }
        for _ in 0..<3 { await manager.message("WATCHDOG=1") }
        isHanging.withLock { $0 = true }
        let before = asked.withLock { $0 }
        // Two questions later the one that was answered is used up.
        while asked.withLock({ $0 }) < before + 3 { await Task.yield() }
        manager.drain()
        let now = asked.withLock { $0 }
        while asked.withLock({ $0 }) < now + 5 { await Task.yield() }
        #expect(manager.next() == nil)
        isHanging.withLock { $0 = false }
        await manager.message("WATCHDOG=1")
        await group.triggerGracefulShutdown()
        try await running.value
    }

    private func answers(_ sign: VitalSign) async {
        await withCheckedContinuation { continuation in sign.ask { continuation.resume() } }
    }

    private func waited(for semaphore: DispatchSemaphore) async {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                semaphore.wait()
                continuation.resume()
            }
        }
    }
}

private final class AnswerCounter: PostgresAnswerListener {
    let answers = Mutex(0)

    func answered() {
        answers.withLock { $0 += 1 }
    }
}

/// Is in the middle of something until it is released.
private struct HangingRunner: Service {
    let entered: AsyncStream<Void>.Continuation
    let release: AsyncStream<Void>

    func run() async throws {
        await RunnerPulse.pass {
            entered.yield()
            for await _ in release {}
        }
    }
}
