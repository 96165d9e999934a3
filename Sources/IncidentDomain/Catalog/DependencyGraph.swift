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

    /// What is wrong with the catalog, each problem with the component that has it; empty when it can be stored.
    package func problems() -> [CatalogProblem] {
        let slugs = components.keys.sorted()
        let edges = slugs.flatMap { slug in selfAndDangling(slug) }
        guard let cycle = cycle() else { return edges }
        return edges + [.cycle(cycle)]
    }

    private func selfAndDangling(_ slug: String) -> [CatalogProblem] {
        (components[slug]?.dependsOn ?? []).compactMap { dependency in
            components[dependency.component] == nil
                ? .danglingDependency(of: slug, on: dependency.component) : nil
        }
    }

    /// One cycle along dependencies of either kind, as `a, b, c, a`; nil when there is none. The same catalog always
    /// names the same cycle. Iterative, since a chain may be as long as the catalog.
    package func cycle() -> [String]? {
        var finished: Set<String> = []
        for root in components.keys.sorted() where !finished.contains(root) {
            var path = [root]
            var onPath: Set<String> = [root]
            var pending = [targets(of: root)]
            while let next = pending[pending.count - 1].popLast() {
                if onPath.contains(next) {
                    return Array(path[path.firstIndex(of: next)!...]) + [next]
                }
                guard !finished.contains(next) else {
                    Self.unwind(&path, &onPath, &pending, &finished)
                    continue
                }
                path.append(next)
                onPath.insert(next)
                pending.append(targets(of: next))
                Self.unwind(&path, &onPath, &pending, &finished)
            }
            finished.formUnion(path)
        }
        return nil
    }

    /// Leaves every component at the end of the path that has nothing left to visit, but for the root.
    private static func unwind(
        _ path: inout [String], _ onPath: inout Set<String>, _ pending: inout [[String]], _ finished: inout Set<String>
    ) {
        while pending.count > 1, pending[pending.count - 1].isEmpty {
            pending.removeLast()
            let left = path.removeLast()
            onPath.remove(left)
            finished.insert(left)
        }
    }

    /// In reverse, because the search takes the last one first.
    private func targets(of slug: String) -> [String] {
        (components[slug]?.dependsOn ?? []).map(\.component).filter { components[$0] != nil }.sorted(by: >)
    }
}

/// Why a catalog cannot be stored.
package enum CatalogProblem: Hashable, Sendable {
    case danglingDependency(of: String, on: String)
    /// Begins and ends with the same component.
    case cycle([String])
}
