import FoundationEssentials
import IncidentDomain
import Postgres
import ServiceLifecycle
import TestSupport
import Testing

@testable import MusterServer

/// What is to be published, and what is late: on database time, once, by whichever daemon is there.
@Suite(.timeLimit(.minutes(20))) struct UpdateRunnerTests {
    private static func runner(_ daemon: TestDaemon) -> DeadlineRunner {
        DeadlineRunner(desk: daemon.desk, pool: daemon.pool, logger: TestServer.quietLogger, interval: .milliseconds(1))
    }

    private static func soon(_ daemon: TestDaemon) async throws -> Timestamp {
        try await daemon.pool.query("SELECT now() + interval '300 milliseconds' AS at")[0].decode("at")
    }

    private static func wait(_ daemon: TestDaemon, for moment: Timestamp) async throws {
        try await daemon.pool.waitUntil("clock_timestamp() > \(moment)")
    }

    private static func draft(at moment: Timestamp, _ audience: UpdateAudience = .users) -> IncidentCommand {
        .draftUpdate(UpdateRequest(UpdateContent(audience: audience, body: "Sorry."), publishAt: moment))
    }

    @Test func `an update is published at its time by two daemons at once, and once`() async throws {
        try await TestDaemon.with { daemon async throws in
            let number = try await daemon.open()
            let moment = try await Self.soon(daemon)
            try await daemon.tell(Self.draft(at: moment), number)
            #expect(try await Self.runner(daemon).passDue() == 0)
            try await Self.wait(daemon, for: moment)
            try await daemon.beside { other async throws in
                async let first = Self.runner(daemon).passDue()
                async let second = Self.runner(other).passDue()
                #expect(try await first + second >= 1)
            }
            #expect(try await daemon.kinds(number) == ["incident_opened", "update_drafted", "update_posted"])
            let entry = try #require(try await daemon.timeline(number).last)
            #expect(entry.recorded.occurredAt == moment && entry.recorded.actor.name == "musterd")
            #expect(try await daemon.count("incident", where: "next_deadline_at IS NULL") == 1)
            #expect(try await daemon.differences() == [])
        }
    }

    @Test func `a daemon that starts after the time publishes what is due`() async throws {
        try await TestDaemon.with { daemon async throws in
            let number = try await daemon.open()
            let moment = try await Self.soon(daemon)
            try await daemon.tell(Self.draft(at: moment), number)
            try await Self.wait(daemon, for: moment)
            try await daemon.beside { restarted in
                let services = ServiceGroup(services: [Self.runner(restarted)], logger: TestServer.quietLogger)
                async let running: Void = services.run()
                try await daemon.pool.waitUntil("EXISTS (SELECT FROM timeline_entry WHERE kind = 'update_posted')")
                await services.triggerGracefulShutdown()
                try await running
            }
            #expect(try await daemon.incident(number).updates == 1)
        }
    }

    @Test func `what nobody approved is held once, and what is late is said once`() async throws {
        try await TestDaemon.with { daemon async throws in
            var strict = daemon.desk
            strict.updates = UpdatePolicy(approval: [nil: [.users]])
            let runner = DeadlineRunner(desk: strict, pool: daemon.pool, logger: TestServer.quietLogger)
            let number = try await daemon.open()
            let moment = try await Self.soon(daemon)
            let promise = UpdateContent(audience: .staff, body: "b", nextUpdateAt: moment)
            try await daemon.tell(.postUpdate(promise), number)
            try await daemon.tell(Self.draft(at: moment), number)
            try await Self.wait(daemon, for: moment)
            try await runner.pass()
            try await runner.pass()
            let kinds = try await daemon.kinds(number).suffix(2)
            #expect(Set(kinds) == ["update_held", "update_overdue"])
            #expect(try await daemon.kinds(number).count == 5)
            #expect(try await daemon.count("incident", where: "next_deadline_at IS NULL") == 1)
            #expect(try await daemon.differences() == [])
        }
    }

    @Test func `what is due is done beside a soak that a probe holds`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.put([Component(slug: "core", name: "Core", tier: 0, soakSeconds: 3600)])
            let began: Timestamp = try await daemon.pool.query("SELECT now() - interval '2 hours' AS at")[0].decode(
                "at")
            let number = try await daemon.desk.open(
                OpenIncident(
                    title: "t", impacts: [ComponentImpact(component: "core", impact: .majorOutage)], startedAt: began),
                CommandContext(principal: .mia)
            ).incident.number
            try await daemon.bringToRestore(number)
            let early = CommandContext(principal: .mia, occurredAt: began.adding(seconds: 60))
            let start = IncidentCommand.startStep(component: "core", override: false, reason: nil)
            _ = try await daemon.desk.handle(start, on: number, early)
            let moment = try await Self.soon(daemon)
            try await daemon.tell(Self.draft(at: moment, .staff), number)
            _ = try await daemon.desk.handle(.verifyStep(component: "core"), on: number, early)
            try await Self.runner(daemon).pass()
            try await Self.wait(daemon, for: moment)
            try await Self.runner(daemon).pass()
            let timeline = try await daemon.timeline(number)
            let posted = try #require(timeline.last { $0.stored.kind == "update_posted" })
            let restored = try #require(timeline.last { $0.stored.kind == "step_restored" })
            #expect(posted.recorded.occurredAt == moment)
            #expect(restored.recorded.occurredAt == began.adding(seconds: 3660), "each has its own moment")
        }
    }
}
