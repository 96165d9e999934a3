/// A text of another incident that is brought along when that is merged: a note, or a statement about the cause.
package struct BroughtNote: Hashable, Codable, Sendable {
    package let text: String
    package let key: Bool
    package let origin: NoteOrigin
    /// The fact that it is; nil of a note.
    package var fact: IncidentFact?
    /// Who said or did it, of a note.
    package var by: String?
    package var precision: TimePrecision?

    package init(text: String, key: Bool, origin: NoteOrigin, fact: IncidentFact? = nil) {
        self.text = text
        self.key = key
        self.origin = origin
        self.fact = fact
    }

    /// What a merge brings along of an incident's timeline: nothing that was struck out.
    package static func all(of timeline: [RecordedEvent], in incident: Incident) -> [BroughtNote] {
        let struck = Set(incident.struck ?? [])
        return timeline.compactMap { recorded in
            guard !struck.contains(recorded.sequence) else { return nil }
            let text: String
            var key = false
            var brought: IncidentFact?
            var origin = NoteOrigin(incident: incident.number, by: recorded.actor.name, at: recorded.occurredAt)
            if let note = recorded.event.as(NoteAdded.self) {
                (text, key) = (note.text, incident.starred?[recorded.sequence] ?? note.key)
                // What came to it by a merge of its own is still by whoever wrote it.
                if let first = note.origin {
                    origin = NoteOrigin(incident: incident.number, by: first.by, at: first.at)
                }
            } else if let fact = recorded.event.as(FactAdded.self)?.value {
                (text, brought) = (fact.text, fact)
                if let first = fact.origin {
                    origin = NoteOrigin(incident: incident.number, by: first.by, at: first.at)
                }
            } else if recorded.event.as(CauseStated.self) != nil {
                text = recorded.event.sentence
            } else {
                return nil
            }
            var note = BroughtNote(text: text, key: key, origin: origin, fact: brought)
            let own = recorded.event.as(NoteAdded.self)
            (note.by, note.precision) = (own?.by, own?.precision)
            return note
        }
    }
}

/// Who wrote a note that came with a merged incident, where and when.
package struct NoteOrigin: Hashable, Codable, Sendable {
    package var incident: Int
    package var by: String
    package var at: Timestamp

    package init(incident: Int, by: String, at: Timestamp) {
        self.incident = incident
        self.by = by
        self.at = at
    }
}

/// The alerts that came with a merged incident, and go with it when that goes on by itself.
package struct MovedAlerts: Hashable, Sendable {
    /// What fires, by component.
    package var firing: [String: Int]
    package var total: Int

    package init(firing: [String: Int] = [:], total: Int = 0) {
        self.firing = firing
        self.total = total
    }
}

extension Incident {
    func merge(into target: Int, reason: String?) throws(IncidentRefusal) -> [any TimelineEvent] {
        if phase == .merged, mergedInto == target { return [] }
        try requirePhase(Phase.open)
        guard target != number else { throw .mergeRefused("An incident cannot be merged into itself.") }
        return [IncidentMerged(into: target, reason: reason, from: phase)]
    }

