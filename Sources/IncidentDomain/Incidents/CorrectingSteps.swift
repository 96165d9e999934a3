/// People mend what was said of steps by mistake.
extension Incident {
    /// What was done to a step last counts as if it had not been done.
    ///
    /// - Parameter restoration: The restoration was the mistake, also where the component regressed since.
    func undoStep(
        _ component: String, restoration: Bool = false, reason: String, _ facts: DecisionFacts
    ) throws(IncidentRefusal) -> [any TimelineEvent] {
        let status = try plannedStep(component, facts).status
        guard let step = step(component), let deed = step.undoable else {
            throw .badValue(
                field: "",
                detail: "\(component) is \(status.rawValue), and nothing was done to it last that could be undone. "
                    + "A start, a verification, a restoration, a waiver, a failure and a regression can be, as long as nothing else was done since."
            )
        }
        if restoration, deed != .restoration {
            guard deed == .regression, step.fallen?.state == .restored else {
                throw .badValue(
                    field: "/restoration",
                    detail:
                        "\(component) is \(status.rawValue) and was not restored before. Leave restoration out to undo "
                        + "the \(deed.rawValue).")
            }
            // It never was back, so it did not regress either.
            return [
                StepUndone(component: component, undone: .regression, reason: reason),
                StepUndone(component: component, undone: .restoration, reason: reason),
            ]
        }
        // What a commander gave up, a commander takes up again.
        if deed == .waiver { try requireCommand(facts, to: "take back a waiver") }
        // It would be up again.
        if deed == .regression, step.fallen?.state == .restored { try requireQuiet(step) }
        return [StepUndone(component: component, undone: deed, reason: reason)]
    }

    /// When a step really was started, and its component back: also after closing.
    func correctStep(
        _ component: String, startedAt: Timestamp?, restoredAt: Timestamp?, reason: String, _ facts: DecisionFacts
    ) throws(IncidentRefusal) -> [any TimelineEvent] {
        try requirePhase(Phase.writable)
        guard let step = step(component) else { throw .notFound(notAffected(component, facts.graph)) }
        guard startedAt != nil || restoredAt != nil else {
            throw .badValue(field: "", detail: "Give started_at or restored_at; none of them is there.")
        }
        let start = startedAt.map(facts.withoutSkew)
        let end = restoredAt.map(facts.withoutSkew)
        if start != nil, step.startedAt == nil {
            throw .badValue(field: "/started_at", detail: "\(component) was not started; POST .../start does it.")
        }
        if end != nil, step.restoredAt == nil {
            throw .badValue(
                field: "/restored_at", detail: "\(component) is not restored; POST .../verify says that it is.")
        }
        try check(start, end, of: step, facts)
        let corrected = StepTimesCorrected(
            component: component, startedAt: start == step.startedAt ? nil : start,
            restoredAt: end == step.restoredAt ? nil : end,
            previousStart: start == nil || start == step.startedAt ? nil : step.startedAt,
            previousRestoration: end == nil || end == step.restoredAt ? nil : step.restoredAt, reason: reason)
        return corrected.startedAt == nil && corrected.restoredAt == nil ? [] : [corrected]
    }

    /// In order, not in the future, and not before the incident or an earlier attempt.
    private func check(
        _ start: Timestamp?, _ end: Timestamp?, of step: RestorationStep, _ facts: DecisionFacts
    ) throws(IncidentRefusal) {
        for (name, moment) in [("started_at", start), ("restored_at", end)] {
            guard let moment else { continue }
            try facts.checkNotInFuture(moment, field: "/\(name)")
            guard moment >= times.startedAt else {
                throw .badValue(
                    field: "/\(name)", detail: "\(moment) is before the incident started (\(times.startedAt)).")
            }
        }
        let began = start ?? step.startedAt
        if let start, let first = step.firstStartedAt, (step.attempts ?? 1) > 1, start < first {
            throw .badValue(
                field: "/started_at", detail: "\(start) is before the first attempt was started (\(first)).")
        }
        let over = end ?? step.restoredAt ?? step.verifyingSince
        if let began, let over, over < began {
            throw .badValue(
                field: end == nil ? "/started_at" : "/restored_at",
                detail: "\(step.component) would be up (\(over)) before it was started (\(began)). "
                    + "Correct both in the same call if both are wrong.")
        }
    }
}
