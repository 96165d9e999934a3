/// A step's state as people see it: what is stored, and `ready` when nothing stands before it.
package enum RestorationStatus: String, CaseIterable, Sendable {
    case waiting, ready, restoring, verifying, restored, waived, regressed
}

/// Something that a component waits for.
package struct RestorationGate: Hashable, Sendable {
    /// The component it waits for; of a wave, the first one that is not done.
    package let component: String?
    /// One clause for a person, as in "waits for `user-db` (restoring)".
    package let reason: String
}

/// One line of the plan.
package struct PlannedStep: Hashable, Sendable {
    package let component: String
    package let tier: Int
    /// The most critical tier among the component and everything that needs it (hard, directly or not).
    package let effectiveTier: Int
    package let status: RestorationStatus
    package let step: RestorationStep
    package let waitsFor: [RestorationGate]
    /// Affected components that cannot start before this one.
    package let blocks: [String]
}

/// Components of the same effective tier: restored together, after every more critical wave.
package struct RestorationWave: Hashable, Sendable {
    /// Counts from 1.
    package let number: Int
    /// Whether everything in it is restored or waived.
    package let stable: Bool
    package let steps: [PlannedStep]
}

/// What to bring back first and what waits for what, computed from an incident's steps and the catalog's graph.
///
/// Room is left for the full planner: longest-path order, ramps and learnt durations replace `order` and `ExpectedTime`.
package struct RestorationPlan: Hashable, Sendable {
    package let waves: [RestorationWave]
    /// Seconds of the longest remaining path, wave barriers counted; nil when a remaining step has no expected time.
    package let remainingSeconds: Int?
    /// The components on that path, in order.
    package let criticalPath: [String]

    /// 0 to 1: the part of the steps that are restored or waived; 1 when there are none.
    package var progress: Double {
        let steps = waves.flatMap(\.steps)
        guard !steps.isEmpty else { return 1 }
        return Double(steps.count { $0.step.state.isDone }) / Double(steps.count)
    }

    package func step(_ component: String) -> PlannedStep? {
        for wave in waves {
            if let found = wave.steps.first(where: { $0.component == component }) { return found }
        }
        return nil
    }

    package static func make(for incident: Incident, in graph: DependencyGraph) -> RestorationPlan {
        let affected = Dictionary(uniqueKeysWithValues: incident.steps.map { ($0.component, $0) })
        let inherited = CriticalityInheritance(graph)
        let needs = AffectedDependencies(affected: Set(affected.keys), graph: graph)
        let tiers = affected.keys.reduce(into: [String: Int]()) { $0[$1] = inherited.effectiveTier(of: $1) }
        let grouped = Dictionary(grouping: affected.keys) { tiers[$0] ?? Component.leastCriticalTier }
        var waves: [RestorationWave] = []
        for tier in grouped.keys.sorted() {
            let earlier = waves.filter { !$0.stable }
            let steps = needs.ordered(grouped[tier] ?? []).map { slug in
                plannedStep(slug, affected, tier: tier, graph: graph, needs: needs, unstable: earlier)
            }
            let stable = steps.allSatisfy { $0.step.state.isDone }
            waves.append(RestorationWave(number: waves.count + 1, stable: stable, steps: steps))
        }
        let expected = ExpectedTime.longestPath(waves, needs: needs, graph: graph)
        return RestorationPlan(waves: waves, remainingSeconds: expected?.seconds, criticalPath: expected?.path ?? [])
    }

    private static func plannedStep(
        _ slug: String, _ affected: [String: RestorationStep], tier: Int, graph: DependencyGraph,
        needs: AffectedDependencies, unstable: [RestorationWave]
    ) -> PlannedStep {
        let step = affected[slug] ?? RestorationStep(component: slug)
        let dependencies = needs.unfinished(before: slug, in: affected)
        let gates =
            dependencies.map(RestorationGate.dependency)
            + unstable.map { RestorationGate.wave($0, except: Set(dependencies.map(\.component))) }.compactMap(\.self)
        return PlannedStep(
            component: slug, tier: graph.components[slug]?.tier ?? Component.leastCriticalTier, effectiveTier: tier,
            status: RestorationStatus(step.state, open: gates.isEmpty), step: step,
            waitsFor: step.state.isStartable ? gates : [], blocks: needs.blocked(by: slug))
    }
}

extension RestorationStatus {
    fileprivate init(_ state: RestorationState, open: Bool) {
        self =
            switch state {
            case .waiting: open ? .ready : .waiting
            case .restoring: .restoring
            case .verifying: .verifying
            case .restored: .restored
            case .waived: .waived
            case .regressed: .regressed
            }
    }
}

extension RestorationState {
    /// Whether `start` makes sense.
    package var isStartable: Bool {
        switch self {
        case .waiting, .regressed: true
        case .restoring, .verifying, .restored, .waived: false
        }
    }
}

extension RestorationGate {
    fileprivate static func dependency(_ step: RestorationStep) -> RestorationGate {
        let ramp = step.rampPercent.map { ", \($0) % ramped" } ?? ""
        return RestorationGate(
            component: step.component, reason: "waits for \(step.component) (\(step.state.rawValue)\(ramp))")
    }

    /// Nil when the dependencies already say everything that the wave would.
    fileprivate static func wave(_ wave: RestorationWave, except named: Set<String>) -> RestorationGate? {
        let open = wave.steps.filter { !$0.step.state.isDone && !named.contains($0.component) }
        guard let first = open.first else { return nil }
        let names = open.prefix(5).map { "\($0.component) is \($0.status.rawValue)" }.joined(separator: ", ")
        let more = open.count > 5 ? " and \(open.count - 5) more" : ""
        return RestorationGate(component: first.component, reason: "wave \(wave.number) is not stable: \(names)\(more)")
    }
}