    /// The other side of a merge: everything that the other one has and this one lacks.
    ///
    /// - Parameter notes: What was written down there, the oldest first.
    func absorbing(
        _ other: Incident, _ notes: [BroughtNote], _ facts: DecisionFacts
    ) throws(IncidentRefusal) -> [any TimelineEvent] {
        try checkAbsorbing(other)
        let taken = impactsTaken(from: other)
        try checkRoom(for: other, taken)
        let brought = bring(other, taken)
        let (kept, left) = notesWithRoom(notes)
        var absorbed = IncidentAbsorbed(
            number: other.number, title: other.title, impacts: taken, firing: other.firing, alerts: other.alerts)
        absorbed.brought = brought
        absorbed.brought?.notes = kept.count
        absorbed.brought?.notesLeft = left
        var events: [any TimelineEvent] = [absorbed]
        if let start = brought.startedAt { events.append(StartCorrected(startedAt: start, previous: times.startedAt)) }
        if let severity = brought.severity {
            // What a person has said here stays a person's word, whoever said more there.
            let isOfAlerts = other.severityOrigin == .alert && (self.severity == nil || severityOrigin == .alert)
            events.append(severitySet(severity, origin: isOfAlerts ? .alert : nil, facts))
        }
        for role in IncidentRole.allCases {
            if let person = brought.roles[role] { events.append(RoleAssigned(role: role, person: person)) }
        }
        var (notes, facts) = (self.notes ?? 0, self.facts ?? 0)
        for note in kept {
            if var fact = note.fact {
                facts += 1
                (fact.number, fact.origin) = (facts, note.origin)
                // The incident that goes on is not related to itself.
                if fact.incident != number { events.append(FactAdded(fact)) }
            } else {
                notes += 1
                events.append(
                    NoteAdded(
                        text: note.text, key: note.key, number: notes, origin: note.origin, by: note.by,
                        precision: note.precision))
            }
        }
        let down = taken.filter(\.isOngoing).map(\.component)
        let restarted = down.filter { component in !brought.steps.contains { $0.slug == component } }
        let firing = other.firing.filter { $0.value > 0 }.keys.filter { !down.contains($0) }
        return events + regressions(of: restarted, reason: "it is still down in INC-\(other.number)")
            + regressions(of: firing, reason: "an alert is firing on it in INC-\(other.number)")
    }

    private func checkAbsorbing(_ other: Incident) throws(IncidentRefusal) {
        guard phase.isOpen else {
            throw .mergeRefused("INC-\(number) is \(phase.rawValue); an incident can only be merged into an open one.")
        }
        guard !other.isToldPublicly || isToldPublicly else {
            throw .mergeRefused(
                "INC-\(other.number) has public updates and INC-\(number) has none: the status page would no longer show it. "
                    + "POST /v1/incidents/\(number)/updates with \"public\": true first, or merge INC-\(number) into INC-\(other.number)."
            )
        }
        guard phase == .review, !other.unrestored.isEmpty || !other.blockingAlerts.isEmpty else { return }
        throw .mergeRefused(
            "INC-\(number) is in review, but INC-\(other.number) still has components down or alerts firing; "
                + "POST /v1/incidents/\(number)/revert to mitigate or restore first.")
    }

    /// What both have stays as this incident says it, unless it ended here and goes on there, or goes on there in more regions.
    private func impactsTaken(from other: Incident) -> [ComponentImpact] {
        let own = Dictionary(impacts.map { ($0.component, $0) }) { first, _ in first }
        return other.impacts.compactMap { impact -> ComponentImpact? in
            var impact = impact
            // What began with that incident began then, and not with this one.
            if impact.startedAt == nil, other.times.startedAt > times.startedAt {
                impact.startedAt = min(other.times.startedAt, impact.endedAt ?? other.times.startedAt)
            }
            guard let known = own[impact.component] else { return impact }
            guard impact.isOngoing else {
                // Both are over: here it is over when the later of them was.
                guard let end = impact.endedAt, let own = known.endedAt, end > own else { return nil }
                var longer = known
                longer.endedAt = end
                return longer
            }
            return known.isOngoing ? known.united(with: impact) : impact
        }
    }

    private func checkRoom(for other: Incident, _ taken: [ComponentImpact]) throws(IncidentRefusal) {
        let taking = Set(taken.map(\.component))
        let united = impacts.filter { !taking.contains($0.component) } + taken
        guard united.count <= IncidentLimits.impacts,
            united.reduce(0, { $0 + $1.regions.count }) <= IncidentLimits.regions
        else {
            throw .mergeRefused(
                "INC-\(number) would have more than \(IncidentLimits.impacts.grouped) impacts, or more than "
                    + "\(IncidentLimits.regions.grouped) regions in them; remove some first.")
        }
        let counts = [
            ("mitigations", mitigations.count + other.mitigations.count, IncidentLimits.mitigations),
            ("tasks", tasks.count + other.tasks.count, IncidentLimits.tasks),
            ("action items", actions.count + other.actions.count, IncidentLimits.actions),
            (
                "attachments", keptAttachments.count + other.keptAttachments.count, IncidentLimits.attachments
            ),
        ]
        for (things, count, limit) in counts where count > limit {
            throw .mergeRefused(
                "INC-\(number) would have \(count.grouped) \(things); the limit is \(limit.grouped). "
                    + "Merge INC-\(number) into INC-\(other.number) instead, or refer to it in a note.")
        }
    }

