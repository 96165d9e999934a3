/// What a decision looks at besides the incident: loaded before, so that deciding needs no I/O and no clock.
package struct DecisionFacts: Sendable {
    /// Who asks.
    package let principal: Principal
    /// The database's time.
    package let now: Timestamp
    /// When it happened, if not now.
    package let occurredAt: Timestamp
    package let policy: PhasePolicy
    package let graph: DependencyGraph
    package let soak: SoakPolicy

    package init(
        principal: Principal, now: Timestamp, occurredAt: Timestamp? = nil, policy: PhasePolicy,
        graph: DependencyGraph, soak: SoakPolicy
    ) {
        self.principal = principal
        self.now = now
        self.occurredAt = occurredAt ?? now
        self.policy = policy
        self.graph = graph
        self.soak = soak
    }
}

extension Incident {
    /// The rules' table of contents: which events a command leads to. No events means that what was asked already holds.
    ///
    /// - Throws: `IncidentRefusal`, when a rule says no; nothing happened then.
    package static func decide(
        _ command: IncidentCommand, on incident: Incident?, facts: DecisionFacts
    ) throws(IncidentRefusal) -> [IncidentEvent] {
        guard let incident else {
            guard case .open(let opening) = command else { throw .notFound("There is no such incident.") }
            return try open(opening, facts: facts)
        }
        try incident.checkOccurredAt(facts, command)
        return switch command {
        case .open: throw .badValue(field: "", detail: "The incident is open already.")
        case .amend(let amendment): try incident.amend(amendment, facts)
        case .acknowledge: try incident.acknowledge()
        case .advance(let to, let reason, let override):
            try incident.advance(to: to, reason: reason, override: override, facts)
        case .revert(let to, let reason): try incident.revert(to: to, reason: reason)
        case .dismiss(let reason): try incident.dismiss(reason: reason)
        case .merge(let into, let reason): try incident.merge(into: into, reason: reason)
        case .absorb(let other): try incident.absorbing(other)
        case .stateCause(let hypothesis): try incident.stateCause(hypothesis)
        case .assignRole(let role, let person): try incident.assign(role, to: person)
        case .setImpact(let impact): try incident.decideImpact(impact, facts)
        case .removeImpact(let component): try incident.removeImpact(component)
        case .setAudience(let impact): try incident.setAudience(impact)
        case .addNote(let text, let key): try incident.addNote(text, key: key)
        case .addMitigation(let draft): try incident.addMitigation(draft)
        case .changeMitigation(let id, let patch): try incident.changeMitigation(id, patch)
        case .addTask(let text, let owner): try incident.addTask(text, owner: owner)
        case .changeTask(let id, let text, let owner, let done):
            try incident.changeTask(id, text: text, owner: owner, done: done)
        case .startStep(let component, let override, let reason):
            try incident.startStep(component, override: override, reason: reason, facts)
        case .rampStep(let component, let percent): try incident.rampStep(component, to: percent, facts)
        case .verifyStep(let component): try incident.verifyStep(component, facts)
        case .waiveStep(let component, let reason): try incident.waiveStep(component, reason: reason, facts)
        case .failStep(let component, let reason): try incident.failStep(component, reason: reason, facts)
        case .postUpdate(let update): try incident.postUpdate(update, facts)
        case .draftReview: try incident.draftReview()
        case .reviseReview(let sections, let status): try incident.reviseReview(sections, status)
        case .approveReview(let sections): try incident.approveReview(sections, facts)
        case .addAction(let draft): try incident.addAction(draft)
        case .changeAction(let ordinal, let patch): try incident.changeAction(ordinal, patch)
        case .attachAlerts(let alerts): try incident.attach(alerts)
        case .clearAlerts(let alerts): incident.clear(alerts)
        case .deadlinePassed: incident.passDeadline(facts)
        case .redact(let sequence, let reason, let digest):
            try incident.redact(sequence, reason: reason, digest: digest, facts)
        }
    }

    /// Nothing happens in the future, and nothing of an incident before its impact began.
    private func checkOccurredAt(_ facts: DecisionFacts, _ command: IncidentCommand) throws(IncidentRefusal) {
        try Self.checkNotInFuture(facts.occurredAt, facts.now, field: "/occurred_at")
        if case .amend = command { return }  // A corrected start is checked against the clocks instead.
        guard facts.occurredAt >= times.startedAt else {
            throw .badValue(
                field: "/occurred_at",
                detail: "\(facts.occurredAt) is before the incident started (\(times.startedAt)); "
                    + "correct started_at first (PATCH) if it began earlier.")
        }
    }

    static func checkNotInFuture(
        _ moment: Timestamp, _ now: Timestamp, field: String
    ) throws(IncidentRefusal) {
        guard moment <= now.adding(seconds: Self.clockTolerance) else {
            throw .badValue(field: field, detail: "\(moment) is in the future; the time here is \(now).")
        }
    }

    /// Seconds by which a client's clock may be ahead of the database's.
    private static let clockTolerance: Double = 5

    func requirePhase(_ wanted: [Phase]) throws(IncidentRefusal) {
        guard wanted.contains(phase) else { throw .wrongPhase(phase, wanted: wanted) }
    }

    static func requireRole(_ role: Role, _ facts: DecisionFacts, to action: String) throws(IncidentRefusal) {
        guard facts.principal.role >= role else { throw .roleRequired(role, to: action) }
    }
}
