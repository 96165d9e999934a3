import Glibc
import Testing

@testable import MusterServer

struct SystemdNotifierTests {
    @Test(arguments: [false, true])
    func `the manager hears what is sent, by path and by abstract name`(isAbstract: Bool) throws {
        let manager = try NotifyListener(isAbstract: isAbstract)
        let notifier = SystemdNotifier(environment: ["NOTIFY_SOCKET": manager.name])
        notifier.ready(status: "listening on 127.0.0.1:8080")
        #expect(manager.next() == "READY=1\nSTATUS=listening on 127.0.0.1:8080\nMAINPID=\(getpid())")
        notifier.status("waiting")
        #expect(manager.next() == "STATUS=waiting")
        notifier.watchdog()
        #expect(manager.next() == "WATCHDOG=1")
        notifier.reloading()
        let reloading = try #require(manager.next())
        #expect(reloading.contains(/^RELOADING=1\nMONOTONIC_USEC=[1-9]\d{5,}\n/))
        notifier.stopping()
        #expect(manager.next() == "STOPPING=1\nSTATUS=stopping")
        #expect(manager.next() == nil)
    }

    @Test func `a manager that reads nothing stops nothing`() throws {
        let manager = try NotifyListener()
        let notifier = SystemdNotifier(environment: ["NOTIFY_SOCKET": manager.name])
        // The kernel keeps some datagrams for it, and not more.
        var taken = 0
        while taken < 100_000, notifier.send("WATCHDOG=1") { taken += 1 }
        #expect(taken < 100_000)
        manager.drain()
        #expect(notifier.send("WATCHDOG=1"))
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
