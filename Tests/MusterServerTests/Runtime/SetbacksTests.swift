import Logging
import Postgres
import TestSupport
import Testing

@testable import MusterServer

/// What fails again and again is set aside by its name.
struct SetbacksTests {
    private struct Fault: Error {}

    @Test func `after its tries something rests, and is named once as set aside`() {
        let log = RecordedLog()
        let logger = Logger(label: "test") { _ in RecordingLogHandler(log: log) }
        let setbacks = Setbacks<Int>("test", rests: [.zero, .zero, .seconds(3_600)])
        for _ in 1...2 {
            setbacks.failed(7, Fault(), logger: logger)
            #expect(!setbacks.isResting(7))
        }
        setbacks.failed(7, Fault(), logger: logger)
        #expect(setbacks.isResting(7) && setbacks.resting == [7])
        #expect(log.lines.map(\.level) == [.warning, .warning, .error])
        #expect(log.lines.last?.metadata["item"] == "7")
        setbacks.succeeded(7)
        #expect(!setbacks.isResting(7))
    }

    @Test func `an attempt that fails by itself is noted, and one that the database keeps from ending is not`()
        async throws
    {
        let setbacks = Setbacks<Int>("test", rests: [.seconds(3_600)])
        let logger = TestServer.quietLogger
        let isDone = try await setbacks.attempt(1, logger: logger) {}
        #expect(isDone)
        let isFailed = try await setbacks.attempt(2, logger: logger) { throw Fault() }
        #expect(!isFailed && setbacks.isResting(2))
        let isTried = try await setbacks.attempt(2, logger: logger) { Issue.record("it rests") }
        #expect(!isTried)
        await #expect(throws: PostgresError.self) {
            _ = try await setbacks.attempt(3, logger: logger) { throw PostgresError.unavailable(reason: "away") }
        }
        #expect(!setbacks.isResting(3))
    }

    @Test func `what is hopeless rests at once, and there is an end to what is remembered`() {
        let setbacks = Setbacks<Int>("test", keysMax: 3)
        for key in 1...10 { setbacks.failed(key, Fault(), isHopeless: true, logger: TestServer.quietLogger) }
        #expect(setbacks.resting.count == 3 && setbacks.isResting(10))
    }
}
