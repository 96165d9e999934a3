/// What has to hold of a whole catalog before it is stored.
package enum CatalogCheck {
    /// How many cycles are named, at most; a catalog with more is put right a few at a time.
    private static let cyclesMax = 20

    /// What is wrong with the catalog, every loose end and then the cycles, in the same order every time; empty when it
    /// can be stored. Of components that hang together in several cycles, one cycle is named, a shortest one if that is
    /// cheap to find.
    package static func problems(in components: [Component]) -> [CatalogProblem] {
        let sorted = components.sorted { $0.slug < $1.slug }
        let places = Dictionary(zip(sorted.lazy.map(\.slug), 0...)) { first, _ in first }
        var looseEnds: [CatalogProblem] = []
        let edges = sorted.map { component in
            component.dependsOn.compactMap { dependency -> Int? in
                if let place = places[dependency.component] { return place }
                looseEnds.append(.danglingDependency(of: component.slug, on: dependency.component))
                return nil
            }.sorted()
        }
        let cycles = ShortestCycles(edges).find(max: cyclesMax)
        return looseEnds + cycles.map { cycle in .cycle(cycle.map { sorted[$0].slug }) }
    }
}

/// Why a catalog cannot be stored.
package enum CatalogProblem: Hashable, Sendable {
    case danglingDependency(of: String, on: String)
    /// Begins and ends with the same component, the first of them by slug.
    case cycle([String])
}
