/// The catalog's graph in numbers, seen from what is needed: the direction in which trouble spreads.
///
/// What is needed has a smaller number than what needs it (hard), so that one pass downwards over the numbers meets every
/// component after all that cannot work without it.
struct NumberedCatalog: Sendable {
    let components: [Component]
    /// What cannot work without each component, directly.
    let needed: Adjacency
    /// What works degraded without each component.
    let softlyNeeded: Adjacency
    private let tiers: [Int]
    private let numbers: [String: Int]

    init(_ graph: DependencyGraph) {
        let bySlug = graph.components.values.sorted { $0.slug < $1.slug }
        let inherited = CriticalityInheritance(graph)
        let places = Dictionary(uniqueKeysWithValues: zip(bySlug.lazy.map(\.slug), Int32(0)...))
        let order = Self.dependenciesFirst(Self.dependents(bySlug, places, .hard))
        components = order.map { bySlug[Int($0)] }
        tiers = components.map { inherited.effectiveTier(of: $0.slug) }
        numbers = Dictionary(uniqueKeysWithValues: zip(components.lazy.map(\.slug), 0...))
        let renumbered = numbers.mapValues(Int32.init)
        needed = Self.dependents(components, renumbered, .hard)
        softlyNeeded = Self.dependents(components, renumbered, .soft)
    }

    var count: Int { components.count }

    func number(of slug: String) -> Int? {
        numbers[slug]
    }

    func slug(_ number: Int) -> String {
        components[number].slug
    }

    func component(_ number: Int) -> Component {
        components[number]
    }

    func effectiveTier(_ number: Int) -> Int {
        tiers[number]
    }

    private static func dependents(
        _ components: [Component], _ numbers: [String: Int32], _ kind: DependencyKind
    ) -> Adjacency {
        Adjacency(nodes: components.count, edges: components.reduce(0) { $0 + $1.dependsOn.count }) { node, row in
            let named = components[node].dependsOn.filter { $0.kind == kind }.map(\.component)
            row += Set(named.compactMap { numbers[$0] }).filter { $0 != node }.sorted()
        }.reversed()
    }

    /// A cycle, which no stored catalog has, comes last.
    private static func dependenciesFirst(_ dependents: Adjacency) -> [Int32] {
        var missing = [Int](repeating: 0, count: dependents.nodes)
        for dependent in dependents.targets { missing[Int(dependent)] += 1 }
        var order = (0..<Int32(dependents.nodes)).filter { missing[Int($0)] == 0 }
        var done = 0
        while done < order.count {
            for dependent in dependents[Int(order[done])] {
                missing[Int(dependent)] -= 1
                if missing[Int(dependent)] == 0 { order.append(dependent) }
            }
            done += 1
        }
        return order + (0..<Int32(dependents.nodes)).filter { missing[Int($0)] > 0 }
    }
}
