import FoundationEssentials
import IncidentDomain
import Postgres
import TestSupport
import Testing

@testable import MusterServer

/// Alerts that are said again move their end along; the row is changed in place and looked at late.
@Suite(.timeLimit(.minutes(20))) struct AlertExpiryTests {
    private static func firing(until seconds: Int64?) -> IncomingAlert {
        var alert = IncomingAlert.firing("a")
        alert.expiresAt = seconds.map { Timestamp(milliseconds: Timestamp.now().milliseconds + $0 * 1000) }
        return alert
    }

    /// Lets so much time pass for every alert.
    private static func pass(_ seconds: Int, _ daemon: TestDaemon) async throws {
        try await daemon.pool.query(
            """
            UPDATE alert SET expires_at = expires_at - make_interval(secs => \(Double(seconds))),
                due_at = due_at - make_interval(secs => \(Double(seconds)))
            """)
    }

    @Test func `a repetition with a later end changes the row in place and writes to no index`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.take(source, Self.firing(until: 240))
            let inPlace = try await daemon.pool.transaction { transaction in
                let again = AlertIntakeStore.Arrival(at: .now(), source: source, alert: Self.firing(until: 300))
                _ = try await transaction.query(AlertIntakeStore.apply([again]))
                return try await transaction.query(
                    "SELECT pg_stat_get_xact_tuples_hot_updated('alert'::regclass)::integer AS changed")[0]
                    .decode("changed", as: Int.self)
            }
            #expect(inPlace == 1)
            #expect(try await daemon.alerts().map(\.occurrences) == [2])
        }
    }

    @Test func `what was said again ends at its last end, not at its first`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            let store = AlertStore(pool: daemon.pool)
            try await daemon.take(source, Self.firing(until: 240))
            try await daemon.take(source, Self.firing(until: 600))
            try await Self.pass(300, daemon)
            #expect(try await store.resolveExpired(limit: 10) == 0)
            #expect(try await store.postponeExpiry(limit: 10) == 1)
            #expect(try await store.postponeExpiry(limit: 10) == 0)
            try await Self.pass(300, daemon)
            #expect(try await store.postponeExpiry(limit: 10) == 0)
            #expect(try await store.resolveExpired(limit: 10) == 1)
        }
    }

    @Test func `an end that is taken back is none, and one that comes later counts`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            let store = AlertStore(pool: daemon.pool)
            try await daemon.take(source, Self.firing(until: 240))
            try await daemon.take(source, Self.firing(until: nil))
            try await Self.pass(300, daemon)
            #expect(try await store.postponeExpiry(limit: 10) == 1)
            #expect(try await store.resolveExpired(limit: 10) == 0)
            #expect(try await daemon.count("alert", where: "due_at IS NULL AND status = 'firing'") == 1)
            try await daemon.take(source, Self.firing(until: 60))
            try await Self.pass(60, daemon)
            #expect(try await store.resolveExpired(limit: 10) == 1)
        }
    }

    @Test func `what a program without the column said of an expiry is adopted`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.take(source, .firing("a"))
            try await daemon.pool.query("UPDATE alert SET expires_at = now() - interval '1 minute'")
            let store = AlertStore(pool: daemon.pool)
            #expect(try await store.resolveExpired(limit: 10) == 0)
            try await store.adoptExpiry()
            #expect(try await store.resolveExpired(limit: 10) == 1)
        }
    }

    @Test func `a metric alert that a program before stored under its bare number is ended by its end`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.pool.query("UPDATE source SET kind = 'sentry'")
            var metric = IncomingAlert.firing("77")
            metric.payload = .whole(Array(#"{"action":"critical","data":{"metric_alert":{"id":"77"}}}"#.utf8))
            var issue = IncomingAlert.firing("78")
            issue.payload = .whole(Array(#"{"action":"created","data":{"issue":{"id":"78"}}}"#.utf8))
            try await daemon.take(source, metric, issue)
            let store = AlertStore(pool: daemon.pool)
            for _ in 1...2 { try await store.adoptMetricAlerts() }
            #expect(try await daemon.summary() == ["77|metric alert firing 1", "78 firing 1"])
            try await daemon.take(source, .resolved("77|metric alert"), .firing("77", at: 5))
            #expect(try await daemon.summary() == ["77 firing 1", "77|metric alert resolved 1", "78 firing 1"])
        }
    }

    @Test func `what a program without the column stored is looked at`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.take(source, .firing("a"))
            try await daemon.pool.query(
                """
                INSERT INTO alert (id, source, identity, group_key, title, status, occurrences, starts_at, first_seen_at,
                    last_seen_at, labels, annotations, expires_at, routed)
                SELECT gen_random_uuid(), source, 'old', group_key, title, status, 1, now(), now(), now(), labels, annotations,
                    now() + interval '1 minute', true FROM alert
                """)
            let store = AlertStore(pool: daemon.pool)
            #expect(try await store.postponeExpiry(limit: 10) == 1)
            #expect(try await store.resolveExpired(limit: 10) == 0)
            try await Self.pass(60, daemon)
            #expect(try await store.resolveExpired(limit: 10) == 1)
            #expect(try await daemon.count("alert", where: "identity = 'old' AND status = 'resolved'") == 1)
        }
    }
}
