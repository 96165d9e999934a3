import FoundationEssentials

@testable import IncidentDomain

/// The catalog that `make run` puts in place.
enum DemoCatalog {
    static let graph = Result { DependencyGraph(try read()) }

    private struct File: Decodable {
        let components: [Entry]
    }

    /// A component as people write it, without what it does not need.
    private struct Entry: Decodable {
        let slug: String
        let tier: Int
        let regions: [String]?
        let depends_on: [Dependency]?
    }

    private static func read() throws -> [Component] {
        let root = #filePath.split(separator: "/").dropLast(4).reduce("") { "\($0)/\($1)" }
        let bytes = try Data(contentsOf: URL(filePath: "\(root)/deploy/demo/catalog.json"))
        return try JSONDecoder().decode(File.self, from: bytes).components.map {
            Component(
                slug: $0.slug, name: $0.slug, tier: $0.tier, regions: $0.regions ?? [], dependsOn: $0.depends_on ?? [])
        }
    }
}

extension Suggestions {
    /// What is suggested for an incident with these alerts and impacts.
    static func of(
        firing: [String] = [], _ impacts: ComponentImpact..., in graph: DependencyGraph
    ) throws -> Suggestions {
        let alerts = IncidentCommand.attachAlerts(
            firing.map { AlertMention(id: "a-\($0)", title: "Errors", component: $0.isEmpty ? nil : $0) })
        return try make(for: Given(graph: graph).and([alerts] + impacts.map { .setImpact($0) }).incident, in: graph)
    }
}

extension ComponentImpact {
    static func hit(_ component: String, _ level: ImpactLevel = .majorOutage, in regions: String...) -> ComponentImpact
    {
        ComponentImpact(component: component, impact: level, regions: regions)
    }
}
