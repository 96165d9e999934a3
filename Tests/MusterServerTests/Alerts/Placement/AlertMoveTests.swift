import FoundationEssentials
import IncidentDomain
import Postgres
import TestSupport
import Testing

@testable import MusterServer

/// People say that alerts belong elsewhere.
@Suite(.timeLimit(.minutes(20))) struct AlertMoveTests {
    private static let context = CommandContext(principal: .mia)

    private static func desk(_ daemon: TestDaemon) -> AlertDesk {
        AlertDesk(
            desk: daemon.desk, severities: .builtIn, routing: daemon.routing, logger: TestServer.quietLogger)
    }

    private static func ids(_ daemon: TestDaemon, _ identities: String...) async throws -> [UUID] {
        try await daemon.alerts().filter { identities.contains($0.identity) }.map(\.id)
    }

    private static func orphans(_ daemon: TestDaemon) async throws -> [String] {
        var filter = AlertFilter()
        filter.isOrphaned = true
        let counted = try await DoctorStore(pool: daemon.pool).orphanedAlerts()
        let found = try await AlertSearch(pool: daemon.pool).list(filter, before: nil, limit: 100).map(\.identity)
        #expect(counted == found.count)
        #expect(try await FigureSearch(pool: daemon.pool).figures().orphaned == counted)
        return found.sorted()
    }

    @Test func `one alert goes to another incident, and both timelines say so`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.send(source, .firing("a", group: "g"), .firing("b", group: "g"), .firing("c", group: "h"))
            let desk = Self.desk(daemon)
            let one = try await Self.ids(daemon, "b")
            try await desk.move(one, to: .incident(2), reason: "another outage", Self.context)
            #expect(try await daemon.places() == ["a 1", "b 2", "c 2"])
            #expect(try await daemon.incident(1).firing == ["": 1])
            #expect(try await daemon.incident(2).firing == ["": 2])
            #expect(try await daemon.kinds(1).last == "alerts_moved_out")
            #expect(try await daemon.kinds(2).last == "alerts_moved_in")
            #expect(try await daemon.timeline(2).last?.recorded.actor.name == "Mia")
            // Asking again changes nothing.
            try await desk.move(one, to: .incident(2), reason: "another outage", Self.context)
            #expect(try await daemon.kinds(2).filter { $0 == "alerts_moved_in" }.count == 1)
            // The other alert stays behind, and the group with it; the end of each is told where it is.
            try await daemon.send(source, .resolved("b", group: "g"), .firing("d", group: "g"))
            #expect(try await daemon.places() == ["a 1", "b 2", "c 2", "d 1"])
            #expect(try await daemon.incident(2).firing == ["": 1])
            #expect(try await daemon.incident(1).firing == ["": 2])
            #expect(try await daemon.differences() == [])
        }
    }

    @Test func `the last alert takes its group along`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.send(source, .firing("a", group: "g"), .firing("c", group: "h"))
            try await Self.desk(daemon).move(
                try await Self.ids(daemon, "a"), to: .incident(2), reason: "the same", Self.context)
            try await daemon.send(source, .firing("b", group: "g"))
            #expect(try await daemon.places() == ["a 2", "b 2", "c 2"])
            #expect(try await daemon.incident(1).clearedAt != nil)
        }
    }

    @Test func `alerts open an incident of their own, from several at once`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.send(source, .firing("a", group: "g", title: "Disk full"), .firing("b", group: "h"))
            try await Self.desk(daemon).move(
                try await Self.ids(daemon, "a", "b"), to: .new, reason: "one outage", Self.context)
            #expect(try await daemon.places() == ["a 3", "b 3"])
            // Asked once more, as a client does that got no answer, they stay.
            try await Self.desk(daemon).move(
                try await Self.ids(daemon, "a", "b"), to: .new, reason: "one outage", Self.context)
            #expect(try await daemon.places() == ["a 3", "b 3"])
            let incident = try await daemon.incident(3)
            #expect(incident.title == "Disk full" && incident.firing == ["": 2] && incident.alerts == 2)
            #expect(
                try await daemon.kinds(3) == ["incident_opened", "severity_set", "alerts_moved_in", "alerts_moved_in"])
            #expect(try await daemon.incident(1).firing == [:])
            #expect(try await daemon.incident(2).firing == [:])
            #expect(try await daemon.differences() == [])
        }
    }

    @Test func `what belongs to none stays so until it ends, and its next firing is routed anew`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.send(source, .firing("a", group: "g"))
            try await Self.desk(daemon).move(
                try await Self.ids(daemon, "a"), to: .none, reason: "noise", Self.context)
            #expect(try await daemon.places() == ["a person"])
            #expect(try await Self.orphans(daemon) == ["a"])
            // Said again, it stays where it is; another of its group does not take it along.
            try await daemon.send(source, .firing("a", group: "g"), .firing("b", group: "g"))
            #expect(try await daemon.places() == ["a person", "b 2"])
            try await daemon.send(source, .resolved("a", group: "g"), .firing("a", at: 5, group: "g"))
            #expect(try await daemon.places().last == "b 2")
            #expect(try await daemon.alerts().filter { $0.identity == "a" }.map(\.incident) == [nil, 2])
            #expect(try await Self.orphans(daemon) == [])
        }
    }

    @Test func `what its incident has not heard yet is told before it leaves`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.send(source, .firing("a", group: "g"), .firing("z", group: "h"))
            // Two deliveries wait: one began, one ended.
            try await daemon.take(source, .firing("b", group: "g"))
            try await daemon.take(source, .resolved("a", group: "g"))
            try await Self.desk(daemon).move(
                try await Self.ids(daemon, "a", "b"), to: .incident(2), reason: "there", Self.context)
            #expect(try await daemon.count("alert_delivery") == 0)
            #expect(try await daemon.incident(1).firing == [:])
            #expect(try await daemon.incident(2).firing == ["": 2])
            #expect(try await daemon.incident(2).alerts == 3)
            #expect(try await daemon.incident(1).alerts == 0)
            #expect(try await daemon.differences() == [])
        }
    }

    @Test func `two people who move the same alerts at once both get an answer, and one place holds`() async throws {
        try await TestDaemon.with(connections: 6) { daemon async throws in
            let source = try await daemon.makeSource()
            for group in ["g", "h", "i"] { try await daemon.send(source, .firing("\(group)1", group: group)) }
            let desk = Self.desk(daemon)
            let ids = try await Self.ids(daemon, "g1", "h1", "i1")
            try await withThrowingTaskGroup { group in
                for round in 0..<6 {
                    group.addTask {
                        let target = AlertDesk.Target.incident(1 + round % 3)
                        try await desk.move(ids, to: target, reason: "there", CommandContext(principal: .mia))
                    }
                }
                group.addTask { try await daemon.take(source, .resolved("h1", group: "h")) }
                try await group.waitForAll()
            }
            try await daemon.routeAll()
            let places = Set(try await daemon.alerts().map(\.incident))
            #expect(places.count == 1)
            var firing = 0
            for number in 1...3 { firing += try await daemon.incident(number).firing.values.reduce(0, +) }
            #expect(firing == 2)
            #expect(try await daemon.differences() == [])
        }
    }

    @Test func `an alert whose incident was dismissed is an orphan, and its next firing opens another`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.send(source, .firing("a", group: "g"))
            #expect(try await Self.orphans(daemon) == [])
            try await daemon.tell(.dismiss(reason: "nothing is wrong"), 1)
            #expect(try await Self.orphans(daemon) == ["a"])
            for _ in 0..<3 { try await daemon.send(source, .firing("a", group: "g")) }
            #expect(try await daemon.places() == ["a 1"], "the same firing said again opens nothing")
            try await daemon.send(source, .resolved("a", group: "g"))
            #expect(try await Self.orphans(daemon) == [])
            try await daemon.send(source, .firing("a", at: 9, group: "g"))
            #expect(try await daemon.places() == ["a 1", "a 2"])
        }
    }

    @Test func `a firing that began after the last word of an orphan is a new one, though nobody told the end`()
        async throws
    {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.send(source, .firing("a", group: "g"), .firing("b", group: "h"))
            try await daemon.tell(.dismiss(reason: "a test"), 1)
            // The same firing, as another sender of a pair began it: no new one.
            try await daemon.send(source, .firing("a", at: 1, group: "g"))
            #expect(try await daemon.places() == ["a 1", "b 2"])
            var anew = IncomingAlert.firing("a", group: "g")
            anew.startsAt = .now()
            var open = IncomingAlert.firing("b", group: "h")
            open.startsAt = .now()
            try await daemon.send(source, anew, open)
            #expect(try await daemon.places() == ["a 1", "a 3", "b 2"])
            let summary = try await daemon.summary().sorted()
            #expect(summary == ["a firing 1", "a resolved 2", "b firing 2"], "\(summary)")
            #expect(try await Self.orphans(daemon) == [])
            #expect(try await daemon.incident(1).firing.isEmpty)
            #expect(try await daemon.differences() == [])
        }
    }

    @Test func `what flaps in an incident that is over is not taken for new again and again`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.send(source, .firing("a", group: "g"))
            try await daemon.tell(.dismiss(reason: "a test"), 1)
            // It does not end at once, and its sender's clock is a minute ahead.
            try await daemon.pool.query("UPDATE alert SET flaps = \(AlertFlapping.flapsMin)")
            var ahead = IncomingAlert.firing("a", group: "g")
            ahead.startsAt = Timestamp.now().adding(seconds: 60)
            try await daemon.send(source, ahead)
            #expect(try await daemon.places() == ["a 1"])
            #expect(try await daemon.differences() == [])
        }
    }

    @Test func `a new firing after a merge joins where the incident went`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.send(source, .firing("a", group: "g"), .firing("b", group: "h"))
            _ = try await daemon.desk.merge(1, into: 2, reason: nil, Self.context)
            try await daemon.send(source, .resolved("a", group: "g"), .firing("a", at: 9, group: "g"))
            #expect(try await daemon.places() == ["a 2", "a 2", "b 2"])
            #expect(try await Self.orphans(daemon) == [])
        }
    }
}

