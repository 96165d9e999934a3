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
        guard addition(of: entry, to: &event) || consequence(of: sequence, entry, to: &event) || isSuperseded(entry)
        else {
            throw .badValue(
                field: "",
                detail: "Entry \(sequence) (\(entry.kind)) cannot be struck out as it is. "
                    + Self.remedy(for: entry, of: number))
        }
        try requireRoom(
            for: "entries struck out", having: struck?.count ?? 0, atMost: IncidentLimits.marks,
            instead: "redact what must not be read")
        return [event]
    }

    /// Whether an entry only added something, which counts no more then.
    private func addition(of entry: IncidentEvent, to event: inout EntryStruck) -> Bool {
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
        } else {
            return entry.as(NoteAdded.self) != nil || entry.as(FactAdded.self) != nil
        }
        return true
    }

    /// Whether an entry holds no more, or can be taken back, in such a way that clocks, drafts or what was expected are without it then.
    private func consequence(of sequence: Int, _ entry: IncidentEvent, to event: inout EntryStruck) -> Bool {
        if let changed = entry.as(MitigationChanged.self), let state = changed.state {
            guard mitigations.first(where: { $0.id == changed.id })?.state != state else { return false }
            if state == .succeeded { event.success = changed.id }
            return true
        }
        if let approved = entry.as(UpdateApproved.self) {
            guard let draft = communication?.draft(approved.id) else { return false }
            // What was written since has to be approved anew in any case.
            if draft.revision == approved.revision, draft.approvedBy != nil { event.approval = approved.id }
            return true
        }
        if let set = entry.as(EtaSet.self) {
            let said = communication?.etas.last { $0.eta == set.eta && $0.source == set.source }
            guard let said, said != communication?.etas.last || !said.holds else { return false }
            (event.eta, event.etaSaidAt) = (said.eta, said.saidAt)
            return true
        }
        if let withdrawn = entry.as(EtaWithdrawn.self) {
            let said = communication?.etas.last { $0.eta == withdrawn.previous && !$0.holds }
            // What it took back was struck out itself.
            guard let said else { return true }
            guard said != communication?.etas.last else { return false }
            (event.eta, event.etaSaidAt, event.withdrawal) = (said.eta, said.saidAt, true)
            return true
        }
        if let entered = entry.as(PhaseEntered.self) {
            // Gone back over, and perhaps done again since: another entry holds now, or then.
            guard let phaseEntries,
                phaseEntries[entered.phase]?.entry != sequence || secondPhaseEntries?[entered.phase] != nil
            else { return false }
            event.left = entered.from
            return true
        }
        if let reverted = entry.as(PhaseReverted.self) {
            // It is where it was, or further.
            let ahead = Phase.writable.drop { $0 != reverted.from }
            guard phaseEntries != nil, ahead.contains(phase) else { return false }
            event.left = reverted.from
            return true
        }
        return false
    }

    /// Whether an entry says something of impacts, roles, severity, audiences or clocks that does not hold now: it was entered late, or
    /// something else was said since.
    private func isSuperseded(_ entry: IncidentEvent) -> Bool {
        if let impact = entry.as(ImpactSet.self)?.value { return !impacts.contains(impact) }
        if let removed = entry.as(ImpactRemoved.self) {
            return impacts.contains { $0.component == removed.component }
        }
        if let audience = entry.as(AudienceImpactSet.self)?.value { return !audiences.contains(audience) }
        if let removed = entry.as(AudienceImpactRemoved.self) {
            return audiences.contains { $0.audience == removed.audience }
        }
        if let set = entry.as(SeveritySet.self) { return set.past ?? false || severity != set.severity }
        if let role = entry.as(RoleAssigned.self) { return role.past ?? false || roles[role.role] != role.person }
        if let removed = entry.as(RoleRemoved.self) { return roles[removed.role] != nil }
        if let start = entry.as(StartCorrected.self) { return times.startedAt != start.startedAt }
        if let corrected = entry.as(TimesCorrected.self) {
            return corrected.changes.allSatisfy { change in
                corrections?.first { $0.clock == change.clock }?.moment != change.at
            }
        }
        return false
    }

    /// An entry really happened at another moment. Only where nothing else says when: of notes, facts, advances and reverts.
    ///
    /// - Parameters:
    ///   - entry: What was recorded; nil when there is no such entry.
    ///   - moment: When it happened; nil takes a correction back.
    func correctTime(
        of sequence: Int, _ entry: RecordedEvent?, to moment: Timestamp?, reason: String, _ facts: DecisionFacts
    ) throws(IncidentRefusal) -> [any TimelineEvent] {
        try requirePhase(Phase.writable)
        let event = try known(sequence, entry?.event)
        guard let entry else { return [] }
        guard !(struck ?? []).contains(sequence) else {
            throw .badValue(field: "", detail: "Entry \(sequence) was struck out; enter a new one.")
        }
        let isWritten = event.as(NoteAdded.self) != nil || event.as(FactAdded.self) != nil
        guard isWritten || event.as(PhaseEntered.self) != nil || event.as(PhaseReverted.self) != nil else {
            throw .badValue(
                field: "",
                detail:
                    "The time of entry \(sequence) (\(entry.event.kind)) cannot be corrected here: that can be done "
                    + "for notes, facts, advances and reverts. " + Self.remedy(for: event, of: number))
        }
        let moment = moment.map(facts.withoutSkew) ?? entry.occurredAt
        let field = "/happened_at"
        try facts.checkNotInFuture(moment, field: field)
        guard isWritten || moment >= times.startedAt else {
            throw .badValue(field: field, detail: "\(moment) is before the incident started (\(times.startedAt)).")
        }
        if let until = event.as(FactAdded.self)?.value.until, until < moment {
            throw .badValue(field: field, detail: "\(moment) is after its end (\(until)).")
        }
        try checkOrder(of: event, sequence, at: moment)
        let previous = entryTimes?[sequence] ?? entry.occurredAt
        guard moment != previous else { return [] }
        let isOwn = moment == entry.occurredAt
        if !isOwn {
            try requireRoom(
                for: "entries with another time", having: entryTimes?.count ?? 0, atMost: IncidentLimits.marks,
                instead: "strike the entry out and enter it again")
        }
        return [
            EntryTimeCorrected(
                sequence: sequence, happenedAt: moment, previous: previous, restores: isOwn ? true : nil, reason: reason
            )
        ]
    }

    /// A phase begins between the one before and the one after it; one that was gone back to, after it had begun first.
    private func checkOrder(
        of event: IncidentEvent, _ sequence: Int, at moment: Timestamp
    ) throws(IncidentRefusal) {
        guard let phase = event.payload.phaseBegun, let phaseEntries else { return }
        let isRevert = event.as(PhaseReverted.self) != nil
        let earlier = Phase.writable.prefix { $0 != phase } + (isRevert ? [phase] : [])
        for other in Phase.writable where isRevert || other != phase {
            guard let begun = phaseEntries[other], begun.entry != sequence else { continue }
            let isEarlier = earlier.contains(other)
            guard isEarlier ? begun.at > moment : begun.at < moment else { continue }
            throw .badValue(
                field: "/happened_at",
                detail: "\(other.title) began at \(begun.at) (entry \(begun.entry)), and \(phase.rawValue) comes "
                    + "\(isEarlier ? "after" : "before") it. Correct the time of that entry first, or give another one."
            )
        }
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
        return switch entry.payload {
        case let update as UpdatePosted:
            "POST \(path)/updates/\(update.id.map(String.init) ?? "ID")/correct corrects an update. "
                + "With \"public\": false it is not public any more."
        case is StepStarted, is StepVerifying, is StepRestored, is StepWaived, is StepFailed, is StepRegressed:
            "POST \(path)/restoration/COMPONENT/undo takes back what was done to a step last, and "
                + "PATCH \(path)/restoration/COMPONENT corrects its times. The review marks what was undone."
        case is RoleAssigned, is RoleRemoved:
            "PUT \(path)/roles/ROLE gives the role to somebody, DELETE takes it away. " + afterwards
        case is Acknowledged:
            "PATCH \(path)/times corrects acknowledged_at. Or strike the entry out, and acknowledge again with occurred_at."
        case is SeveritySet: "PATCH \(path) sets another severity. " + afterwards
        case is AudienceImpactSet, is AudienceImpactRemoved:
            "PUT or DELETE \(path)/audiences/AUDIENCE sets it right. " + afterwards
        case is ImpactSet, is ImpactRemoved:
            "PUT or DELETE \(path)/impacts/COMPONENT corrects an impact. " + afterwards
        case is StartCorrected, is TimesCorrected: "PATCH \(path)/times corrects clocks. " + afterwards
        case is EtaSet:
            "POST \(path)/eta with \"eta\": null takes it back, with another time it holds no more. " + afterwards
        case is EtaWithdrawn: "POST \(path)/eta says when it is expected to be over. " + afterwards
        case is UpdateApproved: "POST \(path)/updates/ID/correct corrects an update that was published."
        case let changed as MitigationChanged:
            "PATCH \(path)/mitigations/\(changed.id) sets the right state. " + afterwards
        case is IncidentDismissed: "POST \(path)/reopen undoes a dismissal."
        case is IncidentMerged, is IncidentAbsorbed: "POST \(path)/unmerge of the merged incident undoes a merge."
        case is PhaseEntered: "POST \(path)/revert goes back to a phase. " + afterwards
        case is PhaseReverted: "POST \(path)/advance goes on again. " + afterwards
        case is ReviewApproved: "PUT \(path)/review with \"status\": \"draft\" takes an approval back."
        default: "Make the call again with what is right."
        }
    }
}

