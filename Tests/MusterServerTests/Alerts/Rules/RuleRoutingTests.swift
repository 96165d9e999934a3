import FoundationEssentials
import IncidentDomain
import Postgres
import TestSupport
import Testing

@testable import MusterServer

/// What rules make of alerts that come in, and when an incident opens.
@Suite(.timeLimit(.minutes(20))) struct RuleRoutingTests {
    @Test func `a rule sets component, severity and group, and the incident has them`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.put([Component(slug: "cdn", name: "CDN", tier: 0)])
            let source = try await daemon.makeSource()
            let rule = try await daemon.addRule {
                $0.component = .label("alertname", table: ["a": "cdn", "b": "cdn"], fallback: nil)
                $0.severity = .constant("sev2")
                $0.groupBy = ["component"]
            }
            try await daemon.send(source, .firing("a", group: "x"), .firing("b", group: "y"))
            #expect(try await daemon.places() == ["a 1", "b 1"])
            let incident = try await daemon.incident(1)
            #expect(incident.severity == .sev2 && incident.impacts.map(\.component) == ["cdn"])
            #expect(try await daemon.alerts().map(\.rule) == [rule.id, rule.id])
            #expect(try await daemon.differences() == [])
        }
    }

    @Test func `what the sender says of its own group still ends all of it`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.addRule { $0.groupBy = ["severity"] }
            try await daemon.send(source, .firing("a", group: "x"), .firing("b", group: "x"), .firing("c", group: "y"))
            #expect(try await daemon.count("incident") == 1)
            #expect(try await AlertStore(pool: daemon.pool).resolveGroup("x", of: source) == 2)
            try await daemon.routeAll()
            #expect(try await daemon.incident(1).firing == ["": 1])
        }
    }

    @Test func `a rule that opens nothing keeps its alerts, and they join an incident that is there`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.addRule("noise", [.alertname("a")]) { $0.opensIncident = false }
            try await daemon.send(source, .firing("a", group: "g"))
            #expect(try await daemon.places() == ["a rule"])
            #expect(try await daemon.count("incident") == 0)
            try await daemon.send(source, .firing("b", group: "g"))
            #expect(try await daemon.places() == ["a 1", "b 1"], "both, once something opens one")
            #expect(try await daemon.incident(1).firing == ["": 2])
        }
    }

    @Test func `a held alert that ends leaves no incident behind`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.addRule { $0.opensIncident = false }
            try await daemon.send(source, .firing("a"), .firing("b"))
            try await daemon.send(source, .resolved("a"))
            try await daemon.store(source, [.firing("c"), .resolved("c")])
            try await daemon.routeAll()
            #expect(try await daemon.places() == ["a rule", "b rule", "c rule"])
            #expect(try await daemon.summary() == ["a resolved 1", "b firing 1", "c resolved 1"])
            #expect(try await daemon.count("alert", where: "NOT routed") == 0)
        }
    }

    @Test func `a rule that is changed or removed lets go what it held`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            let rule = try await daemon.addRule { $0.opensIncident = false }
            try await daemon.send(source, .firing("a"))
            #expect(try await RuleStore(pool: daemon.pool).delete(rule.id, by: .mia))
            try await daemon.routeAll()
            #expect(try await daemon.places() == ["a 1"])
        }
    }

    @Test func `an incident opens with the third firing, and has all three`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.addRule { $0.threshold = FiringThreshold(count: 3, withinSeconds: 600) }
            try await daemon.send(source, .firing("a", group: "g"))
            try await daemon.send(source, .firing("a", group: "g"), .firing("b", group: "g"))
            try await daemon.send(source, .resolved("a", group: "g"))
            #expect(try await daemon.places() == ["a count", "b count"], "a repetition is no firing")
            try await daemon.send(source, .firing("other", group: "h"))
            try await daemon.send(source, .firing("c", group: "g"))
            #expect(try await daemon.places() == ["a 1", "b 1", "c 1", "other count"])
            let incident = try await daemon.incident(1)
            #expect(incident.alerts == 3 && incident.firing == ["": 2])
            #expect(try await daemon.differences() == [])
        }
    }

    @Test func `firings that are too old are not counted`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.addRule { $0.threshold = FiringThreshold(count: 2, withinSeconds: 60) }
            try await daemon.send(source, .firing("a", group: "g"))
            try await daemon.pool.query("UPDATE alert SET first_seen_at = now() - interval '61 seconds'")
            try await daemon.send(source, .firing("b", group: "g"))
            #expect(try await daemon.places() == ["a count", "b count"])
            try await daemon.send(source, .firing("c", group: "g"))
            #expect(try await daemon.places() == ["a 1", "b 1", "c 1"], "the old one still fires")
        }
    }

    @Test func `outside its hours an alert waits, and goes in when they begin if it still fires`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            let today: Int = try await daemon.pool.query(
                "SELECT extract(isodow FROM now() AT TIME ZONE 'UTC')::bigint")[0]
                .decode(0)
            let rule = try await daemon.addRule {
                // Four days away, whatever the time is.
                $0.hours = OpeningHours(timeZone: "UTC", days: [(today + 3) % 7 + 1], from: 540, to: 1020)
            }
            try await daemon.send(source, .firing("a"), .firing("b"))
            let held = try await daemon.alerts()
            #expect(held.map(\.held) == ["hours", "hours"])
            let until = try #require(held[0].heldUntil)
            #expect(until > Timestamp.now().adding(seconds: 2 * 86_400))
            try await daemon.send(source, .resolved("b"))
            var always = rule
            always.hours?.days = [1, 2, 3, 4, 5, 6, 7]
            always.hours?.from = 0
            always.hours?.to = 1440
            _ = try await RuleStore(pool: daemon.pool).replace(always, at: nil, by: .mia)
            try await daemon.routeAll()
            #expect(try await daemon.places() == ["a 1", "b hours"])
        }
    }

    @Test func `another daemon goes by a rule that it has not been told of`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.beside { other async throws in
                let source = try await daemon.makeSource()
                _ = try await other.book.current()
                let rule = try await daemon.addRule { $0.opensIncident = false }
                try await daemon.store(source, [.firing("a")])
                while try await other.router.routeBatch() > 0 {}
                #expect(try await daemon.places() == ["a rule"])
                var open = rule
                open.opensIncident = true
                _ = try await RuleStore(pool: other.pool).replace(open, at: nil, by: .mia)
                async let first: Void = daemon.routeAll()
                async let second: Void = other.routeAll()
                _ = try await (first, second)
                try await daemon.routeAll()
                #expect(try await daemon.places() == ["a 1"])
                #expect(try await daemon.count("incident") == 1)
            }
        }
    }

    @Test func `while one daemon places alerts, another one waits for nothing`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.beside { other async throws in
                let source = try await daemon.makeSource()
                try await daemon.take(source, .firing("a"))
                try await daemon.pool.transaction { transaction async throws in
                    #expect(try await PlacementStore().lockPlacement(in: transaction))
                    #expect(try await other.router.routeBatch() == 0)
                }
                #expect(try await other.router.routeBatch() == 1)
            }
        }
    }

    @Test func `rules keep their places without gaps, whoever moves them`() async throws {
        try await TestDaemon.with { daemon async throws in
            let store = RuleStore(pool: daemon.pool)
            let rules = try await [
                daemon.addRule("a") { _ in }, daemon.addRule("b") { _ in }, daemon.addRule("c") { _ in },
            ]
            _ = try await store.replace(rules[2], at: 1, by: .mia)
            #expect(try await store.list().compactMap(\.readable?.rule.name) == ["c", "a", "b"])
            #expect(try await store.create(rules[0], at: 3, by: .mia)?.position == 2, "it is there already")
            #expect(try await store.order([rules[0].id], by: .mia) == false)
            #expect(try await store.order(rules.map(\.id), by: .mia))
            #expect(try await store.delete(rules[1].id, by: .mia))
            #expect(try await !store.delete(rules[1].id, by: .mia))
            #expect(try await store.list().compactMap(\.readable?.position) == [1, 2])
            #expect(try await store.replace(rules[1], at: nil, by: .mia) == nil)
            #expect(try await daemon.count("audit_line", where: "action LIKE 'rule.%'") == 6)
        }
    }
}
