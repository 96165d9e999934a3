import Testing

@testable import IncidentDomain

/// The component whose failure explains the alerts, on the catalog that everybody can look at.
struct SuggestedRootTests {
    private let graph: DependencyGraph

    init() throws {
        graph = try DemoCatalog.graph.get()
    }

    private func roots(_ firing: String...) throws -> [SuggestedRoot] {
        try Suggestions.of(firing: firing, in: graph).roots
    }

    @Test func `ten components that need one database lead to it, though no alert fires on it`() throws {
        let roots = try roots(
            "auth", "api-gateway", "feed", "comments", "payments", "notifications", "live-ingest", "playback", "search",
            "upload")
        let first = try #require(roots.first)
        #expect(roots.count == 1 && first.component == "user-db" && first.explains.count == 10)
        #expect(first.healthy == ["ads", "creator-studio", "live-chat", "live-playback"])
        #expect(
            first.reasons == [
                "all 10 components with firing alerts depend on user-db", "no alert is firing on it",
                "4 components that depend on it have no alert and no impact: ads, creator-studio, live-chat and 1 more",
            ])
        #expect(first.suggestedImpact == .partialOutage)
        #expect(first.alternatives.map(\.component) == ["auth", "edge", "api-gateway"])
    }

    @Test func `what is specific goes before what is general`() throws {
        let roots = try roots(
            "api-gateway", "playback", "feed", "search", "upload", "live-chat", "comments", "payments", "ads",
            "creator-studio")
        let first = try #require(roots.first)
        #expect(first.component == "api-gateway" && first.match == 1, "the database would also break the live streams")
        #expect(first.reasons.last == "everything that depends on it is affected")
        #expect(first.alternatives.map(\.component) == ["auth", "edge", "user-db"])
    }

    @Test func `two databases that fail together are two roots`() throws {
        let roots = try roots(
            "playback", "recommendations", "feed", "transcode", "moderation", "notifications", "live-chat", "analytics")
        #expect(roots.map(\.component) == ["event-bus", "video-db"])
        #expect(roots.map(\.newlyExplained) == [5, 3])
        #expect(roots[1].reasons.contains("explains what event-bus does not: feed, playback, recommendations"))
    }

    @Test func `an alert that has nothing to do with it does not lead to what everything needs`() throws {
        let roots = try roots(
            "auth", "api-gateway", "feed", "comments", "payments", "notifications", "live-ingest", "analytics")
        #expect(roots.map(\.component) == ["user-db", "analytics"])
        #expect(roots[0].reasons[0] == "7 of the 8 components with firing alerts depend on user-db")
    }

    @Test func `few symptoms with a common dependency lead to it, and not to each of them`() throws {
        let impacts = ["feed", "search", "ads"].map { ComponentImpact.hit($0, .partialOutage) }
        let found = try Suggestions.of(impacts[0], impacts[1], impacts[2], in: graph)
        #expect(found.roots.map(\.component) == ["api-gateway"] && found.firing == 0)
        #expect(found.roots[0].reasons[0] == "all 3 affected components depend on api-gateway")
    }

    @Test func `one alert leads to its own component`() throws {
        let roots = try roots("feed")
        #expect(roots.map(\.component) == ["feed"] && roots[0].isSymptom)
        #expect(
            roots[0].reasons == [
                "alerts are firing on feed itself, and nothing else in the catalog is known to be affected",
                "nothing else depends on it",
            ])
    }

    @Test func `the symptoms are what alerts fire on and what is affected`() throws {
        let both = try Suggestions.of(firing: ["feed", "", "ghost"], .hit("search"), .hit("ads", .none), in: graph)
        #expect(both.symptoms == ["feed", "search"] && both.firing == 1)
        #expect(both.unknown == ["ghost"] && both.anonymousAlerts == 1)
        #expect(both.roots.map(\.component) == ["feed", "search"])
        #expect(both.roots[0].reasons[1] == "the other affected component does not depend on it")
        let gateway = try Suggestions.of(firing: ["playback", "upload"], .hit("api-gateway"), in: graph).roots
        #expect(
            gateway[0].reasons.prefix(2) == [
                "api-gateway itself is affected", "both other affected components depend on it",
            ])
    }

    @Test func `what a person said of a component speaks for it or is told`() throws {
        let firing = ["auth", "feed", "comments"]
        let said = try Suggestions.of(firing: firing, .hit("user-db", .none), in: graph).roots
        let candidate = try #require((said + said.flatMap(\.alternatives)).first { $0.component == "user-db" })
        #expect(candidate.reasons.contains("recorded impact: none"))
        let hit = try #require(try Suggestions.of(firing: firing, .hit("user-db"), in: graph).roots.first)
        #expect(hit.component == "user-db" && hit.suggestedImpact == nil)
        #expect(
            hit.reasons.prefix(3) == [
                "user-db itself is affected", "all 3 other affected components depend on it",
                "recorded impact: major outage",
            ])
    }

    @Test func `a root is suggested to be as bad as the worst of what it explains`() throws {
        let found = try Suggestions.of(.hit("recommendations", .degraded), .hit("playback"), .hit("feed"), in: graph)
        #expect(found.roots.first?.component == "video-db" && found.roots.first?.suggestedImpact == .majorOutage)
    }

    @Test func `of more alerts than one pass takes the most needed are looked at, and the reasons say so`() throws {
        let many = (0..<600).map {
            Component(slug: "c\($0)", name: "", tier: 1, dependsOn: [Dependency(component: "db", kind: .hard)])
        }
        let graph = DependencyGraph(many + [Component(slug: "db", name: "", tier: 3)])
        let found = try Suggestions.of(firing: many.map(\.slug), in: graph)
        #expect(found.roots.map(\.component) == ["db"] && found.symptoms.count == 600)
        #expect(found.roots[0].explains.count == NeedSweep.width)
        #expect(
            found.roots[0].reasons.last
                == "only 512 of 600 components with firing alerts were considered: those that most others depend on")
    }
}
