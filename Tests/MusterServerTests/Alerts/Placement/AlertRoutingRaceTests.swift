import FoundationEssentials
import IncidentDomain
import Postgres
import ServiceLifecycle
import TestSupport
import Testing

@testable import MusterServer

/// Alerts and the components of the catalog, two daemons at work on the same alerts, and what a crash leaves behind.
@Suite(.timeLimit(.minutes(20))) struct AlertRoutingRaceTests {
    private static let cdn = Component(slug: "cdn", name: "CDN", tier: 0)

    @Test func `an alert on a component of the catalog gives it an impact, an unknown one does not`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.put([Self.cdn])
            let source = try await daemon.makeSource()
            try await daemon.take(
                source, .firing("a", group: "g", component: "cdn"), .firing("b", group: "g", component: "ghost"))
            try await daemon.router.routeBatch()
            #expect(try await daemon.incident(1).impacts.map { "\($0.component) \($0.impact)" } == ["cdn degraded"])
            #expect(try await daemon.incident(1).firing == ["cdn": 1, "ghost": 1])
        }
    }

    @Test func `an alert that joins brings its component, and leaves what people said of others`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.put([Self.cdn, Component(slug: "upload", name: "Upload", tier: 2)])
            let source = try await daemon.makeSource()
            try await daemon.take(source, .firing("a", group: "g", component: "cdn"))
            try await daemon.router.routeBatch()
            try await daemon.tell(.setImpact(ComponentImpact(component: "cdn", impact: .majorOutage)), 1)
            try await daemon.take(
                source, .firing("b", group: "g", component: "cdn"), .firing("c", group: "g", component: "upload"))
            try await daemon.router.routeBatch()
            let impacts = try await daemon.incident(1).impacts.map { "\($0.component) \($0.impact)" }
            #expect(impacts == ["cdn majorOutage", "upload degraded"])
        }
    }

    @Test func `an alert of another group joins the incident in which its component is down`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.put([Self.cdn, Component(slug: "upload", name: "Upload", tier: 2)])
            let source = try await daemon.makeSource()
            let number = try await daemon.open(components: ["cdn"])
            try await daemon.take(
                source, .firing("a", group: "latency", component: "cdn"),
                .firing("b", group: "disk", component: "upload"))
            try await daemon.router.routeBatch()
            #expect(try await daemon.alerts().map(\.incident) == [number, number + 1])
            #expect(try await daemon.incident(number).firing == ["cdn": 1])
            let batches = try await daemon.timeline(number).compactMap {
                $0.recorded.event.as(AlertsAttached.self)?.value
            }
            guard let batch = batches.last else {
                Issue.record("nothing was attached")
                return
            }
            #expect(batch.affecting == "cdn" && batch.total == 1)
            try await daemon.take(source, .firing("c", group: "latency"))
            try await daemon.router.routeBatch()
            #expect(try await daemon.incident(number).alerts == 2, "the group stays with it")
            #expect(try await daemon.differences() == [])
        }
    }

    @Test func `an alert on a restored component takes that back`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.put([Self.cdn])
            let source = try await daemon.makeSource()
            try await daemon.take(source, .firing("a", group: "g", component: "cdn"))
            try await daemon.router.routeBatch()
            try await daemon.take(source, .resolved("a", group: "g", component: "cdn"))
            try await daemon.router.routeBatch()
            try await daemon.bringToRestore(1)
            try await daemon.tell(.startStep(component: "cdn", override: false, reason: nil), 1)
            #expect(try await daemon.tell(.verifyStep(component: "cdn"), 1).step("cdn")?.state == .restored)
            try await daemon.take(source, .firing("b", group: "g", component: "cdn"))
            try await daemon.router.routeBatch()
            #expect(try await daemon.incident(1).step("cdn")?.state == .regressed)
            #expect(try await daemon.incident(1).unrestored == ["cdn"])
            #expect(try await daemon.differences() == [])
        }
    }

    @Test func `what was stored and not routed before a crash is picked up by any daemon`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.take(source, .firing("a"), .firing("b"))
            try await daemon.beside { other async throws in
                let services = ServiceGroup(services: [other.router], logger: TestServer.quietLogger)
                async let running: Void = services.run()
                try await daemon.pool.waitUntil("NOT EXISTS (SELECT FROM alert WHERE NOT routed)")
                await services.triggerGracefulShutdown()
                try await running
            }
            #expect(try await daemon.count("incident") == 2)
        }
    }

    @Test func `an incident that cannot be read holds up its own alerts and no others`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.take(source, .firing("a", group: "broken"), .firing("b", group: "broken"))
            try await daemon.router.routeBatch()
            let row = try await daemon.pool.query("SELECT state::text, last_hash FROM incident")[0]
            let (state, hash): (String, [UInt8]) = (try row.decode(0), try row.decode(1))
            // With another hash, so that no memory of it is taken for it.
            try await daemon.pool.query("UPDATE incident SET state = '{}', last_hash = sha256(last_hash)")
            try await daemon.take(source, .resolved("a"), .firing("c", group: "broken"), .firing("d"), .firing("e"))
            await #expect(throws: (any Error).self) { try await daemon.router.routeBatch() }
            #expect(try await daemon.count("incident") == 1)
            #expect(try await daemon.router.routeBatch(isolating: true) == 2)
            #expect(try await daemon.alerts().map(\.incident) == [1, 1, 1, 2, 3])
            try await daemon.pool.query(
                "UPDATE incident SET state = \(state)::json, last_hash = \(hash) WHERE number = 1")
            #expect(try await daemon.router.routeBatch() == 2)
            #expect(try await daemon.incident(1).firing == ["": 2])
            #expect(try await daemon.differences() == [])
        }
    }

    @Test func `merging incidents while their alerts come in loses no alert and opens no incident`() async throws {
        try await TestDaemon.with(connections: 8) { daemon async throws in
            let source = try await daemon.makeSource()
            let groups = (0..<12).map { "group \($0)" }
            try await daemon.take([(source, groups.map { .firing("first of \($0)", group: $0) })])
            try await daemon.router.routeBatch()
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask {
                    for number in (2...12).reversed() {
                        let context = CommandContext(principal: .mia)
                        _ = try await daemon.desk.merge(number, into: number - 1, reason: nil, context)
                    }
                }
                for group in groups {
                    tasks.addTask {
                        try await daemon.take(source, .firing("next of \(group)", group: group))
                        try await daemon.router.routeBatch()
                        try await daemon.take(source, .resolved("first of \(group)", group: group))
                        try await daemon.router.routeBatch()
                    }
                }
                try await tasks.waitForAll()
            }
            while try await daemon.router.routeBatch() > 0 {}
            #expect(try await daemon.count("incident") == 12)
            #expect(try await daemon.count("alert", where: "incident IS NULL") == 0)
            #expect(try await daemon.differences() == [])
        }
    }

    @Test func `more than one batch is routed by one signal`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.take([(source, (0..<1203).map { .firing("\($0)", group: "g\($0 % 3)") })])
            var routed: [Int] = []
            repeat { routed.append(try await daemon.router.routeBatch()) } while routed.last == 500
            #expect(routed == [500, 500, 203])
            #expect(try await daemon.count("incident") == 3)
            #expect(try await daemon.incident(1).alerts + daemon.incident(2).alerts + daemon.incident(3).alerts == 1203)
        }
    }

    @Test func `two routers at once never open two incidents for a group`() async throws {
        try await TestDaemon.with(connections: 4) { daemon async throws in
            try await daemon.beside { other async throws in
                let source = try await daemon.makeSource()
                for round in 0..<10 {
                    let alerts: [IncomingAlert] = (0..<40).map {
                        .firing("\(round) \($0)", group: "\(round) \($0 % 4)")
                    }
                    async let first = Self.takeAndRoute(daemon, source, alerts.filter { $0.identity.hasSuffix("1") })
                    async let second = Self.takeAndRoute(other, source, alerts)
                    _ = try await (first, second)
                }
                while try await daemon.router.routeBatch() > 0 {}
                #expect(try await daemon.count("incident") == 40)
                #expect(try await daemon.count("alert", where: "incident IS NULL") == 0)
                let attached: Int = try await daemon.pool.query(
                    "SELECT sum((state ->> 'alerts')::int) FROM incident")[0].decode(0)
                #expect(attached == 400)
                #expect(try await daemon.differences() == [])
            }
        }
    }

    @Test func `while connections are killed, every alert is routed once`() async throws {
        try await TestDaemon.with(connections: 3) { daemon async throws in
            try await daemon.database.withObserver { observer async throws in
                let source = try await daemon.makeSource()
                let watching = TestDaemon(daemon.database, pool: observer, policy: PhasePolicy(), soak: SoakPolicy())
                let killed = try await observer.killingOthers(asGrows: "alert") {
                    for index in 0..<40 {
                        try await watching.take(source, .firing("\(index)", group: "\(index % 5)"))
                        _ = try? await daemon.router.routeBatch()
                    }
                }
                #expect(killed > 0)
                while try await watching.router.routeBatch() > 0 {}
            }
            // Through new connections: one that was killed last may not have been noticed yet.
            try await daemon.beside { fresh async throws in
                let attached: Int = try await fresh.pool.query(
                    "SELECT sum((state ->> 'alerts')::int) FROM incident")[0].decode(0)
                #expect(try await fresh.count("incident") == 5 && attached == 40)
                #expect(try await fresh.differences() == [])
            }
        }
    }

    private static func takeAndRoute(_ daemon: TestDaemon, _ source: UUID, _ alerts: [IncomingAlert]) async throws {
        for alert in alerts {
            try await daemon.take(source, alert)
            try await daemon.router.routeBatch()
        }
    }
}
