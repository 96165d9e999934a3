import FoundationEssentials
import IncidentDomain

@testable import MusterServer

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
