extension Incident {
    func addMitigation(_ draft: MitigationDraft) throws(IncidentRefusal) -> [any TimelineEvent] {
        try requirePhase(Phase.open)
        try requireRoom(
            for: "mitigations", having: mitigations.count, atMost: IncidentLimits.mitigations,
            instead: "change an existing one")
        let state = try Self.state(draft.state, wanted: nil, inForce: draft.inForce)
        let added = MitigationAdded(
            id: (mitigations.last?.id ?? 0) + 1, description: draft.description, kind: draft.kind, owner: draft.owner,
            state: state ?? draft.state, inForce: draft.inForce == true ? true : nil)
        return [added]
    }

    func changeMitigation(_ id: Int, _ patch: MitigationPatch) throws(IncidentRefusal) -> [any TimelineEvent] {
        try requirePhase(Phase.open)
        guard let mitigation = mitigations.first(where: { $0.id == id }) else {
            throw .notFound("No mitigation \(id) in INC-\(number); GET /v1/incidents/\(number) lists them.")
        }
        let wanted = try Self.state(mitigation.state, wanted: patch.state, inForce: patch.inForce)
        if let state = wanted, state != mitigation.state, !mitigation.state.following.contains(state) {
            throw .mitigationState(id: id, from: mitigation.state, to: state)
        }
        let state = wanted == mitigation.state ? nil : wanted
        let inForce = patch.inForce == mitigation.inForce ?? false ? nil : patch.inForce
        let change = MitigationChanged(
            id: id, description: patch.description == mitigation.description ? nil : patch.description,
            kind: patch.kind == mitigation.kind ? nil : patch.kind,
            owner: patch.owner == mitigation.owner ? nil : patch.owner, state: state,
            previous: state == nil ? nil : mitigation.state, inForce: inForce)
        return change == MitigationChanged(id: id) ? [] : [change]
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
