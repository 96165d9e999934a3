/// Something that users have, as "sign in", and when they have it again.
package struct RestorationGoal: Sendable {
    package let component: String
    /// What the catalog calls it.
    package let name: String
    /// The components that have to be restored for it, in the plan's order: none when it is back.
    package let needs: [String]
    /// The longest remaining path to it; empty when nobody knows how long that takes.
    package let path: [String]
    /// Those of `needs` that nobody can estimate, and what waits for them: the forecast is without these.
    package let without: [String]
    /// Nil when it is back, and when nobody knows.
    package let forecast: RestorationForecast?
    /// Of a goal that has enough with some of its regions; `needs` and `path` are those of the regions that come back first.
    package let regions: Regions?

    package struct Regions: Hashable, Sendable {
        package let back: Int
        package let enough: Int
        package let total: Int
    }

    /// What of it, or what it needs, is down in other open incidents, and was not taken over here.
    package let elsewhere: [OtherRestorations.Step]

    package var isBack: Bool { needs.isEmpty && elsewhere.isEmpty }
}

/// When all of it is over, and when each goal is, from the same draws.
package struct RestorationOutlook: Sendable {
    /// Nil when nothing that can be estimated remains.
    package let forecast: RestorationForecast?
    package let goals: [RestorationGoal]

    init(forecast: RestorationForecast?, goals: [RestorationGoal]) {
        (self.forecast, self.goals) = (forecast, goals)
    }

    /// Of one goal, and nothing beside what it needs.
    package init(of goal: RestorationGoal) {
        self.init(forecast: goal.forecast, goals: [goal])
    }
}

extension RestorationPlan {
    /// How many goals of a catalog are looked at, the first by tier and slug.
    package static let goalsMax = 50

    /// The components of the catalog that say so are goals, what is not back first, by when it is expected. One that nothing
    /// affected is needed for, and that is not affected itself, is left out.
    package func outlook() -> RestorationOutlook {
        var goals: [GoalParts] = []
        for component in map.graph.goals where goals.count < Self.goalsMax {
            if let goal = GoalParts(component, map) { goals.append(goal) }
        }
        return outlook(goals)
    }

    /// The smallest part of the restoration that has to be done for some component. Nil when neither it nor anything that it
    /// needs is affected.
    package func goal(_ slug: String) -> RestorationGoal? {
        let component =
            map.graph.components[slug] ?? Component(slug: slug, name: slug, tier: Component.leastCriticalTier)
        return GoalParts(component, map).flatMap { outlook([$0]).goals.first }
    }

    private func outlook(_ goals: [GoalParts]) -> RestorationOutlook {
        let forecasts = forecasts(of: [ForecastTarget(0..<map.network.count)] + goals.map(\.target))
        let found = zip(goals, forecasts.dropFirst()).map { goal($0, $1) }
        let sorted = found.enumerated().sorted { one, other in
            let (first, second) = (one.element.sortKey, other.element.sortKey)
            return first == second ? one.offset < other.offset : first < second
        }
        return RestorationOutlook(forecast: forecasts[0], goals: sorted.map(\.element))
    }

    private func goal(_ goal: GoalParts, _ forecast: RestorationForecast?) -> RestorationGoal {
        // Of the regions, those that come back first.
        let chosen = goal.target.parts.map { part in
            var open = part
            open.nodes.removeAll { !map.network.isOpen($0.node) }
            return open
        }.sorted { map.end(of: $0) < map.end(of: $1) }.prefix(goal.target.enough)
        let open = Set(chosen.flatMap { $0.nodes.map(\.node) })
            .sorted { (map.waveIndexes[$0], place($0)) < (map.waveIndexes[$1], place($1)) }
        let unknown = open.filter { map.schedule.ends[$0] == RestorationNetwork.unknown }
        let last = open.filter { map.schedule.ends[$0] < RestorationNetwork.unknown }
            .max { map.schedule.ends[$0] < map.schedule.ends[$1] }
        // What nobody can estimate itself has no time, whatever is known of what it needs.
        let isUnknown = unknown.contains { map.step($0).slug == goal.component.slug }
        let parts = goal.target.parts
        var elsewhere: [OtherRestorations.Step] = []
        for other in chosen.flatMap(\.elsewhere) where !elsewhere.contains(other) { elsewhere.append(other) }
        return RestorationGoal(
            component: goal.component.slug, name: goal.component.name, needs: open.map { map.step($0).component },
            path: map.schedule.longestPath(to: last, map.network).map { map.step($0).component },
            without: unknown.map { map.step($0).component }
                + elsewhere.filter { map.remaining($0) == RestorationNetwork.unknown }.map(\.step.component),
            forecast: isUnknown ? nil : forecast,
            regions: parts.count > 1
                ? .init(
                    back: parts.count { $0.isBack(map.network) }, enough: goal.target.enough, total: parts.count) : nil,
            elsewhere: elsewhere)
    }
}

