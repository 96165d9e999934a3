extension Incident {
    /// One phase forwards, when what the phase asks for holds or is overridden with a reason.
    func advance(
        to wanted: Phase?, reason: String?, override: Bool, _ facts: DecisionFacts
    ) throws(IncidentRefusal) -> [any TimelineEvent] {
        if wanted == phase { return [] }  // Asking twice is not an error.
        guard let next = phase.next else { throw .wrongPhase(phase, wanted: Phase.open) }
        if let wanted, wanted != next { throw .noSuchTransition(from: phase, to: wanted, possible: [next]) }
        let unmet = facts.policy.unmet(leaving: phase, of: self)
        let reviewDue = next == .review ? facts.updates.review(after: facts.now, severity: severity) : nil
        let reached = reached(leaving: phase, at: facts.occurredAt)
        let reachedAt = reached < facts.occurredAt ? reached : nil
        guard !unmet.isEmpty else {
            return [
                PhaseEntered(
                    phase: next, from: phase, overridden: [], reason: reason, reviewDueAt: reviewDue,
                    reachedAt: reachedAt)
            ]
        }
        guard override else { throw .requirementsUnmet(phase, unmet) }
        try requireCommand(facts, to: "override a requirement")
        guard let reason else {
            throw .badValue(
                field: "/reason", detail: "An override needs a reason. The timeline and the review show it.")
        }
        let overridden = unmet.map { OverriddenRequirement(requirement: $0.requirement, detail: $0.detail) }
        // What was not known yet when somebody went on without it did not end the assessment.
        let ended = phase == .assess ? nil : reachedAt
        return [
            PhaseEntered(
                phase: next, from: phase, overridden: overridden, reason: reason, reviewDueAt: reviewDue,
                reachedAt: ended)
        ]
    }

    func revert(
        to wanted: Phase, reason: String, _ facts: DecisionFacts
    ) throws(IncidentRefusal) -> [any TimelineEvent] {
        if wanted == phase { return [] }
        guard phase.earlier.contains(wanted) else {
            throw .noSuchTransition(from: phase, to: wanted, possible: phase.earlier)
        }
        let isAwaitedAgain = wanted.hasWaitingPeople && !phase.hasWaitingPeople
        let due = isAwaitedAgain ? facts.updates.nextUpdate(after: facts.now, severity: severity) : nil
        return [
            PhaseReverted(
                phase: wanted, from: phase, reason: reason, updateDueAt: due, measured: clocksTakenBack(by: wanted))
        ]
    }

    func redact(
        _ sequence: Int, reason: String, digest: String, _ facts: DecisionFacts
    ) throws(IncidentRefusal) -> [any TimelineEvent] {
        try Self.requireRole(
            .commander, facts,
            to:
                "redact a timeline entry: it cannot be undone, so the role of the token counts and not the one in the incident"
        )
        guard sequence >= 1, sequence <= version else {
            throw .notFound("No timeline entry \(sequence) in INC-\(number); it has 1 to \(version).")
        }
        return [EntryRedacted(sequence: sequence, reason: reason, replacementDigest: digest)]
    }
}
