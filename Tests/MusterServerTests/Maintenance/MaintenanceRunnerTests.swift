import FoundationEssentials
import IncidentDomain
import Postgres
import TestSupport
import Testing

@testable import MusterServer

/// What happens to maintenance by itself, and what people do meanwhile.
@Suite(.timeLimit(.minutes(20))) struct MaintenanceRunnerTests {
    @Test func `it is announced three times, begins and ends, and each is told once`() async throws {
        try await TestDaemon.with { daemon async throws in
            let id = try await daemon.plan(try daemon.window(in: 80 * 3600))
            #expect(try await daemon.told() == ["scheduled"])
            for hours in [10, 0, 50, 19.5, 0, 0.6] { try await daemon.passHours(hours) }
            #expect(try await daemon.told() == ["scheduled", "ahead", "ahead", "ahead", "started"])
            #expect(try await daemon.states(id) == ["running"])
            try await daemon.passHours(1)
            try await daemon.passHours(100)
            #expect(try await daemon.told().suffix(2) == ["started", "ended"])
            #expect(try await daemon.states(id) == ["done"])
            #expect(try await daemon.maintenance.view(id).state == .done)
            #expect(try await daemon.audited() == ["create Mia", "begin musterd", "end musterd"])
        }
    }

    @Test func `within a lead time only the nearest announcement is made`() async throws {
        try await TestDaemon.with { daemon async throws in
            _ = try await daemon.plan(try daemon.window(in: 20 * 3600))
            #expect(try await daemon.told() == ["scheduled", "ahead"])
            let body = try await daemon.pool.query("SELECT body::text FROM notice ORDER BY id DESC LIMIT 1")[0]
                .decode(0, as: String.self)
            let notice = try #require(Notice(try JSONParser.parse(Array(body.utf8))))
            #expect(notice.sentence.hasPrefix("Maintenance begins in 20 h, from "), "\(notice.sentence)")
            #expect(notice.data["seconds_before"] == 86_400 && notice.title == "Switches")
            #expect(notice.path?.hasPrefix("/v1/maintenance/") == true && notice.incident == nil)
        }
    }

    @Test func `another daemon goes on after a restart, and begins what passed meanwhile`() async throws {
        try await TestDaemon.with { daemon async throws in
            let running = try await daemon.plan(try daemon.window(in: -600))
            let missed = try await daemon.plan(try daemon.window(in: 7200))
            #expect(try await daemon.states(running) == ["running"])
            try await daemon.moveMaintenance(byHours: 4)
            try await daemon.beside { other async throws in
                try await other.maintenanceRunner.pass()
                #expect(try await other.states(running) == ["done"])
                #expect(try await other.states(missed) == ["done"])
            }
            #expect(try await daemon.told() == ["scheduled", "started", "scheduled", "ahead", "ended", "ended"])
        }
    }

    @Test func `two daemons at the same time take each step once`() async throws {
        try await TestDaemon.with(connections: 8) { daemon async throws in
            for _ in 1...12 { _ = try await daemon.maintenance.create(.random(), try daemon.window(in: 60), by: .mia) }
            try await daemon.beside { other async throws in
                for hours in [0, 0.1, 2] {
                    try await daemon.moveMaintenance(byHours: hours)
                    async let first: Void = daemon.maintenanceRunner.pass()
                    async let second: Void = other.maintenanceRunner.pass()
                    _ = try await (first, second)
                }
            }
            let audit = try await daemon.audited()
            for line in ["create Mia", "begin musterd", "end musterd"] { #expect(audit.count { $0 == line } == 12) }
            #expect(try await daemon.told().count == 12 * 4)
            #expect(try await daemon.count("maintenance_occurrence", where: "state = 'done' AND next_at IS NULL") == 12)
        }
    }

    @Test func `what is extended goes on, and what is begun early ends earlier`() async throws {
        try await TestDaemon.with { daemon async throws in
            let id = try await daemon.plan(try daemon.window(in: -600))
            let extended = try await daemon.maintenance.carryOut(
                .extendBy(seconds: 1800), on: .current, of: id, by: .mia)
            #expect(extended.occurrences[0].extensions == 1 && extended.maintenance.version == 2)
            try await daemon.passHours(1)
            #expect(try await daemon.states(id) == ["running"])
            try await daemon.passHours(0.5)
            #expect(try await daemon.states(id) == ["done"])
            let early = try await daemon.plan(try daemon.window(in: 7200))
            let begun = try await daemon.maintenance.carryOut(.begin, on: .current, of: early, by: .mia)
            #expect(begun.state == .running)
            _ = try await daemon.maintenance.carryOut(.begin, on: .current, of: early, by: .mia)
            try await daemon.passHours(1.01)
            #expect(try await daemon.states(early) == ["done"])
            #expect(
                try await daemon.told() == [
                    "scheduled", "started", "extended", "ended", "scheduled", "ahead", "started", "ended",
                ])
        }
    }

    @Test func `one of a series is cancelled, and the others come; then all of it`() async throws {
        try await TestDaemon.with { daemon async throws in
            let id = try await daemon.plan(try daemon.window(in: 3600 * 100, rule: "FREQ=WEEKLY;COUNT=5"))
            let second = try await daemon.maintenance.view(id).occurrences[1].local
            _ = try await daemon.maintenance.carryOut(.cancel, on: .named(second), of: id, reason: "late", by: .mia)
            #expect(try await daemon.states(id) == ["scheduled", "cancelled", "scheduled", "scheduled", "scheduled"])
            try await daemon.passHours(101.5)
            #expect(try await daemon.states(id).filter { $0 == "cancelled" }.count == 1, "it stays cancelled")
            let all = try await daemon.maintenance.carryOut(.cancel, on: .series, of: id, by: .mia)
            #expect(all.state == .cancelled && all.occurrences.allSatisfy { $0.state.isOver })
            let again = try await daemon.maintenance.carryOut(.cancel, on: .series, of: id, by: .mia)
            #expect(again.maintenance.version == all.maintenance.version, "a repeat changes nothing")
            try await daemon.passHours(1000)
            #expect(try await daemon.told().filter { $0 == "cancelled" }.count == 2)
            #expect(try await daemon.told().last == "cancelled")
        }
    }

    @Test func `an overrun opens one incident, whoever sees it`() async throws {
        try await TestDaemon.with(connections: 8) { daemon async throws in
            try await daemon.putPlatform()
            let id = try await daemon.plan(
                try daemon.window(in: -60, ending: .byHand, components: ["db", "gone"], regions: ["eu"]))
            try await daemon.passHours(1)
            #expect(try await daemon.states(id) == ["running"], "within the grace")
            try await daemon.moveMaintenance(byHours: 0.1)
            try await daemon.beside { other async throws in
                async let first: Void = daemon.maintenanceRunner.pass()
                async let second: Void = other.maintenanceRunner.pass()
                _ = try await (first, second)
            }
            let occurrence = try #require(try await daemon.maintenance.view(id).occurrences.first)
            let number = try #require(occurrence.incident)
            #expect(occurrence.state == .overrun)
            #expect(try await daemon.count("incident") == 1)
            let incident = try await daemon.incident(number)
            #expect(incident.title == "Maintenance overran: Switches" && incident.severity == nil)
            #expect(incident.cause?.category == .maintenance && incident.cause?.subcategory == .plannedOverrun)
            let impact = ComponentImpact(component: "db", impact: .degraded, regions: ["eu"], perRegion: true)
            #expect(incident.impacts == [impact])
            #expect(incident.times.startedAt == occurrence.endsAt && incident.labels == ["maintenance": id.text])
            #expect(try await daemon.timeline(number)[0].recorded.event.sentence.hasPrefix("Opened by an overrun: "))
            #expect(try await daemon.told() == ["scheduled", "started", "overrun"])

            _ = try await daemon.maintenance.carryOut(.extendBy(seconds: 600), on: .current, of: id, by: .mia)
            try await daemon.passHours(1)
            #expect(try await daemon.states(id) == ["overrun"])
            #expect(try await daemon.count("incident") == 1, "once for each time")
            _ = try await daemon.maintenance.carryOut(.end, on: .current, of: id, by: .mia)
            #expect(try await daemon.states(id) == ["done"])
            #expect(try await daemon.told().suffix(3) == ["extended", "overrun", "ended"])
            #expect(try await daemon.differences() == [])
        }
    }

    @Test func `a change moves what is ahead, and is told`() async throws {
        try await TestDaemon.with { daemon async throws in
            let id = try await daemon.plan(try daemon.window(in: 7200, rule: "FREQ=DAILY;COUNT=3"))
            let before = try await daemon.maintenance.view(id)
            let same = try await daemon.maintenance.change(id, by: .mia) { $0.title = "Switches" }
            #expect(same.maintenance.version == 1 && same.maintenance.updatedAt == before.maintenance.updatedAt)
            let moved = try await daemon.maintenance.change(id, by: .mia) { window in
                window.start = LocalTime(seconds: window.start.seconds + 86_400)
                window.rule = nil
                window.durationSeconds = 7200
            }
            #expect(moved.occurrences.count == 1 && moved.maintenance.version == 2)
            #expect(moved.occurrences[0].startsAt == before.occurrences[1].startsAt)
            #expect(moved.occurrences[0].endsAt == before.occurrences[1].endsAt.adding(seconds: 3600))
            try await daemon.maintenanceRunner.pass()
            #expect(
                try await daemon.told() == ["scheduled", "ahead", "ahead", "ahead", "scheduled"], "it was announced")
            _ = try await daemon.maintenance.change(id, by: .mia) { window in
                window.start = LocalTime(seconds: window.start.seconds + 600)
            }
            try await daemon.maintenanceRunner.pass()
            #expect(try await daemon.told().suffix(2) == ["scheduled", "ahead"], "for another time")
            #expect(try await daemon.states(id) == ["scheduled"])
            #expect(try await daemon.audited() == ["create Mia", "change Mia", "change Mia"])
        }
    }

    @Test func `what was extended survives a change of its series; the only time of a window goes with it`()
        async throws
    {
        try await TestDaemon.with { daemon async throws in
            let series = try await daemon.plan(try daemon.window(in: 7200, rule: "FREQ=DAILY;COUNT=3"))
            let before = try await daemon.maintenance.view(series).occurrences
            _ = try await daemon.maintenance.carryOut(
                .extendBy(seconds: 600), on: .named(before[1].local), of: series, by: .mia)
            func later(_ window: inout MaintenanceWindow) {
                window.start = LocalTime(seconds: window.start.seconds + 600)
            }
            let moved = try await daemon.maintenance.change(series, by: .mia, later).occurrences
            #expect(moved.count == 4 && moved.filter(\.isChanged).map(\.local) == [before[1].local])
            let kept = moved.filter(\.isChanged)[0]
            #expect(kept.startsAt == before[1].startsAt && kept.endsAt == before[1].endsAt.adding(seconds: 600))
            try await daemon.maintenanceRunner.pass()
            #expect(try await daemon.maintenance.view(series).occurrences.contains(kept), "looked at again, it stays")

            let single = try await daemon.plan(try daemon.window(in: 7200))
            let only = try await daemon.maintenance.view(single).occurrences[0]
            _ = try await daemon.maintenance.carryOut(
                .extendBy(seconds: 600), on: .named(only.local), of: single, by: .mia)
            let changed = try await daemon.maintenance.change(single, by: .mia, later).occurrences
            #expect(changed.map(\.startsAt) == [only.startsAt.adding(seconds: 600)])
        }
    }

    @Test func `windows that another daemon holds are left to it, however many there are`() async throws {
        try await TestDaemon.with(connections: 4) { daemon async throws in
            // As many as one batch.
            for _ in 1...100 {
                _ = try await daemon.maintenance.create(.random(), try daemon.window(in: 7200), by: .mia)
            }
            try await daemon.pool.query("UPDATE maintenance SET plan_at = now()")
            try await daemon.beside { other async throws in
                try await other.pool.transaction { transaction in
                    _ = try await transaction.query("SELECT id FROM maintenance FOR UPDATE")
                    #expect(try await daemon.maintenanceRunner.planDue() == 0)
                    try await daemon.maintenanceRunner.pass()
                }
            }
            #expect(try await daemon.maintenanceRunner.planDue() == 100)
            #expect(try await daemon.maintenanceRunner.planDue() == 0)
        }
    }

    @Test func `what runs while a window is changed goes on, and by the new ending`() async throws {
        try await TestDaemon.with { daemon async throws in
            let id = try await daemon.plan(try daemon.window(in: -60, ending: .byHand))
            _ = try await daemon.maintenance.change(id, by: .mia) { $0.ending = .automatic }
            try await daemon.passHours(1)
            #expect(try await daemon.states(id) == ["done"])
        }
    }

    @Test func `rows that cannot be read stop nothing but themselves`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await PoisonedRow.occurrence.plant(in: daemon.pool)
            try await daemon.pool.query("UPDATE maintenance SET rrule = 'FREQ=HOURLY'")
            let id = try await daemon.plan(try daemon.window(in: -60))
            #expect(try await daemon.states(id) == ["running"])
            try await daemon.maintenance.delete(try #require(UUID(uuidString: PoisonedRow.id)), by: .mia)
            #expect(try await daemon.count("maintenance_occurrence") == 1)
        }
    }

    @Test func `what is long over is forgotten`() async throws {
        try await TestDaemon.with { daemon async throws in
            let old = try await daemon.plan(try daemon.window(in: -60))
            try await daemon.passHours(10)
            let runner = MaintenancePruneRunner(pool: daemon.pool, days: 30, logger: TestServer.quietLogger)
            try await runner.pass()
            #expect(try await daemon.states(old) == ["done"])
            try await daemon.moveMaintenance(byHours: 24 * 31)
            try await daemon.pool.query("UPDATE maintenance SET updated_at = now() - interval '31 days'")
            let kept = try await daemon.plan(try daemon.window(in: 60))
            try await runner.pass()
            #expect(try await daemon.count("maintenance") == 1)
            #expect(try await daemon.states(kept) == ["scheduled"])
        }
    }
}
