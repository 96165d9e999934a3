import IncidentDomain

extension RestorationPicture {
    /// The picture of a plan as it stands; names and soft dependencies come from the catalog.
    init(_ plan: RestorationPlan, of incident: Incident, in graph: DependencyGraph) {
        let affected = Set(plan.waves.flatMap(\.steps).map(\.component))
        // Who blocks whom, read the other way: more than the direct needs, which the edges reduce to again.
        var needs: [String: [String]] = [:]
        for planned in plan.waves.flatMap(\.steps) {
            for blocked in planned.blocks { needs[blocked, default: []].append(planned.component) }
        }
        waves = plan.waves.map { wave in
            Wave(
                number: wave.number, tier: wave.steps.first?.effectiveTier ?? Component.leastCriticalTier,
                stable: wave.stable,
                boxes: wave.steps.map { Box($0, needs: needs[$0.component] ?? [], affected: affected, in: graph) })
        }
        criticalPath = plan.criticalPath
        let isOver = !incident.phase.isOpen || plan.progress >= 1
        let remaining = isOver ? nil : plan.remainingSeconds
        let unestimated = plan.waves.flatMap(\.steps).filter { planned in
            !planned.step.state.isDone && graph.components[planned.component]?.expectedRestoreSeconds == nil
        }.map(\.component)
        heading = Heading(
            incident: incident.number, title: incident.title, asOf: incident.lastRecordedAt,
            expected: remaining.map { Expected(median: incident.lastRecordedAt.adding(seconds: Double($0))) },
            unestimated: isOver ? [] : unestimated)
    }
}

extension RestorationPicture.Box {
    fileprivate init(_ planned: PlannedStep, needs: [String], affected: Set<String>, in graph: DependencyGraph) {
        let known = graph.components[planned.component]
        let soft = known?.dependsOn.filter { $0.kind == .soft && affected.contains($0.component) } ?? []
        self.init(
            component: planned.component, name: known?.name, tier: planned.tier, effectiveTier: planned.effectiveTier,
            status: planned.status, rampPercent: planned.step.rampPercent, moment: Self.moment(of: planned),
            failures: planned.step.failures, needs: needs, softNeeds: soft.map(\.component).sorted())
    }

    private static func moment(of planned: PlannedStep) -> Timestamp? {
        switch planned.status {
        case .restoring: planned.step.startedAt
        case .verifying: planned.step.soakUntil
        case .restored: planned.step.restoredAt
        case .waiting, .ready, .waived, .regressed: nil
        }
    }
}