/// Alerts that people end while their senders go on.
@Suite(.timeLimit(.minutes(20))) struct AlertResolutionTests {
    @Test func `the same start stays resolved until its sender ends it, and a later one is a new alert`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.send(source, .firing("a", at: 3))
            let id = try await daemon.alerts()[0].id
            let ended = try await AlertStore(pool: daemon.pool).resolve(id, by: "Mia")
            #expect(ended?.status == .resolved && ended?.resolvedBy == "Mia" && ended?.stillSaidAt == nil)
            try await daemon.send(source, .firing("a", at: 3))
            let said = try await daemon.alerts()
            #expect(said.count == 1 && said[0].status == .resolved && said[0].stillSaidAt != nil)
            #expect(said[0].ignored == 1 && said[0].ignoredReason == "late_firing")
            try await daemon.send(source, .resolved("a", at: 3))
            let over = try await daemon.alerts()
            #expect(over.map(\.stillSaidAt) == [nil] && over.map(\.resolvedBy) == [nil])
            try await daemon.send(source, .firing("a", at: 4))
            #expect(try await daemon.summary() == ["a resolved 1", "a firing 1"])
            #expect(try await daemon.incident(1).firing == ["": 1])
        }
    }

    @Test func `of a sender that names no start, every message after it is a new firing`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            var alert = IncomingAlert.firing("a")
            alert.startsAt = nil
            try await daemon.send(source, alert)
            _ = try await AlertStore(pool: daemon.pool).resolve(try await daemon.alerts()[0].id, by: "Mia")
            try await daemon.send(source, alert)
            #expect(try await daemon.summary() == ["a resolved 1", "a firing 1"])
        }
    }
}

