/// How one component depends on another: the dependencies that lead from the one to the other.
package struct DependencyPath: Hashable, Sendable {
    package let from: String
    /// Each dependency as what it leads to and its kind; the last one leads to the other component. Never empty.
    package let edges: [Dependency]

    /// Hard when the first cannot work without the other: every dependency of the path is hard.
    package var kind: DependencyKind {
        edges.allSatisfy { $0.kind == .hard } ? .hard : .soft
    }

    /// The shortest path over hard dependencies alone, else the shortest of all; nil when the first does not depend on
    /// the other.
    package static func find(from slug: String, to other: String, in graph: DependencyGraph) -> DependencyPath? {
        let edges =
            ShortestPaths(from: slug, to: other) { dependencies(of: $0, graph, onlyHard: true) }.forth(to: other)
            ?? ShortestPaths(from: slug, to: other) { dependencies(of: $0, graph, onlyHard: false) }.forth(to: other)
        return edges.map { DependencyPath(from: slug, edges: $0) }
    }

    /// What a component needs, in the order of slugs; what is named twice is hard if one of the two is.
    private static func dependencies(of slug: String, _ graph: DependencyGraph, onlyHard: Bool) -> [Dependency] {
        (graph.components[slug]?.dependsOn ?? []).filter { dependency in
            graph.components[dependency.component] != nil && (!onlyHard || dependency.kind == .hard)
        }.sorted { ($0.component, $0.kind.rawValue) < ($1.component, $1.kind.rawValue) }
    }
}

extension DependencyGraph {
    /// A component, everything it needs and everything that needs it, directly or not: where a trouble of this component
    /// may come from, and where it may show. Empty for what the catalog does not have.
    package func related(to slug: String) -> Set<String> {
        guard components[slug] != nil else { return [] }
        let dependents = Dependents(self)
        let needed = ShortestPaths(from: slug) { components[$0]?.dependsOn ?? [] }
        let needing = ShortestPaths(from: slug) { dependents[$0] }
        return Set(needed.steps.keys).union(needing.steps.keys).union([slug]).filter { components[$0] != nil }
    }
}

/// The shortest paths from one component to all others that can be reached along some edges, the same ones every time.
struct ShortestPaths {
    /// The last edge of the path to a component.
    struct Step {
        let distance: Int
        let previous: String
        let kind: DependencyKind
    }

    /// How each component is reached; the start is not among them.
    private(set) var steps: [String: Step] = [:]

    /// - Parameters:
    ///   - end: Where to stop; nil goes everywhere.
    ///   - edges: What a component leads to, in an order that is always the same.
    init(from start: String, to end: String? = nil, along edges: (String) -> [Dependency]) {
        var frontier = [start]
        var distance = 0
        while !frontier.isEmpty, end.map({ steps[$0] == nil }) ?? true {
            distance += 1
            var next: [String] = []
            for slug in frontier {
                for edge in edges(slug) where edge.component != start && steps[edge.component] == nil {
                    steps[edge.component] = Step(distance: distance, previous: slug, kind: edge.kind)
                    next.append(edge.component)
                }
            }
            frontier = next
        }
    }

    /// The edges from a component back to the start, each as what it leads to.
    func back(from slug: String, max: Int = .max) -> [Dependency] {
        var path: [Dependency] = []
        var place = slug
        while path.count < max, let step = steps[place] {
            path.append(Dependency(component: step.previous, kind: step.kind))
            place = step.previous
        }
        return path
    }

    /// The edges from the start to a component, each as what it leads to; nil when there is no way.
    func forth(to slug: String) -> [Dependency]? {
        var path: [Dependency] = []
        var place = slug
        while let step = steps[place] {
            path.append(Dependency(component: place, kind: step.kind))
            place = step.previous
        }
        return path.isEmpty ? nil : path.reversed()
    }
}