// MARK: - Phases without mistakes

/// The entry with which a phase began, and when that was.
package struct PhaseEntry: Hashable, Codable, Sendable {
    var entry: Int
    var at: Timestamp
    /// Whether somebody went on without what was required: then no fact ended the phase before. Nil where not.
    var isForced: Bool?
}

extension Incident {
    /// Keeps which entries the phases began with that it is past, or in.
    mutating func notePhase(_ recorded: RecordedEvent) {
        if recorded.sequence == 1 { phaseEntries = [:] }
        if let entered = recorded.event.as(PhaseEntered.self) {
            phaseEntries?[entered.phase] = PhaseEntry(
                entry: recorded.sequence, at: recorded.occurredAt, isForced: entered.overridden.isEmpty ? nil : true)
        } else if let back = recorded.event.as(PhaseReverted.self) {
            let left = Phase.writable.drop { $0 != back.phase }.dropFirst()
            let begun = (phaseEntries ?? [:]).filter { left.contains($0.key) }
            for phase in left {
                phaseEntries?[phase] = nil
                secondPhaseEntries?[phase] = nil
            }
            guard back.measured != nil, let last = earlierClocks?.indices.last else { return }
            earlierClocks?[last].entry = recorded.sequence
            earlierClocks?[last].begun = begun
        }
    }

