import FoundationEssentials
import IncidentDomain
import Postgres
import TestSupport
import Testing

@testable import MusterServer

/// Repetitions that say nothing new are counted by a statement of their own, and nobody can tell by the result.
@Suite(.timeLimit(.minutes(20))) struct AlertCountingTests {
    private static func arrival(_ alert: IncomingAlert, of source: UUID) -> AlertIntakeStore.Arrival {
        AlertIntakeStore.Arrival(at: .now(), source: source, alert: alert)
    }

    @Test func `what is open and says the same is counted`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.take(source, .firing("a"), .firing("b"))
            var later = IncomingAlert.firing("b")
            later.expiresAt = .minute(30_000_000)
            let left = try await AlertIntakeStore(pool: daemon.pool).count(
                [Self.arrival(.firing("a"), of: source), Self.arrival(later, of: source)])
            #expect(left.isEmpty)
            #expect(try await daemon.summary() == ["a firing 2", "b firing 2"])
            #expect(try await daemon.alerts().map(\.expiresAt) == [nil, .minute(30_000_000)])
            #expect(try await daemon.count("alert", where: "last_seen_at > first_seen_at") == 2)
        }
    }

    @Test func `an acknowledged alert is counted and stays acknowledged`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.take(source, .firing("a"))
            try await daemon.take(source, .acknowledged("a"))
            #expect(
                try await AlertIntakeStore(pool: daemon.pool).count([Self.arrival(.firing("a"), of: source)]).isEmpty)
            #expect(try await daemon.summary() == ["a acknowledged 2"])
        }
    }

    @Test func `whatever says something new is left, and the rest is counted`() async throws {
        try await TestDaemon.with { daemon async throws in
            let (source, other) = (try await daemon.makeSource(), try await daemon.makeSource("other"))
            for identity in ["annotation", "begins", "over", "quiet", "same", "severity", "title"] {
                try await daemon.take(source, .firing(identity))
            }
            try await daemon.take(source, .resolved("over"))
            try await daemon.pool.query("UPDATE alert SET quiet_since = now() WHERE identity = 'quiet'")
            var (annotation, severity) = (IncomingAlert.firing("annotation"), IncomingAlert.firing("severity"))
            annotation.annotations["summary"] = "worse"
            severity.severity = nil
            let batch =
                [
                    annotation, .firing("begins", at: 1), .firing("over"), .firing("quiet"), .firing("same"), severity,
                    .firing("title", title: "It fires more"), .firing("unknown"),
                ].map { Self.arrival($0, of: source) } + [Self.arrival(.firing("same"), of: other)]
            let before = try await daemon.summary()
            let left = try await AlertIntakeStore(pool: daemon.pool).count(batch)
            #expect(
                left.map(\.alert.identity) == [
                    "annotation", "begins", "over", "quiet", "severity", "title", "unknown", "same",
                ])
            #expect(try await daemon.summary() == before.map { $0 == "same firing 1" ? "same firing 2" : $0 })
        }
    }

    @Test func `the intake counts what it has stored not long ago`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.withIntake { intake async throws in
                try await intake.accept(.of(.firing("a")), from: source)
                // What would give the row its title again is not what counts.
                try await daemon.pool.query("UPDATE alert SET title = 'Seen'")
                try await intake.accept(.of(.firing("a"), .firing("b")), from: source)
                #expect(try await daemon.alerts().map(\.title) == ["Seen", "It fires"])
                try await intake.accept(.of(.firing("a", title: "It fires more"), .firing("b")), from: source)
                #expect(try await daemon.alerts().map(\.title) == ["It fires more", "It fires"])
                #expect(try await daemon.summary() == ["a firing 3", "b firing 2"])
            }
        }
    }

    /// The one counts by the rows' ids, the other takes in the order of identities: where they lock each other, one repeats.
    @Test func `a daemon that has just started is told the same as one that knows it, at the same time`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            let alerts = (0..<60).map { IncomingAlert.firing("\($0 * 7919 % 61)") }
            let messages = alerts.map { IncomingMessage(alerts: [$0]) }
            try await daemon.withIntake { known async throws in
                try await known.accept(IncomingMessage(alerts: alerts), from: source)
                for _ in 0..<5 {
                    try await daemon.withIntake { fresh async throws in
                        try await withThrowingTaskGroup(of: Void.self) { group in
                            for message in messages {
                                group.addTask { try await known.accept(message, from: source) }
                                group.addTask { try await fresh.accept(message, from: source) }
                            }
                            try await group.waitForAll()
                        }
                    }
                }
            }
            #expect(try await daemon.alerts().map(\.occurrences) == Array(repeating: 11, count: 60))
        }
    }

    @Test func `the content hash of an alert stays what databases have`() {
        var alert = IncomingAlert.firing("a")
        #expect(alert.contentHash == -1_156_615_663_028_312_562)
        alert.annotations = ["summary": "slow", "runbook": "r"]
        let hash = alert.contentHash
        alert.annotations = ["runbook": "r", "summary": "slow"]
        #expect(alert.contentHash == hash)
        #expect(hash == -1_916_493_262_247_645_675)
        alert.annotations = ["summary": "r", "runbook": "slow"]
        #expect(alert.contentHash != hash)
    }

    @Test func `what was just stored is remembered, up to a bound, and what is over is forgotten`() {
        let source = UUID()
        let arrivals = (0..<10).map { Self.arrival(.firing("\($0)"), of: source) }
        var recent = RecentAlerts(max: 8)
        #expect(recent.divide(arrivals).again.isEmpty)
        recent.note(arrivals)
        let known = recent.divide(arrivals).again.map(\.alert.identity)
        #expect(known == ["4", "5", "6", "7", "8", "9"])
        recent.note([Self.arrival(.resolved("5"), of: source), Self.arrival(.resolved("9"), of: source)])
        let (again, others) = recent.divide(arrivals + [Self.arrival(.resolved("4"), of: source)])
        #expect(again.map(\.alert.identity) == ["4", "6", "7", "8"])
        #expect(others.count == 7)
    }

    /// The same messages to one source through the intake, which counts, and to another by the one statement for everything.
    @Test(arguments: 0..<6) func `counting is not to be told from taking`(seed: Int) async throws {
        try await TestDaemon.with { daemon async throws in
            let (counted, taken) = (try await daemon.makeSource("counted"), try await daemon.makeSource("taken"))
            var numbers = SeededNumbers(seed: UInt64(seed))
            var batches: [[IncomingAlert]] = []
            for step in 0..<80 {
                batches.append(
                    (0..<Int.random(in: 1...4, using: &numbers)).map { _ in Self.message(step / 8, &numbers) })
            }
            let messages = batches
            try await daemon.withIntake { intake async throws in
                for alerts in messages {
                    try await intake.accept(IncomingMessage(alerts: alerts), from: counted)
                    try await daemon.take([(taken, alerts)])
                }
            }
            let rows = { (source: UUID) in
                try await daemon.pool.query(
                    """
                    SELECT concat_ws(' ', identity, status, occurrences, title, severity,
                        CASE WHEN starts_at < '2024-01-01' THEN starts_at END,
                        CASE WHEN resolved_at < '2024-01-01' THEN resolved_at END, flaps,
                        quiet_since IS NULL, annotations, expires_at, words, acknowledged_by, routed) AS row
                    FROM alert WHERE source = \(source) ORDER BY identity, first_seen_at
                    """
                ).map { try $0.decode("row", as: String.self) }
            }
            #expect(try await rows(counted) == rows(taken))
            #expect(try await daemon.count("alert", where: "occurrences > 3") > 3)
            #expect(try await daemon.count("alert", where: "status = 'resolved' AND occurrences > 3") > 1)
        }
    }

    /// Now and then one that comes late.
    private static func message(_ minute: Int, _ numbers: inout SeededNumbers) -> IncomingAlert {
        let identity = ["a", "b", "c"].randomElement(using: &numbers)!
        let begun = Int.random(in: 0..<8, using: &numbers) == 0 ? minute - 1 : minute
        var alert =
            Int.random(in: 0..<10, using: &numbers) == 0
            ? IncomingAlert.resolved(identity, at: begun, until: begun + 1) : .firing(identity, at: begun)
        if begun < minute { alert.startsAt = nil }
        if Int.random(in: 0..<10, using: &numbers) == 0 {
            (alert.status, alert.actor) = (.acknowledged, "Mia")
        }
        if Int.random(in: 0..<8, using: &numbers) == 0 { alert.title = "It fires more" }
        if Int.random(in: 0..<8, using: &numbers) == 0 { alert.annotations = ["summary": "\(minute)"] }
        if alert.status == .firing { alert.expiresAt = .minute(30_000_000 + minute - begun) }
        return alert
    }
}
