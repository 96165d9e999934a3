import FoundationEssentials
import IncidentDomain
import Postgres
import TestSupport
import Testing

@testable import MusterServer

/// While a component is brought back, its probes have a say: one failure holds it, whatever it takes to fire.
@Suite(.timeLimit(.minutes(20))) struct ProbeGateRouteTests {
    private static func restoring(_ daemon: TestDaemon, soak: Int = 0) async throws -> Int {
        try await daemon.put([Component(slug: "db", name: "Database", tier: 0, soakSeconds: soak)])
        let long = try await daemon.pool.query("SELECT now() - interval '2 hours' AS at")[0].decode(
            "at", as: Timestamp.self)
        let impacts = [ComponentImpact(component: "db", impact: .majorOutage)]
        let number = try await daemon.desk.open(
            OpenIncident(title: "t", impacts: impacts, startedAt: long), CommandContext(principal: .mia)
        ).incident.number
        try await daemon.bringToRestore(number)
        return number
    }

    /// Writes a result down as if a probe had looked now.
    private static func look(_ daemon: TestDaemon, _ senses: Senses, passes: Bool) async throws {
        try await daemon.makeProbesDue()
        let claim = try #require(try await senses.probes.claim(limit: 1).first)
        var state = claim.probe.state
        _ = state.take(isPassed: passes, at: claim.at, claim.probe.draft.thresholds)
        let outcome: ProbeOutcome = passes ? .passed("status 200", 3) : .failed("status 503, expected 200-399", 3)
        try await senses.probes.record(outcome, claim, state: state, signal: nil)
    }

    private static func putProbe(_ senses: Senses) async throws {
        let draft = ProbeDraft.named("login", .page("http://127.0.0.1:1/"), every: 3600, fires: 3, component: "db")
        _ = try await senses.probes.put(draft, by: .mia)
    }

    @Test func `a failing probe holds the step, and the refusal names it and how to look at it`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.withSenses { senses async throws in
                let number = try await Self.restoring(daemon)
                try await Self.putProbe(senses)
                try await Self.look(daemon, senses, passes: true)
                try await daemon.tell(.startStep(component: "db", override: false, reason: nil), number)
                let pending = await #expect(throws: Problem.self) {
                    try await daemon.tell(.verifyStep(component: "db"), number)
                }
                #expect(
                    pending?.json["waits_for"]?[0]?["reason"]?.string
                        == "probe login has not run since work on db started")
                try await Self.look(daemon, senses, passes: false)
                let failing = await #expect(throws: Problem.self) {
                    try await daemon.tell(.verifyStep(component: "db"), number)
                }
                #expect(failing?.kind == .gateClosed)
                let gate = failing?.json["waits_for"]?[0]
                #expect(gate?["reason"]?.string == "probe login failed: status 503, expected 200-399")
                #expect(gate?["how"]?["path"]?.string == "/v1/probes/login/results")
                #expect(failing?.json["how"]?.array?.count == 1)
                try await Self.look(daemon, senses, passes: true)
                let incident = try await daemon.tell(.verifyStep(component: "db"), number)
                #expect(incident.step("db")?.state == .restored)
                #expect(try await daemon.differences() == [])
            }
        }
    }

    @Test func `the plan shows each step's probes`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.withSenses { senses async throws in
                let number = try await Self.restoring(daemon)
                try await Self.putProbe(senses)
                try await Self.look(daemon, senses, passes: false)
                let (incident, plan, _, probes) = try await daemon.desk.plan(of: number)
                var json = JSONWriter()
                RestorationRepresentation(incident: incident, plan: plan, probes: probes).write(to: &json)
                let shown = try JSONParser.parse(json.bytes)["waves"]?[0]?["steps"]?[0]?["probes"]?[0]
                #expect(shown?["name"]?.string == "login" && shown?["status"]?.string == "failing")
                #expect(shown?["detail"]?.string == "status 503, expected 200-399")
                #expect(shown?["checked_at"]?.time != nil)
            }
        }
    }

    @Test func `a probe that fails at the end of a soak holds it, and the step is restored when it passes`()
        async throws
    {
        try await TestDaemon.with { daemon async throws in
            try await daemon.withSenses { senses async throws in
                let number = try await Self.restoring(daemon, soak: 3600)
                try await Self.putProbe(senses)
                let began = try await daemon.pool.query("SELECT now() - interval '3700 seconds' AS at")[0].decode(
                    "at", as: Timestamp.self)
                let context = CommandContext(principal: .mia, occurredAt: began)
                _ = try await daemon.desk.handle(
                    .startStep(component: "db", override: false, reason: nil), on: number, context)
                // A soak may begin before the first look.
                _ = try await daemon.desk.handle(.verifyStep(component: "db"), on: number, context)
                let runner = DeadlineRunner(desk: daemon.desk, pool: daemon.pool, logger: TestServer.quietLogger)
                #expect(try await runner.passDue() == 0)
                try await Self.look(daemon, senses, passes: false)
                #expect(try await runner.passDue() == 0)
                #expect(try await daemon.incident(number).step("db")?.state == .verifying)
                try await Self.look(daemon, senses, passes: true)
                let passing = try #require(try await senses.probes.probe("login")?.state.passingSince)
                #expect(try await runner.passDue() == 1)
                let step = try #require(try await daemon.incident(number).step("db"))
                #expect(step.state == .restored && step.restoredAt == passing)
                #expect(try await daemon.differences() == [])
            }
        }
    }

    @Test func `disabled probes and those of others have no say`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.withSenses { senses async throws in
                let number = try await Self.restoring(daemon)
                let page = ProbeTarget.page("http://127.0.0.1:1/")
                _ = try await senses.probes.put(.named("off", page, component: "db", isEnabled: false), by: .mia)
                _ = try await senses.probes.put(.named("other", page, component: "web"), by: .mia)
                try await daemon.tell(.startStep(component: "db", override: false, reason: nil), number)
                let incident = try await daemon.tell(.verifyStep(component: "db"), number)
                #expect(incident.step("db")?.state == .restored)
            }
        }
    }

    @Test func `while a component is brought back, its probes look every ten seconds`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.withSenses { senses async throws in
                _ = try await Self.restoring(daemon)
                try await Self.putProbe(senses)
                try await daemon.pool.query("UPDATE probe SET next_at = now() + interval '1 hour'")
                try await senses.probes.hurry()
                let claim = try #require(try await senses.probes.claim(limit: 1).first)
                try await senses.probes.record(.passed("fine", 1), claim, state: ProbeState(), signal: nil)
                #expect(try await daemon.count("probe", where: "next_at < now() + interval '11 seconds'") == 1)
                try await senses.probes.hurry()
                #expect(try await senses.probes.claim(limit: 1).isEmpty)
            }
        }
    }
}
