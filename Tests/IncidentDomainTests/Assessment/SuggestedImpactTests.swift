import Testing

@testable import IncidentDomain

/// What is probably hit as well: what needs something that is down, and what alerts fire on.
struct SuggestedImpactTests {
    private let graph: DependencyGraph

    init() throws {
        graph = try DemoCatalog.graph.get()
    }

    private func levels(_ suggestions: Suggestions) -> [String: ImpactLevel] {
        Dictionary(uniqueKeysWithValues: suggestions.affected.map { ($0.component, $0.impact) })
    }

    @Test func `what cannot work without it is as bad, what works without it degraded`() throws {
        let found = try Suggestions.of(.hit("event-bus"), in: graph)
        #expect(
            levels(found) == [
                "live-chat": .majorOutage, "moderation": .majorOutage, "notifications": .majorOutage,
                "transcode": .majorOutage, "analytics": .majorOutage, "recommendations": .degraded, "upload": .degraded,
                "creator-studio": .degraded,
            ])
        let upload = try #require(found.affected.first)
        #expect(upload.component == "upload" && upload.path == ["upload", "transcode", "event-bus"])
        #expect(
            upload.reasons == [
                "degraded at best while event-bus has a major outage (upload -> transcode -> event-bus)"
            ])
    }

    @Test func `what only is degraded degrades what cannot work without it, and nothing else`() throws {
        let found = try Suggestions.of(.hit("event-bus", .degraded), in: graph)
        #expect(Set(levels(found).values) == [.degraded])
        #expect(!found.affected.contains { ["recommendations", "upload"].contains($0.component) })
        #expect(found.affected[0].reasons == ["cannot work without event-bus, which is degraded"])
    }

    @Test func `the most critical come first, then the nearest, then by slug`() throws {
        let found = try Suggestions.of(.hit("user-db"), in: graph).affected
        #expect(
            found.map(\.component) == [
                "auth", "api-gateway", "feed", "payments", "live-ingest", "ads", "live-playback", "playback", "search",
                "upload", "comments", "notifications", "live-chat", "creator-studio",
            ])
        #expect(found.map(\.distance) == [1, 2, 1, 1, 2, 3, 3, 3, 3, 3, 1, 1, 3, 4])
    }

    @Test func `what alerts fire on is suggested itself, and takes what it needs into account`() throws {
        let alone = try Suggestions.of(firing: ["feed", "feed"], in: graph).affected
        #expect(alone.map(\.component) == ["feed"] && alone[0].impact == .partialOutage && alone[0].cause == "feed")
        #expect(alone[0].reasons == ["2 alerts are firing on it, and no impact is recorded"])
        let both = try Suggestions.of(firing: ["feed"], .hit("video-db"), in: graph).affected
        let feed = try #require(both.first { $0.component == "feed" })
        #expect(feed.impact == .majorOutage && feed.reasons.count == 2)
    }

    @Test func `the word of a person holds, and harm goes on from it`() throws {
        let found = try Suggestions.of(
            firing: ["auth"], .hit("user-db"), .hit("auth", .none), .hit("api-gateway", .degraded), in: graph)
        let levels = levels(found)
        #expect(levels["auth"] == nil && levels["live-ingest"] == nil, "auth was said to work")
        #expect(levels["search"] == .degraded && levels["feed"] == .majorOutage, "the feed needs the database itself")
    }

    @Test func `the regions are those of the cause in which a component runs`() throws {
        let found = try Suggestions.of(.hit("event-bus", .majorOutage, in: "us-east"), in: graph).affected
        let chat = try #require(found.first { $0.component == "live-chat" })
        #expect(chat.regions == ["us-east"])
        let analytics = try #require(found.first { $0.component == "analytics" })
        #expect(analytics.regions.isEmpty)
        #expect(analytics.reasons.last == "event-bus is affected in us-east, where this component does not run")
    }

    @Test func `the list is bounded, and the path of a long chain too`() throws {
        let chain = (0..<300).map { number in
            let needed = number == 0 ? [] : [Dependency(component: "c\(number - 1)", kind: .hard)]
            return Component(slug: "c\(number)", name: "", tier: 2, dependsOn: needed)
        }
        let found = try Suggestions.of(.hit("c0"), in: DependencyGraph(chain))
        #expect(found.affected.count == Suggestions.affectedMax && found.affectedTotal == 299)
        let last = try #require(found.affected.last)
        #expect(last.distance == 200 && last.path.count == SuggestedImpact.pathMax && last.cause == "c0")
    }

    @Test func `nothing is suggested to break where nothing can be said to break`() throws {
        let closed = try Given(graph: SampleCatalog.graph).and(Way.toReview)
        #expect(Suggestions.make(for: closed.incident, in: closed.graph).affected.isEmpty)
    }

    @Test func `an empty catalog and an incident about nothing have no suggestions`() throws {
        let empty = try Suggestions.of(firing: ["feed", ""], in: .empty)
        #expect(empty.roots.isEmpty && empty.affected.isEmpty && empty.severity.severity == nil)
        #expect(empty.unknown == ["feed"] && empty.anonymousAlerts == 1)
        let quiet = try Suggestions.of(in: graph)
        #expect(quiet.roots.isEmpty && quiet.affected.isEmpty && quiet.symptoms.isEmpty && !quiet.severity.differs)
    }

    @Test func `a component that left the catalog suggests nothing, and counts as little critical`() throws {
        let given = try Given(graph: graph).and(.hit("feed"))
        let found = Suggestions.make(for: given.incident, in: .empty)
        #expect(found.roots.isEmpty && found.affected.isEmpty && found.unknown == ["feed"])
        #expect(found.severity.severity == .sev3)
    }
}
