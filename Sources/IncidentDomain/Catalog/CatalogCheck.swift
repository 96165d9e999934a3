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
        let edges = sorted.map { component -> [Int] in
            // What only restoring needs may lead in a circle, of two and more.
            if component.restoreNeeds?.contains(where: { $0.component == component.slug }) ?? false {
                looseEnds.append(.cycle([component.slug, component.slug]))
            }
            for need in component.restoreNeeds ?? [] where places[need.component] == nil {
                looseEnds.append(.danglingDependency(of: component.slug, on: need.component))
            }
            return component.dependsOn.compactMap { dependency -> Int? in
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

/// Finds the cycles of a graph of numbered nodes: one for each group of nodes that all lead to one another. Iterative,
/// since a path may be as long as the catalog.
struct ShortestCycles {
    /// Where the edges of each node lead.
    let edges: [[Int]]
    /// How many edges may be followed to find the shortest cycles; after that, the shortest one found so far is good
    /// enough.
    private let stepsMax = 1_000_000

    init(_ edges: [[Int]]) {
        self.edges = edges
    }

    /// Some cycles, each beginning and ending with its smallest node, in the order of these.
    func find(max: Int) -> [[Int]] {
        let groups = groups().filter { $0.count > 1 || edges[$0[0]].contains($0[0]) }
        var steps = 0
        return groups.sorted { $0[0] < $1[0] }.prefix(max).compactMap { shortest(in: $0, &steps) }
    }

    /// The nodes in groups that lead to one another, each sorted (Tarjan's strongly connected components).
    private func groups() -> [[Int]] {
        var order = [Int](repeating: -1, count: edges.count)
        var lowest = order
        var isOpen = [Bool](repeating: false, count: edges.count)
        var open: [Int] = []
        var visited = 0
        var groups: [[Int]] = []
        var path: [(node: Int, edge: Int)] = []
        for root in edges.indices where order[root] < 0 {
            path.append((root, 0))
            while let (node, edge) = path.last {
                if edge == 0 {
                    order[node] = visited
                    lowest[node] = visited
                    visited += 1
                    open.append(node)
                    isOpen[node] = true
                }
                if edge < edges[node].count {
                    path[path.count - 1].edge += 1
                    let target = edges[node][edge]
                    if order[target] < 0 {
                        path.append((target, 0))
                    } else if isOpen[target] {
                        lowest[node] = min(lowest[node], order[target])
                    }
                    continue
                }
                path.removeLast()
                if let parent = path.last?.node { lowest[parent] = min(lowest[parent], lowest[node]) }
                guard lowest[node] == order[node], let start = open.lastIndex(of: node) else { continue }
                let group = open[start...].sorted()
                open.removeSubrange(start...)
                for member in group { isOpen[member] = false }
                groups.append(group)
            }
        }
        return groups
    }

    /// The shortest cycle within a group, unless too many steps were made before every node was tried.
    private func shortest(in group: [Int], _ steps: inout Int) -> [Int]? {
        let members = Set(group)
        var best: [Int]?
        for start in group {
            if let best, best.count == 2 || steps > stepsMax { break }
            let limit = (best?.count ?? .max) - 1
            if let cycle = cycle(through: start, within: members, shorterThan: limit, &steps) { best = cycle }
        }
        guard let best, let first = best.min(), let place = best.firstIndex(of: first) else { return nil }
        return Array(best[place...]) + best[1..<(place + 1)]
    }

    /// The shortest way from a node back to itself, as nodes with the first one again at the end.
    private func cycle(
        through start: Int, within members: Set<Int>, shorterThan limit: Int, _ steps: inout Int
    ) -> [Int]? {
        var previous: [Int: Int] = [:]
        var frontier = [start]
        var length = 0
        while !frontier.isEmpty, length + 1 < limit {
            length += 1
            var next: [Int] = []
            for node in frontier {
                for target in edges[node] where members.contains(target) {
                    steps += 1
                    if target == start {
                        var cycle = [start, node]
                        while cycle[cycle.count - 1] != start, let before = previous[cycle[cycle.count - 1]] {
                            cycle.append(before)
                        }
                        return cycle.reversed()
                    }
                    guard previous[target] == nil else { continue }
                    previous[target] = node
                    next.append(target)
                }
            }
            frontier = next
        }
        return nil
    }
}
