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
