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
        try Self.requireRole(.commander, facts, to: "override a requirement")
        guard let reason else {
            throw .badValue(
                field: "/reason", detail: "An override needs a reason. The timeline and the review show it.")
        }
        let overridden = unmet.map { OverriddenRequirement(requirement: $0.requirement, detail: $0.detail) }
        return [
            PhaseEntered(
                phase: next, from: phase, overridden: overridden, reason: reason, reviewDueAt: reviewDue,
                reachedAt: reachedAt)
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

    func merge(into target: Int, reason: String?) throws(IncidentRefusal) -> [any TimelineEvent] {
        if phase == .merged, mergedInto == target { return [] }
        try requirePhase(Phase.open)
        guard target != number else { throw .mergeRefused("An incident cannot be merged into itself.") }
        return [IncidentMerged(into: target, reason: reason)]
    }

    /// The other side of a merge.
    func absorbing(_ other: Incident) throws(IncidentRefusal) -> [any TimelineEvent] {
        guard phase.isOpen else {
            throw .mergeRefused("INC-\(number) is \(phase.rawValue); an incident can only be merged into an open one.")
        }
        if phase == .review, !other.unrestored.isEmpty || !other.blockingAlerts.isEmpty {
            throw .mergeRefused(
                "INC-\(number) is in review, but INC-\(other.number) still has components down or alerts firing; "
                    + "POST /v1/incidents/\(number)/revert to mitigate or restore first.")
        }
        let own = Dictionary(impacts.map { ($0.component, $0) }) { first, _ in first }
        // What both have stays as this incident says it, unless it ended here and goes on there, or goes on there in more regions.
        let taken = other.impacts.compactMap { impact -> ComponentImpact? in
            guard let known = own[impact.component] else { return impact }
            guard impact.isOngoing else { return nil }
            return known.isOngoing ? known.united(with: impact) : impact
        }
        let taking = Set(taken.map(\.component))
        let united = impacts.filter { !taking.contains($0.component) } + taken
        guard united.count <= IncidentLimits.impacts,
            united.reduce(0, { $0 + $1.regions.count }) <= IncidentLimits.regions
        else {
            throw .mergeRefused(
                "INC-\(number) would have more than \(IncidentLimits.impacts.grouped) impacts, or more than "
                    + "\(IncidentLimits.regions.grouped) regions in them; remove some first.")
        }
        let absorbed = IncidentAbsorbed(
            number: other.number, title: other.title, impacts: taken, firing: other.firing, alerts: other.alerts)
        let down = taken.filter(\.isOngoing).map(\.component)
        let firing = other.firing.filter { $0.value > 0 }.keys.filter { !down.contains($0) }
        return [absorbed] + regressions(of: down, reason: "it is still down in INC-\(other.number)")
            + regressions(of: firing, reason: "an alert is firing on it in INC-\(other.number)")
    }

    func redact(
        _ sequence: Int, reason: String, digest: String, _ facts: DecisionFacts
    ) throws(IncidentRefusal) -> [any TimelineEvent] {
        try Self.requireRole(.commander, facts, to: "redact a timeline entry")
        guard sequence >= 1, sequence <= version else {
            throw .notFound("No timeline entry \(sequence) in INC-\(number); it has 1 to \(version).")
        }
        return [EntryRedacted(sequence: sequence, reason: reason, replacementDigest: digest)]
    }
}
