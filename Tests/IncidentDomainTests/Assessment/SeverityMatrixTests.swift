import FoundationEssentials
import Testing

@testable import IncidentDomain

struct SeverityMatrixTests {
    private let graph: DependencyGraph

    init() throws {
        graph = try DemoCatalog.graph.get()
    }

    private func severity(_ impacts: [ComponentImpact], firing: [String] = []) throws -> SuggestedSeverity {
        let given = try Given(graph: graph).and(impacts.map { .setImpact($0) })
        let alerts = IncidentCommand.attachAlerts(
            firing.map { AlertMention(id: "a", title: "Errors", component: $0) })
        return Suggestions.make(for: try given.and([alerts]).incident, in: graph).severity
    }

    @Test func `a more critical tier, a worse impact and a wider reach are never milder`() throws {
        for tier in 0...3 {
            for reach in SeverityMatrix.Reach.allCases {
                let row = try [ImpactLevel.degraded, .partialOutage, .majorOutage].map {
                    try #require(SeverityMatrix.severity(tier: tier, impact: $0, reach: reach))
                }
                #expect(row == row.sorted(by: >), "tier \(tier), \(reach)")
            }
            for impact in ImpactLevel.allCases {
                let cells = [tier, min(tier + 1, 3)].flatMap { tier in
                    [.wide, .narrow].map { SeverityMatrix.severity(tier: tier, impact: impact, reach: $0) }
                }.compactMap { $0 }
                #expect(cells.isEmpty == (impact.harm == nil))
                guard cells.count == 4 else { continue }
                #expect(cells[0] <= cells[1] && cells[0] <= cells[2] && cells[1] <= cells[3], "tier \(tier), \(impact)")
            }
        }
    }

    @Test func `the documented table is this one`() throws {
        let root = #filePath.split(separator: "/").dropLast(4).reduce("") { "\($0)/\($1)" }
        let text = String(decoding: try Data(contentsOf: URL(filePath: "\(root)/docs/assessing.md")), as: UTF8.self)
        for tier in 0...3 {
            let cells = [ImpactLevel.majorOutage, .partialOutage, .degraded].map { impact in
                [.wide, .narrow].compactMap { SeverityMatrix.severity(tier: tier, impact: impact, reach: $0)?.rawValue }
                    .joined(separator: " / ")
            }
            #expect(text.contains("| \(tier) | \(cells.joined(separator: " | ")) |"))
        }
    }

    @Test func `the tier is inherited, and the reasons say from where`() throws {
        #expect(try severity([.hit("analytics")]).severity == .sev3)
        let data = try Suggestions.of(.hit("user-db"), in: SampleCatalog.graph).severity
        #expect(data.severity == .sev1)
        #expect(data.reasons == ["user-db (tier 2, needed by tier 0) has a major outage: sev1"])
    }

    @Test func `nothing milder is proposed than what an alert said, and the reason says so`() throws {
        let given = try Given(graph: graph).and(.setImpact(.hit("analytics")))
        func suggested(_ said: Severity) throws -> SuggestedSeverity {
            let alert = AlertMention(id: "a", title: "Errors", component: nil)
            let command = IncidentCommand.attachAlerts([alert], saying: AlertsSay(severity: said))
            return Suggestions.make(for: try given.and([command]).incident, in: graph).severity
        }
        let worse = try suggested(.sev1)
        #expect(worse.severity == .sev1)
        #expect(
            worse.reasons.last
                == "an alert says sev1, which is more severe than what the catalog suggests (sev3)")
        #expect(try suggested(.sev4).severity == .sev3)
        let alone = try Given(
            .attachAlerts([AlertMention(id: "a", title: "E", component: nil)], saying: AlertsSay(severity: .sev2)))
        let nothing = Suggestions.make(for: alone.incident, in: graph).severity
        #expect(nothing.severity == .sev2 && nothing.reasons.last == "an alert says sev2")
    }

    @Test func `less than half of the regions is milder`() throws {
        let narrow = try severity([.hit("feed", .majorOutage, in: "ap-south")])
        #expect(narrow.severity == .sev2)
        #expect(narrow.reasons == ["feed (tier 1) has a major outage in 1 of its 3 regions: sev2"])
        #expect(try severity([.hit("feed", .majorOutage, in: "ap-south", "us-east")]).severity == .sev1)
        #expect(try severity([.hit("user-db", .partialOutage, in: "eu-west")]).severity == .sev1, "half is wide")
    }

    @Test func `many components of the first tiers raise it`() throws {
        let down = ["feed", "search", "upload", "ads"].map { ComponentImpact.hit($0, .partialOutage, in: "eu-west") }
        #expect(try severity(Array(down.prefix(2))).severity == .sev2, "search runs in two regions")
        let small = ["feed", "upload", "ads", "playback", "live-ingest"].map {
            ComponentImpact.hit($0, .partialOutage, in: "ap-south")
        }
        #expect(try severity(Array(small.prefix(2))).severity == .sev3)
        let quarter = try severity(small)
        #expect(quarter.severity == .sev2)
        #expect(
            quarter.reasons.last
                == "5 of 18 components in tiers 0 and 1 are down (a quarter or more, so one level higher): sev2"
        )
        #expect(quarter.reasons.contains("2 more lead to sev3"))
        let others = ["live-playback", "payments", "search", "event-bus"].map {
            ComponentImpact.hit($0, .partialOutage)
        }
        #expect(try severity(small + others).severity == .sev1)
    }

    @Test func `what alerts fire on counts until somebody says how bad it is`() throws {
        let alerts = try severity([], firing: ["feed"])
        #expect(alerts.severity == .sev2)
        #expect(
            alerts.reasons == [
                "feed (tier 1) has alerts firing, assumed to be a partial outage until an impact is recorded: sev2"
            ])
        #expect(try severity([.hit("feed", .degraded)], firing: ["feed"]).severity == .sev3)
        #expect(try severity([.hit("feed", .none)], firing: ["feed"]).severity == nil)
    }

    @Test func `it differs from what is set until somebody sets it`() throws {
        let given = try Given(graph: graph).and(.hit("feed"), .set(.sev3))
        let suggested = Suggestions.make(for: given.incident, in: graph).severity
        #expect(suggested.severity == .sev1 && suggested.current == .sev3 && suggested.differs)
        #expect(given.incident.severity == .sev3, "nothing is applied")
        let agreed = try given.and(.set(.sev1))
        #expect(!Suggestions.make(for: agreed.incident, in: graph).severity.differs)
    }

    @Test func `a share says nothing about very few components`() {
        #expect(SeverityMatrix.severity(.sev3, raisedBy: SeverityMatrix.Share(down: 2, of: 2)) == .sev3)
        #expect(SeverityMatrix.severity(.sev3, raisedBy: SeverityMatrix.Share(down: 3, of: 6)) == .sev1)
        #expect(SeverityMatrix.severity(.sev4, raisedBy: SeverityMatrix.Share(down: 3, of: 12)) == .sev3)
        #expect(SeverityMatrix.severity(.sev4, raisedBy: SeverityMatrix.Share(down: 3, of: 13)) == .sev4)
    }
}
