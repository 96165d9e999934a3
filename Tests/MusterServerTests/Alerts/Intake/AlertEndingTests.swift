import FoundationEssentials
import IncidentDomain
import Postgres
import Testing

@testable import MusterServer

/// Which end ends what, whatever clocks say; and what becomes of messages that change nothing.
@Suite(.timeLimit(.minutes(20))) struct AlertEndingTests {
    private static let begin = Timestamp.minute(0)

    private static func firing(at start: Timestamp? = begin) -> IncomingAlert {
        var alert = IncomingAlert.firing("a")
        alert.startsAt = start
        return alert
    }

    private static func end(of start: Timestamp?, at end: Timestamp?) -> IncomingAlert {
        var alert = IncomingAlert.resolved("a")
        (alert.startsAt, alert.endsAt) = (start, end)
        return alert
    }

    private static func ignored(_ daemon: TestDaemon) async throws -> [String] {
        try await daemon.alerts().map { "\($0.status.rawValue) \($0.ignored) \($0.ignoredReason ?? "-")" }
    }

    @Test(
        arguments: [
            (begin, begin.adding(seconds: 60)), (begin, begin), (begin, begin.adding(seconds: -30)), (begin, nil),
            (nil, begin.adding(seconds: 60)), (nil, begin.adding(seconds: -30)), (nil, nil),
            (begin.adding(seconds: 5), begin.adding(seconds: -30)),
            (begin.adding(seconds: -90), begin.adding(seconds: 1)),
            (begin.adding(seconds: 5_000_000_000), begin.adding(seconds: 5_000_000_001)),
        ] as [(Timestamp?, Timestamp?)])
    func `an end of the same firing ends it, by whatever clock, and not before it began`(
        start: Timestamp?, end: Timestamp?
    ) async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.take(source, Self.firing())
            #expect(try await daemon.take(source, Self.end(of: start, at: end)) == 1)
            let alert = try await daemon.alerts()[0]
            let resolvedAt = try #require(alert.resolvedAt)
            #expect(alert.status == .resolved && resolvedAt >= alert.startsAt && resolvedAt <= alert.lastSeenAt)
            if let end, end >= Self.begin, end < .minute(9) { #expect(resolvedAt == end) }
            #expect(try await Self.ignored(daemon) == ["resolved 0 -"])
        }
    }

    @Test(arguments: [-30.0, 30])
    func `an end by a clock that is wrong ends a firing of which the sender named no beginning`(
        offset: Double
    ) async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            for _ in 0..<2 {
                try await daemon.take(source, Self.firing(at: nil))
                let told = Timestamp.now().adding(seconds: offset)
                #expect(try await daemon.take(source, Self.end(of: nil, at: told)) == 1)
                // The same end once more says nothing new.
                #expect(try await daemon.take(source, Self.end(of: nil, at: told)) == 0)
            }
            #expect(try await daemon.summary() == ["a resolved 1", "a resolved 1"])
        }
    }

    @Test(arguments: [-30.0, 0, 30])
    func `the end of the firing before, told again, does not end the present one, by whatever clock`(
        offset: Double
    ) async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.take(source, Self.firing(at: nil))
            let told = Timestamp.now().adding(seconds: offset)
            try await daemon.take(source, Self.end(of: nil, at: told))
            try await daemon.take(source, Self.firing(at: nil))
            #expect(try await daemon.take(source, Self.end(of: nil, at: told)) == 0)
            #expect(try await Self.ignored(daemon) == ["resolved 0 -", "firing 1 late_end"])
            #expect(try await daemon.take(source, Self.end(of: nil, at: told.adding(seconds: 1))) == 1)
        }
    }

    @Test(
        arguments: [
            (Timestamp.minute(0), Timestamp.minute(5)), (Timestamp.minute(0), nil), (nil, Timestamp.minute(5)),
            (Timestamp.minute(2), Timestamp.minute(4)), (nil, Timestamp.minute(4)),
        ] as [(Timestamp?, Timestamp?)])
    func `only an end of an earlier firing is ignored, and the alert says so`(
        start: Timestamp?, end: Timestamp?
    ) async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.take(source, .firing("a", at: 0))
            try await daemon.take(source, .resolved("a", at: 0, until: 5))
            try await daemon.take(source, .firing("a", at: 10))
            for count in 1...2 {
                #expect(try await daemon.take(source, Self.end(of: start, at: end)) == 0)
                #expect(try await Self.ignored(daemon) == ["resolved 0 -", "firing \(count) late_end"])
            }
            // From a clock that is behind, and after the end of the earlier one: it can only be the present one's.
            #expect(try await daemon.take(source, Self.end(of: nil, at: .minute(9))) == 1)
        }
    }

    @Test func `of an earlier firing that a person ended, nobody knows when its sender would have`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.take(source, .firing("a", at: 0))
            _ = try await AlertStore(pool: daemon.pool).resolve(try await daemon.alerts()[0].id, by: "Mia")
            try await daemon.take(source, .firing("a", at: 10))
            #expect(try await daemon.take(source, Self.end(of: nil, at: .minute(9))) == 0)
            #expect(try await daemon.take(source, Self.end(of: nil, at: .minute(11))) == 1)
        }
    }

    @Test(arguments: [3600.0, 300_000_000_000])
    func `a firing that is dated ahead is now, and later ones of its identity are heard`(ahead: Double) async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            let start = Timestamp.now().adding(seconds: ahead)
            #expect(try await daemon.take(source, Self.firing(at: start)) == 1)
            #expect(try await daemon.count("alert", where: "starts_at = first_seen_at") == 1)
            #expect(try await daemon.take(source, Self.firing(at: start)) == 0)
            #expect(try await daemon.take(source, Self.end(of: start, at: start.adding(seconds: 5))) == 1)
            #expect(try await daemon.count("alert", where: "resolved_at <= now()") == 1)
            // The clock was set right meanwhile.
            #expect(try await daemon.take(source, Self.firing(at: .now())) == 1)
            #expect(try await daemon.summary() == ["a resolved 2", "a firing 1"])
        }
    }

    @Test func `a clock that is a little ahead is believed, so that a repeat is known again`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            let start = Timestamp.now().adding(seconds: 200)
            try await daemon.take(source, Self.firing(at: start))
            try await daemon.take(source, Self.end(of: start, at: start.adding(seconds: 5)))
            #expect(try await daemon.take(source, Self.firing(at: start)) == 0)
            #expect(try await Self.ignored(daemon) == ["resolved 1 late_firing"])
        }
    }

    @Test func `an alert that a program before this one dated ahead makes its identity deaf no more`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.take(source, Self.firing())
            try await daemon.take(source, Self.end(of: nil, at: nil))
            try await daemon.pool.query("UPDATE alert SET starts_at = '9999-01-01', resolved_at = '9999-01-01'")
            #expect(try await daemon.take(source, Self.firing()) == 1)
        }
    }

    @Test func `late firings and acknowledgements of what is over are counted where people see them`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.take(source, .firing("a", at: 5), .firing("b"))
            try await daemon.take(source, .resolved("a", at: 5, until: 6))
            #expect(try await daemon.take(source, .firing("a", at: 5), .firing("b"), .firing("c")) == 1)
            #expect(try await Self.ignored(daemon) == ["resolved 1 late_firing", "firing 0 -", "firing 0 -"])
            try await daemon.take(source, .acknowledged("a"), .acknowledged("b"), .acknowledged("nobody"))
            #expect(try await Self.ignored(daemon) == ["resolved 2 not_open", "acknowledged 0 -", "firing 0 -"])
            try await daemon.take(source, .acknowledged("b"))
            #expect(try await Self.ignored(daemon)[1] == "acknowledged 0 -", "it holds already")
        }
    }

    @Test(arguments: [-60.0, -1, 0, 60, 170, 400])
    func `an end is never before the beginning that is stored, whoever brings it`(start: Double) async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            let store = AlertStore(pool: daemon.pool)
            let begun = Timestamp.now().adding(seconds: start)
            func alert(_ identity: String, until end: Timestamp? = nil) -> IncomingAlert {
                var alert = IncomingAlert.firing(identity)
                alert.startsAt = begun
                if end != nil { (alert.status, alert.endsAt) = (.resolved, end) }
                return alert
            }
            // An end alone, one of what is open, one by a person, one of the group, and one by time.
            try await daemon.take(source, alert("alone", until: begun.adding(seconds: -3600)))
            for identity in ["open", "group", "person", "time"] { try await daemon.take(source, alert(identity)) }
            try await daemon.take(source, alert("open", until: begun.adding(seconds: -3600)))
            _ = try await store.resolveGroup("group", of: source)
            _ = try await store.resolve(
                try await daemon.alerts().first { $0.identity == "person" }?.id ?? UUID(), by: "Mia")
            try await daemon.pool.query(
                """
                UPDATE alert SET expires_at = now() - interval '1 hour', due_at = now() - interval '1 hour'
                WHERE identity = 'time'
                """)
            _ = try await store.resolveExpired(limit: 10)
            let alerts = try await daemon.alerts()
            #expect(alerts.count == 5)
            for alert in alerts {
                let end = alert.resolvedAt ?? .earliest
                #expect(alert.status == .resolved && end >= alert.startsAt, "\(alert.identity)")
            }
        }
    }
}
