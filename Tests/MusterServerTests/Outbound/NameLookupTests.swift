import Foundation
import IncidentDomain
import Synchronization
import Testing

@testable import MusterServer

/// Looking names up: a name without an answer holds up no other, and a resolver that is away is nobody else's failure.
@Suite(.timeLimit(.minutes(5))) struct NameLookupTests {
    /// A resolver of the test's own: it knows some names, says that others do not exist, and does not answer for `dead` ones.
    private final class Resolver: Sendable {
        private struct State {
            var asked: [String] = []
            var isAway = false
        }

        private let state = Mutex(State())
        /// Whether who asks for a dead name is let go.
        private let isReleased = Mutex(false)
        private let released = NSCondition()

        var asked: [String] { state.withLock { $0.asked } }

        func goAway() {
            state.withLock { $0.isAway = true }
        }

        /// Lets the threads go that wait for an answer.
        func release() {
            released.lock()
            isReleased.withLock { $0 = true }
            released.broadcast()
            released.unlock()
        }

        func hold() {
            isReleased.withLock { $0 = false }
        }

        func answer(_ host: String) -> NameLookup.Answer {
            let isAway = state.withLock { state in
                state.asked.append(host)
                return state.isAway
            }
            if host.hasPrefix("dead") {
                released.lock()
                while !isReleased.withLock({ $0 }) { released.wait() }
                released.unlock()
                return .failed("Temporary failure in name resolution")
            }
            if isAway { return .failed("Temporary failure in name resolution") }
            let isUnknown = host.hasPrefix("no") || host == NameLookup.control
            return isUnknown ? .noAddress("Name or service not known") : .addresses(["192.0.2.1"])
        }
    }

    private static func with(
        threads: Int = 4, keeping: Duration = .seconds(60), slowAfter: Duration = .seconds(60),
        _ body: (NameLookup, Resolver) async throws -> Void
    ) async throws {
        let resolver = Resolver()
        defer { resolver.release() }
        let names = NameLookup(threadsMax: threads, keeping: keeping, slowAfter: slowAfter) {
            resolver.answer($0)
        }
        try await body(names, resolver)
    }

    @Test func `a name is looked up once for all who ask, and what was found is kept for a moment`() async throws {
        try await Self.with { names, resolver async throws in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 1...20 {
                    group.addTask {
                        let found = try await names.addresses(of: "a", within: .seconds(60))
                        #expect(found == ["192.0.2.1"])
                    }
                }
                try await group.waitForAll()
            }
            #expect(resolver.asked == ["a"])
        }
        try await Self.with(keeping: .zero) { names, resolver async throws in
            for _ in 1...2 { _ = try await names.addresses(of: "a", within: .seconds(60)) }
            #expect(resolver.asked == ["a", "a"])
        }
    }

    @Test func `names without an answer keep no other name from being looked up`() async throws {
        try await Self.with(threads: 4) { names, resolver async throws in
            for name in ["dead1", "dead2", "dead3"] {
                let failure = await #expect(throws: ProbeCheck.Failure.self) {
                    try await names.addresses(of: name, within: .milliseconds(20))
                }
                #expect(failure?.detail == "DNS lookup of \(name) timed out")
            }
            // They hold three threads of four, and each its own only, however often it is asked for.
            for name in ["dead1", "dead2", "dead3"] {
                _ = try? await names.addresses(of: name, within: .milliseconds(20))
            }
            #expect(try await names.addresses(of: "alive", within: .seconds(60)) == ["192.0.2.1"])
            #expect(resolver.asked.filter { $0.hasPrefix("dead") }.count == 3)
        }
    }

    @Test func `a name that found no thread is nobody's failure, and a name that was quick finds one`() async throws {
        try await Self.with(threads: 8, keeping: .zero) { names, resolver async throws in
            _ = try await names.addresses(of: "alive", within: .seconds(60))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 1...8 {
                    group.addTask { _ = try? await names.addresses(of: "dead\(number)", within: .seconds(60)) }
                }
                while resolver.asked.count < 1 + 7 { await Task.yield() }
                let unknown = await #expect(throws: ProbeCheck.Unknown.self) {
                    try await names.addresses(of: "fresh", within: .milliseconds(20))
                }
                #expect(unknown?.detail.hasSuffix("fresh had to wait") == true)
                #expect(try await names.addresses(of: "alive", within: .seconds(60)) == ["192.0.2.1"])
                resolver.release()
                try await group.waitForAll()
            }
        }
    }

    @Test func `names that took long before have half of the threads`() async throws {
        try await Self.with(threads: 4, keeping: .zero, slowAfter: .zero) { names, resolver async throws in
            let dead = (1...3).map { "dead\($0)" }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for name in dead { group.addTask { _ = try? await names.addresses(of: name, within: .seconds(60)) } }
                while resolver.asked.count < 3 { await Task.yield() }
                resolver.release()
                try await group.waitForAll()
            }
            resolver.hold()
            let before = resolver.asked.count
            try await withThrowingTaskGroup(of: Void.self) { group in
                for name in dead {
                    group.addTask { _ = try? await names.addresses(of: name, within: .milliseconds(200)) }
                }
                try await group.waitForAll()
            }
            #expect(try await names.addresses(of: "alive", within: .seconds(60)) == ["192.0.2.1"])
            #expect(resolver.asked.dropFirst(before).filter { $0.hasPrefix("dead") }.count == 2)
        }
    }

    @Test func `a name that does not exist is a failure of the target`() async throws {
        try await Self.with { names, _ async throws in
            let failure = await #expect(throws: ProbeCheck.Failure.self) {
                try await names.addresses(of: "nowhere", within: .seconds(60))
            }
            #expect(failure?.detail == "cannot resolve nowhere: Name or service not known")
        }
    }

    @Test func `when the resolver answers nobody, nothing is said of the target`() async throws {
        try await Self.with { names, resolver async throws in
            resolver.goAway()
            let unknown = await #expect(throws: ProbeCheck.Unknown.self) {
                try await names.addresses(of: "alive", within: .seconds(60))
            }
            #expect(unknown?.detail.hasPrefix("not checked: this machine's DNS resolver does not respond") == true)
        }
    }

    @Test func `a lookup ends with its task`() async throws {
        try await Self.with { names, resolver async throws in
            let lookup = Task { try await names.addresses(of: "dead", within: .seconds(3600)) }
            while resolver.asked.isEmpty { await Task.yield() }
            lookup.cancel()
            await #expect(throws: CancellationError.self) { try await lookup.value }
        }
    }

    @Test func `a probe whose name nobody could look up neither fails nor fires, and says why`() async throws {
        let resolver = Resolver()
        resolver.goAway()
        let names = NameLookup { resolver.answer($0) }
        try await TestDaemon.with { daemon async throws in
            try await daemon.withSenses { senses async throws in
                let target = ProbeTarget.tcp(TCPTarget(host: "target", port: 1, expects: nil))
                _ = try await senses.probes.put(.named("port", target, fires: 1), by: .mia)
                var runner = senses.probeRunner
                runner = ProbeRunner(
                    store: runner.store, check: ProbeCheck(names: names), signal: runner.signal, logger: runner.logger,
                    concurrentMax: 4)
                for _ in 1...3 {
                    #expect(try await runner.runDue() == 1)
                    try await daemon.makeProbesDue()
                }
                let probe = try #require(try await senses.probes.probe("port"))
                #expect(probe.state == ProbeState() && probe.last == nil && probe.status == .pending)
                #expect(probe.detail?.hasPrefix("not checked: this machine's DNS resolver") == true)
                #expect(try await daemon.count("sense_signal") == 0)
                #expect(try await daemon.count("probe_result") == 0)
                // It is tried again soon, and is nobody's claim.
                #expect(try await daemon.count("probe", where: "claim IS NULL") == 1)
            }
        }
    }

    @Test func `a context of TLS is made once for all probes of the same settings`() async throws {
        let tls = ProbeTLS()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 1...20 { group.addTask { _ = try await tls.context(verifies: number.isMultiple(of: 2)) } }
            try await group.waitForAll()
        }
        #expect(tls.made == 2)
        let fresh = ProbeTLS(keeping: .zero)
        for _ in 1...2 { _ = try await fresh.context(verifies: true) }
        #expect(fresh.made == 2)
    }
}
