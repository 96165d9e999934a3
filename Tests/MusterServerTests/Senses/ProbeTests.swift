import FoundationEssentials
import IncidentDomain
import Postgres
import ServiceLifecycle
import Synchronization
import TestSupport
import Testing

@testable import MusterServer

/// Probes are run when they are due, by one daemon each, and raise an alert when they fail often enough.
@Suite(.timeLimit(.minutes(20))) struct ProbeTests {
    /// A page that can be switched off.
    private final class Switch: Sendable {
        private let isOn = Mutex(true)

        var reply: TestPage.Reply { TestPage.Reply(status: isOn.withLock { $0 } ? 200 : 503) }

        func turn(on value: Bool) {
            isOn.withLock { $0 = value }
        }
    }

    private static func withPage(
        _ body: @escaping @Sendable (TestDaemon, Senses, TestPage, Switch) async throws -> Void
    ) async throws {
        let power = Switch()
        try await TestPage.with({ _ in power.reply }) { page async throws in
            try await TestDaemon.with { daemon async throws in
                try await daemon.withSenses { try await body(daemon, $0, page, power) }
            }
        }
    }

    @Test func `three failures raise an alert in words, two successes end it`() async throws {
        try await Self.withPage { daemon, senses, page, power async throws in
            let draft = ProbeDraft.named("login", .page(page.url), fires: 3, resolves: 2, component: "web")
            _ = try await senses.probes.put(draft, by: .mia)
            power.turn(on: false)
            for count in 1...3 {
                #expect(try await daemon.count("sense_signal") == 0)
                #expect(try await senses.probeRunner.runDue() == 1)
                #expect(try await senses.probes.probe("login")?.state.failures == count)
                try await daemon.makeProbesDue()
            }
            try await senses.senseRunner.tell()
            let alert = try #require(try await daemon.alerts().first)
            #expect(alert.title == "Probe login: status 503, expected 200-399" && alert.component == "web")
            let first = try #require(try await senses.probes.results("login", limit: 100)?.last)
            #expect(alert.startsAt == first.checkedAt && alert.source == BuiltInSource.probes)
            power.turn(on: true)
            for _ in 0..<2 {
                #expect(try await daemon.summary() == ["login firing 1"])
                try await senses.probeRunner.runDue()
                try await senses.senseRunner.tell()
                try await daemon.makeProbesDue()
            }
            #expect(try await daemon.summary() == ["login resolved 1"])
            #expect(try await senses.probes.results("login", limit: 2)?.map(\.isPassed) == [true, true])
        }
    }

    @Test func `a probe that is not due is not run, and two daemons share those that are`() async throws {
        try await Self.withPage { daemon, senses, page, _ async throws in
            for number in 0..<6 {
                _ = try await senses.probes.put(.named("page-\(number)", .page(page.url)), by: .mia)
            }
            try await daemon.beside { other async throws in
                try await other.withSenses { others async throws in
                    async let one = senses.probeRunner.runDue()
                    async let two = others.probeRunner.runDue()
                    #expect(try await one + two == 6)
                }
            }
            #expect(page.asked.count == 6)
            #expect(try await senses.probeRunner.runDue() == 0)
            #expect(try await daemon.count("probe_result") == 6)
            let soon = "next_at BETWEEN now() + interval '20 seconds' AND now() + interval '65 seconds'"
            #expect(try await daemon.count("probe", where: soon) == 6)
        }
    }

    @Test func `what a daemon that ended had begun is run again, and its late result is dropped`() async throws {
        try await Self.withPage { daemon, senses, page, _ async throws in
            _ = try await senses.probes.put(.named("login", .page(page.url)), by: .mia)
            let lost = try #require(try await senses.probes.claim(limit: 10).first)
            #expect(try await senses.probeRunner.runDue() == 0)
            try await daemon.makeProbesDue()
            #expect(try await senses.probeRunner.runDue() == 1)
            let late = try await senses.probes.record(
                .failed("too late"), lost, state: ProbeState(failures: 1),
                signal: lost.probe.draft.signal(since: lost.at, until: nil, detail: "too late"))
            #expect(!late)
            #expect(try await senses.probes.probe("login")?.last?.isPassed == true)
            #expect(try await daemon.count("sense_signal") == 0)
        }
    }

    @Test func `a hundred results are kept`() async throws {
        try await Self.withPage { daemon, senses, page, _ async throws in
            _ = try await senses.probes.put(.named("login", .page(page.url)), by: .mia)
            for number in 0..<105 {
                try await daemon.makeProbesDue()
                let claim = try #require(try await senses.probes.claim(limit: 1).first)
                try await senses.probes.record(.passed("look \(number)", 1), claim, state: ProbeState(), signal: nil)
            }
            #expect(try await daemon.count("probe_result") == 100)
            let results = try #require(try await senses.probes.results("login", limit: 100))
            #expect(results.first?.detail == "look 104" && results.last?.detail == "look 5")
        }
    }

    @Test func `a change drops the look that is under way, and what looks elsewhere begins anew`() async throws {
        try await Self.withPage { _, senses, page, power async throws in
            _ = try await senses.probes.put(.named("login", .page(page.url)), by: .mia)
            try await senses.probeRunner.runDue()
            let (same, isNew) = try await senses.probes.put(.named("login", .page(page.url), every: 30), by: .mia)
            #expect(!isNew && same.last?.isPassed == true)
            let claim = try #require(try await senses.probes.claim(limit: 1).first)
            let (other, _) = try await senses.probes.put(.named("login", .page("\(page.url)other")), by: .mia)
            #expect(other.last == nil && other.status == .pending)
            #expect(try await senses.probes.record(.passed("old", 1), claim, state: ProbeState(), signal: nil) == false)
        }
    }

    @Test func `disabling and removing end the alert`() async throws {
        try await Self.withPage { daemon, senses, page, power async throws in
            power.turn(on: false)
            for name in ["disabled", "removed"] {
                _ = try await senses.probes.put(.named(name, .page(page.url)), by: .mia)
            }
            try await senses.probeRunner.runDue()
            try await senses.senseRunner.tell()
            #expect(try await daemon.summary() == ["disabled firing 1", "removed firing 1"])
            _ = try await senses.probes.put(.named("disabled", .page(page.url), isEnabled: false), by: .mia)
            #expect(try await senses.probes.delete("removed", by: .mia))
            try await senses.senseRunner.tell()
            #expect(try await daemon.summary() == ["disabled resolved 1", "removed resolved 1"])
            try await daemon.makeProbesDue()
            #expect(try await senses.probeRunner.runDue() == 0)
            #expect(try await daemon.count("probe_result", where: "probe = 'removed'") == 0)
        }
    }

    @Test func `the daemon's loops run them, as many at once as they may`() async throws {
        try await Self.withPage { daemon, senses, page, power async throws in
            power.turn(on: false)
            for number in 0..<20 {
                _ = try await senses.probes.put(.named("page-\(number)", .page(page.url)), by: .mia)
            }
            let services = ServiceGroup(
                services: [senses.probeRunner, senses.senseRunner], logger: TestServer.quietLogger)
            async let running: Void = services.run()
            try await daemon.pool.waitUntil("(SELECT count(*) FROM alert WHERE status = 'firing') = 20")
            await services.triggerGracefulShutdown()
            try await running
            #expect(page.asked.count == 20)
        }
    }

    @Test func `a daemon that stops does not wait for an answer that never comes`() async throws {
        try await TestPage.with({ _ in nil }) { page async throws in
            try await TestDaemon.with { daemon async throws in
                try await daemon.withSenses { senses async throws in
                    _ = try await senses.probes.put(.named("silent", .page(page.url)), by: .mia)
                    let services = ServiceGroup(services: [senses.probeRunner], logger: TestServer.quietLogger)
                    async let running: Void = services.run()
                    try await daemon.pool.waitUntil("EXISTS (SELECT FROM probe WHERE claim IS NOT NULL)")
                    await services.triggerGracefulShutdown()
                    try await running
                    #expect(try await daemon.count("probe_result") == 0)
                }
            }
        }
    }

    @Test func `looking for what is due reads an index`() async throws {
        try await TestDaemon.with { daemon async throws in
            let plan = try await daemon.pool.query(
                "EXPLAIN SELECT name FROM probe WHERE enabled AND next_at <= now() ORDER BY next_at LIMIT 32"
            ).map { try $0.decode(0, as: String.self) }.joined(separator: "\n")
            #expect(plan.contains("probe_next"), "\(plan)")
        }
    }
}
