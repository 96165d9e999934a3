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
