import IncidentDomain

extension RestorationPicture {
    /// The picture of a plan as it stands; names and soft dependencies come from the catalog.
    init(_ plan: RestorationPlan, of incident: Incident, in graph: DependencyGraph) {
        let affected = Set(incident.steps.map(\.component))
        waves = plan.waves.map { wave in
            Wave(
                number: wave.number, tier: wave.steps.first?.effectiveTier ?? Component.leastCriticalTier,
                stable: wave.stable, boxes: wave.steps.map { Box($0, at: plan.now, affected: affected, in: graph) })
        }
        criticalPath = plan.criticalPath
        let isOver = !incident.phase.isOpen || plan.progress >= 1
        heading = Heading(
            incident: incident.number, title: incident.title, asOf: plan.now,
            expected: isOver ? nil : plan.expectedAt.map { Expected(median: $0.median, p90: $0.p90) },
            unestimated: isOver ? [] : plan.unestimated)
    }
}

extension RestorationPicture.Box {
    fileprivate init(_ planned: PlannedStep, at now: Timestamp, affected: Set<String>, in graph: DependencyGraph) {
        let known = graph.components[planned.component]
        let soft = known?.dependsOn.filter { $0.kind == .soft && affected.contains($0.component) } ?? []
        self.init(
            component: planned.component, name: known?.name, tier: planned.tier, effectiveTier: planned.effectiveTier,
            status: planned.status, rampPercent: planned.step.rampPercent, moment: Self.moment(of: planned),
            failures: planned.step.failures, needs: planned.needs, softNeeds: soft.map(\.component).sorted(),
            expectedEnd: planned.endsAfterSeconds.map { now.adding(seconds: $0) })
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