    /// An advance, or a revert, was a mistake: what was measured before holds again.
    mutating func strikeStep(from left: Phase, entry sequence: Int) {
        forgetPhase(begunBy: sequence)
        // It was closed when that was meant.
        if left == .review { times.closedAt = phaseEntries?[.closed]?.at }
        guard let place = earlierClocks?.firstIndex(where: { $0.entry == sequence }),
            let struck = earlierClocks?.remove(at: place)
        else {
            // An advance: the one that was made since says when the phase was left.
            let next = Phase.writable.drop { $0 != left }.dropFirst().first
            if left != .review, let held = next.flatMap({ phaseEntries?[$0] }) {
                leave(left, at: held.at, before: held.at)
            }
            return
        }
        guard place == earlierClocks?.count else { return }
        if earlierClocks?.isEmpty ?? false { earlierClocks = nil }
        clockFacts?.revertedAt = earlierClocks?.last?.revertedAt
        // Where the advance was a mistake as well, what it measured does not hold.
        let begun = struck.begun ?? [:]
        guard Set(begun.values.map(\.entry)).isDisjoint(with: self.struck ?? []) else { return }
        // The phases began when they did first; who went on again did so for nothing. Either of both can be struck out as well.
        for (phase, first) in begun {
            if let second = phaseEntries?[phase] {
                secondPhaseEntries = (secondPhaseEntries ?? [:]).merging([phase: second]) { $1 }
            }
            phaseEntries?[phase] = first
        }
        times.assessedAt = struck.measured.assessedAt ?? times.assessedAt
        times.mitigatedAt = struck.measured.mitigatedAt ?? times.mitigatedAt
        times.restoredAt = struck.measured.restoredAt ?? times.restoredAt
        times.reviewedAt = struck.measured.reviewedAt ?? times.reviewedAt
        times.closedAt = struck.measured.closedAt ?? times.closedAt
    }

