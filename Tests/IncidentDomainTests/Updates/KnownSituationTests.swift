import Testing

@testable import IncidentDomain

/// What drafts are written from: nothing that is not known, and nothing that only we can understand.
struct KnownSituationTests {
    private static let graph = DependencyGraph([
        Component(slug: "db-7", name: "db-7", tier: 0),
        Component(
            slug: "feed", name: "Your feed", tier: 1, dependsOn: [Dependency(component: "db-7", kind: .hard)]),
        Component(slug: "live", name: "Live video", tier: 2),
        Component(slug: "batch", name: "Batch jobs", tier: 3),
    ])

    private static func given(_ impacts: [(String, ImpactLevel)]) throws -> Given {
        try Given(
            opening: OpenIncident(
                title: "HighErrorRate on db-7",
                impacts: impacts.map { ComponentImpact(component: $0.0, impact: $0.1) }), graph: graph)
    }

    private static func situation(_ given: Given, _ audience: UpdateAudience = .users) -> KnownSituation {
        KnownSituation(of: given.incident, in: graph, for: audience)
    }

    @Test func `users hear of what they meet, the worst first, under its name`() throws {
        let given = try Self.given([
            ("live", .degraded), ("db-7", .majorOutage), ("feed", .majorOutage), ("batch", .degraded),
        ])
        let known = Self.situation(given)
        #expect(known.affected.map(\.name) == ["Your feed", "Live video"])
        #expect(known.unnamed == 0 && known.title == nil)
        let staff = Self.situation(given, .staff)
        #expect(staff.affected.map(\.name) == ["db-7", "Your feed", "Batch jobs", "Live video"])
        #expect(staff.title == "HighErrorRate on db-7")
    }

    @Test func `what is hit harder than all that is built on it is named, and first`() throws {
        let graph = DependencyGraph([
            Component(slug: "auth", name: "Sign-in", tier: 0),
            Component(
                slug: "feed", name: "Your feed", tier: 1, dependsOn: [Dependency(component: "auth", kind: .hard)]),
        ])
        let impacts = [
            ComponentImpact(component: "feed", impact: .degraded),
            ComponentImpact(component: "auth", impact: .majorOutage),
        ]
        let given = try Given(opening: OpenIncident(title: "x", impacts: impacts), graph: graph)
        let known = KnownSituation(of: given.incident, in: graph, for: .users)
        #expect(known.affected.map(\.name) == ["Sign-in", "Your feed"])
    }

    @Test func `what has no name for people is only counted`() throws {
        let known = Self.situation(try Self.given([("db-7", .majorOutage)]))
        #expect(known.affected == [] && known.unnamed == 1)
    }

    @Test func `a cause that is only suspected is not said`() throws {
        let suspected = CauseHypothesis(category: .attack, subcategory: .ddos)
        let given = try Self.given([("feed", .majorOutage)]).and(.stateCause(suspected))
        #expect(Self.situation(given).cause == nil && Self.situation(given).suspected == nil)
        #expect(Self.situation(given, .staff).suspected?.said == suspected)
        let confirmed = CauseHypothesis(category: .technical, confidence: .confirmed)
        #expect(Self.situation(try given.and(.stateCause(confirmed))).cause?.said == confirmed)
        let unknown = CauseHypothesis(category: .unknown, confidence: .confirmed, evidence: "we look")
        #expect(Self.situation(try given.and(.stateCause(unknown))).cause == nil)
    }

    @Test func `what is restored is named only when all is over`() throws {
        let given = try Self.given([("feed", .majorOutage), ("live", .degraded)]).and(.hit("feed", .none))
        #expect(Self.situation(given).affected.map(\.name) == ["Live video"])
    }
}
