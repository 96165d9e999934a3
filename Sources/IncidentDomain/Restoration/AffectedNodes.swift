/// The affected components of an incident, or the regions of them, numbered for the planner.
struct AffectedNodes: Sendable {
    /// The number of each node in the catalog's graph; -1 for a component that left the catalog.
    let numbers: [Int32]
    /// The place of each node's step in the incident.
    let steps: [Int32]
    let needs: Adjacency
    /// The node of each step of the incident; -1 of one whose component has another, later step.
    let nodes: [Int32]
    /// The wave of each node as a tier: its criticality, or the first wave's for what the commander put first. Never falls.
    let tiers: [Int32]
    /// The most critical tier among each component and the affected ones that cannot work without it.
    let criticalities: [Int32]
    /// Whether restoring something affected needs each node, though it works without; empty when none is.
    let isTool: [Bool]
    /// The region of each node; nil for a whole component.
    let regions: [String?]
    /// Where each node is; nil for what is everywhere. Empty when nothing is restored region by region.
    private let places: [String?]
    /// Where the components run that are restored region by region, by number.
    private let homes: [Int32: [String]]
    /// The nodes of each component of the catalog, by its number.
    private let byNumber: [Range<Int32>]
    /// By name, of what left the catalog.
    private let lost: [String: Int]
    private let regional: [String: Int]

    /// An affected component, or a region of one, while it is put in its place.
    private struct Entry {
        /// -1 for what left the catalog.
        let number: Int32
        let step: Int32
        let criticality: Int32
        let tier: Int32
        let region: String?
    }

    /// - Parameter order: The commander's, of slugs: what it names comes in the first wave, with all that it needs.
    /// - Parameter learnt: What components were found to need in this incident, by slug.
    init(_ all: [RestorationStep], in graph: DependencyGraph, order: [String], learnt: [String: [String]] = [:]) {
        let found = FoundSteps(all, in: graph, learnt)
        let critical = Self.inherited(graph.tiers, found, graph)
        let tools = Self.tools(found, graph)
        let waves = Self.waves(critical, tools, found, graph, order)
        let entries = Self.entries(found, critical: critical, waves: waves, order)
        var byNumber = [Range<Int32>](repeating: 0..<0, count: found.wholes.count)
        var lost: [String: Int] = [:]
        var regional: [String: Int] = [:]
        for (node, entry) in entries.enumerated() {
            guard entry.number >= 0 else {
                lost[all[Int(entry.step)].component] = node
                continue
            }
            if entry.region != nil { regional[all[Int(entry.step)].component] = node }
            let before = byNumber[Int(entry.number)]
            byNumber[Int(entry.number)] = (before.isEmpty ? Int32(node) : before.lowerBound)..<Int32(node + 1)
        }
        let edges = (graph.hard.targets.count + found.learnt.count) * (regional.isEmpty ? 1 : 4)
        let places = regional.isEmpty ? [] : entries.map { Self.place($0.region, graph.component($0.number)) }
        let homes = found.divided.reduce(into: [:]) { $0[$1.key] = graph.component($1.key)?.regions ?? [] }
        needs = Adjacency(nodes: entries.count, edges: edges) { node, row in
            guard entries[node].number >= 0 else { return }
            let number = Int(entries[node].number)
            func add(_ target: Int) {
                for dependency in byNumber[target]
                where places.isEmpty
                    || Self.meet(places[node], entries[Int(dependency)].region, homes[Int32(target)] ?? [])
                { row.append(dependency) }
            }
            for edge in graph.hard.edges(number) { add(Int(graph.hard.targets[edge])) }
            guard !found.learnt.isEmpty else { return }
            for target in found.learnt[number] ?? [] { add(target) }
        }
        (self.places, self.homes) = (places, homes)
        var nodes = [Int32](repeating: -1, count: all.count)
        for (node, entry) in entries.enumerated() { nodes[Int(entry.step)] = Int32(node) }
        (numbers, steps) = (entries.map(\.number), entries.map(\.step))
        (tiers, criticalities, regions) = (entries.map(\.tier), entries.map(\.criticality), entries.map(\.region))
        isTool = tools.isEmpty ? [] : entries.map { tools[$0.number] != nil }
        (self.nodes, self.byNumber, self.lost, self.regional) = (nodes, byNumber, lost, regional)
    }

    /// What restoring needs and is affected, with those that still need it, all by number.
    private static func tools(_ found: FoundSteps, _ graph: DependencyGraph) -> [Int32: [Int32]] {
        var tools: [Int32: [Int32]] = [:]
        for (number, needs) in graph.restoreNeeds where found.open.contains(number) {
            for tool in needs.compactMap({ graph.numbers[$0.component] })
            where found.isAffected[Int(tool)] && tool != number {
                tools[tool, default: []].append(number)
            }
        }
        return tools
    }