    private func bring(_ other: Incident, _ taken: [ComponentImpact]) -> IncidentAbsorbed.Brought {
        var brought = IncidentAbsorbed.Brought()
        if other.times.startedAt < times.startedAt { brought.startedAt = other.times.startedAt }
        brought.detectedAt = other.clocks.detectedAt
        if let worse = other.severity, severity.map({ worse.rawValue < $0.rawValue }) ?? true {
            brought.severity = worse
        }
        brought.alertSeverity = other.alertSeverity
        let known = links ?? []
        let new = (other.links ?? []).adding(to: known, max: IncidentLimits.links).dropFirst(known.count)
        if !new.isEmpty { brought.links = Array(new) }
        brought.roles = other.roles.filter { roles[$0.key] == nil }
        let ids = (mitigations.last?.id ?? 0, tasks.last?.id ?? 0, actions.last?.ordinal ?? 0)
        brought.mitigations = other.mitigations.enumerated().map { index, mitigation in
            mitigation.moved(to: ids.0 + index + 1, from: other.number)
        }
        brought.tasks = other.tasks.enumerated().map { index, task in
            task.moved(to: ids.1 + index + 1, from: other.number)
        }
        brought.actions = other.actions.enumerated().map { index, action in
            action.moved(to: ids.2 + index + 1, from: other.number)
        }
        brought.steps = stepsTaken(from: other, taken)
        brought.levels = levels(of: other)
        let files = attachments(takenFrom: other)
        if !files.isEmpty { brought.attachments = files }
        return brought
    }

    /// How hard the other one's components were hit over time.
    private func levels(of other: Incident) -> [String: [BroughtLevel]] {
        (other.impactLog ?? [:]).compactMapValues { said in
            let stretches = ImpactTrack(said, from: other.times.startedAt).stretches
            return stretches.isEmpty ? nil : stretches.suffix(Self.stretchesBrought).map(BroughtLevel.init)
        }
    }

    /// Of one component: more changes than these nobody reads.
    private static let stretchesBrought = 100

    /// How far the other one is with components that this one has not begun with. An alert that fires here takes it back.
    private func stepsTaken(from other: Incident, _ taken: [ComponentImpact]) -> [RestorationStep] {
        let new = Set(taken.map(\.component))
        return other.steps.filter { step in
            guard !step.state.isStartable, firing[step.slug] == nil, other.firing[step.slug] == nil else {
                return false
            }
            let own = self.step(step.component)
            switch step.state {
            // Work that goes on there goes on here, unless this one is further.
            case .restoring, .verifying: return own.map(\.state.isStartable) ?? new.contains(step.slug)
            // What was given up there is given up here where only it was affected.
            case .waived: return own == nil && new.contains(step.slug)
            case .restored, .waiting, .regressed: return false
            }
        }
    }

    /// The notes for which there is room: those that are starred first, then the newest; and how many are left.
    private func notesWithRoom(_ notes: [BroughtNote]) -> (kept: [BroughtNote], left: Int) {
        var bytes = 0
        let ranked = notes.enumerated().sorted { one, other in
            (one.element.key ? 0 : 1, -one.offset) < (other.element.key ? 0 : 1, -other.offset)
        }
        let room = min(IncidentLimits.notesBrought, max(0, IncidentLimits.notes - (self.notes ?? 0)))
        var factsLeft = max(0, IncidentLimits.facts - (facts ?? 0))
        let fitting = ranked.filter { note in
            guard note.element.fact != nil else { return true }
            factsLeft -= 1
            return factsLeft >= 0
        }
        let kept = fitting.prefix(room).prefix { note in
            bytes += note.element.text.utf8.count
            return bytes <= IncidentLimits.notesBroughtBytes
        }
        return (kept.sorted { $0.offset < $1.offset }.map(\.element), notes.count - kept.count)
    }
}