    /// Of two entries with which a phase began, the other one holds.
    private mutating func forgetPhase(begunBy sequence: Int) {
        let found = secondPhaseEntries?.first { phase, second in
            second.entry == sequence || phaseEntries?[phase]?.entry == sequence
        }
        guard let (phase, second) = found else { return }
        if second.entry != sequence { phaseEntries?[phase] = second }
        secondPhaseEntries?[phase] = nil
    }

    /// An advance, or a revert, was at another moment. Clocks follow that no other fact sets.
    mutating func moveStep(entry sequence: Int, to moment: Timestamp) {
        if let (phase, begun) = phaseEntries?.first(where: { $0.value.entry == sequence }) {
            phaseEntries?[phase]?.at = moment
            Phase.writable.prefix { $0 != phase }.last.map { leave($0, at: moment, before: begun.at) }
        }
        guard let place = earlierClocks?.firstIndex(where: { $0.entry == sequence }) else { return }
        earlierClocks?[place].revertedAt = moment
        if place == (earlierClocks?.count ?? 0) - 1 { clockFacts?.revertedAt = moment }
    }

    /// A phase was left at another moment than was said before.
    private mutating func leave(_ phase: Phase, at moment: Timestamp, before previous: Timestamp) {
        switch phase {
        case .detect: clockFacts?.detectLeftAt = moment
        case .mitigate:
            clockFacts?.mitigateLeftAt = moment
            times.mitigatedAt = nil
            times.mitigatedAt = reached(leaving: phase, at: moment)
        case .assess where phaseEntries?[.mitigate]?.isForced ?? false: times.leave(phase, at: moment)
        case .assess, .restore: times.leave(phase, at: reached(leaving: phase, at: moment))
        case .review:
            // It was closed when that was done first.
            if times.closedAt == previous { times.closedAt = moment }
        case .closed, .dismissed, .merged: break
        }
    }
}

extension [RecordedEvent] {
    /// The entries with which phases began, in their order, as if those had not been made that were struck out, or undone as a merge
    /// can be, and at the times at which they happened.
    ///
    /// - Parameter incident: What they lead to; nil takes them as they were made.
    func phasesBegun(of incident: Incident?) -> [RecordedEvent] {
        let struck = Set(incident?.struck ?? [])
        var begun: [RecordedEvent] = []
        // The phase in which it stayed, although somebody went back by mistake.
        var stayed: Phase?
        for recorded in self {
            guard let phase = recorded.event.payload.phaseBegun else { continue }
            if struck.contains(recorded.sequence) {
                // Where the advance was a mistake as well, it never came to where somebody went back from.
                if let back = recorded.event.as(PhaseReverted.self), begun.last?.event.payload.phaseBegun == back.from {
                    stayed = back.from
                }
                continue
            }
            if let until = stayed {
                let isRepeated =
                    recorded.event.as(PhaseEntered.self) != nil
                    && !Phase.writable.drop { $0 != phase }.drop { $0 != until }.isEmpty
                if !isRepeated || phase == until { stayed = nil }
                if isRepeated { continue }
            }
            if recorded.event.as(IncidentUnmerged.self) != nil, begun.last?.event.payload.phaseBegun == .merged {
                begun.removeLast()
            }
            if begun.last?.event.payload.phaseBegun == phase { continue }
            begun.append(incident?.entryTimes?[recorded.sequence].map(recorded.moved(to:)) ?? recorded)
        }
        return begun
    }
}
