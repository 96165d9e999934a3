import FoundationEssentials
import IncidentDomain
import Postgres
import ServiceLifecycle
import TestSupport
import Testing

@testable import MusterServer

/// What is due happens on database time, by any daemon, whoever was there when it was set.
@Suite(.timeLimit(.minutes(20))) struct DeadlineRunnerTests {
    /// Core before edge: edge needs core. Each soaks for some seconds.
    private static func catalog(soak: Int) -> [Component] {
        [
            Component(slug: "core", name: "Core", tier: 0, soakSeconds: soak),
            Component(
                slug: "edge", name: "Edge", tier: 0, soakSeconds: soak,
                dependsOn: [Dependency(component: "core", kind: .hard)]),
        ]
    }

    private static func runner(_ daemon: TestDaemon) -> DeadlineRunner {
        DeadlineRunner(desk: daemon.desk, pool: daemon.pool, logger: TestServer.quietLogger, interval: .milliseconds(1))
    }

    /// An incident whose core component soaks, for an hour by its catalog.
    private static func soaking(_ daemon: TestDaemon, occurredAt: Timestamp? = nil) async throws -> Int {
        try await daemon.put(catalog(soak: 3600))
        let long = try await daemon.pool.query("SELECT now() - interval '2 hours' AS at")[0].decode(
            "at", as: Timestamp.self)
        let impacts = ["core", "edge"].map { ComponentImpact(component: $0, impact: .majorOutage) }
        let number = try await daemon.desk.open(
            OpenIncident(title: "t", impacts: impacts, startedAt: long), CommandContext(principal: .mia)
        ).incident.number
        try await daemon.bringToRestore(number)
        let context = CommandContext(principal: .mia, occurredAt: occurredAt)
        let start = IncidentCommand.startStep(component: "core", override: false, reason: nil)
        _ = try await daemon.desk.handle(start, on: number, context)
        _ = try await daemon.desk.handle(.verifyStep(component: "core"), on: number, context)
        return number
    }

    /// Puts the whole soak an hour and a bit into the past, as if that long had gone by.
    private static func letTimePass(_ daemon: TestDaemon) async throws -> Timestamp {
        try await daemon.pool.query("SELECT now() - interval '3700 seconds' AS at")[0].decode("at")
    }

    @Test func `a soak is not over before its time`() async throws {
        try await TestDaemon.with { daemon async throws in
            let number = try await Self.soaking(daemon)
            #expect(try await Self.runner(daemon).passDue() == 0)
            let step = try #require(try await daemon.incident(number).step("core"))
            #expect(step.state == .verifying)
            let row = try await daemon.pool.query("SELECT next_deadline_at FROM incident")[0]
            #expect(try row.decode("next_deadline_at", as: Timestamp?.self) == step.soakUntil)
        }
    }

    @Test func `a soak that is over is finished by any daemon, at the time at which it ended`() async throws {
        try await TestDaemon.with { daemon async throws in
            let began = try await Self.letTimePass(daemon)
            let number = try await Self.soaking(daemon, occurredAt: began)
            try await daemon.beside { other async throws in
                #expect(try await Self.runner(other).passDue() == 1)
                #expect(try await Self.runner(daemon).passDue() == 0)
            }
            let step = try #require(try await daemon.incident(number).step("core"))
            #expect(step.state == .restored && step.restoredAt == began.adding(seconds: 3600))
            let entry = try #require(try await daemon.timeline(number).last { $0.stored.kind == "step_restored" })
            #expect(entry.recorded.actor.name == "musterd")
            #expect(entry.recorded.occurredAt < entry.recorded.recordedAt)
            try await daemon.tell(.startStep(component: "edge", override: false, reason: nil), number)
            #expect(try await daemon.count("incident", where: "next_deadline_at IS NULL") == 1)
            #expect(try await daemon.differences() == [])
        }
    }

    @Test func `two daemons that look at once finish it once`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.beside { other async throws in
                let number = try await Self.soaking(daemon, occurredAt: try await Self.letTimePass(daemon))
                async let first = Self.runner(daemon).passDue()
                async let second = Self.runner(other).passDue()
                #expect(try await first + second >= 1)
                #expect(try await daemon.kinds(number).count { $0 == "step_restored" } == 1)
            }
        }
    }

    @Test func `a daemon that starts in the middle of a soak finishes it`() async throws {
        try await TestDaemon.with { daemon async throws in
            let number = try await Self.soaking(daemon, occurredAt: try await Self.letTimePass(daemon))
            try await daemon.beside { restarted in
                let services = ServiceGroup(services: [Self.runner(restarted)], logger: TestServer.quietLogger)
                async let running: Void = services.run()
                try await daemon.pool.waitUntil("EXISTS (SELECT FROM timeline_entry WHERE kind = 'step_restored')")
                await services.triggerGracefulShutdown()
                try await running
            }
            #expect(try await daemon.incident(number).step("core")?.state == .restored)
        }
    }

    @Test func `an incident that cannot be read keeps no other from its deadline`() async throws {
        try await TestDaemon.with { daemon async throws in
            let began = try await Self.letTimePass(daemon)
            let broken = try await Self.soaking(daemon, occurredAt: began)
            try await daemon.pool.query("UPDATE incident SET state = '{}' WHERE number = \(broken)")
            let number = try await Self.soaking(daemon, occurredAt: began.adding(seconds: 5))
            _ = try await Self.runner(daemon).passDue()
            #expect(try await daemon.incident(number).step("core")?.state == .restored)
        }
    }

    @Test func `an alert during the soak takes it back, and no deadline is left`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            let number = try await Self.soaking(daemon)
            try await daemon.pool.query(
                "INSERT INTO alert_group (source, group_key, incident) VALUES (\(source), 'g', \(number))")
            try await daemon.take(source, .firing("a", group: "g", component: "core"))
            try await daemon.router.routeBatch()
            #expect(try await daemon.incident(number).step("core")?.state == .regressed)
            #expect(try await daemon.count("incident", where: "next_deadline_at IS NOT NULL") == 0)
        }
    }

    @Test func `looking for what is due reads an index`() async throws {
        try await TestDaemon.with { daemon async throws in
            for _ in 0..<20 { _ = try await daemon.open() }
            let plan = try await daemon.pool.transaction { transaction in
                try await transaction.query("SET LOCAL enable_seqscan = off")
                return try await transaction.query(
                    "EXPLAIN SELECT number FROM incident WHERE next_deadline_at <= now() ORDER BY next_deadline_at LIMIT 100"
                ).map { try $0.decode(0, as: String.self) }.joined(separator: "\n")
            }
            #expect(plan.contains("incident_deadline"), "\(plan)")
        }
    }
}
