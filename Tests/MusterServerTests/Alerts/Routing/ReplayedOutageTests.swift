import FoundationEssentials
import IncidentDomain
import Postgres
import TestSupport
import Testing

@testable import MusterServer

/// Outages of many alerts, replayed: how many incidents come out, and how many should.
@Suite(.timeLimit(.minutes(20))) struct ReplayedOutageTests {
    private static func catalog() throws -> [Component] {
        let file = URL(filePath: "\(DescribedServer.root)/deploy/demo/catalog.json")
        return try ComponentBodies.catalog(try JSONParser.parse([UInt8](try Data(contentsOf: file))))
    }

    @Test func `as many incidents open as there are outages`() async throws {
        var table = ["outage: incidents that should be, that came, alerts, of these with an incident"]
        for outage in ReplayedOutage.all {
            try await TestDaemon.with { daemon async throws in
                try await daemon.put(try Self.catalog())
                let source = try await daemon.makeSource()
                try await outage.prepare(daemon)
                for batch in outage.batches {
                    try await daemon.store(source, batch)
                    try await daemon.routeAll()
                }
                let came = try await daemon.count("incident")
                let alerts = try await daemon.count("alert")
                let placed = try await daemon.count("alert", where: "incident IS NOT NULL")
                table.append("\(outage.name): should \(outage.should), got \(came); \(alerts) alerts, \(placed) placed")
                #expect(came == outage.makes, "\(outage.name)")
                #expect(try await daemon.count("alert", where: "incident IS NULL AND held IS NULL") == 0)
                #expect(try await daemon.differences() == [])
            }
        }
        let right = ReplayedOutage.all.count { $0.should == $0.makes }
        table.append("\(right) of \(ReplayedOutage.all.count) outages have exactly the incidents that they should")
        print(table.joined(separator: "\n"))
    }

    @Test func `the timeline says by which dependency alerts joined, and the group stays there`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.put(try Self.catalog())
            let source = try await daemon.makeSource()
            try await daemon.send(source, .firing("db", group: "db", component: "user-db"))
            try await daemon.send(source, .firing("feed", group: "feed", component: "feed"))
            let entries = try await daemon.timeline(1).map(\.recorded.event)
            let joined = try #require(entries.last { $0.as(AlertsAttached.self) != nil })
            #expect(joined.sentence == "1 alert attached on feed: “It fires”, because feed depends on user-db.")
            #expect(try await daemon.incident(1).impacts.map(\.component) == ["user-db", "feed"])
            try await daemon.take(source, .firing("feed 2", group: "feed"))
            #expect(try await daemon.count("alert_delivery") == 1, "the fast way")
            try await daemon.routeAll()
            #expect(try await daemon.incident(1).alerts == 3)
            #expect(try await daemon.differences() == [])
        }
    }

    @Test func `after the window a dependency connects nothing, and with none it never does`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.put(try Self.catalog())
            let source = try await daemon.makeSource()
            try await daemon.send(source, .firing("db", component: "user-db"))
            try await daemon.pool.query("UPDATE incident SET opened_at = now() - interval '31 minutes'")
            try await daemon.pool.query("UPDATE alert SET first_seen_at = now() - interval '31 minutes'")
            try await daemon.send(source, .firing("feed", component: "feed"))
            #expect(try await daemon.places() == ["db 1", "feed 2"])
            try await daemon.store(source, [.firing("auth", component: "auth")])
            let without = AlertRouter(
                pool: daemon.pool, desk: daemon.desk, signal: daemon.routing, logger: TestServer.quietLogger,
                book: daemon.book, correlationWindow: .zero)
            try await without.routeBatch()
            #expect(try await daemon.places() == ["auth 3", "db 1", "feed 2"])
        }
    }

    @Test func `two daemons at once make one incident of what the catalog connects`() async throws {
        try await TestDaemon.with(connections: 4) { daemon async throws in
            try await daemon.put(try Self.catalog())
            try await daemon.beside { other async throws in
                let source = try await daemon.makeSource()
                for round in 0..<10 {
                    async let first: Void = daemon.send(source, .firing("db \(round)", component: "user-db"))
                    async let second: Void = other.send(source, .firing("feed \(round)", component: "feed"))
                    _ = try await (first, second)
                }
                try await daemon.routeAll()
                #expect(try await daemon.count("incident") == 1)
                #expect(try await daemon.incident(1).alerts == 20)
                #expect(try await daemon.differences() == [])
            }
        }
    }
}
