extension Incident {
    func addMitigation(_ draft: MitigationDraft) throws(IncidentRefusal) -> [any TimelineEvent] {
        try requirePhase(Phase.open)
        try requireRoom(
            for: "mitigations", having: mitigations.count, atMost: IncidentLimits.mitigations,
            instead: "change an existing one")
        let state = try Self.state(draft.state, wanted: nil, inForce: draft.inForce)
        try Self.requireReason(draft.reason, for: state ?? draft.state)
        let added = MitigationAdded(
            id: (mitigations.last?.id ?? 0) + 1, description: draft.description, kind: draft.kind, owner: draft.owner,
            state: state ?? draft.state, inForce: draft.inForce == true ? true : nil, reason: draft.reason)
        return [added]
    }

    /// What was given up, or not done at all, says why: others will ask.
    private static func requireReason(_ reason: String?, for state: MitigationState) throws(IncidentRefusal) {
        guard state.needsReason, (reason ?? "").isEmpty else { return }
        throw .badValue(field: "/reason", detail: "A mitigation that is \(state.words) needs a reason.")
    }

    func changeMitigation(
        _ id: Int, _ patch: MitigationPatch, _ facts: DecisionFacts
    ) throws(IncidentRefusal) -> [any TimelineEvent] {
        try requirePhase(Phase.open)
        guard let mitigation = mitigations.first(where: { $0.id == id }) else {
            throw .notFound("No mitigation \(id) in INC-\(number); GET /v1/incidents/\(number) lists them.")
        }
        try Self.requireUnstruck(mitigation.isStruck, "Mitigation \(id)")
        let wanted = try Self.state(mitigation.state, wanted: patch.state, inForce: patch.inForce)
        if let state = wanted, state != mitigation.state, !mitigation.state.following.contains(state) {
            throw .mitigationState(id: id, from: mitigation.state, to: state)
        }
        let state = wanted == mitigation.state ? nil : wanted
        if let state { try Self.requireReason(patch.reason, for: state) }
        let inForce = patch.inForce == mitigation.inForce ?? false ? nil : patch.inForce
        try checkTimes(of: mitigation, patch, in: wanted ?? mitigation.state, facts)
        let change = MitigationChanged(
            id: id, description: patch.description == mitigation.description ? nil : patch.description,
            kind: patch.kind == mitigation.kind ? nil : patch.kind,
            owner: patch.owner == mitigation.owner ? nil : patch.owner, state: state,
            previous: state == nil ? nil : mitigation.state, inForce: inForce,
            startedAt: patch.startedAt == mitigation.startedAt ? nil : patch.startedAt,
            endedAt: patch.endedAt == mitigation.endedAt ? nil : patch.endedAt,
            reason: patch.reason == mitigation.reason && state == nil ? nil : patch.reason)
        return change == MitigationChanged(id: id) ? [] : [change]
    }

    /// The times that people give a mitigation: in order, not in the future, and an end only for what has ended.
    private func checkTimes(
        of mitigation: Mitigation, _ patch: MitigationPatch, in state: MitigationState, _ facts: DecisionFacts
    ) throws(IncidentRefusal) {
        for (name, moment) in [("started_at", patch.startedAt), ("ended_at", patch.endedAt)] {
            guard let moment else { continue }
            try facts.checkNotInFuture(moment, field: "/\(name)")
            guard moment >= times.startedAt else {
                throw .badValue(
                    field: "/\(name)", detail: "\(moment) is before the incident started (\(times.startedAt)).")
            }
        }
        if patch.endedAt != nil, !state.isOver {
            throw .badValue(field: "/ended_at", detail: "The mitigation is \(state.words); it has no end yet.")
        }
        if patch.startedAt != nil, state == .planned {
            throw .badValue(field: "/started_at", detail: "The mitigation is planned; it has not begun yet.")
        }
        if let start = patch.startedAt ?? mitigation.startedAt, let end = patch.endedAt, end < start {
            throw .badValue(field: "/ended_at", detail: "\(end) is before the mitigation began (\(start)).")
        }
        if let start = patch.startedAt, patch.endedAt == nil, state.isOver, let end = mitigation.endedAt, start > end {
            throw .badValue(field: "/started_at", detail: "\(start) is after the mitigation ended (\(end)).")
        }
    }

    /// Refuses to change what was struck out.
    static func requireUnstruck(_ isStruck: Bool, _ name: String) throws(IncidentRefusal) {
        guard isStruck else { return }
        throw .badValue(field: "", detail: "\(name) was struck out; enter a new one.")
    }

    /// The state that a mitigation goes to: what is in force has succeeded.
    private static func state(
        _ state: MitigationState, wanted: MitigationState?, inForce: Bool?
    ) throws(IncidentRefusal) -> MitigationState? {
        guard inForce == true else { return wanted }
        let next = wanted ?? (state == .planned || state == .running ? .succeeded : state)
        guard next == .succeeded else {
            throw .badValue(
                field: "/in_force",
                detail: "A mitigation that \(next.words) cannot be in force; only one that succeeded can.")
        }
        return wanted ?? (next == state ? nil : next)
    }
}