extension RestorationGoal {
    /// What is back comes last, before it what nobody knows.
    fileprivate var sortKey: Double { isBack ? .infinity : forecast?.p50Seconds ?? .greatestFiniteMagnitude }
}

/// A goal with what it needs: in all of its regions together, or in each of them where some are enough.
private struct GoalParts {
    let component: Component
    let target: ForecastTarget

    /// Nil when neither it nor anything that it needs is affected.
    init?(_ component: Component, _ map: RestorationMap) {
        let regions = component.regions
        if let enough = component.enoughRegions, (1..<max(1, regions.count)).contains(enough) {
            target = ForecastTarget(regions.map { map.required(for: component.slug, in: $0) }, enough: enough)
        } else {
            target = ForecastTarget([map.required(for: component.slug)], enough: 1)
        }
        guard target.parts.contains(where: \.isTouched) else { return nil }
        self.component = component
    }
}

extension RestorationMap {
    fileprivate func end(of part: ForecastTarget.Part) -> Int {
        part.nodes.reduce(part.least) { latest, required in
            let time = network.times[required.node]
            guard let done = required.part, schedule.ends[required.node] < RestorationNetwork.unknown else {
                return max(latest, schedule.ends[required.node])
            }
            return max(latest, schedule.begins[required.node] + Int(done * Double(time.remaining - time.soak)))
        }
    }

    /// What has to be back for a component, or a region of it: itself if it is affected, and all that it needs, but nothing
    /// behind what was waived, or what it was forced to come back without. What lies behind a component that works is not
    /// needed; a goal is no such component, since nobody says of it that it is affected.
    fileprivate func required(for name: String, in region: String? = nil) -> ForecastTarget.Part {
        var required = Required(self)
        if let number = graph.numbers[name].map(Int.init) {
            let own = nodes(number: number, in: region)
            for node in own { required.add(node, nil) }
            required.note(others.holding(number, own.map(step), neededAt: region, opensAt: nil, graph))
            if nodes(number: number).isEmpty { required.addNeeds(ofGoal: Int32(number), in: region) }
        } else if let node = node(name) {
            required.add(node, nil)
        }
        return required.part
    }
}

/// Finds what has to be back for something.
private struct Required {
    private let map: RestorationMap
    /// How far each node has to be; more than 1 for all of it.
    private var found: [Int: Double] = [:]
    private var elsewhere: [OtherRestorations.Step] = []
    private var isTouched = false
    private static let whole = 2.0

    init(_ map: RestorationMap) {
        self.map = map
    }

    var part: ForecastTarget.Part {
        let nodes = found.sorted { $0.key < $1.key }
            .map { RequiredNode(node: $0.key, part: $0.value == Self.whole ? nil : $0.value) }
        return ForecastTarget.Part(
            nodes: nodes, elsewhere: elsewhere, least: elsewhere.map(map.remaining).max() ?? 0, isTouched: isTouched)
    }

    mutating func note(_ other: OtherRestorations.Step?) {
        if let other, !elsewhere.contains(other) { elsewhere.append(other) }
    }

    /// Adds a node with all that it needs, unless it is gone on without.
    mutating func add(_ first: Int, _ part: Double?) {
        let network = map.network
        isTouched = true
        var pending = [(first, part ?? Self.whole)]
        while let (node, part) = pending.popLast() {
            guard network.roles[node] != .waived else { continue }
            let before = found[node]
            found[node] = max(before ?? 0, part)
            guard before == nil else { continue }
            for other in network.elsewhere[node] ?? [] { note(other.step) }
            for edge in network.needs.edges(node) {
                switch network.opening(edge) {
                case .open: break
                case .restored: pending.append((Int(network.needs.targets[edge]), Self.whole))
                case .part(let part): pending.append((Int(network.needs.targets[edge]), part))
                }
            }
        }
    }

    /// Adds what a goal needs that is not affected itself, and what the goals need that it needs.
    mutating func addNeeds(ofGoal number: Int32, in region: String?) {
        var seen: Set<Int32> = [number]
        var goals = [number]
        while let goal = goals.popLast() {
            let place = AffectedNodes.place(region, map.graph.component(goal))
            for target in map.graph.hard[Int(goal)] {
                let nodes = map.nodes(number: Int(target), neededBy: goal, in: region)
                let at = map.opening(from: goal, to: target)
                for node in nodes { add(node, needed: at, map.graph.component(target)) }
                note(map.others.holding(Int(target), nodes.map(map.step), neededAt: place, opensAt: at, map.graph))
                let isGoal = map.graph.component(target)?.goal ?? false
                if isGoal, map.nodes(number: Int(target)).isEmpty, seen.insert(target).inserted {
                    goals.append(target)
                }
            }
        }
    }

    private mutating func add(_ node: Int, needed at: DependencyOpening?, _ component: Component?) {
        switch at.map({ RestorationNetwork.Opening($0, of: map.step(node), component) }) {
        case .open?: isTouched = true
        case .part(let part)?: add(node, part)
        case .restored?, nil: add(node, nil)
        }
    }
}
