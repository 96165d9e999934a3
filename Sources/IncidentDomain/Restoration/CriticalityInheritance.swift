extension Component {
    /// The tier of what the catalog does not rank.
    package static let leastCriticalTier = 3
}

/// A component that a more critical one cannot work without is as critical as that one.
package struct CriticalityInheritance: Sendable {
    private let tiers: [String: Int]

    /// Spreads each tier, the most critical first, along hard dependencies: every component is reached once.
    package init(_ graph: DependencyGraph) {
        var tiers: [String: Int] = [:]
        for component in graph.components.values.sorted(by: { ($0.tier, $0.slug) < ($1.tier, $1.slug) }) {
            var pending = [component.slug]
            while let slug = pending.popLast() {
                guard tiers[slug] == nil else { continue }
                tiers[slug] = component.tier
                pending.append(contentsOf: graph.hardDependencies(of: slug))
            }
        }
        self.tiers = tiers
    }

    package func effectiveTier(of slug: String) -> Int {
        tiers[slug] ?? Component.leastCriticalTier
    }
}