extension Mitigation {
    fileprivate func moved(to id: Int, from incident: Int) -> Mitigation {
        var copy = Mitigation(id: id, description: description, kind: kind, owner: owner, state: state)
        (copy.startedAt, copy.endedAt, copy.inForce, copy.struck) = (startedAt, endedAt, inForce, struck)
        copy.reason = reason
        copy.incident = incident
        return copy
    }
}

extension IncidentTask {
    fileprivate func moved(to id: Int, from incident: Int) -> IncidentTask {
        IncidentTask(id: id, text: text, owner: owner, done: done, incident: incident, struck: struck)
    }
}

extension ActionItem {
    fileprivate func moved(to ordinal: Int, from incident: Int) -> ActionItem {
        ActionItem(
            ordinal: ordinal, title: title, kind: kind, owner: owner, due: due, required: required, state: state,
            incident: incident, struck: struck, priority: priority, link: link)
    }
}

// MARK: - Undone

extension Incident {
    /// A dismissed incident goes on where it stood.
    func reopen(reason: String, _ facts: DecisionFacts) throws(IncidentRefusal) -> [any TimelineEvent] {
        if phase.isOpen { return [] }
        try requirePhase([.dismissed])
        let due = facts.updates.nextUpdate(after: facts.now, severity: severity)
        return [IncidentReopened(phase: endedFrom ?? .detect, reason: reason, updateDueAt: due)]
    }

    /// A merged incident goes on by itself, where it stood.
    ///
    /// - Parameters:
    ///   - target: The incident that it was merged into, as it is.
    ///   - alerts: What came to the target with it.
    func unmerge(
        from target: Incident, _ alerts: MovedAlerts, reason: String, _ facts: DecisionFacts
    ) throws(IncidentRefusal) -> [any TimelineEvent] {
        if phase.isOpen { return [] }
        try requirePhase([.merged])
        let phase = endedFrom ?? lastPhase
        // What was back before it was merged is back, whatever became of it there.
        let own = Set(impacts.filter(\.isOngoing).map(\.component))
        let record = target.absorbed?.last { $0.number == number }
        let due = phase.hasWaitingPeople ? facts.updates.nextUpdate(after: facts.now, severity: severity) : nil
        return [
            IncidentUnmerged(
                from: target.number, phase: phase, reason: reason, firing: alerts.firing, alerts: alerts.total,
                impacts: impacts.compactMap { impact in
                    target.impacts.first { $0.component == impact.component }.flatMap {
                        left(impact, $0, record, target)
                    }
                },
                steps: target.steps.filter { own.contains($0.slug) && !$0.state.isStartable }, updateDueAt: due)
        ]
    }

    /// How an impact goes on that another incident had: changed there it stays so, and what ended there has ended. Else it is as it
    /// was here; nil.
    private func left(
        _ own: ComponentImpact, _ there: ComponentImpact, _ record: AbsorbedIncident?, _ target: Incident
    ) -> ComponentImpact? {
        guard own.isOngoing else { return nil }
        guard let record else { return there == own ? nil : there }
        let then = (record.impactsAfter ?? record.impacts).first { $0.component == own.component }
        guard let then, (then.impact, then.regions) != (there.impact, there.regions) else {
            let left = target.asOver(own, there)
            return left == own ? nil : left
        }
        // Somebody said something else of it since. Where it was hit, only that one knows.
        let last = target.impactLog?[own.component].flatMap {
            ImpactTrack($0, from: target.times.startedAt).stretches.last
        }
        var changed = own
        guard there.impact.isHarm else {
            guard let end = last?.end else { return there }
            return own.ended(at: end)
        }
        (changed.impact, changed.startedAt) = (there.impact, last?.begin)
        if then.regions != there.regions || own.regions == then.regions { changed.regions = there.regions }
        return changed.ended(at: there.endedAt)
    }

