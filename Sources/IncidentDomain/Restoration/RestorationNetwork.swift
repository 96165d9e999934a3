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

/// The affected components of an incident, and what lies between them, numbered for the planner.
struct AffectedNodes: Sendable {
    /// The number of each node in the catalog's graph; -1 for a component that left the catalog.
    let numbers: [Int32]
    /// The place of each node's step in the incident; -1 for what is not affected.
    let steps: [Int32]
    let needs: Adjacency
    /// The node of each step of the incident; -1 of one whose component has another, later step.
    let nodes: [Int32]
    private let byNumber: [Int32]
    private let lost: [String: Int]

    init(_ all: [RestorationStep], in graph: DependencyGraph) {
        var stepsByNumber = [Int32](repeating: -1, count: graph.durations.count)
        var lostSteps: [String: Int32] = [:]
        for (place, step) in all.enumerated() {
            if let number = graph.numbers[step.component] {
                stepsByNumber[Int(number)] = Int32(place)
            } else {
                lostSteps[step.component] = Int32(place)
            }
        }
        let isWanted = Self.belowAffected(stepsByNumber, graph)
        // What the catalog lost is as uncritical as anything in it, and needs nothing.
        let missing = lostSteps.sorted { $0.key < $1.key }
        var isMissingPlaced = missing.isEmpty
        var numbers: [Int32] = []
        var steps: [Int32] = []
        var byNumber = [Int32](repeating: -1, count: stepsByNumber.count)
        for number in stepsByNumber.indices where isWanted[number] {
            if !isMissingPlaced, graph.effectiveTier(number) > Component.leastCriticalTier {
                isMissingPlaced = true
                (numbers, steps) = (numbers + missing.map { _ in -1 }, steps + missing.map(\.value))
            }
            // What lies above no affected component is not between two of them.
            let isAffected = stepsByNumber[number] >= 0
            guard isAffected || graph.hard[number].contains(where: { byNumber[Int($0)] >= 0 }) else { continue }
            byNumber[number] = Int32(numbers.count)
            numbers.append(Int32(number))
            steps.append(stepsByNumber[number])
        }
        if !isMissingPlaced { (numbers, steps) = (numbers + missing.map { _ in -1 }, steps + missing.map(\.value)) }
        needs = Adjacency(nodes: numbers.count, edges: graph.hard.targets.count) { node, row in
            guard numbers[node] >= 0 else { return }
            for edge in graph.hard.edges(Int(numbers[node])) {
                let dependency = byNumber[Int(graph.hard.targets[edge])]
                if dependency >= 0 { row.append(dependency) }
            }
        }
        var nodes = [Int32](repeating: -1, count: all.count)
        for (node, place) in steps.enumerated() where place >= 0 { nodes[Int(place)] = Int32(node) }
        let firstLost = numbers.firstIndex(of: -1) ?? 0
        lost = Dictionary(uniqueKeysWithValues: missing.enumerated().map { ($1.key, firstLost + $0) })
        (self.numbers, self.steps, self.nodes, self.byNumber) = (numbers, steps, nodes, byNumber)
    }

    var count: Int { numbers.count }

    func node(_ slug: String, in graph: DependencyGraph) -> Int? {
        guard let number = graph.numbers[slug] else { return lost[slug] }
        return node(Int(number)).flatMap { steps[$0] >= 0 ? $0 : nil }
    }

    /// The node of a component of the catalog; nil when it is none.
    func node(_ number: Int) -> Int? {
        byNumber[number] >= 0 ? Int(byNumber[number]) : nil
    }

    /// Nil for a component that left the catalog.
    func number(_ node: Int) -> Int? {
        numbers[node] >= 0 ? Int(numbers[node]) : nil
    }

    /// Whether each component is affected, or needed by something that is. Dependencies have the smaller numbers.
    private static func belowAffected(_ steps: [Int32], _ graph: DependencyGraph) -> [Bool] {
        var isWanted = steps.map { $0 >= 0 }
        for number in isWanted.indices.reversed() where isWanted[number] {
            for edge in graph.hard.edges(number) { isWanted[Int(graph.hard.targets[edge])] = true }
        }
        return isWanted
    }

    /// How long the restoring of a node's component takes; nil when nobody knows.
    func estimate(_ node: Int, of all: [RestorationStep], _ graph: DependencyGraph, _ basis: EstimateBasis)
        -> StepEstimate?
    {
        let known = number(node).map { graph.durations[$0] }
        let tier = number(node).map(graph.effectiveTier) ?? Component.leastCriticalTier
        return StepEstimate(
            expectedSeconds: known?.restoreSeconds,
            soakSeconds: basis.soak.seconds(own: known?.soakSeconds, effectiveTier: tier),
            measured: basis.measured.isEmpty ? nil : basis.measured[all[Int(steps[node])].component])
    }
}

extension RestorationNetwork {
    /// - Parameter order: The commander's, of slugs; what is not affected is passed over.
    init(
        _ nodes: AffectedNodes, _ incident: Incident, _ graph: DependencyGraph, _ basis: EstimateBasis,
        now: Timestamp, order: [String]
    ) {
        let all = incident.steps
        needs = nodes.needs
        needed = nodes.needs.reversed()
        tiers = nodes.numbers.map { $0 < 0 ? Int32(Component.leastCriticalTier) : graph.effectiveTiers[Int($0)] }
        slugRanks = nodes.numbers.indices.map { node in
            if let number = nodes.number(node) { return 2 * graph.slugRanks[number] + 1 }
            let slug = all[Int(nodes.steps[node])].component
            return Int32(2 * graph.numbers.keys.count { $0 < slug })
        }
        var ranks = [Int32](repeating: Self.unranked, count: nodes.count)
        for (place, slug) in order.enumerated().reversed() {
            if let node = nodes.node(slug, in: graph) { ranks[node] = Int32(place) }
        }
        manualRanks = ranks
        var roles = [Role](repeating: .between, count: nodes.count)
        var medians = [Int](repeating: 0, count: nodes.count)
        var p90s = medians
        var soakEnds = [Timestamp?](repeating: nil, count: nodes.count)
        // In the order of the steps, which are what is large.
        for place in all.indices where nodes.nodes[place] >= 0 {
            let node = Int(nodes.nodes[place])
            roles[node] = Role(all[place].state)
            guard !all[place].state.isDone else { continue }
            if all[place].state == .verifying, incident.firing[all[place].component] == nil {
                soakEnds[node] = all[place].soakUntil ?? now
            }
            let estimate = nodes.estimate(node, of: all, graph, basis)
            medians[node] = all[place].remainingMilliseconds(of: estimate?.medianSeconds, at: now) ?? Self.unknown
            p90s[node] = all[place].remainingMilliseconds(of: estimate?.p90Seconds, at: now) ?? Self.unknown
        }
        (self.roles, self.medians, self.p90s, self.soakEnds) = (roles, medians, p90s, soakEnds)
    }
}

extension RestorationNetwork.Role {
    fileprivate init(_ state: RestorationState) {
        self =
            switch state {
            case .waiting, .regressed: .waiting
            case .restoring, .verifying: .running
            case .restored: .restored
            case .waived: .waived
            }
    }
}
