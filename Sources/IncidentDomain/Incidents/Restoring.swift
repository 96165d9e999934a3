extension Incident {
    /// A component is worked on: only when what it needs is there and, where waves are enforced, what is more critical is back.
    ///
    /// - Parameters:
    ///   - override: Passes over the waves.
    ///   - without: The dependencies that it is started without.
    ///   - expectedAt: When whoever starts it expects it back.
    func startStep(
        _ component: String, override: Bool, without: [String], reason: String?, expectedAt: Timestamp?,
        _ facts: DecisionFacts
    ) throws(IncidentRefusal) -> [any TimelineEvent] {
        let planned = try withoutWaiver(of: component).plannedStep(component, facts)
        switch planned.status {
        case .restoring:
            // Said once more, with another time.
            guard let expectedAt, expectedAt != planned.step.expectedAt else { return [] }
            try Self.checkExpected(expectedAt, facts)
            return [StepTold(component: component, expectedAt: expectedAt)]
        case .verifying, .restored:
            throw .stepState(component: component, planned.status, wanted: [.ready, .regressed, .waived])
        case .waiting, .ready, .regressed, .waived: break
        }
        try Self.checkExpected(expectedAt, facts)
        try checkNamed(without, planned, facts)
        // What a commander gave up, a commander takes up again.
        if planned.status == .waived || step(component)?.state == .waived {
            try requireCommand(facts, to: "take back a waiver")
        }
        let passed = try pass(
            planned.waitsFor, of: component, override: override, without: without, reason: reason, to: .start, facts)
        let gone = passed.filter(\.isNamedToPass).map(\.component)
        return [
            StepStarted(
                component: component, overridden: passed.map(\.reason), reason: reason, estimate: planned.estimate,
                without: gone.isEmpty ? nil : gone, expectedAt: expectedAt)
        ]
    }

    /// The closed gates, all of which were named to be passed over by somebody who may.
    private func pass(
        _ gates: [RestorationGate], of component: String, override: Bool, without: [String], reason: String?,
        to verb: RestorationVerb, _ facts: DecisionFacts
    ) throws(IncidentRefusal) -> [RestorationGate] {
        let closed = gates.filter { gate in
            switch gate.kind {
            case .wave: !override
            case .dependency, .elsewhere:
                !without.contains(gate.component) && !without.contains(RestorationStep.slug(of: gate.component))
            case .alerts, .probe: true
            }
        }
        guard closed.isEmpty else {
            let named = gates.filter { $0.isNamedToPass && !closed.contains($0) }.map(\.component)
            throw .gateClosed(component: component, to: verb, waitsFor: closed, passing: named)
        }
        guard !gates.isEmpty else { return [] }
        try requireCommand(facts, to: "force a \(verb.noun)")
        guard reason != nil else {
            throw .badValue(
                field: "/reason",
                detail: "A forced \(verb.noun) needs a reason. The timeline and the review show it.")
        }
        return gates
    }

    /// What is gone on without has to be something that the component needs.
    private func checkNamed(
        _ without: [String], _ planned: PlannedStep, _ facts: DecisionFacts
    ) throws(IncidentRefusal) {
        guard !without.isEmpty else { return }
        let slug = planned.step.slug
        let needs = Set(facts.graph.hardDependencies(of: slug) + (learntNeeds?[slug] ?? []) + planned.needs)
        let gates = Set(planned.missing.map(\.component))
        for (place, name) in without.enumerated() where !gates.contains(name) {
            let needed = RestorationStep.slug(of: name)
            guard !needs.contains(needed), !gates.contains(where: { RestorationStep.slug(of: $0) == needed }) else {
                continue
            }
            // What lies behind something that was restored holds it up as well.
            guard !needs.contains(name), !isNeeded(needed, by: slug, facts.graph) else { continue }
            let known = needs.isEmpty ? "It needs nothing." : "It needs \(needs.sorted().joined(separator: ", "))."
            throw .badValue(
                field: "/without/\(place)", detail: "\(planned.component) does not need \(name.onOneLine). \(known)")
        }
    }

    /// What happens to a step happens after its start.
    private static func checkBegun(_ step: RestorationStep, _ facts: DecisionFacts) throws(IncidentRefusal) {
        guard let began = step.startedAt, facts.occurredAt < began else { return }
        throw .badValue(
            field: "/occurred_at",
            detail: "\(facts.occurredAt) is before \(step.component) was started, at \(began). Give a later time.")
    }

    private static func checkExpected(_ moment: Timestamp?, _ facts: DecisionFacts) throws(IncidentRefusal) {
        guard let moment else { return }
        guard moment > facts.occurredAt, moment <= facts.occurredAt.adding(seconds: 30 * 86_400) else {
            throw .badValue(
                field: "/expected_at",
                detail: "\(moment) is not within the next 30 days; server time is \(facts.now).")
        }
    }

    /// - Parameters:
    ///   - percent: Of its traffic; nil leaves what was said.
    ///   - expectedAt: When it is expected back; nil leaves what was said.
    ///   - backlog: How much has still to be worked off. It may be said of what is up or restored, too.
    func rampStep(
        _ component: String, to percent: Int?, expectedAt: Timestamp?, backlog: Int?, _ facts: DecisionFacts
    ) throws(IncidentRefusal) -> [any TimelineEvent] {
        let planned = try plannedStep(component, facts)
        let step = planned.step
        guard percent != nil || expectedAt != nil || backlog != nil else {
            throw .badValue(field: "/percent", detail: "Give percent, expected_at or backlog; none of them is there.")
        }
        let isUp = planned.status == .verifying || planned.status == .restored
        if isUp, let backlog, expectedAt == nil, percent ?? 100 == 100 {
            guard backlog != step.backlog?.last?.count else { return [] }
            return [StepTold(component: component, backlog: backlog)]
        }
        guard planned.status == .restoring else {
            throw .stepState(component: component, planned.status, wanted: [.restoring])
        }
        try Self.checkExpected(expectedAt, facts)
        try Self.checkBegun(step, facts)
        guard let percent else {
            let isNew =
                expectedAt != nil && expectedAt != step.expectedAt
                || backlog != nil && backlog != step.backlog?.last?.count
            return isNew ? [StepTold(component: component, expectedAt: expectedAt, backlog: backlog)] : []
        }
        guard
            step.rampPercent != percent || expectedAt != nil && expectedAt != step.expectedAt
                || backlog != nil && backlog != step.backlog?.last?.count
        else { return [] }
        return [StepRamped(component: component, percent: percent, expectedAt: expectedAt, backlog: backlog)]
    }

    /// Nothing is up while alerts fire on it.
    func requireQuiet(_ step: RestorationStep) throws(IncidentRefusal) {
        guard let count = firing[step.slug], count > 0 else { return }
        let gate = RestorationGate(
            component: step.component, kind: .alerts(count), remedy: .resolveAlerts(component: step.component))
        throw .gateClosed(component: step.component, to: .verify, waitsFor: [gate])
    }

    /// The component is up and has to stay so for its soak time; without one it counts as restored at once.
    ///
    /// - Parameter without: The dependencies that it is up without, beside those that it was started without.
    func verifyStep(
        _ component: String, without: [String], reason: String?, _ facts: DecisionFacts
    ) throws(IncidentRefusal) -> [any TimelineEvent] {
        let planned = try plannedStep(component, facts)
        switch planned.status {
        case .verifying, .restored: return []
        case .waiting, .ready, .waived, .regressed:
            throw .stepState(component: component, planned.status, wanted: [.restoring])
        case .restoring: break
        }
        try Self.checkBegun(planned.step, facts)
        try requireQuiet(planned.step)
        try checkNamed(without, planned, facts)
        let known = planned.step.overridden ?? []
        let passed = try pass(
            planned.missing.filter { !known.contains($0.component) }, of: component, override: false, without: without,
            reason: reason, to: .verify, facts)
        let seconds = facts.soak.seconds(
            for: facts.graph.components[planned.step.slug], effectiveTier: planned.effectiveTier)
        // While it soaks there is time for the first look.
        let gates = planned.step.probeGates(facts.probes, pendingCounts: seconds == 0)
        guard gates.isEmpty else { throw .gateClosed(component: component, to: .verify, waitsFor: gates) }
        let gone = passed.isEmpty ? nil : passed.map(\.component)
        guard seconds > 0 else { return [StepRestored(component: component, without: gone, reason: reason)] }
        let end = facts.occurredAt.adding(seconds: Double(seconds))
        return [StepVerifying(component: component, soakUntil: end, without: gone, reason: reason)]
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
        try requireCommand(facts, to: "waive a component")
        return [StepWaived(component: component, reason: reason)]
    }

    func failStep(
        _ component: String, reason: String?, _ facts: DecisionFacts
    ) throws(IncidentRefusal) -> [any TimelineEvent] {
        let planned = try plannedStep(component, facts)
        switch planned.status {
        case .restoring, .verifying:
            try Self.checkBegun(planned.step, facts)
            return [StepFailed(component: component, reason: reason)]
        case .waiting, .ready, .restored, .waived, .regressed:
            throw .stepState(component: component, planned.status, wanted: [.restoring, .verifying])
        }
    }

    /// The commander says what comes first, as far as dependencies allow: it comes in the first wave, with what it needs.
    func orderSteps(
        _ components: [String], reason: String?, _ facts: DecisionFacts
    ) throws(IncidentRefusal) -> [any TimelineEvent] {
        try requirePhase([.assess, .mitigate, .restore])
        try requireCommand(facts, to: "set the order of restoration")
        if let unknown = components.firstIndex(where: { step($0) == nil && steps(of: $0).isEmpty }) {
            throw .badValue(field: "/components/\(unknown)", detail: notAffected(components[unknown], facts.graph))
        }
        guard components != restorationOrder ?? [] else { return [] }
        return [RestorationOrdered(components: components, reason: reason)]
    }

    /// The commander says what a component was found to need. It must not lead in a circle with the catalog.
    func learnNeeds(
        of name: String, _ needs: [String], reason: String?, _ facts: DecisionFacts
    ) throws(IncidentRefusal) -> [any TimelineEvent] {
        try requirePhase([.assess, .mitigate, .restore])
        try requireCommand(facts, to: "say what a component needs")
        let slug = RestorationStep.slug(of: name)
        guard !steps(of: slug).isEmpty else { throw .notFound(notAffected(slug, facts.graph)) }
        guard needs.isEmpty || facts.graph.components[slug] != nil else {
            throw .badValue(
                field: "/components",
                detail: "\(slug) is not in the catalog, so it waits for nothing. Add it there with what it depends on.")
        }
        for (place, needed) in needs.enumerated() {
            let field = "/components/\(place)"
            guard !steps(of: needed).isEmpty, facts.graph.components[needed] != nil else {
                let isStep = step(needed) != nil && needed != RestorationStep.slug(of: needed)
                throw .badValue(
                    field: field,
                    detail: isStep
                        ? "Name the component, \(RestorationStep.slug(of: needed)): a region needs it in its own region."
                        : notAffected(needed, facts.graph))
            }
            guard !isNeeded(slug, by: needed, facts.graph) else {
                throw .badValue(field: field, detail: "\(needed) needs \(slug) itself: they would wait for each other.")
            }
        }
        guard needs != learntNeeds?[slug] ?? [] else { return [] }
        return [NeedsLearnt(component: slug, needs: needs, reason: reason)]
    }

    /// Whether a component cannot work without another, or is it: by the catalog, and by what was found.
    private func isNeeded(_ slug: String, by other: String, _ graph: DependencyGraph) -> Bool {
        var seen: Set<String> = []
        var pending = [other]
        while let next = pending.popLast() {
            guard next != slug else { return true }
            guard seen.insert(next).inserted else { continue }
            pending += graph.hardDependencies(of: next) + (learntNeeds?[next] ?? [])
        }
        return false
    }

    /// The commander says how many steps each owner can work on at a time.
    func setHands(
        _ hands: [String: Int], reason: String?, _ facts: DecisionFacts
    ) throws(IncidentRefusal) -> [any TimelineEvent] {
        try requirePhase([.assess, .mitigate, .restore])
        try requireCommand(facts, to: "set the hands of restoration")
        if let wrong = unknownOwner(in: hands, facts.graph) {
            throw .badValue(field: "/hands/\(wrong.owner)", detail: wrong.detail)
        }
        guard hands != self.hands ?? [:] else { return [] }
        return [HandsSet(hands: hands, reason: reason)]
    }

    /// Soaks that have ended make their components restored, unless a probe holds them; what is due is published, and what is
    /// late is said to be. A runner asks, at the time that was set, and again until it is done.
    func passDeadline(_ facts: DecisionFacts) -> [any TimelineEvent] {
        guard phase.isOpen else { return [] }
        let restored: [any TimelineEvent] = steps.filter { step in
            step.restoredAfterSoak(facts.probes).map { $0 <= facts.occurredAt } ?? false
        }.map { StepRestored(component: $0.component) }
        return restored + announce(facts) + recoverBySelf(facts)
    }

    /// Starting what was waived takes the waiver back: the component waits like any other then.
    private func withoutWaiver(of component: String) -> Incident {
        guard step(component)?.state == .waived else { return self }
        var incident = self
        incident.change(component) { $0.state = .waiting }
        return incident
    }

    func plannedStep(_ component: String, _ facts: DecisionFacts) throws(IncidentRefusal) -> PlannedStep {
        try requirePhase([.restore])
        guard let planned = restorationPlan(facts).step(component) else {
            let regions = steps(of: component).map(\.component)
            throw .notFound(
                regions.isEmpty
                    ? notAffected(component, facts.graph)
                    : "\(component) is restored region by region in INC-\(number): \(regions.joined(separator: ", ")).")
        }
        return planned
    }

    /// Why a name is no step, and what to do.
    func notAffected(_ name: String, _ graph: DependencyGraph) -> String {
        let slug = RestorationStep.slug(of: name)
        let near = NearestNames.question(name, among: Set(steps.flatMap { [$0.component, $0.slug] }))
        guard graph.components[slug] != nil else {
            let known = near.isEmpty ? NearestNames.question(slug, among: graph.components.keys) : near
            return "No component \(slug.onOneLine) in the catalog.\(known)"
        }
        return "\(name.onOneLine) is not affected by INC-\(number); "
            + "PUT /v1/incidents/\(number)/impacts/\(slug) sets its impact.\(near)"
    }
}

/// What somebody wants to do with a step that something may stand before.
package enum RestorationVerb: String, Sendable {
    case start, verify

    fileprivate var noun: String {
        switch self {
        case .start: "start"
        case .verify: "verification"
        }
    }
}
