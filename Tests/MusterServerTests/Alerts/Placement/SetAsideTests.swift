import FoundationEssentials
import IncidentDomain
import Logging
import Postgres
import TestSupport
import Testing

@testable import MusterServer

/// What a loop cannot carry out does not stand in front of what it can.
@Suite(.timeLimit(.minutes(20))) struct SetAsideTests {
    /// Makes an incident unreadable, also for who remembers it by its hash.
    private func spoil(_ number: Int, _ daemon: TestDaemon) async throws {
        try await daemon.pool.query(
            "UPDATE incident SET state = '{}', last_hash = sha256('another') WHERE number = \(number)")
    }

    @Test func `deliveries of incidents that cannot be read do not hold up those of others`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.take(source, .firing("bad", group: "bad"), .firing("good", group: "good"))
            try await daemon.routeAll()
            let places = try await daemon.alerts().reduce(into: [:]) { $0[$1.identity] = $1.incident }
            let (bad, good) = (try #require(places["bad"]), try #require(places["good"]))
            try await spoil(bad, daemon)
            try await daemon.take(source, .firing("bad 2", group: "bad"), .firing("good 2", group: "good"))
            for _ in 1...5 { _ = try? await daemon.router.routeBatch(isolating: true) }
            #expect(try await daemon.incident(good).firing == ["": 2])
            #expect(daemon.router.undelivered.resting == [bad])
            // While it rests, it is not even asked for, and nothing fails.
            try await daemon.take(source, .firing("bad 3", group: "bad"), .firing("good 3", group: "good"))
            try await daemon.routeAll()
            #expect(try await daemon.incident(good).firing == ["": 3])
            #expect(try await daemon.count("alert_delivery", where: "incident = \(bad)") > 0)
        }
    }

    @Test func `alerts that cannot be read do not stand in front of the others`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            let many = (0..<AlertPlacer.batchMax).map { IncomingAlert.firing("bad \($0)", at: 0, group: "bad") }
            try await daemon.take([(source, many)])
            try await daemon.pool.query("ALTER TABLE alert DROP CONSTRAINT alert_status_check")
            try await daemon.pool.query("UPDATE alert SET status = 'suspected'")
            try await daemon.take(source, .firing("good", at: 5, group: "good"))
            for _ in 1...3 { try await daemon.router.routeBatch() }
            #expect(try await daemon.count("alert", where: "identity = 'good' AND incident IS NOT NULL") == 1)
            #expect(try await daemon.count("alert", where: "NOT routed") == AlertPlacer.batchMax)
        }
    }

    @Test func `a signal that cannot be told is set aside, and the others are told`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.withSenses { senses async throws in
                try await daemon.pool.query("ALTER TABLE sense_signal ALTER COLUMN title DROP NOT NULL")
                try await daemon.pool.query(
                    """
                    INSERT INTO sense_signal (source, identity, firing, title, labels, annotations, starts_at)
                    SELECT \(BuiltInSource.heartbeats), 'bad ' || n, true, NULL, '{}', '{}', now()
                    FROM generate_series(1, 600) AS n
                    """)
                for name in ["one", "two"] {
                    let signal = HeartbeatDraft.named(name).signal(since: .now(), until: nil, lastPingAt: nil)
                    try await daemon.pool.query(SenseSignalStore.put([signal]))
                }
                for _ in 1...3 { try await senses.senseRunner.tell() }
                #expect(try await daemon.alerts().map(\.identity) == ["one", "two"])
                #expect(
                    try await daemon.count("sense_signal", where: "claimed_until > now() + interval '30 minutes'")
                        == 600)
            }
        }
    }

    @Test func `a deadline that cannot be passed is tried a few times and then left alone`() async throws {
        try await TestDaemon.with { daemon async throws in
            let number = try await daemon.open()
            try await spoil(number, daemon)
            try await daemon.pool.query(
                "UPDATE incident SET next_deadline_at = now() - interval '1 hour' WHERE number = \(number)")
            let log = RecordedLog()
            let logger = Logger(label: "test") { _ in RecordingLogHandler(log: log) }
            let runner = DeadlineRunner(desk: daemon.desk, pool: daemon.pool, logger: logger)
            for _ in 1...20 { try await runner.passDue() }
            #expect(runner.setbacks.isResting(number))
            #expect((1...3).contains(log.lines.count), "\(log.lines)")
            try await daemon.pool.query("UPDATE incident SET phase = 'restore' WHERE number = \(number)")
            let plans = PlanRunner(desk: daemon.desk, pool: daemon.pool, logger: logger)
            for _ in 1...20 { try await plans.reviewPlans() }
            #expect(plans.setbacks.isResting(number))
        }
    }
}