    /// The wave of each component of the catalog, as a tier: what restoring needs comes with the most critical of what needs it,
    /// and what the commander names comes first.
    private static func waves(
        _ critical: [Int32], _ tools: [Int32: [Int32]], _ found: FoundSteps, _ graph: DependencyGraph, _ order: [String]
    ) -> [Int32] {
        var waves = critical
        for (tool, needing) in tools {
            waves[Int(tool)] = needing.reduce(waves[Int(tool)]) { min($0, critical[Int($1)]) }
        }
        if !tools.isEmpty { waves = inherited(waves, found, graph) }
        guard !order.isEmpty else { return waves }
        let first = found.firstTier(critical)
        for name in order {
            if let number = graph.numbers[RestorationStep.slug(of: name)] { waves[Int(number)] = first }
        }
        return inherited(waves, found, graph)
    }

    private static func entries(
        _ found: FoundSteps, critical: [Int32], waves: [Int32], _ order: [String]
    ) -> [Entry] {
        var entries: [Entry] = []
        for number in found.sequence {
            func add(_ place: Int32, _ region: String?) {
                entries.append(
                    Entry(
                        number: Int32(number), step: place, criticality: critical[number], tier: waves[number],
                        region: region))
            }
            if found.wholes[number] >= 0 { add(found.wholes[number], nil) }
            guard !found.divided.isEmpty, let regions = found.divided[Int32(number)] else { continue }
            for (region, place) in regions.sorted(by: { $0.key < $1.key }) { add(place, region) }
        }
        // What the catalog lost is as uncritical as anything in it, and needs nothing.
        let (least, named) = (FoundSteps.leastTier, Set(order))
        for (name, step) in found.lost.sorted(by: { $0.key < $1.key }) {
            let tier = named.contains(name) ? found.firstTier(critical) : least
            entries.append(Entry(number: -1, step: step, criticality: least, tier: tier, region: nil))
        }
        // Sorting is stable: within a wave what is needed stays before what needs it.
        if zip(entries, entries.dropFirst()).contains(where: { $0.tier > $1.tier }) {
            entries.sort { $0.tier < $1.tier }
        }
        return entries
    }

    /// Where a step is: in its region, or where its component runs if that is one region. Nil when it is everywhere.
    static func place(_ region: String?, _ component: Component?) -> String? {
        guard region == nil, let component, component.regional ?? true, component.regions.count == 1 else {
            return region
        }
        return component.regions[0]
    }

    /// Whether what is in one place has to do with a region of what it needs: what is everywhere needs all regions, and what
    /// is where that does not run needs all of them, too.
    ///
    /// - Parameter homes: Where that runs; empty when the catalog does not say.
    private static func meet(_ place: String?, _ region: String?, _ homes: [String]) -> Bool {
        guard let place, let region else { return true }
        return place == region || !homes.isEmpty && !homes.contains(place)
    }

    /// Whether a node has to do with another one, whose component it needs.
    func meet(_ node: Int, _ dependency: Int) -> Bool {
        places.isEmpty || meet(at: places[node], dependency)
    }

    /// Whether what is in some place, nil for everywhere, has to do with a node whose component it needs.
    func meet(at place: String?, _ dependency: Int) -> Bool {
        Self.meet(place, regions[dependency], homes[numbers[dependency]] ?? [])
    }

    /// What every affected component inherits from the affected ones that need it: the lowest of theirs and its own.
    private static func inherited(_ own: [Int32], _ found: FoundSteps, _ graph: DependencyGraph) -> [Int32] {
        var tiers = own
        for number in found.sequence.reversed() {
            for edge in graph.hard.edges(number) {
                let dependency = Int(graph.hard.targets[edge])
                tiers[dependency] = min(tiers[dependency], tiers[number])
            }
            guard !found.learnt.isEmpty else { continue }
            for dependency in found.learnt[number] ?? [] { tiers[dependency] = min(tiers[dependency], tiers[number]) }
        }
        return tiers
    }

    var count: Int { numbers.count }

    /// - Parameter name: A step's: a slug, or `SLUG@REGION`.
    func node(_ name: String, in graph: DependencyGraph) -> Int? {
        if let node = regional[name] ?? lost[name] { return node }
        guard let number = graph.numbers[name] else { return nil }
        return nodes(Int(number)).first { regions[$0] == nil }
    }

    /// The nodes of a component of the catalog: one, or one a region; none when it is not affected.
    func nodes(_ number: Int) -> Range<Int> {
        Int(byNumber[number].lowerBound)..<Int(byNumber[number].upperBound)
    }

    /// The nodes that somebody names: those of a component, or of a region of one.
    func nodes(named name: String, in graph: DependencyGraph) -> [Int] {
        if let number = graph.numbers[name] { return Array(nodes(Int(number))) }
        return node(name, in: graph).map { [$0] } ?? []
    }

