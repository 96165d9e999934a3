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
        return try ComponentBodies.catalog(try JSONParser.parse([UInt8](try Data(contentsOf: file)))).components
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

/// An outage as its alerts came in, and how many incidents a person would have opened. The components are those of the
/// demonstration's catalog; the courses are those of outages that a large platform told of in its status history.
struct ReplayedOutage: Sendable {
    let name: String
    /// How many incidents there should be.
    let should: Int
    /// How many the rules make: another number than `should` is a limit that is known.
    let makes: Int
    /// What came at once, one after the other; each alert is of a group of its own.
    let batches: [[IncomingAlert]]
    /// Rules and silences that are there before.
    var prepare: @Sendable (TestDaemon) async throws -> Void = { _ in }

    static let all = [
        content, database, siblings, unrelated, networking, storm,
    ]

    /// As of 2026-07-24: one service is down, and what is built on it says so within minutes.
    private static let content = ReplayedOutage(
        name: "CDN down, downstream alerts after it", should: 1, makes: 1,
        batches: [
            [fires("CDNErrors", "cdn")],
            [fires("PlaybackStalls", "playback"), fires("LiveStalls", "live-playback")],
            [fires("OriginFetchErrors", "cdn"), fires("PlaybackStartsFail", "playback")],
        ])

    /// As of 2025-04-23: requests fail first, and the database behind them is found after.
    private static let database = ReplayedOutage(
        name: "database down, a symptom first", should: 1, makes: 1,
        batches: [
            [fires("LoginFails", "auth")], [fires("GatewayErrors", "api-gateway")],
            [fires("UserDatabaseDown", "user-db")],
            [fires("CommentsFail", "comments"), fires("FeedFails", "feed"), fires("PaymentsFail", "payments")],
        ])

    /// Two symptoms that know nothing of each other, before their root: nothing connects them at that moment.
    private static let siblings = ReplayedOutage(
        name: "database down, two siblings before it (known limit)", should: 1, makes: 2,
        batches: [
            [fires("CommentsFail", "comments")], [fires("NotificationsLate", "notifications")],
            [fires("UserDatabaseDown", "user-db")], [fires("PaymentsFail", "payments"), fires("LoginFails", "auth")],
        ])

    /// Two outages in two parts of the platform, their alerts mixed.
    private static let unrelated = ReplayedOutage(
        name: "event bus and CDN down at once", should: 2, makes: 2,
        batches: [
            [fires("BusPartitionsOffline", "event-bus"), fires("CDNErrors", "cdn")],
            [fires("AnalyticsLag", "analytics"), fires("PlaybackStalls", "playback")],
            [fires("NotificationsLate", "notifications"), fires("LiveStalls", "live-playback")],
            [fires("ModerationQueue", "moderation")],
        ])

    /// As of 2025-12-18, when two teams opened two incidents within a minute: all of it in one batch, the symptom first.
    private static let networking = ReplayedOutage(
        name: "edge network and names fail in one moment", should: 1, makes: 1,
        batches: [
            [
                fires("LiveStalls", "live-playback"), fires("IngestDrops", "live-ingest"), fires("EdgeResets", "edge"),
                fires("ResolverTimeouts", "dns"), fires("SearchErrors", "search"),
            ]
        ])

    /// Probes that flap in every region, a maintenance, and an outage in the midst of them.
    private static let storm = ReplayedOutage(
        name: "storm with a silence and a threshold, one outage in it", should: 2, makes: 2,
        batches: (0..<10).map { round in
            let probes = (0..<20).map { host in
                // Only eu-1 has as many as the rule asks for.
                probe(host, round: round, region: host < 2 || round == 0 ? "eu-1" : "eu-\(host + 2)-\(round)")
            }
            let moved = (0..<5).map { fires("HostDown \(round) \($0)", "transcode", ["rack": "r7"]) }
            return probes + moved + (round == 4 ? [fires("BucketErrors", "object-storage")] : [])
        },
        prepare: { daemon in
            try await daemon.addRule("probes", [try LabelMatcher("job", .equal, "probe")]) {
                $0.threshold = FiringThreshold(count: 30, withinSeconds: 600)
                $0.groupBy = ["region"]
            }
            _ = try await daemon.silence(try LabelMatcher("rack", .equal, "r7"))
        })

    private static func fires(_ name: String, _ component: String, _ labels: [String: String] = [:]) -> IncomingAlert {
        var alert = IncomingAlert.firing(name, component: component, title: name)
        alert.labels.merge(labels) { _, said in said }
        return alert
    }

    private static func probe(_ host: Int, round: Int, region: String) -> IncomingAlert {
        var alert = IncomingAlert.firing("ProbeSlow \(host) \(round)", title: "Probe of host \(host) is slow")
        alert.labels["job"] = "probe"
        alert.labels["region"] = region
        return alert
    }
}
