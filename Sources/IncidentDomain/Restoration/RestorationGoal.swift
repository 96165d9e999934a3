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

    package var isBack: Bool { needs.isEmpty }
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

    /// The components of the catalog that say so are goals. One that nothing affected is needed for, and that is not affected
    /// itself, is left out.
    package func outlook() -> RestorationOutlook {
        let all = map.graph.components.values.filter { $0.goal ?? false }
        var goals: [GoalParts] = []
        for component in all.sorted(by: { ($0.tier, $0.slug) < ($1.tier, $1.slug) }) where goals.count < Self.goalsMax {
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
        let all = ForecastTarget(Array(0..<map.network.count))
        let forecasts = forecasts(of: [all] + goals.map(\.target))
        return RestorationOutlook(
            forecast: forecasts[0],
            goals: zip(goals, forecasts.dropFirst()).map { goal, forecast in
                let parts = goal.target.parts.map { $0.filter(map.network.isOpen) }
                // Of the regions, those that come back first.
                let chosen = parts.sorted { end(of: $0) < end(of: $1) }.prefix(goal.target.enough)
                let open = Set(chosen.joined()).sorted {
                    (map.waveIndexes[$0], place($0)) < (map.waveIndexes[$1], place($1))
                }
                let unknown = open.filter { map.schedule.ends[$0] == RestorationNetwork.unknown }
                let last = open.filter { map.schedule.ends[$0] < RestorationNetwork.unknown }
                    .max { map.schedule.ends[$0] < map.schedule.ends[$1] }
                return RestorationGoal(
                    component: goal.component.slug, name: goal.component.name,
                    needs: open.map { map.step($0).component },
                    path: map.schedule.longestPath(to: last, map.network).map { map.step($0).component },
                    without: unknown.map { map.step($0).component }, forecast: forecast,
                    regions: parts.count > 1
                        ? .init(back: parts.count(where: \.isEmpty), enough: goal.target.enough, total: parts.count)
                        : nil)
            })
    }

    private func end(of nodes: [Int]) -> Int {
        nodes.map { map.schedule.ends[$0] }.max() ?? 0
    }
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
            target = ForecastTarget(map.required(for: component.slug))
        }
        guard target.parts.contains(where: { !$0.isEmpty }) else { return nil }
        self.component = component
    }
}

extension RestorationMap {
    /// The nodes that have to be back for a component, or a region of it: itself if it is affected, and all that it needs, but
    /// nothing behind what was waived. What lies behind a component that works is not needed; a goal is no such component, since
    /// nobody says of it that it is affected.
    fileprivate func required(for name: String, in region: String? = nil) -> [Int] {
        var found: Set<Int> = []
        var pending: [Int] = []
        if let number = graph.numbers[name].map(Int.init) {
            pending = nodes(number: number, in: region)
            if nodes(number: number).isEmpty { pending = needed(byGoal: Int32(number), in: region) }
        } else if let node = node(name) {
            pending = [node]
        }
        while let node = pending.popLast() {
            guard network.roles[node] != .waived, found.insert(node).inserted else { continue }
            pending += network.needs[node].map(Int.init)
        }
        return found.sorted()
    }

    /// What is affected and a goal needs, or a goal that it needs.
    private func needed(byGoal number: Int32, in region: String?) -> [Int] {
        var needed: [Int] = []
        var seen: Set<Int32> = []
        var goals = [number]
        while let goal = goals.popLast() {
            for target in graph.hard[Int(goal)] {
                if !nodes(number: Int(target)).isEmpty {
                    needed += nodes(number: Int(target), neededBy: goal, in: region)
                } else if graph.component(target)?.goal ?? false, seen.insert(target).inserted {
                    goals.append(target)
                }
            }
        }
        return needed
    }
}
