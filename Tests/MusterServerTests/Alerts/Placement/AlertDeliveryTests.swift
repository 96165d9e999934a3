import FoundationEssentials
import IncidentDomain
import Postgres
import Testing

@testable import MusterServer

/// What the intake leaves for incidents that take a group already, and what becomes of it when things change on the way.
@Suite(.timeLimit(.minutes(20))) struct AlertDeliveryTests {
    /// An incident that takes the group `g`, of which the alert `a` fires.
    private static func withIncident(_ body: (TestDaemon, UUID) async throws -> Void) async throws {
        try await TestDaemon.with(connections: 4) { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.take(source, .firing("a", group: "g"))
            try await daemon.router.routeBatch()
            try await body(daemon, source)
            while try await daemon.router.routeBatch() > 0 {}
            #expect(try await daemon.count("alert_delivery") == 0)
            #expect(try await daemon.count("alert", where: "NOT routed OR incident IS NULL") == 0)
            #expect(try await daemon.differences() == [])
        }
    }

    @Test func `an alert of a known group is its incident's at once, and told in one piece`() async throws {
        try await Self.withIncident { daemon, source in
            try await daemon.take(source, .firing("b", group: "g"))
            try await daemon.take(source, .firing("c", group: "g"), .resolved("a", group: "g"))
            #expect(try await daemon.alerts().map(\.incident) == [1, 1, 1])
            #expect(try await daemon.incident(1).firing == ["": 1], "not told yet")
            #expect(try await daemon.router.routeBatch() == 3)
            #expect(try await daemon.kinds(1).suffix(2) == ["alerts_attached", "alerts_cleared"])
            #expect(try await daemon.incident(1).firing == ["": 2])
            #expect(try await daemon.incident(1).alerts == 3)
        }
    }

    @Test func `an end whose beginning waits as well is told after it`() async throws {
        try await Self.withIncident { daemon, source in
            try await daemon.take(source, .firing("b", group: "g"))
            try await daemon.take(source, .resolved("b", group: "g"))
            try await daemon.router.routeBatch()
            #expect(try await daemon.kinds(1).suffix(2) == ["alerts_attached", "alerts_cleared"])
            #expect(try await daemon.incident(1).firing == ["": 1])
        }
    }

    @Test func `an incident that ends before it hears of an alert leaves it to another`() async throws {
        try await Self.withIncident { daemon, source in
            try await daemon.take(source, .firing("b", group: "g"), .firing("c", group: "g"))
            try await daemon.take(source, .resolved("a", group: "g"), .resolved("c", group: "g"))
            try await daemon.tell(.dismiss(reason: "a drill"), 1)
            while try await daemon.router.routeBatch() > 0 {}
            #expect(try await daemon.alerts().map(\.incident) == [1, 2, 2])
            #expect(try await daemon.incident(1).firing == [:])
            #expect(try await daemon.incident(2).firing == ["": 1])
            #expect(try await daemon.incident(2).alerts == 2)
        }
    }

    @Test func `what waits for an incident goes with it when it is merged`() async throws {
        try await Self.withIncident { daemon, source in
            try await daemon.take(source, .firing("x", group: "other"))
            try await daemon.router.routeBatch()
            try await daemon.take(source, .firing("b", group: "g"), .resolved("a", group: "g"))
            _ = try await daemon.desk.merge(1, into: 2, reason: nil, CommandContext(principal: .mia))
            try await daemon.router.routeBatch()
            #expect(try await daemon.alerts().map(\.incident) == [2, 2, 2])
            #expect(try await daemon.incident(2).firing == ["": 2])
        }
    }

    @Test func `two routers never tell an incident of an end before its beginning`() async throws {
        try await Self.withIncident { daemon, source in
            try await daemon.beside { other async throws in
                for round in 0..<20 {
                    try await daemon.take(source, .firing("\(round)", group: "g"))
                    async let first = daemon.router.routeBatch()
                    try await other.take(source, .resolved("\(round)", group: "g"))
                    async let second = other.router.routeBatch()
                    _ = try await (first, second)
                }
                while try await other.router.routeBatch() > 0 {}
                #expect(try await other.incident(1).firing == ["": 1])
            }
        }
    }
}
