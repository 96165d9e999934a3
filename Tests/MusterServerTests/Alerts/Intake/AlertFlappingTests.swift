import FoundationEssentials
import IncidentDomain
import Postgres
import TestSupport
import Testing

@testable import MusterServer

/// Alerts that begin and end again and again, and those that end by themselves.
@Suite(.timeLimit(.minutes(20))) struct AlertFlappingTests {
    /// Begins and ends `times` times, the last ending left out.
    private static func turn(_ times: Int, _ daemon: TestDaemon, _ source: UUID) async throws {
        for turn in 0..<times {
            var (begin, end) = (IncomingAlert.firing("a"), IncomingAlert.resolved("a"))
            (begin.startsAt, end.startsAt, end.endsAt) = (nil, nil, nil)
            try await daemon.take(source, begin)
            if turn < times - 1 { try await daemon.take(source, end) }
        }
    }

    private static func end() -> IncomingAlert {
        var alert = IncomingAlert.resolved("a")
        (alert.startsAt, alert.endsAt) = (nil, nil)
        return alert
    }

    @Test func `the fifth firing in a row flaps: its end counts only when it lasts`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await Self.turn(5, daemon, source)
            while try await daemon.router.routeBatch() > 0 {}
            #expect(try await daemon.take(source, Self.end()) == 0)
            let quiet = try #require(try await daemon.alerts().last)
            #expect(quiet.status == .firing && quiet.flaps == 4 && quiet.quietSince != nil)
            #expect(try await AlertStore(pool: daemon.pool).resolveExpired(limit: 10) == 0)

            try await daemon.pool.query(
                """
                UPDATE alert SET quiet_since = quiet_since - interval '5 minutes', starts_at = starts_at - interval '5 minutes',
                    expires_at = expires_at - interval '5 minutes', due_at = due_at - interval '5 minutes'
                WHERE status <> 'resolved'
                """)
            #expect(try await AlertStore(pool: daemon.pool).resolveExpired(limit: 10) == 1)
            #expect(try await daemon.count("alert", where: "status <> 'resolved'") == 0)
            #expect(try await daemon.count("alert", where: "resolved_at = quiet_since") == 1)
            while try await daemon.router.routeBatch() > 0 {}
            #expect(try await daemon.count("alert_delivery") == 0)
        }
    }

    @Test func `a flapping alert that fires again goes on as the same one, and no incident hears of it`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await Self.turn(5, daemon, source)
            while try await daemon.router.routeBatch() > 0 {}
            let entries = try await daemon.count("timeline_entry")
            for _ in 0..<3 {
                #expect(try await daemon.take(source, Self.end()) == 0)
                var again = IncomingAlert.firing("a")
                again.startsAt = nil
                #expect(try await daemon.take(source, again) == 0)
            }
            #expect(try await daemon.router.routeBatch() == 0)
            #expect(try await daemon.count("timeline_entry") == entries)
            #expect(try await daemon.count("alert") == 5)
            let last = try #require(try await daemon.alerts().last)
            #expect(last.status == .firing && last.flaps == 7 && last.quietSince == nil && last.occurrences == 4)
        }
    }

    @Test func `four firings do not flap yet, nor does one that comes long after`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await Self.turn(4, daemon, source)
            #expect(try await daemon.take(source, Self.end()) == 1)
            try await daemon.pool.query("UPDATE alert SET resolved_at = resolved_at - interval '1 hour'")
            try await Self.turn(1, daemon, source)
            #expect(try await daemon.alerts().last?.flaps == 0)
        }
    }

    @Test func `an alert with an expiry ends by itself, at that time, unless it is said again`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            var alert = IncomingAlert.firing("a")
            alert.expiresAt = Timestamp(milliseconds: Timestamp.now().milliseconds + 600_000)
            try await daemon.take(source, alert)
            while try await daemon.router.routeBatch() > 0 {}
            let store = AlertStore(pool: daemon.pool)
            #expect(try await store.resolveExpired(limit: 10) == 0)
            alert.expiresAt = .minute(5)
            try await daemon.take(source, alert)
            #expect(try await store.resolveExpired(limit: 10) == 1)
            #expect(try await store.resolveExpired(limit: 10) == 0)
            let ended = try #require(try await daemon.alerts().first)
            #expect(ended.status == .resolved && ended.resolvedAt == .minute(5))
            #expect(try await daemon.count("alert_delivery", where: "ended") == 1)
        }
    }

    @Test func `two daemons that end what is due share it`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            let alerts = (0..<300).map { index -> IncomingAlert in
                var alert = IncomingAlert.firing("\(index)")
                alert.expiresAt = .minute(1)
                return alert
            }
            try await daemon.take([(source, alerts)])
            let store = AlertStore(pool: daemon.pool)
            async let one = store.resolveExpired(limit: 200)
            async let two = store.resolveExpired(limit: 200)
            let counts = (try await one, try await two)
            #expect(counts.0 + counts.1 + (try await store.resolveExpired(limit: 200)) == 300)
        }
    }

    @Test func `an acknowledgement is of what is open; else it changes nothing`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            var acknowledgement = IncomingAlert.firing("a")
            acknowledgement.status = .acknowledged
            acknowledgement.actor = "Mia"
            #expect(try await daemon.take(source, acknowledgement) == 0)
            #expect(try await daemon.count("alert") == 0)
            try await daemon.take(source, .firing("a"))
            #expect(try await daemon.take(source, acknowledgement) == 1)
            #expect(try await daemon.take(source, acknowledgement) == 0)
            let alert = try #require(try await daemon.alerts().first)
            #expect(alert.status == .acknowledged && alert.acknowledgedBy == "Mia")
            try await daemon.take(source, .firing("a"))
            #expect(try await daemon.summary() == ["a acknowledged 2"])
        }
    }

    @Test func `a payload is kept, cut between characters`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            var alert = IncomingAlert.firing("a")
            alert.payload = .whole(Array(("x" + String(repeating: "ü", count: 20_000)).utf8))
            try await daemon.take(source, alert)
            let store = AlertStore(pool: daemon.pool)
            let id = try await daemon.alerts()[0].id
            let kept = try #require(try await store.payload(id))
            #expect(kept.count == AlertPayload.bytesMax - 1)
            #expect(String(validating: kept, as: UTF8.self) != nil)
            #expect(try await store.payload(UUID()) == nil)
        }
    }
}
