/// What a plan is computed from, in numbers alone: the affected components and the hard dependencies between them.
///
/// Nodes are numbered by wave, and within one what is needed before what needs it. So a wave is a range, and one pass upwards
/// or downwards sees everything in the right order. A component that is not affected works, so nothing waits through it.
struct RestorationNetwork: Sendable {
    /// How a node stands between those that it needs and those that need it.
    enum Role: Sendable {
        /// What needs it waits for what it needs: should something behind it fail again, that holds up all that needs it.
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
    /// When each of `needs` lets the dependent begin; empty when all do so when the dependency is restored.
    let openings: [Opening]
    /// The wave of each node as a tier: never falls from one node to the next.
    let tiers: [Int32]
    /// The place of each node by slug; equal ones, which only the catalog's lost components have, go by number.
    let slugRanks: [Int32]
    let roles: [Role]
    /// The place in the commander's order, of those that it does not name the last one.
    let manualRanks: [Int32]
    /// Whether restoring something needs each node; empty when none is.
    let isTool: [Bool]
    /// What is left to do for each step.
    let times: [StepTime]
    /// When a step is done without anybody, as the end of a soak; nil when it is done, or somebody has to do something.
    let soakEnds: [Timestamp?]
    /// What holds up a step that stands in another incident, with the time that it still takes there; empty when nothing does.
    let elsewhere: [Int: [(step: OtherRestorations.Step, remaining: Int)]]
    /// Nil when nobody waits for hands.
    let hands: HandsPool?
    /// Whether a later wave waits for the earlier ones.
    let waves: WavePolicy.Mode

    /// When a dependency lets what needs it begin.
    enum Opening: Sendable {
        case restored
        /// Now: it is as far as it has to be.
        case open
        /// After this part of the work that is left for it, 0 to 1.
        case part(Double)
    }

    static let unranked = Int32.max
    /// Longer than any path, and small enough that one can be added to another.
    static let unknown = 1 << 60

    var count: Int { roles.count }

    /// Whether it is a step that is not done.
    func isOpen(_ node: Int) -> Bool {
        switch roles[node] {
        case .waiting, .running: true
        case .restored, .waived: false
        }
    }

    func opening(_ edge: Int) -> Opening {
        openings.isEmpty ? .restored : openings[edge]
    }

    /// Whether one of `needs` can hold up the dependent.
    func isClosed(_ edge: Int) -> Bool {
        if case .open = opening(edge) { false } else { true }
    }

