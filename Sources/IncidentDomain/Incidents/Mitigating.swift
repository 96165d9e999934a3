extension Incident {
    func addMitigation(_ draft: MitigationDraft) throws(IncidentRefusal) -> [any TimelineEvent] {
        try requirePhase(Phase.open)
        try requireRoom(
            for: "mitigations", having: mitigations.count, atMost: IncidentLimits.mitigations,
            instead: "change an existing one")
        let added = MitigationAdded(
            id: (mitigations.last?.id ?? 0) + 1, description: draft.description, kind: draft.kind, owner: draft.owner,
            state: draft.state)
        return [added]
    }

    func changeMitigation(_ id: Int, _ patch: MitigationPatch) throws(IncidentRefusal) -> [any TimelineEvent] {
        try requirePhase(Phase.open)
        guard let mitigation = mitigations.first(where: { $0.id == id }) else {
            throw .notFound("No mitigation \(id) in INC-\(number); GET /v1/incidents/\(number) lists them.")
        }
        if let state = patch.state, state != mitigation.state, !mitigation.state.following.contains(state) {
            throw .mitigationState(id: id, from: mitigation.state, to: state)
        }
        let state = patch.state == mitigation.state ? nil : patch.state
        let change = MitigationChanged(
            id: id, description: patch.description == mitigation.description ? nil : patch.description,
            kind: patch.kind == mitigation.kind ? nil : patch.kind,
            owner: patch.owner == mitigation.owner ? nil : patch.owner, state: state,
            previous: state == nil ? nil : mitigation.state)
        return change == MitigationChanged(id: id) ? [] : [change]
    }
}
