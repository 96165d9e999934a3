/// The affected part of the catalog with the state of every step: what the steps of a plan share, and look up when they are
/// asked for more than a line of a list.
final class RestorationMap: Sendable {
    let graph: DependencyGraph
    let now: Timestamp
    let network: RestorationNetwork
    let schedule: RestorationSchedule
    /// The affected nodes by wave, in order.
    let waves: [[Int]]
    /// Those of them that are not done.
    let open: [[Int]]
    let remedies: RemedySearch
    /// The wave of each node, from 0.
    let waveIndexes: [Int32]
    /// The steps of other open incidents.
    let others: OtherRestorations
    private let nodes: AffectedNodes
    private let steps: [RestorationStep]
    private let basis: EstimateBasis
    private let firing: [String: Int]

    init(
        _ incident: Incident, _ graph: DependencyGraph, _ basis: EstimateBasis, now: Timestamp, order: [String]
    ) {
        let nodes = AffectedNodes(
            incident.steps, in: graph, order: order, learnt: incident.learntNeeds ?? [:])
        let network = RestorationNetwork(nodes, incident, graph, basis, now: now, order: order)
        let schedule = RestorationSchedule(network)
        let waves = RestorationOrder.waves(network)
        let open = waves.map { $0.filter(network.isOpen) }
        remedies = RemedySearch(network, schedule, open)
        var waveIndexes = [Int32](repeating: -1, count: network.count)
        for (index, wave) in waves.enumerated() {
            for node in wave { waveIndexes[node] = Int32(index) }
        }
        (self.graph, self.now, self.network, self.schedule, self.waves) = (graph, now, network, schedule, waves)
        (self.open, self.waveIndexes, self.nodes, self.basis) = (open, waveIndexes, nodes, basis)
        (steps, firing, others) = (incident.steps, incident.firing, basis.others)
    }

    /// - Parameter name: A step's: a slug, or `SLUG@REGION`.
    func node(_ name: String) -> Int? {
        nodes.node(name, in: graph)
    }

    /// The nodes of a component by its number in the catalog: one, or one a region; none when it is not affected.
    func nodes(number: Int) -> Range<Int> {
        nodes.nodes(number)
    }

    /// Those of them that are the whole component, or a region of it.
    func nodes(number: Int, in region: String?) -> [Int] {
        nodes.nodes(number).filter { region == nil || nodes.regions[$0] == nil || nodes.regions[$0] == region }
    }

    /// Those of them that another component, or a region of it, has to do with, while that is not affected.
    func nodes(number: Int, neededBy other: Int32, in region: String? = nil) -> [Int] {
        let place = AffectedNodes.place(region, graph.component(other))
        return nodes.nodes(number).filter { nodes.meet(at: place, $0) }
    }

    func step(_ node: Int) -> RestorationStep {
        steps[Int(nodes.steps[node])]
    }

    /// How far what needs a component waits for it; nil for until it is restored.
    func opening(from dependent: Int32, to number: Int32) -> DependencyOpening? {
        graph.openings[DependencyGraph.edge(Int(dependent), Int(number))] ?? basis.opensAt
    }

    /// How long a step of another incident still takes, in milliseconds; `RestorationNetwork.unknown` when nobody knows.
    func remaining(_ other: OtherRestorations.Step) -> Int {
        let tier = graph.components[other.step.slug]?.tier ?? Component.leastCriticalTier
        return RestorationNetwork.time(of: other, Int32(tier), graph, basis, now).remaining
    }

    /// The most critical tier among a component and the affected ones that cannot work without it.
    func criticality(_ node: Int) -> Int { Int(nodes.criticalities[node]) }

    /// Whom the catalog names as responsible.
    func owner(_ node: Int) -> String? { graph.components[step(node).slug]?.owner }

    func estimate(_ node: Int) -> StepEstimate? {
        nodes.estimate(
            node, soakSeconds: nodes.soakSeconds(node, graph, basis), of: steps, graph, basis)
    }

    func status(_ node: Int) -> RestorationStatus {
        RestorationStatus(step(node).state, isFree: schedule.isFree(node))
    }

    /// How many affected components cannot come back before one, directly or not.
    func blockedCount(_ node: Int) -> Int {
        var count = 0
        walk(from: node, along: network.needed) { _ in
            count += 1
            return true
        }
        return count
    }

    /// The components at the other ends of some edges, by slug.
    func neighbours(of node: Int, along edges: Adjacency) -> [String] {
        edges[node].map { step(Int($0)).component }.sorted()
    }

    func place(_ node: Int) -> String? {
        AffectedNodes.place(step(node).region, graph.components[step(node).slug])
    }

    /// What is restored with the help of a component that is a tool, and is not back, by name.
    func needingTool(_ node: Int) -> [String] {
        guard !network.isTool.isEmpty, network.isTool[node], network.isOpen(node) else { return [] }
        let slug = step(node).slug
        return graph.restoreNeeds.filter { $0.value.contains { $0.component == slug } }
            .flatMap { nodes.nodes(Int($0.key)) }
            .filter { $0 != node && network.isOpen($0) && nodes.meet($0, node) }.map { step($0).component }.sorted()
    }