/// Incidents that close themselves when their alerts clear.
@Suite(.timeLimit(.minutes(20))) struct SelfRecoveryTests {
    private static let policy = ClearingPolicy(general: .close(afterSeconds: 0))

    @Test func `many daemons close it once, and it opens again when it fires within the window`() async throws {
        try await TestDaemon.with(connections: 6, clearing: Self.policy) { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.send(source, .firing("a", at: 1, group: "g"))
            try await daemon.send(source, .resolved("a", at: 1, group: "g"))
            try await daemon.beside { other in
                try await withThrowingTaskGroup { group in
                    for daemon in [daemon, other, daemon, other] {
                        group.addTask {
                            let runner = DeadlineRunner(
                                desk: daemon.desk, pool: daemon.pool, logger: TestServer.quietLogger)
                            try await runner.passDue()
                        }
                    }
                    try await group.waitForAll()
                }
            }
            #expect(try await daemon.incident(1).phase == .closed)
            #expect(try await daemon.kinds(1).filter { $0 == "self_recovered" }.count == 1)
            try await daemon.send(source, .firing("a", at: 5, group: "g"))
            #expect(try await daemon.places() == ["a 1", "a 1"])
            let again = try await daemon.incident(1)
            #expect(again.phase == .detect && again.firing == ["": 1] && again.recovery == nil)
            #expect(try await daemon.kinds(1).suffix(2) == ["phase_reverted", "alerts_attached"])
            #expect(try await daemon.differences() == [])
        }
    }

    @Test func `a rule closes what the policy keeps, and leaves alone what somebody acknowledged`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.addRule { $0.whenCleared = .close(afterSeconds: 0) }
            let source = try await daemon.makeSource()
            try await daemon.send(source, .firing("a", group: "g"), .firing("b", group: "h"))
            try await daemon.tell(.acknowledge, 2)
            try await daemon.send(source, .resolved("a", group: "g"), .resolved("b", group: "h"))
            let runner = DeadlineRunner(desk: daemon.desk, pool: daemon.pool, logger: TestServer.quietLogger)
            try await runner.passDue()
            #expect(try await daemon.incident(1).phase == .closed)
            #expect(try await daemon.incident(2).phase == .detect)
            #expect(try await daemon.incident(2).clearedAt != nil)
        }
    }
}
