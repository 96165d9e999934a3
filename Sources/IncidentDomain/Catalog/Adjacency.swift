/// Edges between nodes that are numbered from 0, in two flat arrays: small, and read in order.
struct Adjacency: Sendable {
    /// Where the edges of each node begin in `targets`; one more at the end.
    let offsets: [Int32]
    let targets: [Int32]

    /// - Parameter edges: How many there are at most, so that nothing is moved while they come.
    init(nodes: Int, edges: Int, row: (Int, inout [Int32]) -> Void) {
        var offsets: [Int32] = [0]
        var targets: [Int32] = []
        offsets.reserveCapacity(nodes + 1)
        targets.reserveCapacity(edges)
        for node in 0..<nodes {
            row(node, &targets)
            offsets.append(Int32(targets.count))
        }
        self.offsets = offsets
        self.targets = targets
    }

    private init(offsets: [Int32], targets: [Int32]) {
        self.offsets = offsets
        self.targets = targets
    }

    var nodes: Int { offsets.count - 1 }

    subscript(node: Int) -> ArraySlice<Int32> {
        targets[edges(node)]
    }

    /// Where the edges of a node stand in `targets`. A loop over them counts no references, as one over a slice does for
    /// every node: that would be half of a plan's time.
    func edges(_ node: Int) -> Range<Int> {
        Int(offsets[node])..<Int(offsets[node + 1])
    }

    /// The same edges seen from their other ends, in the order of the nodes that they come from.
    func reversed() -> Adjacency {
        var ends = [Int32](repeating: 0, count: offsets.count)
        for target in targets { ends[Int(target) + 1] += 1 }
        for node in 1..<ends.count { ends[node] += ends[node - 1] }
        var next = ends
        var sources = [Int32](repeating: 0, count: targets.count)
        for node in 0..<nodes {
            for edge in edges(node) {
                let target = Int(targets[edge])
                sources[Int(next[target])] = Int32(node)
                next[target] += 1
            }
        }
        return Adjacency(offsets: ends, targets: sources)
    }
}
