/// Everything that fails or degrades together with one component, by which path, and how critical it is.
///
/// What needs the component hard, directly or over others, fails with it. What is reached over at least one soft
/// dependency, and in no other way, goes on degraded.
package struct BlastRadius: Sendable {
    /// A component that is hit.
    package struct Reached: Sendable {
        package let component: Component
        /// How many dependencies lie between it and what broke; 1 for what depends on that directly.
        package let distance: Int
    }

    /// What is hit of one tier, the nearest first, then by slug.
    package struct Tier: Sendable {
        package let tier: Int
        package var fails: [Reached] = []
        package var degrades: [Reached] = []
    }

    /// How many edges of a path are told at most: an answer about a long chain would else grow with its square.
    package static let pathEdgesMax = 50

    package let component: Component
    /// The tiers of which something is hit, the most critical first.
    package let tiers: [Tier]
    private let failing: ShortestPaths
    private let reached: ShortestPaths

    /// Nil when the catalog does not have the component.
    package init?(of slug: String, in graph: DependencyGraph) {
        guard let component = graph.components[slug] else { return nil }
        let dependents = Dependents(graph)
        self.component = component
        failing = ShortestPaths(from: slug) { dependents[$0].filter { $0.kind == .hard } }
        reached = ShortestPaths(from: slug) { dependents[$0] }
        tiers = Self.tiers(failing, reached, graph)
    }

    private static func tiers(
        _ failing: ShortestPaths, _ reached: ShortestPaths, _ graph: DependencyGraph
    ) -> [Tier] {
        var tiers: [Int: Tier] = [:]
        for slug in reached.steps.keys {
            guard let component = graph.components[slug] else { continue }
            if let step = failing.steps[slug] {
                tiers[component.tier, default: Tier(tier: component.tier)].fails.append(
                    Reached(component: component, distance: step.distance))
            } else if let step = reached.steps[slug] {
                tiers[component.tier, default: Tier(tier: component.tier)].degrades.append(
                    Reached(component: component, distance: step.distance))
            }
        }
        return tiers.values.sorted { $0.tier < $1.tier }.map { tier in
            var tier = tier
            tier.fails.sort { ($0.distance, $0.component.slug) < ($1.distance, $1.component.slug) }
            tier.degrades.sort { ($0.distance, $0.component.slug) < ($1.distance, $1.component.slug) }
            return tier
        }
    }

    /// The shortest way from something that is hit to what broke, each dependency as what it leads to and its kind; at
    /// most `pathEdgesMax` of them. Of what fails it goes over hard dependencies only.
    package func path(from slug: String) -> [Dependency] {
        (failing.steps[slug] == nil ? reached : failing).back(from: slug, max: Self.pathEdgesMax)
    }

    /// How many components fail.
    package var failCount: Int { tiers.reduce(0) { $0 + $1.fails.count } }
    /// How many components degrade.
    package var degradeCount: Int { tiers.reduce(0) { $0 + $1.degrades.count } }
}

/// Who needs each component: the catalog's dependencies the other way round.
struct Dependents {
    private var bySlug: [String: [Dependency]] = [:]

    init(_ graph: DependencyGraph) {
        for component in graph.components.values.sorted(by: { $0.slug < $1.slug }) {
            // Hard ones first, so that whoever names a component twice needs it hard.
            for kind in DependencyKind.allCases {
                for dependency in component.dependsOn where dependency.kind == kind {
                    bySlug[dependency.component, default: []].append(Dependency(component: component.slug, kind: kind))
                }
            }
        }
    }

    subscript(slug: String) -> [Dependency] { bySlug[slug] ?? [] }
}