    /// Nil for a component that left the catalog.
    func number(_ node: Int) -> Int? {
        numbers[node] >= 0 ? Int(numbers[node]) : nil
    }

    /// How long a node's component soaks, in seconds.
    func soakSeconds(_ node: Int, _ graph: DependencyGraph, _ basis: EstimateBasis) -> Int {
        basis.soak.seconds(
            own: number(node).flatMap { graph.durations[$0].soakSeconds }, effectiveTier: Int(criticalities[node]))
    }

    /// How long the restoring of a node's component takes; nil when nobody knows.
    func estimate(
        _ node: Int, soakSeconds: Int, of all: [RestorationStep], _ graph: DependencyGraph, _ basis: EstimateBasis
    ) -> StepEstimate? {
        StepEstimate(
            expectedSeconds: number(node).flatMap { graph.durations[$0].restoreSeconds },
            soakSeconds: soakSeconds,
            measured: basis.measured.isEmpty ? nil : basis.measured[all[Int(steps[node])].slug])
    }
}

/// The steps of an incident by the numbers of their components in the catalog; of two with one name, the later one.
private struct FoundSteps {
    /// Of whole components, by number; -1 where there is none.
    private(set) var wholes: [Int32]
    /// Of regions, by number.
    private(set) var divided: [Int32: [String: Int32]] = [:]
    /// Of components that left the catalog, by name.
    private(set) var lost: [String: Int32] = [:]
    private(set) var isAffected: [Bool] = []
    /// The numbers of those that are not all restored or waived.
    private(set) var open: Set<Int32> = []
    /// The numbers of the affected components, what is needed before what needs it.
    private(set) var sequence: [Int]
    /// What affected components were found to need in this incident, and the catalog does not say, by number.
    private(set) var learnt: [Int: [Int]] = [:]

    static let leastTier = Int32(Component.leastCriticalTier)

    init(_ all: [RestorationStep], in graph: DependencyGraph, _ learnt: [String: [String]]) {
        sequence = []
        wholes = [Int32](repeating: -1, count: graph.durations.count)
        for (place, step) in all.enumerated() {
            guard let number = graph.numbers[step.slug] else {
                lost[step.component] = Int32(place)
                continue
            }
            if !graph.restoreNeeds.isEmpty, !step.state.isDone { open.insert(number) }
            if let region = step.region {
                divided[number, default: [:]][region] = Int32(place)
            } else {
                wholes[Int(number)] = Int32(place)
            }
        }
        isAffected = wholes.map { $0 >= 0 }
        for number in divided.keys { isAffected[Int(number)] = true }
        let isAffected = isAffected
        sequence = isAffected.indices.filter { isAffected[$0] }
        for (slug, needs) in learnt {
            guard let dependent = graph.numbers[slug].map(Int.init), isAffected[dependent] else { continue }
            let known = Set(graph.hard[dependent])
            let added = Set(
                needs.compactMap { graph.numbers[$0] }.filter { isAffected[Int($0)] && !known.contains($0) })
            if !added.isEmpty { self.learnt[dependent] = added.map(Int.init).sorted() }
        }
        if !self.learnt.isEmpty { orderByWhatWasLearnt(graph) }
    }

    /// Puts what was found to be needed before what needs it. Should the catalog have changed so that it leads in a circle, the
    /// catalog holds.
    private mutating func orderByWhatWasLearnt(_ graph: DependencyGraph) {
        var dependents: [Int: [Int]] = [:]
        var missing: [Int: Int] = [:]
        for number in sequence {
            let needs = graph.hard[number].map(Int.init).filter { isAffected[$0] } + (learnt[number] ?? [])
            missing[number] = needs.count
            for needed in needs { dependents[needed, default: []].append(number) }
        }
        var free = MinimumHeap()
        var placed: Set<Int> = []
        var order: [Int] = []
        for number in sequence where missing[number] == 0 { free.push(Int32(number)) }
        while order.count < sequence.count {
            guard let next = free.popMinimum().map(Int.init) ?? sequence.first(where: { !placed.contains($0) }) else {
                break
            }
            guard placed.insert(next).inserted else { continue }
            // What it still waits for is part of a circle.
            learnt[next]?.removeAll { !placed.contains($0) }
            order.append(next)
            for dependent in dependents[next] ?? [] {
                missing[dependent, default: 0] -= 1
                if missing[dependent] == 0 { free.push(Int32(dependent)) }
            }
        }
        sequence = order
    }

    /// The lowest of the affected ones.
    func firstTier(_ critical: [Int32]) -> Int32 {
        let lowest = isAffected.indices.lazy.filter { isAffected[$0] }.map { critical[$0] }.min() ?? Self.leastTier
        return lost.isEmpty ? lowest : min(lowest, Self.leastTier)
    }
}