    /// What restoring needs of a component that is affected and not back, then its soft dependencies, each by slug.
    func warnings(for node: Int) -> [RestorationWarning] {
        guard let number = nodes.number(node) else { return [] }
        let isOver = network.roles[node] == .restored || network.roles[node] == .waived
        let tools = isOver ? [] : graph.restoreNeeds[Int32(number)] ?? []
        return tools.sorted { $0.component < $1.component }.flatMap { need in
            (graph.numbers[need.component].map { nodes.nodes(Int($0)) } ?? 0..<0)
                .filter { $0 != node && nodes.meet(node, $0) && network.roles[$0] != .restored }
                .map { tool in
                    RestorationWarning(
                        component: step(tool).component, status: status(tool), kind: .restore(otherwise: need.otherwise)
                    )
                }
        }
            + graph.soft[number].flatMap { nodes.nodes(Int($0)) }.filter { nodes.meet(node, $0) }
            .filter { network.roles[$0] != .restored }
            .map { RestorationWarning(component: step($0).component, status: status($0)) }
            .sorted { $0.component < $1.component }
    }

    /// What a step waits for: dependencies by slug, then, where waves are enforced, the first earlier one that is not stable.
    func gates(before node: Int) -> [RestorationGate] {
        guard network.roles[node] == .waiting else { return [] }
        let dependencies = dependencyGates(before: node) + gatesElsewhere(before: node)
        guard network.waves == .enforce else { return dependencies }
        let named = Set(dependencies.compactMap { self.node($0.component) })
        let wave = (0..<Int(waveIndexes[node])).lazy.compactMap { self.waveGate($0, except: named) }.first
        return dependencies + [wave].compactMap(\.self)
    }

    /// What a step waits for in other incidents: what it needs and is down there, and whoever restores the same.
    func gatesElsewhere(before node: Int) -> [RestorationGate] {
        (network.elsewhere[node] ?? []).map { other, _ in
            let status = RestorationStatus(other.step.state, isFree: false)
            return RestorationGate(
                component: other.step.component,
                kind: .elsewhere(OpenStep(other.step, status, at: now), incident: other.incident),
                remedy: .lookAt(incident: other.incident))
        }
    }

    /// What a step needs and is not there, by slug, whether or not the step was begun.
    func dependencyGates(before node: Int) -> [RestorationGate] {
        unfinished(before: node).map { (node: $0, step: OpenStep(step($0), status($0), at: now)) }
            .sorted { $0.step.component < $1.step.component }
            .map { node, step in
                RestorationGate(
                    component: step.component, kind: .dependency(step), remedy: remedy(remedies.opener(of: node)))
            }
    }

    /// What has still to be restored, also behind what is restored already, since a database that fails again holds up all
    /// that needs it. What was waived is gone on without, and so is what only that needed.
    private func unfinished(before node: Int) -> [Int] {
        guard schedule.holders[node] != nil else { return [] }
        var found: [Int] = []
        walk(from: node, along: network.needs, network.isClosed) { next in
            switch network.roles[next] {
            case .restored: return true
            case .waived: return false
            case .waiting, .running:
                found.append(next)
                return false
            }
        }
        return found
    }

    /// How many steps a wave's gate names.
    private static let namedInWave = 5

    /// Nil when the dependencies already say everything that the wave would.
    private func waveGate(_ index: Int, except named: Set<Int>) -> RestorationGate? {
        let open = open[index]
        let shown = open.lazy.filter { !named.contains($0) }.prefix(Self.namedInWave)
            .map { OpenStep(self.step($0), self.status($0), at: self.now) }
        guard let first = shown.first, let opener = remedies.waveOpeners[index] else { return nil }
        let more = open.count - shown.count - named.count { waveIndexes[$0] == index }
        return RestorationGate(
            component: first.component, kind: .wave(index + 1, open: Array(shown), more: more), remedy: remedy(opener))
    }

    private func remedy(_ node: Int) -> RestorationRemedy {
        let step = step(node)
        let hasAlerts = (firing[step.slug] ?? 0) > 0
        if network.roles[node] == .waiting, let other = network.elsewhere[node]?.first {
            return .lookAt(incident: other.step.incident)
        }
        return switch step.state {
        case .waiting, .restored, .waived: .start(component: step.component)
        case .regressed: hasAlerts ? .resolveAlerts(component: step.component) : .start(component: step.component)
        case .restoring: hasAlerts ? .resolveAlerts(component: step.component) : .verify(component: step.component)
        case .verifying:
            hasAlerts
                ? .resolveAlerts(component: step.component)
                : .wait(component: step.component, until: step.soakUntil ?? now)
        }
    }

    /// Visits every node once along the edges that are wanted; `goesOn` says whether what lies behind one is visited too.
    private func walk(
        from node: Int, along edges: Adjacency, _ isWanted: (_ edge: Int) -> Bool = { _ in true },
        _ goesOn: (_ node: Int) -> Bool
    ) {
        var seen: Set<Int32> = []
        var pending = Array(edges.edges(node))
        while let edge = pending.popLast() {
            let next = edges.targets[edge]
            guard isWanted(edge), seen.insert(next).inserted, goesOn(Int(next)) else { continue }
            pending += edges.edges(Int(next))
        }
    }
}
