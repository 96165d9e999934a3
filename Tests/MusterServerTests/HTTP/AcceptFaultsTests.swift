import Glibc
import Logging
import NIOCore
import Testing

@testable import MusterServer

struct AcceptFaultsTests {
    @Test func `connections that cannot be accepted are told of once in a while, with what to do`() {
        let log = RecordedLog()
        let faults = AcceptFaults(logger: Logger(label: "test") { _ in RecordingLogHandler(log: log) })
        for _ in 0..<3 { faults.tell(IOError(errnoCode: EMFILE, reason: "accept")) }
        #expect(log.lines.map(\.level) == [.error])
        #expect(log.lines.first?.message.contains("LimitNOFILE=") == true)
    }
}
