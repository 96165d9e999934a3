@testable import IncidentDomain

/// A platform of random dependencies, and what is known to be wrong with it.
struct RandomSymptoms {
    var components: [Component]
    var firing: [String: Int]
    var impacts: [ComponentImpact]

    private static let regions = ["eu", "us", "ap"]

    /// Components need only those with smaller numbers, so that there is no cycle.
    init(_ random: inout SeededGenerator) {
        let count = Int.random(in: 1...30, using: &random)
        components = (0..<count).map { number in
            let needed = (0..<Int.random(in: 0...3, using: &random)).map { _ in
                Dependency(
                    component: "c\(Int.random(in: 0..<max(number, 1), using: &random))",
                    kind: random.pick([.hard, .hard, .soft]))
            }
            return Component(
                slug: "c\(number)", name: "", tier: Int.random(in: 0...3, using: &random),
                regions: Self.some(&random), dependsOn: number == 0 ? [] : needed)
        }
        firing = [:]
        impacts = []
        for component in components where Int.random(in: 0..<4, using: &random) == 0 {
            firing[component.slug] = Int.random(in: 1...3, using: &random)
        }
        for component in components where Int.random(in: 0..<5, using: &random) == 0 {
            impacts.append(
                ComponentImpact(
                    component: component.slug, impact: random.pick(ImpactLevel.allCases),
                    regions: Self.some(&random).filter(component.regions.contains),
                    endedAt: Int.random(in: 0..<4, using: &random) == 0 ? Given.start : nil))
        }
        if Bool.random(using: &random) { firing["ghost"] = 1 }
    }

    private static func some(_ random: inout SeededGenerator) -> [String] {
        regions.filter { _ in Bool.random(using: &random) }
    }

    var graph: DependencyGraph { DependencyGraph(components) }

    func incident() throws -> Incident {
        var incident = try Given().incident
        incident.firing = firing
        incident.impacts = impacts
        return incident
    }

    func suggestions() throws -> Suggestions {
        Suggestions.make(for: try incident(), in: graph)
    }

    /// What needs a component (hard), and itself: the plain way.
    func dependents(of slug: String) -> Set<String> {
        let direct = components.filter { component in
            component.slug != slug && component.dependsOn.contains { $0.kind == .hard && $0.component == slug }
        }
        return direct.reduce([slug]) { $0.union(dependents(of: $1.slug)) }
    }

    /// How badly each component is hit, by the rules as they are written down, one component after the other.
    func levels() -> [String: ImpactLevel] {
        var levels: [String: ImpactLevel] = [:]
        for component in components {
            if let said = impacts.first(where: { $0.component == component.slug }) {
                levels[component.slug] = said.isOngoing ? said.impact : nil
                continue
            }
            var found: [ImpactLevel] = firing[component.slug] == nil ? [] : [.partialOutage]
            for dependency in component.dependsOn {
                guard let level = levels[dependency.component] else { continue }
                switch dependency.kind {
                case .hard: found.append(level)
                case .soft: if level != .degraded { found.append(.degraded) }
                }
            }
            levels[component.slug] = found.max { ($0.harm ?? 0) < ($1.harm ?? 0) }
        }
        return levels
    }
}