    /// The nodes of each wave, the most critical first.
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

extension RestorationNetwork {
    /// - Parameter order: The commander's, of slugs; what is not affected is passed over.
    init(
        _ nodes: AffectedNodes, _ incident: Incident, _ graph: DependencyGraph, _ basis: EstimateBasis,
        now: Timestamp, order: [String]
    ) {
        let all = incident.steps
        waves = basis.waves.mode(for: incident.severity)
        needs = nodes.needs
        needed = nodes.needs.reversed()
        tiers = nodes.tiers
        slugRanks = nodes.numbers.indices.map { node in
            if let number = nodes.number(node) { return 2 * graph.slugRanks[number] + 1 }
            let slug = all[Int(nodes.steps[node])].slug
            return Int32(2 * graph.numbers.keys.count { $0 < slug })
        }
        var ranks = [Int32](repeating: Self.unranked, count: nodes.count)
        for (place, slug) in order.enumerated().reversed() {
            for node in nodes.nodes(named: slug, in: graph) { ranks[node] = Int32(place) }
        }
        manualRanks = ranks
        let hands = incident.hands ?? [:]
        self.hands =
            hands.isEmpty
            ? nil : HandsPool(nodes.steps.map { graph.components[all[Int($0)].slug]?.owner }, hands)
        isTool = nodes.isTool
        var roles = [Role](repeating: .waiting, count: nodes.count)
        var times = [StepTime](repeating: .none, count: nodes.count)
        var soakEnds = [Timestamp?](repeating: nil, count: nodes.count)
        // In the order of the steps, which are what is large.
        for place in all.indices where nodes.nodes[place] >= 0 {
            let node = Int(nodes.nodes[place])
            let state = all[place].state
            roles[node] = Role(state)
            guard !state.isDone else { continue }
            let soak = nodes.soakSeconds(node, graph, basis)
            let estimate = nodes.estimate(node, soakSeconds: soak, of: all, graph, basis)
            // Most wait, and of these no copy is made.
            guard !state.isStartable else {
                times[node] = StepTime(waiting: estimate, soak)
                continue
            }
            if state == .verifying, incident.firing[all[place].slug] == nil {
                soakEnds[node] = all[place].soakUntil ?? now
            }
            times[node] = StepTime(all[place], estimate, soakSeconds: soak, now: now)
        }
        openings = Self.openings(nodes, all, graph, basis)
        var elsewhere: [Int: [(step: OtherRestorations.Step, remaining: Int)]] = [:]
        if !basis.others.isEmpty {
            elsewhere = Self.elsewhere(nodes, all, graph, basis, now)
            for (node, others) in elsewhere {
                let slug = all[Int(nodes.steps[node])].slug
                guard let place = others.firstIndex(where: { $0.step.step.slug == slug }) else { continue }
                // It is restored there, and taken over: its end is the end here.
                times[node] = Self.time(of: others[place].step, nodes.criticalities[node], graph, basis, now)
                elsewhere[node]?[place].remaining = 0
            }
        }
        (self.roles, self.times, self.soakEnds, self.elsewhere) = (roles, times, soakEnds, elsewhere)
    }

    /// How long a step of another incident still takes.
    static func time(
        of other: OtherRestorations.Step, _ criticality: Int32, _ graph: DependencyGraph, _ basis: EstimateBasis,
        _ now: Timestamp
    ) -> StepTime {
        let known = graph.numbers[other.step.slug].map { graph.durations[Int($0)] }
        let soak = basis.soak.seconds(own: known?.soakSeconds, effectiveTier: Int(criticality))
        let estimate = StepEstimate(
            expectedSeconds: known?.restoreSeconds, soakSeconds: soak, measured: basis.measured[other.step.slug])
        return StepTime(other.step, estimate, soakSeconds: soak, now: now)
    }

    /// Of steps that have not begun: what they need and is down in another incident alone, and whoever restores the same there.
    private static func elsewhere(
        _ nodes: AffectedNodes, _ all: [RestorationStep], _ graph: DependencyGraph, _ basis: EstimateBasis,
        _ now: Timestamp
    ) -> [Int: [(step: OtherRestorations.Step, remaining: Int)]] {
        var found: [Int: [(step: OtherRestorations.Step, remaining: Int)]] = [:]
        for node in 0..<nodes.count {
            let step = all[Int(nodes.steps[node])]
            guard step.state.isStartable || step.state == .restoring, let number = nodes.number(node) else { continue }
            let place = AffectedNodes.place(step.region, graph.component(Int32(number)))
            var holding = step.state.isStartable ? [basis.others.restoring(step)].compactMap(\.self) : []
            for edge in graph.hard.edges(number) {
                let dependency = Int(graph.hard.targets[edge])
                let own = nodes.nodes(dependency).filter { nodes.meet(node, $0) }.map { all[Int(nodes.steps[$0])] }
                let at = graph.openings[DependencyGraph.edge(number, dependency)] ?? basis.opensAt
                if let other = basis.others.holding(dependency, own, neededAt: place, opensAt: at, graph) {
                    holding.append(other)
                }
            }
            for other in holding {
                found[node, default: []].append(
                    (other, time(of: other, nodes.criticalities[node], graph, basis, now).remaining))
            }
        }
        return found
    }

