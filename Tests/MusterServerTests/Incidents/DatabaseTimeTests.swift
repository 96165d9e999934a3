import FoundationEssentials
import IncidentDomain
import Postgres
import Testing

@testable import MusterServer

/// Times are the database's: neither a daemon's clock nor a client's decides when something was recorded.
@Suite(.timeLimit(.minutes(20))) struct DatabaseTimeTests {
    private static func now(_ daemon: TestDaemon) async throws -> Timestamp {
        try await daemon.pool.query("SELECT now() AS now")[0].decode("now")
    }

    @Test func `an entry is recorded between two looks at the database's clock`() async throws {
        try await TestDaemon.with { daemon async throws in
            let before = try await Self.now(daemon)
            let number = try await daemon.open()
            let after = try await Self.now(daemon)
            let recorded = try await daemon.timeline(number)[0].recorded
            #expect((before...after).contains(recorded.recordedAt) && recorded.occurredAt == recorded.recordedAt)
            #expect(try await daemon.incident(number).times.detectedAt == recorded.recordedAt)
        }
    }

    @Test func `what happened earlier keeps its own time, and is recorded now`() async throws {
        try await TestDaemon.with { daemon async throws in
            let now = try await Self.now(daemon)
            let (start, acknowledged) = (now.adding(seconds: -7200), now.adding(seconds: -3600))
            let opening = OpenIncident(title: "t", startedAt: start)
            let opened = CommandContext(principal: .mia, occurredAt: start.adding(seconds: 60))
            let number = try await daemon.desk.open(opening, opened).incident.number
            let context = CommandContext(principal: .mia, occurredAt: acknowledged)
            let times = try await daemon.desk.handle(.acknowledge, on: number, context).incident.times
            #expect(times.timeToDetect == 60 && times.timeToAcknowledge == 3600)
            for entry in try await daemon.timeline(number) { #expect(entry.recorded.recordedAt >= now) }
        }
    }

    @Test func `nothing is taken that has not happened yet`() async throws {
        try await TestDaemon.with { daemon async throws in
            let number = try await daemon.open()
            let tomorrow = try await Self.now(daemon).adding(seconds: 86_400)
            let context = CommandContext(principal: .mia, occurredAt: tomorrow)
            let problem = await #expect(throws: Problem.self) {
                try await daemon.desk.handle(.acknowledge, on: number, context)
            }
            #expect(problem?.kind == .invalidValue)
            await #expect(throws: IncidentRefusal.self) {
                try await daemon.desk.open(OpenIncident(title: "t"), context)
            }
        }
    }

    @Test func `a clock a little ahead means now, and does not run ahead in the timeline`() async throws {
        try await TestDaemon.with { daemon async throws in
            let number = try await daemon.open()
            let ahead = try await Self.now(daemon).adding(seconds: 3)
            let context = CommandContext(principal: .mia, occurredAt: ahead)
            _ = try await daemon.desk.handle(.acknowledge, on: number, context)
            let entry = try await daemon.timeline(number)[1].recorded
            #expect(entry.occurredAt <= entry.recordedAt && entry.occurredAt < ahead)
            #expect(try await daemon.differences() == [])
        }
    }

    @Test func `recorded times never go back along a timeline`() async throws {
        try await TestDaemon.with { daemon async throws in
            let number = try await daemon.open()
            let loaded = try await daemon.desk.incidents.load(number, in: daemon.pool)
            // As a transaction that began a minute ago and waited since sees it.
            let late = IncidentStore.Loaded(
                row: loaded.row, now: loaded.now.adding(seconds: -60), catalogVersion: loaded.catalogVersion)
            let row = try #require(loaded.row)
            _ = try await daemon.pool.transaction { transaction in
                try await daemon.desk.apply(
                    .clearAlerts([AlertMention(id: "a", title: "t", component: nil)]), to: row,
                    CommandContext(principal: .daemon), loaded: late, in: transaction)
            }
            let times = try await daemon.timeline(number).map(\.recorded.recordedAt)
            #expect(times == times.sorted() && times.count == 2)
            #expect(try await daemon.differences() == [])
        }
    }
}
