/// What a plan is computed from, in numbers alone: the affected components, and those between them that are not affected
/// but pass waiting on.
///
/// Nodes are numbered as in `DependencyGraph`: by effective tier, and within one what is needed before what needs it. So a
/// wave is a range, and one pass upwards or downwards sees everything in the right order.
struct RestorationNetwork: Sendable {
    /// How a node stands between those that it needs and those that need it.
    enum Role: Sendable {
        /// Not affected: what needs it waits for what it needs.
        case between
        /// Restored: the same. Should something behind it fail again, that holds up all that needs it.
        case restored
        /// Gone on without, and without what only it needed.
        case waived
        /// Waiting or regressed: it begins when everything before it is there.
        case waiting
        /// Restoring or verifying, by whatever right it was begun.
        case running
    }

    /// The hard dependencies of each node, and the other way round.
    let needs: Adjacency
    let needed: Adjacency
    /// Never falls from one node to the next.
    let tiers: [Int32]
    /// The place of each node by slug; equal ones, which only the catalog's lost components have, go by number.
    let slugRanks: [Int32]
    let roles: [Role]
    /// The place in the commander's order, of those that it does not name the last one.
    let manualRanks: [Int32]
    /// What is left to do for each step, in milliseconds: half of the time it takes no longer, or nine times out of ten.
    /// 0 where nothing is left, `unknown` where nobody knows.
    let medians: [Int]
    let p90s: [Int]
    /// When a step is done without anybody, as the end of a soak; nil when it is done, or somebody has to do something.
    let soakEnds: [Timestamp?]

    static let unranked = Int32.max
    /// Longer than any path, and small enough that one can be added to another.
    static let unknown = 1 << 60

    var count: Int { roles.count }

    func isAffected(_ node: Int) -> Bool {
        roles[node] != .between
    }

    /// Whether it is a step that is not done.
    func isOpen(_ node: Int) -> Bool {
        switch roles[node] {
        case .waiting, .running: true
        case .between, .restored, .waived: false
        }
    }

    /// The nodes of each effective tier, the most critical first.
    var tierRanges: [Range<Int>] {
        var ranges: [Range<Int>] = []
        var start = 0
        for node in 0..<count where node + 1 == count || tiers[node + 1] != tiers[node] {
            ranges.append(start..<node + 1)
            start = node + 1
        }
        return ranges
    }
}
