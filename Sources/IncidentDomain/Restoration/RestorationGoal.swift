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
        var goals: [(component: Component, nodes: [Int])] = []
        for component in all.sorted(by: { ($0.tier, $0.slug) < ($1.tier, $1.slug) }) where goals.count < Self.goalsMax {
            let nodes = map.required(for: component.slug)
            if !nodes.isEmpty { goals.append((component, nodes)) }
        }
        return outlook(goals)
    }

    /// The smallest part of the restoration that has to be done for some component. Nil when neither it nor anything that it
    /// needs is affected.
    package func goal(_ slug: String) -> RestorationGoal? {
        let nodes = map.required(for: slug)
        guard !nodes.isEmpty else { return nil }
        let component =
            map.graph.components[slug] ?? Component(slug: slug, name: slug, tier: Component.leastCriticalTier)
        return outlook([(component, nodes)]).goals.first
    }

    private func outlook(_ goals: [(component: Component, nodes: [Int])]) -> RestorationOutlook {
        let forecasts = forecasts(of: [Array(0..<map.network.count)] + goals.map(\.nodes))
        return RestorationOutlook(
            forecast: forecasts[0],
            goals: zip(goals, forecasts.dropFirst()).map { goal, forecast in
                let open = goal.nodes.filter(map.network.isOpen)
                    .sorted { (map.waveIndexes[$0], place($0)) < (map.waveIndexes[$1], place($1)) }
                let unknown = open.filter { map.schedule.ends[$0] == RestorationNetwork.unknown }
                let last = open.filter { map.schedule.ends[$0] < RestorationNetwork.unknown }
                    .max { map.schedule.ends[$0] < map.schedule.ends[$1] }
                return RestorationGoal(
                    component: goal.component.slug, name: goal.component.name,
                    needs: open.map { map.step($0).component },
                    path: map.schedule.longestPath(to: last, map.network).map { map.step($0).component },
                    without: unknown.map { map.step($0).component }, forecast: forecast)
            })
    }
}

extension RestorationMap {
    /// The nodes that have to be back for a component: itself if it is affected, and all that it needs, but nothing behind what
    /// was waived. What lies behind a component that works is not needed; a goal is no such component, since nobody says of it
    /// that it is affected.
    fileprivate func required(for slug: String) -> [Int] {
        var found: Set<Int> = []
        var pending: [Int] = []
        if let node = node(slug) {
            pending = [node]
        } else if let number = graph.numbers[slug], !nodes(number: Int(number)).isEmpty {
            pending = Array(nodes(number: Int(number)))
        } else if let number = graph.numbers[slug].map(Int.init) {
            var seen: Set<Int32> = []
            var goals = [Int32(number)]
            while let goal = goals.popLast() {
                for target in graph.hard[Int(goal)] {
                    if !nodes(number: Int(target)).isEmpty {
                        pending += nodes(number: Int(target), neededBy: goal)
                    } else if graph.component(target)?.goal ?? false, seen.insert(target).inserted {
                        goals.append(target)
                    }
                }
            }
        }
        while let node = pending.popLast() {
            guard network.roles[node] != .waived, found.insert(node).inserted else { continue }
            pending += network.needs[node].map(Int.init)
        }
        return found.sorted()
    }
}
