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
    /// The wave of each node, from 0; -1 for what is not affected.
    let waveIndexes: [Int32]
    private let nodes: AffectedNodes
    private let steps: [RestorationStep]
    private let basis: EstimateBasis
    private let firing: [String: Int]

    init(
        _ incident: Incident, _ graph: DependencyGraph, _ basis: EstimateBasis, now: Timestamp, order: [String]
    ) {
        let nodes = AffectedNodes(incident.steps, in: graph)
        let network = RestorationNetwork(nodes, incident, graph, basis, now: now, order: order)
        let schedule = RestorationSchedule(network, durations: network.medians)
        let waves = RestorationOrder.waves(network)
        let open = waves.map { $0.filter(network.isOpen) }
        remedies = RemedySearch(network, schedule, open)
        var waveIndexes = [Int32](repeating: -1, count: network.count)
        for (index, wave) in waves.enumerated() {
            for node in wave { waveIndexes[node] = Int32(index) }
        }
        (self.graph, self.now, self.network, self.schedule, self.waves) = (graph, now, network, schedule, waves)
        (self.open, self.waveIndexes, self.nodes, self.basis) = (open, waveIndexes, nodes, basis)
        (steps, firing) = (incident.steps, incident.firing)
    }

    func node(_ slug: String) -> Int? {
        nodes.node(slug, in: graph)
    }

    /// Only of what is affected.
    func step(_ node: Int) -> RestorationStep {
        steps[Int(nodes.steps[node])]
    }

    func estimate(_ node: Int) -> StepEstimate? {
        nodes.estimate(node, of: steps, graph, basis)
    }

    func status(_ node: Int) -> RestorationStatus {
        RestorationStatus(step(node).state, isFree: schedule.isFree(node))
    }

    /// How many affected components cannot come back before one, directly or not.
    func blockedCount(_ node: Int) -> Int {
        var count = 0
        walk(from: node, along: network.needed) { next in
            if network.isAffected(next) { count += 1 }
            return true
        }
        return count
    }

    /// The affected components that are met first on the way along some edges, by slug.
    func nearestAffected(from node: Int, along edges: Adjacency) -> [String] {
        var found: [Int] = []
        walk(from: node, along: edges) { next in
            guard network.isAffected(next) else { return true }
            found.append(next)
            return false
        }
        return slugs(found)
    }

    /// The soft dependencies of a component that are affected and not back, by slug.
    func warnings(for node: Int) -> [RestorationWarning] {
        guard let number = nodes.number(node) else { return [] }
        return graph.soft[number].compactMap { nodes.node(Int($0)) }
            .filter { network.isAffected($0) && network.roles[$0] != .restored }
            .map { RestorationWarning(component: step($0).component, status: status($0)) }
            .sorted { $0.component < $1.component }
    }

    /// What a step waits for: dependencies by slug, then waves.
    func gates(before node: Int) -> [RestorationGate] {
        guard network.roles[node] == .waiting else { return [] }
        let found = unfinished(before: node).map { (node: $0, step: OpenStep(step($0), status($0), at: now)) }
            .sorted { $0.step.component < $1.step.component }
        let dependencies = found.map { node, step in
            RestorationGate(
                component: step.component, kind: .dependency(step), remedy: remedy(remedies.opener(of: node)))
        }
        let named = Set(found.map(\.node))
        return dependencies + (0..<Int(waveIndexes[node])).compactMap { waveGate($0, except: named) }
    }

    /// What has still to be restored, also behind what is restored already, since a database that fails again holds up all
    /// that needs it. What was waived is gone on without, and so is what only that needed.
    private func unfinished(before node: Int) -> [Int] {
        guard schedule.holders[node] != nil else { return [] }
        var found: [Int] = []
        walk(from: node, along: network.needs) { next in
            switch network.roles[next] {
            case .between, .restored: return true
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
        let hasAlerts = (firing[step.component] ?? 0) > 0
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

    private func slugs(_ nodes: [Int]) -> [String] {
        nodes.map { step($0).component }.sorted()
    }

    /// Visits every node once along edges; `goesOn` says whether what lies behind one is visited too.
    private func walk(from node: Int, along edges: Adjacency, _ goesOn: (Int) -> Bool) {
        var seen: Set<Int32> = []
        var pending = Array(edges[node])
        while let next = pending.popLast() {
            guard seen.insert(next).inserted, goesOn(Int(next)) else { continue }
            pending += edges[Int(next)]
        }
    }
}