    /// An impact that a merge gives back, as far as it was over meanwhile: its own steps are restored, or the whole is.
    fileprivate func asOver(_ own: ComponentImpact, _ there: ComponentImpact) -> ComponentImpact {
        let back = own.stepNames.map { name in
            step(name).flatMap { $0.state == .restored ? $0.restoredAt : nil }
        }
        guard !back.isEmpty, !back.contains(nil) else { return own.ended(at: there.endedAt) }
        return own.ended(at: back.compactMap(\.self).max())
    }

    /// Where an incident stood that a release merged that did not keep it, as far as its clocks tell.
    private var lastPhase: Phase {
        if times.restoredAt != nil { return .review }
        if times.mitigatedAt != nil { return .restore }
        if times.assessedAt != nil { return .mitigate }
        return times.acknowledgedAt == nil ? .detect : .assess
    }

    /// Whether a component is down by what merges brought, beside one of them.
    private func isDown(_ component: String, beside merge: Int?) -> Bool {
        impactLog?[component]?.contains { statement in
            statement.entry != merge && statement.brought?.last.map { $0.endedAt == nil } ?? false
        } ?? false
    }

    /// The other side: what the target took over goes back, as far as nobody has changed it since.
    func separate(
        from other: Incident, _ alerts: MovedAlerts, reason: String, _ facts: DecisionFacts
    ) throws(IncidentRefusal) -> [any TimelineEvent] {
        guard phase.isOpen else {
            let more = mergedInto.map { "; POST /v1/incidents/\(number)/unmerge separates it from INC-\($0) first" }
            throw .mergeRefused(
                "INC-\(number) is \(phase.rawValue): a merge can be undone until it is closed\(more ?? "").")
        }
        let record = absorbed?.last { $0.number == other.number }
        let before = Dictionary((record?.impactsBefore ?? []).map { ($0.component, $0) }) { first, _ in first }
        let unchanged = impacts.filter { impact in
            // What goes on in a third incident that was merged into this one goes on here.
            guard !isDown(impact.component, beside: record?.entry) else { return false }
            // What was back here, and has an alert of its own since, is down.
            let own = (firing[impact.component] ?? 0) - (alerts.firing[impact.component] ?? 0)
            if own > 0, before[impact.component]?.isOngoing == false { return false }
            return record?.impacts.contains {
                $0.component == impact.component && $0.impact == impact.impact && $0.regions == impact.regions
            } ?? false
        }
        let separated = IncidentSeparated(
            number: other.number, title: other.title, reason: reason,
            removed: unchanged.map(\.component).filter { before[$0] == nil },
            impacts: unchanged.compactMap { now in before[now.component].map { asOver($0, now) } },
            roles: IncidentRole.allCases.filter { role in
                record?.roles[role].map { roles[role] == $0 } ?? false
            }, firing: alerts.firing, alerts: alerts.total,
            unsetsSeverity: record.flatMap {
                $0.severity != nil && $0.severity == severity && $0.severityBefore == nil ? true : nil
            })
        var events: [any TimelineEvent] = [separated]
        // What happened since then may have been before the old beginning: then the one that was taken over stays.
        var apart = self
        record.map { apart.giveBackDetection($0) }
        if let record, let start = record.startedAt, times.startedAt == start,
            apart.firstReached.moment >= record.startedBefore
        {
            events.append(StartCorrected(startedAt: record.startedBefore, previous: start))
        }
        if let record, let severity = record.severity, severity == self.severity, let old = record.severityBefore {
            events.append(
                severitySet(old, origin: record.severityOriginBefore == .alert ? .alert : nil, facts))
        }
        return events
    }
}

extension ComponentImpact {
    /// The same, over at a moment if it goes on until now; nil leaves it as it is.
    fileprivate func ended(at moment: Timestamp?) -> ComponentImpact {
        guard isOngoing, let moment else { return self }
        var ended = self
        ended.endedAt = max(moment, startedAt ?? moment)
        return ended
    }
}
