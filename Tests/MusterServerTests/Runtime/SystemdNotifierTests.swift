import FoundationEssentials
import Glibc
import Testing

@testable import MusterServer

struct SystemdNotifierTests {
    /// A datagram socket that plays the service manager.
    private final class Manager {
        struct Failure: Error {}

        let name: String
        private let descriptor: Int32

        init(isAbstract: Bool) throws {
            let unique = "muster-notify-\(UUID().uuidString)"
            name = isAbstract ? "@\(unique)" : "/tmp/\(unique)"
            descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            var path = Array(name.utf8)
            if isAbstract { path[0] = 0 }
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
            let length = socklen_t(2 + path.count + (isAbstract ? 0 : 1))
            let bound = withUnsafePointer(to: address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
            }
            guard bound == 0 else { throw Failure() }
        }

        deinit {
            close(descriptor)
            if name.hasPrefix("/") { unlink(name) }
        }

        /// The next datagram, which is there already, since sending to a unix socket delivers at once.
        func next() -> String? {
            var bytes = [UInt8](repeating: 0, count: 4096)
            let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
            return count < 0 ? nil : String(decoding: bytes.prefix(count), as: UTF8.self)
        }
    }

    @Test(arguments: [false, true])
    func `the manager hears what is sent, by path and by abstract name`(isAbstract: Bool) throws {
        let manager = try Manager(isAbstract: isAbstract)
        let notifier = SystemdNotifier(environment: ["NOTIFY_SOCKET": manager.name])
        notifier.ready(status: "listening on 127.0.0.1:8080")
        #expect(manager.next() == "READY=1\nSTATUS=listening on 127.0.0.1:8080\nMAINPID=\(getpid())")
        notifier.status("waiting")
        #expect(manager.next() == "STATUS=waiting")
        notifier.watchdog()
        #expect(manager.next() == "WATCHDOG=1")
        notifier.stopping()
        #expect(manager.next() == "STOPPING=1\nSTATUS=stopping")
        #expect(manager.next() == nil)
    }

    @Test func `without a manager nothing is sent and nothing fails`() {
        #expect(!SystemdNotifier(environment: [:]).send("READY=1"))
        #expect(!SystemdNotifier(environment: ["NOTIFY_SOCKET": ""]).send("READY=1"))
        #expect(!SystemdNotifier(environment: ["NOTIFY_SOCKET": "/tmp/no-such-socket"]).send("READY=1"))
        let long = "/" + String(repeating: "x", count: 200)
        #expect(!SystemdNotifier(environment: ["NOTIFY_SOCKET": long]).send("READY=1"))
    }

    @Test func `the watchdog is fed at twice the pace asked for, if it is ours`() {
        var environment = ["NOTIFY_SOCKET": "/tmp/x", "WATCHDOG_USEC": "2000000", "WATCHDOG_PID": "17"]
        #expect(SystemdNotifier(environment: environment, processID: 17).watchdogInterval == .seconds(1))
        #expect(SystemdNotifier(environment: environment, processID: 18).watchdogInterval == nil)
        environment["WATCHDOG_PID"] = nil
        #expect(SystemdNotifier(environment: environment, processID: 18).watchdogInterval == .seconds(1))
        environment["WATCHDOG_USEC"] = "0"
        #expect(SystemdNotifier(environment: environment, processID: 18).watchdogInterval == nil)
    }
}
