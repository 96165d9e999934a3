/// The catalog as a graph: every component by slug, and who needs whom.
package struct DependencyGraph: Sendable {
    package let components: [String: Component]

    package init(_ components: some Sequence<Component>) {
        self.components = Dictionary(components.map { ($0.slug, $0) }) { _, last in last }
    }

    package static let empty = DependencyGraph([])

    /// The hard dependencies of a component that the catalog knows.
    package func hardDependencies(of slug: String) -> [String] {
        components[slug]?.dependsOn.filter { $0.kind == .hard && components[$0.component] != nil }.map(\.component)
            ?? []
    }
}
