import TestSupport
import Testing

@testable import MusterServer

struct FaultLogTests {
    @Test func `a second has its share of lines, and the next line counts what was left out`() {
        let log = FaultLog(logger: TestServer.quietLogger, linesPerSecondMax: 2)
        #expect(log.admit(at: 1) == 0)
        #expect(log.admit(at: 1) == 0)
        #expect(log.admit(at: 1) == nil)
        #expect(log.admit(at: 1) == nil)
        #expect(log.admit(at: 2) == 2)
        #expect(log.admit(at: 2) == 0)
        #expect(log.admit(at: 2) == nil)
        #expect(log.admit(at: 9) == 1)
        #expect(log.admit(at: 10) == 0)
    }
}
