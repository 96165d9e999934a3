extension Incident {
    /// A component is worked on: only when what it needs, and what is more critical, is back; or by override.
    func startStep(
        _ component: String, override: Bool, reason: String?, _ facts: DecisionFacts
    ) throws(IncidentRefusal) -> [any TimelineEvent] {
        let planned = try withoutWaiver(of: component).plannedStep(component, facts)
        switch planned.status {
        case .restoring: return []
        case .verifying, .restored:
            throw .stepState(component: component, planned.status, wanted: [.ready, .regressed, .waived])
        case .waiting, .ready, .regressed, .waived: break
        }
        let estimate = planned.estimate
        guard !planned.waitsFor.isEmpty else {
            return [
                StepStarted(component: component, overridden: [], reason: reason, estimate: estimate)
            ]
        }
        guard override else { throw .gateClosed(component: component, waitsFor: planned.waitsFor) }
        try Self.requireRole(.commander, facts, to: "force a start")
        guard let reason else {
            throw .badValue(
                field: "/reason",
                detail: "A forced start needs a reason. The timeline and the review show it.")
        }
        let overridden = planned.waitsFor.map(\.reason)
        return [
            StepStarted(component: component, overridden: overridden, reason: reason, estimate: estimate)
        ]
    }

    func rampStep(
        _ component: String, to percent: Int, _ facts: DecisionFacts
    ) throws(IncidentRefusal) -> [any TimelineEvent] {
        let planned = try plannedStep(component, facts)
        guard planned.status == .restoring else {
            throw .stepState(component: component, planned.status, wanted: [.restoring])
        }
        guard planned.step.rampPercent != percent else { return [] }
        return [StepRamped(component: component, percent: percent)]
    }

    /// The component is up and has to stay so for its soak time; without one it counts as restored at once.
    func verifyStep(_ component: String, _ facts: DecisionFacts) throws(IncidentRefusal) -> [any TimelineEvent] {
        let planned = try plannedStep(component, facts)
        switch planned.status {
        case .verifying, .restored: return []
        case .waiting, .ready, .waived, .regressed:
            throw .stepState(component: component, planned.status, wanted: [.restoring])
        case .restoring: break
        }
        if let count = firing[component], count > 0 {
            let gate = RestorationGate(
                component: component, kind: .alerts(count), remedy: .resolveAlerts(component: component))
            throw .gateClosed(component: component, waitsFor: [gate])
        }
        let seconds = facts.soak.seconds(for: facts.graph.components[component], effectiveTier: planned.effectiveTier)
        // While it soaks there is time for the first look.
        let gates = planned.step.probeGates(facts.probes, pendingCounts: seconds == 0)
        guard gates.isEmpty else { throw .gateClosed(component: component, waitsFor: gates) }
        guard seconds > 0 else { return [StepRestored(component: component)] }
        let end = facts.occurredAt.adding(seconds: Double(seconds))
        return [StepVerifying(component: component, soakUntil: end)]
    }

    func waiveStep(
        _ component: String, reason: String, _ facts: DecisionFacts
    ) throws(IncidentRefusal) -> [any TimelineEvent] {
        let planned = try plannedStep(component, facts)
        switch planned.status {
        case .waived: return []
        case .restored:
            throw .stepState(
                component: component, .restored, wanted: [.waiting, .ready, .restoring, .verifying, .regressed])
        case .waiting, .ready, .restoring, .verifying, .regressed: break
        }
        try Self.requireRole(.commander, facts, to: "waive a component")
        return [StepWaived(component: component, reason: reason)]
    }

    func failStep(
        _ component: String, reason: String?, _ facts: DecisionFacts
    ) throws(IncidentRefusal) -> [any TimelineEvent] {
        let planned = try plannedStep(component, facts)
        switch planned.status {
        case .restoring, .verifying: return [StepFailed(component: component, reason: reason)]
        case .waiting, .ready, .restored, .waived, .regressed:
            throw .stepState(component: component, planned.status, wanted: [.restoring, .verifying])
        }
    }

    /// The commander says what comes first within its wave, as far as dependencies allow.
    func orderSteps(
        _ components: [String], reason: String?, _ facts: DecisionFacts
    ) throws(IncidentRefusal) -> [any TimelineEvent] {
        try requirePhase([.assess, .mitigate, .restore])
        try Self.requireRole(.commander, facts, to: "set the order of restoration")
        if let unknown = components.firstIndex(where: { step($0) == nil }) {
            throw .badValue(
                field: "/components/\(unknown)",
                detail: "\(components[unknown]) is not affected by INC-\(number); "
                    + "PUT /v1/incidents/\(number)/impacts/\(components[unknown]) sets its impact.")
        }
        guard components != restorationOrder ?? [] else { return [] }
        return [RestorationOrdered(components: components, reason: reason)]
    }

    /// Soaks that have ended make their components restored, unless a probe holds them; what is due is published, and what is
    /// late is said to be. A runner asks, at the time that was set, and again until it is done.
    func passDeadline(_ facts: DecisionFacts) -> [any TimelineEvent] {
        guard phase.isOpen else { return [] }
        let restored: [any TimelineEvent] = steps.filter { step in
            step.restoredAfterSoak(facts.probes).map { $0 <= facts.occurredAt } ?? false
        }.map { StepRestored(component: $0.component) }
        return restored + announce(facts)
    }

    /// Starting what was waived takes the waiver back: the component waits like any other then.
    private func withoutWaiver(of component: String) -> Incident {
        guard step(component)?.state == .waived else { return self }
        var incident = self
        incident.change(component) { $0.state = .waiting }
        return incident
    }

    private func plannedStep(_ component: String, _ facts: DecisionFacts) throws(IncidentRefusal) -> PlannedStep {
        try requirePhase([.restore])
        guard let planned = restorationPlan(facts).step(component) else {
            throw .notFound(
                "\(component) is not affected by INC-\(number); "
                    + "PUT /v1/incidents/\(number)/impacts/\(component) sets its impact.")
        }
        return planned
    }
}
