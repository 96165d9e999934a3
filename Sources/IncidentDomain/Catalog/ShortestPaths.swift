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
