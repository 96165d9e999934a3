/// The catalog as a graph: every component by slug, and who needs whom. Made once for each version of the catalog, with
/// what every decision about an incident would otherwise have to find out anew.
///
/// Components are numbered by effective tier, and within one so that hard dependencies have the smaller numbers: a wave is
/// a range of numbers, and whoever goes through them upwards meets what is needed before what needs it.
package struct DependencyGraph: Sendable {
    package let components: [String: Component]
    let numbers: [String: Int32]
    /// By number, what a plan asks of every component.
    let durations: [CatalogDurations]
    /// The hard dependencies by number, each once. An edge of a cycle that would lead upwards is left out.
    let hard: Adjacency
    /// The soft dependencies by number, each once, without those that are hard as well.
    let soft: Adjacency
    /// The hard dependencies the other way round: who cannot work without each component.
    let hardDependents: Adjacency
    /// What restoring a component needs, by number; of those only that need something.
    let restoreNeeds: [Int32: [RestoreNeed]]
    /// The names by number.
    let slugs: [String]
    /// The place of each component among all of them by slug.
    let slugRanks: [Int32]
    /// By number: it never falls.
    let effectiveTiers: [Int32]
    /// By number: what each component says of itself.
    let tiers: [Int32]
    /// What a hard dependency has to have reached before the dependent may start, where that is not "restored"; by `edge`.
    let openings: [Int64: DependencyOpening]
    /// What users have, the most critical first, then by slug.
    package let goals: [Component]
    /// The names in their order.
    package let sortedSlugs: [String]

    package init(_ components: some Sequence<Component>) {
        self.components = Dictionary(components.map { ($0.slug, $0) }) { _, last in last }
        let bySlug = self.components.values.sorted { $0.slug < $1.slug }
        sortedSlugs = bySlug.map(\.slug)
        goals = bySlug.filter { $0.goal ?? false }.sorted { ($0.tier, $0.slug) < ($1.tier, $1.slug) }
        let edges = CatalogEdges(bySlug)
        let tiers = edges.effectiveTiers(bySlug.map { Int32(clamping: $0.tier) })
        // Sorting is stable, so that the order of the dependencies stays within each tier.
        let order = edges.dependenciesFirst().sorted { tiers[Int($0)] < tiers[Int($1)] }
        var places = [Int32](repeating: 0, count: order.count)
        for (place, component) in order.enumerated() { places[Int(component)] = Int32(place) }
        hard = edges.hard.renumbered(order, places, onlyDownwards: true)
        soft = edges.soft.renumbered(order, places, onlyDownwards: false)
        hardDependents = hard.reversed()
        slugs = order.map { bySlug[Int($0)].slug }
        slugRanks = order
        effectiveTiers = order.map { tiers[Int($0)] }
        self.tiers = order.map { Int32(clamping: bySlug[Int($0)].tier) }
        durations = order.map { CatalogDurations(bySlug[Int($0)]) }
        let numbers = Dictionary(uniqueKeysWithValues: zip(bySlug.lazy.map(\.slug), places))
        var openings: [Int64: DependencyOpening] = [:]
        for component in bySlug {
            for dependency in component.dependsOn where dependency.kind == .hard {
                guard let opening = dependency.at, let from = numbers[component.slug],
                    let to = numbers[dependency.component]
                else { continue }
                openings[Self.edge(Int(from), Int(to))] = opening
            }
        }
        (self.numbers, self.openings) = (numbers, openings)
        restoreNeeds = bySlug.reduce(into: [:]) { needs, component in
            if let own = component.restoreNeeds, let number = numbers[component.slug] { needs[number] = own }
        }
    }

    /// A key for the dependency of one component on another, both by number.
    static func edge(_ dependent: Int, _ dependency: Int) -> Int64 {
        Int64(dependent) << 32 | Int64(dependency)
    }

    package static let empty = DependencyGraph([])

    /// A component by its number; nil below 0, which is none's.
    func component(_ number: Int32) -> Component? {
        number < 0 ? nil : components[slugs[Int(number)]]
    }

    /// The hard dependencies of a component that the catalog knows.
    package func hardDependencies(of slug: String) -> [String] {
        components[slug]?.dependsOn.filter { $0.kind == .hard && components[$0.component] != nil }.map(\.component)
            ?? []
    }

    /// The most critical tier among a component and everything that cannot work without it, directly or not: a component
    /// that a more critical one needs is as critical as that one.
    package func effectiveTier(of slug: String) -> Int {
        numbers[slug].map { effectiveTier(Int($0)) } ?? Component.leastCriticalTier
    }

    func effectiveTier(_ number: Int) -> Int {
        Int(effectiveTiers[number])
    }
}

