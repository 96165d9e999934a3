import CoreMetrics
import IncidentDomain
import Postgres
import Synchronization
import Testing

@testable import MusterServer

/// What `/metrics` says of the database and of what waits.
@Suite(.timeLimit(.minutes(20))) struct LiveMetricsTests {
    @Test func `open incidents are counted by phase and severity, and those that are over are not`() async throws {
        try await TestDaemon.with { daemon async throws in
            let first = try await daemon.open()
            _ = try await daemon.open()
            try await daemon.tell(.amend(IncidentAmendment(severity: .sev1)), first)
            let dismissed = try await daemon.open()
            try await daemon.tell(.dismiss(reason: "a false alarm"), dismissed)
            let figures = try await FigureSearch(pool: daemon.pool, answerTime: .seconds(60)).figures()
            #expect(figures.open.count == 25)
            #expect(
                figures.open.filter { $0.value > 0 } == [
                    .init(phase: "detect", severity: "sev1"): 1, .init(phase: "detect", severity: "none"): 1,
                ])
        }
    }

    @Test func `what waits for its incident is counted, with the age of the oldest`() async throws {
        try await TestDaemon.with { daemon async throws in
            let search = FigureSearch(pool: daemon.pool, answerTime: .seconds(60))
            let before = try await search.figures()
            #expect(before.unrouted == 0 && before.oldestUnroutedSeconds == 0 && before.deliveries == 0)
            for age in ["1 minute", "1 hour"] {
                try await daemon.pool.query(
                    """
                    INSERT INTO alert (id, source, identity, group_key, title, status, occurrences, starts_at,
                        first_seen_at, last_seen_at, labels, annotations, routed)
                    SELECT gen_random_uuid(), id, \(age), 'g', 't', 'firing', 1, now(), now() - \(age)::text::interval,
                        now(), '{}', '{}', false
                    FROM source LIMIT 1
                    """)
            }
            try await daemon.pool.query(
                "INSERT INTO alert_delivery (incident, ended, alerts) SELECT 1, false, array_agg(id) FROM alert")
            let after = try await search.figures()
            #expect(after.unrouted == 2 && after.deliveries == 1)
            #expect((3_600..<3_700).contains(after.oldestUnroutedSeconds))
        }
    }

    @Test func `what an older transaction holds back is the feed's lag`() async throws {
        try await TestDaemon.with { daemon async throws in
            let search = FigureSearch(pool: daemon.pool, answerTime: .seconds(60))
            try await daemon.pool.transaction { holding in
                _ = try await holding.query("SELECT pg_current_xact_id()")
                _ = try await daemon.open()
                var lag = 0.0
                while lag == 0 { lag = try await search.figures().feedLagSeconds }
                #expect(lag < 60)
            }
        }
    }

    @Test func `however many scrape, the database is asked once`() async throws {
        let asked = Atomic(0)
        let cache = FigureCache(lifetime: .seconds(3_600)) {
            asked.add(1, ordering: .relaxed)
            await Task.yield()
            return Figures()
        }
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<50 { group.addTask { #expect(await cache.current() == Figures()) } }
        }
        #expect(asked.load(ordering: .relaxed) == 1)
    }

    @Test func `a database that does not answer is said to be away`() async throws {
        let cache = FigureCache(lifetime: .seconds(3_600)) { throw PostgresError.overloaded }
        #expect(await cache.current() == nil)
        #expect(await cache.current() == nil)
    }

    @Test func `a recorder of aggregates counts what came together`() {
        let registry = MetricsRegistry()
        let batches = Recorder(label: "batch_alerts", aggregate: true, factory: registry)
        for count in [1, 1, 7, 30_000] { batches.record(count) }
        let lines = String(decoding: MetricsText.write(registry.snapshot()), as: UTF8.self).split(separator: "\n")
        #expect(lines.contains(#"batch_alerts_bucket{le="1"} 2"#))
        #expect(lines.contains(#"batch_alerts_bucket{le="10"} 3"#))
        #expect(lines.contains(#"batch_alerts_bucket{le="+Inf"} 4"#))
        #expect(lines.contains("batch_alerts_sum 30009"))
    }

    @Test func `each name that may be shown has a text that helps`() {
        for (name, text) in MetricsHelp.texts {
            #expect(text.hasSuffix(".") && text.first?.isUppercase == true, "\(name)")
        }
    }
}