    /// Empty, as for most, when every dependency has to be restored.
    private static func openings(
        _ nodes: AffectedNodes, _ all: [RestorationStep], _ graph: DependencyGraph, _ basis: EstimateBasis
    ) -> [Opening] {
        let isForced = all.contains { $0.overridden != nil && $0.state == .restored }
        guard !graph.openings.isEmpty || basis.opensAt != nil || isForced else { return [] }
        return (0..<nodes.count).flatMap { node in
            nodes.needs[node].map { dependency in
                let step = all[Int(nodes.steps[Int(dependency)])]
                if isForced, all[Int(nodes.steps[node])].works(without: step) { return .open }
                // A component that left the catalog has no edges.
                let key = DependencyGraph.edge(Int(nodes.numbers[node]), Int(nodes.numbers[Int(dependency)]))
                guard let at = graph.openings[key] ?? basis.opensAt else { return .restored }
                return Opening(at, of: step, graph.components[step.slug])
            }
        }
    }
}

extension RestorationStep {
    /// Whether it came back without a dependency, which was never back since: so what needs it does not wait for that either.
    fileprivate func works(without dependency: RestorationStep) -> Bool {
        guard state == .restored, let overridden else { return false }
        return dependency.state != .restored && dependency.state != .regressed
            && (overridden.contains(dependency.component) || overridden.contains(dependency.slug))
    }
}

extension OtherRestorations {
    /// What holds up something that needs a component and is not held up by it in its own incident.
    ///
    /// - Parameters:
    ///   - number: Of the component, in the catalog.
    ///   - own: Its steps in the own incident.
    ///   - place: Where it is needed; nil for everywhere.
    ///   - at: How far it has to be; nil for restored.
    func holding(
        _ number: Int, _ own: [RestorationStep], neededAt place: String?, opensAt at: DependencyOpening?,
        _ graph: DependencyGraph
    ) -> Step? {
        guard own.allSatisfy({ $0.state == .restored }) else { return nil }
        let component = graph.component(Int32(number))
        let homes = component?.regions ?? []
        let region = place.flatMap { homes.isEmpty || homes.contains($0) ? $0 : nil }
        let restoredAt = own.compactMap(\.restoredAt).max()
        guard let other = holding(graph.slugs[number], in: region, restoredAt: restoredAt) else { return nil }
        if let at, case .open = RestorationNetwork.Opening(at, of: other.step, component) { return nil }
        return other
    }
}

extension RestorationNetwork.Opening {
    init(_ at: DependencyOpening, of step: RestorationStep, _ component: Component?) {
        switch (step.state, at) {
        case (.restored, _), (.waived, _): self = .restored
        case (.verifying, _): self = .open
        case (.restoring, .ramp(let percent)):
            let ramped = step.rampPercent ?? 0
            let done = Self.part(reaching: ramped, component)
            self =
                ramped >= percent
                ? .open : .part(max(0, done < 1 ? (Self.part(reaching: percent, component) - done) / (1 - done) : 0))
        case (.waiting, .ramp(let percent)), (.regressed, .ramp(let percent)):
            self = .part(Self.part(reaching: percent, component))
        case (.restoring, .verifying), (.waiting, .verifying), (.regressed, .verifying): self = .part(1)
        }
    }
}

extension RestorationNetwork.Opening {
    /// The part of a component's work, below 1 before all of it, after which it takes so much of its traffic: evenly, or by its
    /// ramp, whose stages last their minutes.
    private static func part(reaching percent: Int, _ component: Component?) -> Double {
        guard percent > 0 else { return 0 }
        guard let ramp = component?.ramp, let first = component?.expectedRestoreSeconds else {
            return Double(percent) / 100
        }
        let before = ramp.reduce(0) { $0 + ($1.percent < min(percent, 100) ? $1.minutes * 60 : 0) }
        let all = ramp.reduce(first) { $0 + ($1.percent < 100 ? $1.minutes * 60 : 0) }
        return all == 0 ? 0 : Double(first + before) / Double(all)
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
