extension Incident {
    /// An entry that was made by mistake is struck out: it stays, and says who struck it and why. What it added counts no more.
    ///
    /// - Parameter entry: What was recorded; nil when there is no such entry.
    func strike(_ sequence: Int, _ entry: IncidentEvent?, reason: String) throws(IncidentRefusal)
        -> [any TimelineEvent]
    {
        try requirePhase(Phase.writable)
        let entry = try known(sequence, entry)
        guard !(struck ?? []).contains(sequence) else { return [] }
        var event = EntryStruck(sequence: sequence, reason: reason)
        if let added = entry.as(MitigationAdded.self) {
            event.mitigation = added.id
        } else if let added = entry.as(TaskAdded.self) {
            event.task = added.id
        } else if let added = entry.as(ActionAdded.self) {
            event.action = added.ordinal
        } else if let stated = entry.as(CauseStated.self) {
            event.cause = stated.value
        } else if entry.as(Acknowledged.self) != nil {
            event.acknowledgement = true
        } else if isSuperseded(entry) {
            // What holds no more was a mistake: histories and clocks are without it.
        } else if entry.as(NoteAdded.self) == nil, entry.as(FactAdded.self) == nil {
            throw .badValue(
                field: "",
                detail: "Entry \(sequence) (\(entry.kind)) cannot be struck out, since more follows from it. "
                    + Self.remedy(for: entry, of: number))
        }
        try requireRoom(
            for: "entries struck out", having: struck?.count ?? 0, atMost: IncidentLimits.marks,
            instead: "redact what must not be read")
        return [event]
    }

    /// Whether an entry says something of impacts, roles, severity, audiences or a mitigation's state that does not hold now: it was
    /// entered late, or something else was said since.
    private func isSuperseded(_ entry: IncidentEvent) -> Bool {
        if let impact = entry.as(ImpactSet.self)?.value { return !impacts.contains(impact) }
        if let audience = entry.as(AudienceImpactSet.self)?.value { return !audiences.contains(audience) }
        if let set = entry.as(SeveritySet.self) { return set.past ?? false || severity != set.severity }
        if let changed = entry.as(MitigationChanged.self), let state = changed.state {
            return mitigations.first { $0.id == changed.id }?.state != state
        }
        if let role = entry.as(RoleAssigned.self) { return role.past ?? false || roles[role.role] != role.person }
        return false
    }

    /// A note is starred, and belongs into the short timeline of the review, or is not any more.
    func star(_ sequence: Int, _ entry: IncidentEvent?, key: Bool) throws(IncidentRefusal) -> [any TimelineEvent] {
        try requirePhase(Phase.writable)
        guard let note = try known(sequence, entry).as(NoteAdded.self) else {
            throw .badValue(field: "", detail: "Entry \(sequence) is not a note; only notes can be starred.")
        }
        guard starred?[sequence] ?? note.key != key else { return [] }
        try requireRoom(
            for: "notes starred later", having: starred?.count ?? 0, atMost: IncidentLimits.marks,
            instead: "write a note with key")
        return [EntryStarred(sequence: sequence, key: key)]
    }

    private func known(_ sequence: Int, _ entry: IncidentEvent?) throws(IncidentRefusal) -> IncidentEvent {
        guard let entry else {
            throw .notFound("No timeline entry \(sequence) in INC-\(number); it has 1 to \(version).")
        }
        return entry
    }

    /// What sets right an entry of another kind.
    private static func remedy(for entry: IncidentEvent, of number: Int) -> String {
        let path = "/v1/incidents/\(number)"
        let afterwards = "Then the entry that was wrong can be struck out."
        if let update = entry.as(UpdatePosted.self) {
            let id = update.id.map(String.init) ?? "ID"
            return
                "POST \(path)/updates/\(id)/correct corrects an update. With \"public\": false it is not public any more."
        }
        if entry.as(StepRegressed.self) != nil {
            return "POST \(path)/restoration/COMPONENT/undo takes back a regression."
        }
        if entry.as(RoleAssigned.self) != nil {
            return "PUT \(path)/roles/ROLE gives the role to somebody else, DELETE takes it away. " + afterwards
        }
        if entry.as(SeveritySet.self) != nil { return "PATCH \(path) sets another severity. " + afterwards }
        if entry.as(AudienceImpactSet.self) != nil {
            return "PUT or DELETE \(path)/audiences/AUDIENCE sets it right. " + afterwards
        }
        if entry.as(ImpactSet.self) != nil {
            return "PUT or DELETE \(path)/impacts/COMPONENT corrects an impact. " + afterwards
        }
        if let changed = entry.as(MitigationChanged.self) {
            return "PATCH \(path)/mitigations/\(changed.id) sets the right state. " + afterwards
        }
        if entry.as(IncidentDismissed.self) != nil { return "POST \(path)/reopen undoes a dismissal." }
        if entry.as(PhaseEntered.self) != nil { return "POST \(path)/revert goes back to a phase." }
        return "Make the call again with what is right."
    }
}
