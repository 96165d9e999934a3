import Testing

@testable import IncidentDomain

struct CorrelationTests {
    private static let graph = DependencyGraph([
        Component(slug: "dns", name: "DNS", tier: 0),
        Component(slug: "db", name: "Database", tier: 0),
        Component(slug: "auth", name: "Auth", tier: 1, dependsOn: [Dependency(component: "db", kind: .hard)]),
        Component(
            slug: "feed", name: "Feed", tier: 1,
            dependsOn: [Dependency(component: "auth", kind: .hard), Dependency(component: "ads", kind: .soft)]),
        Component(slug: "ads", name: "Ads", tier: 2, dependsOn: [Dependency(component: "dns", kind: .hard)]),
    ])

    private func nearest(_ components: [String], _ affected: [String]) -> AlertCorrelation? {
        Correlation(of: components, in: Self.graph).nearest(to: affected)?.correlation
    }

    @Test func `an alert hangs on what its component depends on, over any number of hard dependencies`() {
        let found = nearest(["feed"], ["db"])
        #expect(
            found
                == AlertCorrelation(
                    component: "feed", through: ["feed", "auth", "db"], direction: .dependsOnAffected))
        #expect(found?.phrase.english == "feed depends on db (via auth)")
        #expect(nearest(["auth"], ["db"])?.phrase.english == "auth depends on db")
    }

    @Test func `a root that fires after its symptoms is found from below`() {
        let found = nearest(["db"], ["feed"])
        #expect(found?.direction == .affectedDependsOn && found?.component == "db")
        #expect(found?.through == ["feed", "auth", "db"])
        #expect(found?.phrase.english == "feed, which is affected, depends on db (via auth)")
    }

    @Test func `the nearest connection is taken`() {
        #expect(nearest(["feed"], ["db", "auth"])?.through == ["feed", "auth"])
        #expect(nearest(["auth"], ["db", "feed"])?.through == ["auth", "db"], "of two equal ones the root")
    }

    @Test func `a soft dependency, a sibling, the same component and an unknown one connect nothing`() {
        #expect(nearest(["feed"], ["ads"]) == nil)
        #expect(nearest(["dns"], ["db"]) == nil)
        #expect(nearest(["feed"], ["feed"]) == nil)
        #expect(nearest(["ghost"], ["db"]) == nil && nearest(["db"], ["ghost"]) == nil)
        #expect(Correlation(of: ["ghost"], in: Self.graph).reached == [])
    }

    @Test func `what is needed most comes first`() throws {
        let (db, auth) = (Self.graph.precedence(of: ["db"]), Self.graph.precedence(of: ["auth", "feed"]))
        let (first, second) = (try #require(db), try #require(auth))
        #expect(first < second)
        #expect(Self.graph.precedence(of: ["ghost"]) == nil)
    }
}
