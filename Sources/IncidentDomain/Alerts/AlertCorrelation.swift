/// Why alerts belong to an incident in which another component is affected: one of the two needs the other.
package struct AlertCorrelation: Hashable, Codable, Sendable {
    /// Which way the catalog leads.
    package enum Direction: String, CaseIterable, Codable, Sendable {
        /// The alerts' component depends on an affected one: they are a symptom.
        case dependsOnAffected = "depends_on_affected"
        /// An affected component depends on the alerts': the symptoms came first.
        case affectedDependsOn = "affected_depends_on"
    }

    /// What the alerts fire on.
    package var component: String
    /// From what depends to what it depends on, both included; the middle of a long path is left out.
    package var through: [String]
    package var direction: Direction

    package init(component: String, through: [String], direction: Direction) {
        self.component = component
        self.through = through
        self.direction = direction
    }

    /// Components of a path that are told.
    static let throughMax = 20
}

/// Everything that some components hang on, and everything that hangs on them, over hard dependencies; the nearest first.
package struct Correlation: Sendable {
    private let graph: DependencyGraph
    private let needed: Reach
    private let dependent: Reach

    /// Components that are looked at in each direction: further away, one outage has little to do with the other.
    private static let reachedMax = 2000

    /// - Parameter components: What alerts fire on; what the catalog does not know reaches nothing.
    package init(of components: some Sequence<String>, in graph: DependencyGraph) {
        self.graph = graph
        let starts = components.compactMap { graph.numbers[$0] }.sorted()
        needed = Reach(from: starts, along: graph.hard, max: Self.reachedMax)
        dependent = Reach(from: starts, along: graph.hardDependents, max: Self.reachedMax)
    }

    /// Every component by which an incident can be connected.
    package var reached: [String] {
        (needed.order + dependent.order).map { graph.slugs[Int($0)] }
    }

    /// How the components are connected with affected ones: the shortest path, and how many dependencies it has; of
    /// equally short ones that to a root.
    package func nearest(to affected: some Sequence<String>) -> (correlation: AlertCorrelation, distance: Int)? {
        let numbers = affected.compactMap { graph.numbers[$0] }.sorted()
        let root = needed.nearest(of: numbers)
        let symptom = dependent.nearest(of: numbers)
        if let root, root.distance <= symptom?.distance ?? .max {
            let path = needed.path(to: root.number)
            return (correlation(of: path[0], Array(path), .dependsOnAffected), root.distance)
        }
        guard let symptom else { return nil }
        let path = dependent.path(to: symptom.number)
        return (correlation(of: path[0], path.reversed(), .affectedDependsOn), symptom.distance)
    }

    private func correlation(
        of start: Int32, _ path: [Int32], _ direction: AlertCorrelation.Direction
    ) -> AlertCorrelation {
        var names = path.map { graph.slugs[Int($0)] }
        if names.count > AlertCorrelation.throughMax {
            names = Array(names.prefix(AlertCorrelation.throughMax - 1)) + names.suffix(1)
        }
        return AlertCorrelation(component: graph.slugs[Int(start)], through: names, direction: direction)
    }
}

extension DependencyGraph {
    /// Sorts by what is needed most: the cause of an outage stands before what it takes down. Nil for what the catalog
    /// does not know.
    package func precedence(of components: some Sequence<String>) -> Int? {
        components.compactMap { numbers[$0] }.min().map(Int.init)
    }
}

/// What can be reached from some components along edges, and how.
private struct Reach: Sendable {
    /// Without the starts, the nearest first.
    private(set) var order: [Int32] = []
    private var steps: [Int32: (previous: Int32, distance: Int)] = [:]

    init(from starts: [Int32], along edges: Adjacency, max: Int) {
        for start in starts { steps[start] = (start, 0) }
        var frontier = starts
        var distance = 0
        while !frontier.isEmpty {
            distance += 1
            var next: [Int32] = []
            for number in frontier {
                for target in edges[Int(number)] where steps[target] == nil {
                    guard order.count < max else { return }
                    steps[target] = (number, distance)
                    order.append(target)
                    next.append(target)
                }
            }
            frontier = next
        }
    }

    func nearest(of numbers: [Int32]) -> (number: Int32, distance: Int)? {
        numbers.compactMap { number in
            steps[number].flatMap { $0.distance > 0 ? (number, $0.distance) : nil }
        }.min { ($0.1, $0.0) < ($1.1, $1.0) }
    }

    /// From a start to a number, both included.
    func path(to number: Int32) -> [Int32] {
        var path = [number]
        while let step = steps[path[path.count - 1]], step.distance > 0 { path.append(step.previous) }
        return path.reversed()
    }
}
