import FoundationEssentials
import IncidentDomain
import Postgres
import Testing

@testable import MusterServer

/// Whether an alert that ends soon opens an incident: always, or only after `alert.settle_seconds`. It never depends on who looked when.
@Suite(.timeLimit(.minutes(20))) struct AlertSettlingTests {
    private static func router(_ daemon: TestDaemon, settle: Duration) -> AlertRouter {
        var router = daemon.router
        router.settle = settle
        return router
    }

    private static func routeAll(_ router: AlertRouter) async throws {
        await router.releaseDue()
        while try await router.routeBatch() > 0 {}
    }

    /// Lets so much time pass for every alert.
    private static func pass(_ seconds: Double, _ daemon: TestDaemon) async throws {
        try await daemon.pool.query(
            """
            UPDATE alert SET first_seen_at = first_seen_at - make_interval(secs => \(seconds)),
                last_seen_at = last_seen_at - make_interval(secs => \(seconds)),
                held_until = held_until - make_interval(secs => \(seconds))
            """)
    }

    /// In one message, one after the other, and the end before its firing, as two connections can bring them.
    @Test(arguments: [[["firing", "resolved"]], [["firing"], ["resolved"]], [["resolved"], ["firing"], ["firing"]]])
    func `by default an alert that ends at once opens an incident, which says so`(messages: [[String]]) async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            for message in messages {
                let alerts: [IncomingAlert] = message.map { $0 == "firing" ? .firing("a") : .resolved("a") }
                try await daemon.take([(source, alerts)])
            }
            try await Self.routeAll(daemon.router)
            #expect(try await daemon.places() == ["a 1"])
            #expect(
                try await daemon.kinds(1) == [
                    "incident_opened", "severity_set", "alerts_attached", "alerts_cleared",
                ])
            #expect(
                try await daemon.timeline(1).last?.recorded.event.sentence.contains("1 alert cleared at once") == true)
            #expect(try await daemon.incident(1).firing == [:])
            #expect(try await daemon.differences() == [])
        }
    }

    @Test func `what ends later is cleared, and not at once; also when the incident hears of both together`()
        async throws
    {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.take(source, .firing("a", group: "g"))
            try await Self.routeAll(daemon.router)
            try await daemon.take(source, .resolved("a", group: "g"))
            try await Self.routeAll(daemon.router)
            #expect(try await daemon.timeline(1).last?.recorded.event.sentence.contains("1 alert cleared:") == true)
            try await daemon.take(source, .firing("b", group: "g"))
            try await daemon.take(source, .resolved("b", group: "g"))
            try await Self.routeAll(daemon.router)
            #expect(
                try await daemon.timeline(1).last?.recorded.event.sentence.contains("1 alert cleared at once") == true)
        }
    }

    @Test func `with a time to settle, what ends before it opens none, whenever the router looks`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            let router = Self.router(daemon, settle: .seconds(30))
            // The router sees a fire, and b only when it is over.
            try await daemon.take(source, .firing("a"))
            try await Self.routeAll(router)
            #expect(try await daemon.places() == ["a settling"])
            try await daemon.take(source, .firing("b"))
            try await daemon.take(source, .resolved("a"), .resolved("b"))
            try await Self.routeAll(router)
            try await Self.pass(60, daemon)
            try await Self.routeAll(router)
            #expect(try await daemon.places() == ["a settling", "b settling"])
            #expect(try await daemon.count("incident") == 0)
        }
    }

    @Test func `with a time to settle, what lasted opens one, also when it is over before the router looks`()
        async throws
    {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            let router = Self.router(daemon, settle: .seconds(30))
            try await daemon.take(source, .firing("a"), .firing("b"))
            try await Self.routeAll(router)
            try await daemon.take(source, .firing("c"))
            try await Self.pass(31, daemon)
            // c was never looked at, b is held and its time has come: both end before anybody looks again.
            try await daemon.take(source, .resolved("b"), .resolved("c"))
            try await Self.routeAll(router)
            #expect(try await daemon.places().filter { $0.contains("settling") } == [])
            #expect(try await daemon.count("incident") == 3)
            #expect(try await daemon.differences() == [])
        }
    }

    @Test func `what has not settled joins an incident that is there`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.take(source, .firing("a", group: "g"))
            try await Self.routeAll(daemon.router)
            try await daemon.take(source, .firing("b", group: "g"))
            try await Self.routeAll(Self.router(daemon, settle: .seconds(30)))
            #expect(try await daemon.places() == ["a 1", "b 1"])
        }
    }
}
