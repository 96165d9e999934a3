import Glibc
import Testing

@testable import MusterServer

struct SystemdSocketsTests {
    @Test func `without systemd, or for another process, there is none`() throws {
        #expect(try SystemdSockets(environment: [:]).http == nil)
        #expect(try SystemdSockets(environment: ["LISTEN_FDS": "1"]).http == nil)
        #expect(try SystemdSockets(environment: ["LISTEN_FDS": "1", "LISTEN_PID": "1"]).http == nil)
        #expect(try SystemdSockets(environment: ["LISTEN_FDS": "0", "LISTEN_PID": "\(getpid())"]).http == nil)
    }

    @Test func `of several sockets one has to be named http`() {
        let environment = ["LISTEN_FDS": "2", "LISTEN_PID": "17", "LISTEN_FDNAMES": "one:two"]
        #expect(throws: SystemdSockets.Failure.self) { try SystemdSockets(environment: environment, processID: 17) }
    }
}
