import FoundationEssentials
import IncidentDomain
import Postgres
import Testing

@testable import MusterServer

/// Which incident an alert opens, joins, or ends in.
@Suite(.timeLimit(.minutes(20))) struct AlertRouterTests {
    @Test func `a group opens one incident, a second group another`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.take(source, .firing("a", group: "g"), .firing("b", group: "g"), .firing("c", group: "h"))
            #expect(try await daemon.router.routeBatch() == 3)
            #expect(try await daemon.alerts().map(\.incident) == [1, 1, 2])
            #expect(try await daemon.kinds(1) == ["incident_opened", "severity_set", "alerts_attached"])
            #expect(try await daemon.incident(1).title == "It fires (and 1 more)")
            #expect(try await daemon.incident(1).firing == ["": 2])
            #expect(try await daemon.incident(2).alerts == 1)
            #expect(try await daemon.router.routeBatch() == 0)
            #expect(try await daemon.differences() == [])
        }
    }

    @Test func `what is over before anybody was told belongs where it would have gone, and opens nothing`() async throws
    {
        try await TestDaemon.with { daemon async throws in
            try await daemon.putChain()
            let source = try await daemon.makeSource()
            try await daemon.take(source, .firing("root", component: "db"))
            try await daemon.router.routeBatch()
            // Of the component itself, and of one that the catalog connects with it.
            try await daemon.take(source, .firing("a", component: "db"), .firing("b", component: "auth"))
            try await daemon.take(source, .resolved("a", component: "db"), .resolved("b", component: "auth"))
            try await daemon.router.routeBatch()
            #expect(try await daemon.alerts().map(\.incident) == [1, 1, 1])
            #expect(try await daemon.incident(1).firing == ["db": 1])
            #expect(try await daemon.differences() == [])
        }
    }

    @Test func `the incident began when its first alert did, and the source acts in its own name`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource("Prometheus Nord")
            try await daemon.take(source, .firing("a", at: 7, group: "g"), .firing("b", at: 3, group: "g"))
            try await daemon.router.routeBatch()
            let incident = try await daemon.incident(1)
            #expect(incident.times.startedAt == .minute(3) && incident.times.detectedAt > .minute(3))
            let actor = try await daemon.timeline(1)[0].recorded.actor
            #expect(actor.name == "Prometheus Nord" && actor.id == "source:\(source.uuidString.lowercased())")
        }
    }

    @Test func `a start that the sender puts into the future is now`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.take(source, .firing("a", at: 100_000_000))
            #expect(try await daemon.router.routeBatch() == 1)
            let times = try await daemon.incident(1).times
            #expect(times.startedAt <= times.detectedAt)
            #expect(try await daemon.count("alert", where: "starts_at = first_seen_at") == 1)
        }
    }

    @Test func `an alert of a known group joins its open incident`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.take(source, .firing("a", group: "g"))
            try await daemon.router.routeBatch()
            try await daemon.take(source, .firing("b", group: "g"), .firing("a", group: "g"))
            #expect(try await daemon.router.routeBatch() == 1)
            #expect(
                try await daemon.kinds(1) == [
                    "incident_opened", "severity_set", "alerts_attached", "alerts_attached",
                ])
            #expect(try await daemon.incident(1).firing == ["": 2])
            #expect(try await daemon.count("incident") == 1)
        }
    }

    @Test func `what was resolved is noted, and the count of firing alerts is right`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.take(
                source, .firing("a", group: "g", component: "cdn"), .firing("b", group: "g"), .firing("c", group: "g"))
            try await daemon.router.routeBatch()
            try await daemon.take(
                source, .resolved("a", group: "g"), .resolved("b", group: "g"), .firing("c", group: "g"))
            #expect(try await daemon.router.routeBatch() == 2)
            let incident = try await daemon.incident(1)
            #expect(incident.firing == ["": 1] && incident.alerts == 3)
            #expect(try await daemon.kinds(1).last == "alerts_cleared")
            #expect(try await daemon.differences() == [])
        }
    }

    @Test func `an alert that was over before anybody heard of it stands in the timeline with its end`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.take(source, .firing("a"), .resolved("a"))
            try await daemon.router.routeBatch()
            #expect(
                try await daemon.kinds(1) == [
                    "incident_opened", "severity_set", "alerts_attached", "alerts_cleared",
                ])
            #expect(try await daemon.incident(1).firing == [:])
        }
    }

    @Test func `the group of an incident that is over opens another`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.take(source, .firing("a", group: "g"))
            try await daemon.router.routeBatch()
            try await daemon.tell(.dismiss(reason: "a test"), 1)
            try await daemon.take(source, .resolved("a", group: "g"), .firing("b", group: "g"))
            #expect(try await daemon.router.routeBatch() == 2)
            // The end is noted where the alert belongs, although that incident is over.
            #expect(try await daemon.kinds(1).last == "alerts_cleared")
            #expect(try await daemon.alerts().map(\.incident) == [1, 2])
            try await daemon.take(source, .firing("a", at: 5, group: "g"))
            try await daemon.router.routeBatch()
            #expect(try await daemon.alerts().map(\.incident) == [1, 2, 2])
            #expect(try await daemon.count("incident") == 2)
        }
    }

    @Test func `the group of a merged incident goes on in the one that took it over`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.take(source, .firing("a", group: "g"))
            try await daemon.router.routeBatch()
            let (second, third) = (try await daemon.open(), try await daemon.open())
            let context = CommandContext(principal: .mia)
            _ = try await daemon.desk.merge(1, into: second, reason: nil, context)
            _ = try await daemon.desk.merge(second, into: third, reason: nil, context)
            try await daemon.take(source, .firing("b", group: "g"), .resolved("a", group: "g"))
            try await daemon.router.routeBatch()
            #expect(try await daemon.alerts().map(\.incident) == [third, third])
            #expect(try await daemon.incident(third).firing == ["": 1])
            #expect(try await daemon.count("incident") == 3)
        }
    }

    @Test func `a group that is merged at this moment goes on in the target`() async throws {
        try await TestDaemon.with(connections: 6) { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.take(source, .firing("a", group: "g"))
            try await daemon.router.routeBatch()
            let target = try await daemon.open()
            try await daemon.take(source, .firing("b", group: "g"))
            let routing = try await daemon.pool.transaction { transaction in
                _ = try await daemon.desk.incidents.load(1, hold: .lock, in: transaction)
                // The router now finds incident 1 for the group and waits for its row, while it is merged away.
                let routing = Task { try await daemon.router.routeBatch() }
                try await daemon.pool.waitUntilSomebodyWaits()
                let row = try #require(try await daemon.desk.incidents.load(1, in: transaction).row)
                let loaded = try await daemon.desk.incidents.load(target, hold: .lock, in: transaction)
                let context = CommandContext(principal: .mia)
                _ = try await daemon.desk.apply(
                    .merge(into: target, reason: nil), to: row, context, loaded: loaded, in: transaction)
                _ = try await daemon.desk.apply(
                    .absorb(row.incident), to: try #require(loaded.row), context, loaded: loaded, in: transaction)
                return routing
            }
            _ = try await routing.value
            #expect(try await daemon.count("incident") == 2)
            #expect(try await daemon.alerts().map(\.incident) == [1, target])
        }
    }
}