/// The times of a component that the catalog knows: a value without references, so that thousands are read at no cost.
struct CatalogDurations: Sendable {
    let restoreSeconds: Int?
    let soakSeconds: Int?
    /// How long its ramp takes at least.
    let rampSeconds: Int

    init(_ component: Component) {
        rampSeconds = (component.ramp ?? []).reduce(0) { $0 + ($1.percent < 100 ? $1.minutes * 60 : 0) }
        // All of the traffic is taken after the expected time and the ramp.
        restoreSeconds = component.expectedRestoreSeconds.map { [rampSeconds] in $0 + rampSeconds }
        soakSeconds = component.soakSeconds
    }
}

/// Dependencies between components that are numbered by slug.
private struct CatalogEdges {
    let hard: Adjacency
    let soft: Adjacency

    init(_ bySlug: [Component]) {
        let places = Dictionary(uniqueKeysWithValues: zip(bySlug.lazy.map(\.slug), Int32(0)...))
        let count = bySlug.reduce(0) { $0 + $1.dependsOn.count }
        // What somebody names twice, or names as a dependency of itself, is there once or not at all.
        var named = [Int32](repeating: -1, count: bySlug.count)
        func row(_ node: Int, _ kind: DependencyKind, _ targets: inout [Int32]) {
            named[node] = Int32(node)
            for dependency in bySlug[node].dependsOn where dependency.kind == kind {
                guard let target = places[dependency.component], named[Int(target)] != node else { continue }
                named[Int(target)] = Int32(node)
                targets.append(target)
            }
        }
        let hard = Adjacency(nodes: bySlug.count, edges: count) { row($0, .hard, &$1) }
        for node in named.indices { named[node] = -1 }
        soft = Adjacency(nodes: bySlug.count, edges: count - hard.targets.count) { node, targets in
            for target in hard[node] { named[Int(target)] = Int32(node) }
            row(node, .soft, &targets)
        }
        self.hard = hard
    }

    /// Spreads each tier, the most critical first, along hard dependencies: every component is reached once.
    func effectiveTiers(_ own: [Int32]) -> [Int32] {
        var tiers = [Int32?](repeating: nil, count: own.count)
        for component in own.indices.sorted(by: { own[$0] < own[$1] }) {
            var pending = [Int32(component)]
            while let next = pending.popLast().map(Int.init) {
                guard tiers[next] == nil else { continue }
                tiers[next] = own[component]
                pending += hard[next]
            }
        }
        return tiers.map { $0 ?? Int32(Component.leastCriticalTier) }
    }

    /// Every component after its hard dependencies. A cycle, which no stored catalog has, is cut at its first slug.
    func dependenciesFirst() -> [Int32] {
        let dependents = hard.reversed()
        var missing = (0..<hard.nodes).map { hard.edges($0).count }
        var order: [Int32] = []
        order.reserveCapacity(hard.nodes)
        var isPlaced = [Bool](repeating: false, count: hard.nodes)
        func place(_ component: Int32) {
            isPlaced[Int(component)] = true
            order.append(component)
        }
        for component in 0..<Int32(hard.nodes) where missing[Int(component)] == 0 { place(component) }
        var done = 0
        var cut: Int32 = 0
        while order.count < hard.nodes || done < order.count {
            if done == order.count {
                while isPlaced[Int(cut)] { cut += 1 }
                place(cut)
            }
            for edge in dependents.edges(Int(order[done])) {
                let dependent = dependents.targets[edge]
                missing[Int(dependent)] -= 1
                if missing[Int(dependent)] == 0, !isPlaced[Int(dependent)] { place(dependent) }
            }
            done += 1
        }
        return order
    }
}

extension Adjacency {
    /// The same edges between other numbers: `order` has the old ones by the new, `places` the new ones by the old.
    fileprivate func renumbered(_ order: [Int32], _ places: [Int32], onlyDownwards: Bool) -> Adjacency {
        Adjacency(nodes: nodes, edges: targets.count) { node, row in
            let found = self[Int(order[node])].map { places[Int($0)] }.filter { !onlyDownwards || $0 < node }
            row += found.sorted()
        }
    }
}

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
