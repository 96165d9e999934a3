/// The catalog's graph seen from what is needed: the direction in which trouble spreads.
///
/// What is needed has a smaller number than what needs it (hard), so that one pass downwards over the numbers meets every
/// component after all that cannot work without it.
struct NumberedCatalog: Sendable {
    private let graph: DependencyGraph
    private let slugs: [String]
    /// What cannot work without each component, directly.
    let needed: Adjacency
    /// What works degraded without each component.
    let softlyNeeded: Adjacency

    init(_ graph: DependencyGraph) {
        self.graph = graph
        var slugs = [String](repeating: "", count: graph.numbers.count)
        for (slug, number) in graph.numbers { slugs[Int(number)] = slug }
        self.slugs = slugs
        needed = graph.hard.reversed()
        softlyNeeded = graph.soft.reversed()
    }

    var count: Int { slugs.count }

    var components: some Collection<Component> { graph.components.values }

    func number(of slug: String) -> Int? {
        graph.numbers[slug].map(Int.init)
    }

    func slug(_ number: Int) -> String {
        slugs[number]
    }

    func component(_ number: Int) -> Component {
        graph.components[slugs[number]] ?? Component(slug: slugs[number], name: "", tier: Component.leastCriticalTier)
    }

    func effectiveTier(_ number: Int) -> Int {
        graph.effectiveTier(number)
    }
}
