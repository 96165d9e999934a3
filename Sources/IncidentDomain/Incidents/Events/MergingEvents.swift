package struct IncidentMerged: TimelineEvent {
    package var into: Int
    package var reason: String?
    /// The phase in which it stood; nil in entries of releases that did not keep it.
    package var from: Phase?

    package static let kind = "incident_merged"
    package static let examples = [
        IncidentMerged(into: 7, reason: "the same outage")
    ]
    package var isNotified: Bool { true }

    package var redacted: IncidentMerged {
        var copy = self
        copy.reason = reason?.redacted
        return copy
    }

    package var phrase: Phrase { Phrase("Merged into INC-\(into).").giving(reason) }
    package var phaseBegun: Phase? { .merged }
    package var isKeyMoment: Bool { true }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.phase = .merged
        incident.mergedInto = into
        incident.firing = [:]
        if let from { incident.endedFrom = from }
    }
}

/// What an incident took over from one that was merged into it.
package struct IncidentAbsorbed: TimelineEvent {
    /// What it took over beside impacts and alerts; what had an id has one of this incident now.
    package struct Brought: Hashable, Codable, Sendable {
        /// The beginning, where that was earlier; the severity, where that was higher; roles that nobody had here. Entries of their own
        /// follow that set them.
        package var startedAt: Timestamp?
        package var severity: Severity?
        package var roles: [IncidentRole: String] = [:]
        /// The worst that its alerts said, and where they lead, as far as there was room.
        package var alertSeverity: Severity?
        package var links: [IncidentLink]?
        /// When it was detected there.
        package var detectedAt: Timestamp?
        package var mitigations: [Mitigation] = []
        package var tasks: [IncidentTask] = []
        package var actions: [ActionItem] = []
        /// How far components are that were restored there.
        package var steps: [RestorationStep] = []
        /// Notes and statements about the cause, which follow as entries of their own, and those for which there was no room.
        package var notes = 0
        package var notesLeft = 0
        /// How hard each component was hit there over time, by slug; nil in entries of releases that did not bring it.
        package var levels: [String: [BroughtLevel]]?
        /// Files; nil when there are none.
        package var attachments: [Attachment]?

        package init() {}

        private enum CodingKeys: String, CodingKey {
            case severity, roles, links, mitigations, tasks, actions, steps, notes, attachments, levels
            case startedAt = "started_at"
            case alertSeverity = "alert_severity"
            case detectedAt = "detected_at"
            case notesLeft = "notes_left"
        }
    }

    package var number: Int
    package var title: String
    /// Impacts on components that this incident had none on, or one that had ended.
    package var impacts: [ComponentImpact]
    package var firing: [String: Int]
    package var alerts: Int
    /// Nil in entries of releases that took over impacts and alerts only.
    package var brought: Brought?

    package static let kind = "incident_absorbed"
    package static let examples = [
        IncidentAbsorbed(
            number: 8, title: "Uploads fail", impacts: [EventExamples.impact], firing: ["": 1, "cdn": 2], alerts: 3)
    ]

    package var redacted: IncidentAbsorbed {
        var copy = changingTexts(\.redacted)
        copy.impacts = impacts.map(\.redacted)
        copy.brought?.links = brought?.links?.map(\.redacted)
        copy.brought?.levels = brought?.levels?.mapValues { levels in
            levels.map { level in
                var copy = level
                copy.regions = level.regions?.map(\.redacted)
                return copy
            }
        }
        return copy
    }

    package var concernsRestoration: Bool { true }

    package var phrase: Phrase {
        var things: [Phrase] = []
        func count(_ number: Int, _ one: Phrase, _ many: Phrase) {
            if number > 0 { things.append(number == 1 ? one : many) }
        }
        let (mitigations, tasks) = (brought?.mitigations.count ?? 0, brought?.tasks.count ?? 0)
        let (actions, notes) = (brought?.actions.count ?? 0, brought?.notes ?? 0)
        if !impacts.isEmpty {
            things.append("impacts on \(impacts.map(\.component).sorted().joined(separator: ", "))")
        }
        count(alerts, "1 alert", "\(.number(alerts)) alerts")
        count(mitigations, "1 mitigation", "\(.number(mitigations)) mitigations")
        count(tasks, "1 task", "\(.number(tasks)) tasks")
        count(actions, "1 action item", "\(.number(actions)) action items")
        count(notes, "1 note", "\(.number(notes)) notes")
        count(
            brought?.attachments?.count ?? 0, "1 attachment", "\(.number(brought?.attachments?.count ?? 0)) attachments"
        )
        let with: Phrase = things.isEmpty ? "" : ", with \(Self.list(things))"
        let left = brought?.notesLeft ?? 0
        let rest: Phrase = left > 0 ? " \(.number(left)) more of its notes stand in its own timeline." : ""
        return "INC-\(number) “\(title.onOneLine)” merged into this incident\(with).\(rest)"
    }

    private static func list(_ things: [Phrase]) -> Phrase {
        guard things.count > 1, let last = things.last else { return things.first ?? "" }
        return "\(things.dropLast().joined(separator: ", ")) and \(last)"
    }

    package var isKeyMoment: Bool { true }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        var record = AbsorbedIncident(
            number: number, impacts: impacts,
            impactsBefore: impacts.compactMap { impact in incident.impacts.first { $0.component == impact.component } },
            severity: brought?.severity, severityBefore: incident.severity,
            severityOriginBefore: incident.severityOrigin, startedAt: brought?.startedAt,
            startedBefore: incident.times.startedAt, roles: brought?.roles ?? [:],
            arrivalsBefore: incident.clockFacts?.arrivals)
        record.entry = incident.version + 1
        record.stepsBefore = impacts.flatMap { incident.steps(of: $0.component) }
        if let earlier = brought?.startedAt, earlier < incident.times.startedAt {
            // What began with this incident began then, however early the other one did.
            for index in incident.impacts.indices where incident.impacts[index].startedAt == nil {
                let start = incident.times.startedAt
                incident.impacts[index].startedAt = min(start, incident.impacts[index].endedAt ?? start)
            }
        }
        for impact in impacts { incident.set(impact, at: moment) }
        incident.firing.merge(firing, uniquingKeysWith: +)
        incident.alerts += alerts
        // A person merged them: it does not close itself any more.
        incident.closing = nil
        if !incident.firing.isEmpty { incident.clearedAt = nil }
        guard let brought else { return }
        incident.mitigations += brought.mitigations
        incident.tasks += brought.tasks
        incident.actions += brought.actions
        if let files = brought.attachments { incident.attachments = (incident.attachments ?? []) + files }
        for step in brought.steps { incident.change(step.component) { $0 = step } }
        if let said = brought.alertSeverity { incident.alertSeverity = min(incident.alertSeverity ?? said, said) }
        let new = (brought.links ?? []).filter { $0 != $0.redacted }
        if !new.isEmpty { incident.links = new.adding(to: incident.links ?? [], max: IncidentLimits.links) }
        if let detected = brought.detectedAt {
            incident.clockFacts?.noteAlert(detected, start: brought.startedAt ?? incident.times.startedAt)
        }
        record.arrivalsAfter = incident.clockFacts?.arrivals
        let both = Set((brought.levels ?? [:]).keys).union(impacts.map(\.component))
        record.impactsAfter = incident.impacts.filter { both.contains($0.component) }
        incident.absorbed = (incident.absorbed ?? []) + [record]
    }
}

/// What an incident took over from another, and what was there before, for when the two turn out not to be one.
package struct AbsorbedIncident: Hashable, Codable, Sendable {
    package var number: Int
    var impacts: [ComponentImpact]
    var impactsBefore: [ComponentImpact]
    var severity: Severity?
    var severityBefore: Severity?
    var severityOriginBefore: SeverityOrigin?
    var startedAt: Timestamp?
    var startedBefore: Timestamp
    var roles: [IncidentRole: String]
    /// When the first alerts arrived as the incident knew it, and as it knows it with the other one's.
    var arrivalsBefore: AlertArrivals?
    var arrivalsAfter: AlertArrivals?
    /// The entry that says so, and the steps of these components before it; nil in rows of releases that did not keep them.
    var entry: Int?
    var stepsBefore: [RestorationStep]?
    /// How this one's components stood once it was merged, of those that the other one had as well; nil in rows of releases that did not
    /// keep it.
    var impactsAfter: [ComponentImpact]?

    /// Once another one has gone, what was there before this one came is what was there before that.
    mutating func forget(_ gone: AbsorbedIncident) {
        if severityBefore != nil, severityBefore == gone.severity {
            (severityBefore, severityOriginBefore) = (gone.severityBefore, gone.severityOriginBefore)
        }
        if startedBefore == gone.startedAt { startedBefore = gone.startedBefore }
        if arrivalsBefore == gone.arrivalsAfter { arrivalsBefore = gone.arrivalsBefore }
        impactsBefore = impactsBefore.compactMap { impact in
            guard let taken = gone.impacts.first(where: { $0.component == impact.component }),
                (taken.impact, taken.regions) == (impact.impact, impact.regions)
            else { return impact }
            stepsBefore?.removeAll { $0.slug == impact.component }
            stepsBefore? += (gone.stepsBefore ?? []).filter { $0.slug == impact.component }
            return gone.impactsBefore.first { $0.component == impact.component }
        }
    }
}

extension Incident {
    /// The first alerts arrived when they did without the other incident's, unless more came since that were earlier.
    mutating func giveBackDetection(_ record: AbsorbedIncident) {
        guard let after = record.arrivalsAfter, clockFacts?.arrivals == after else { return }
        clockFacts?.arrivals = record.arrivalsBefore ?? AlertArrivals()
    }

    /// What was back here before the other incident came is as far as it was then: what was done since was done for the other one.
    fileprivate mutating func giveBackSteps(of impact: ComponentImpact, _ other: Int) {
        let record = absorbed?.last { $0.number == other }
        guard let before = record?.stepsBefore?.filter({ $0.slug == impact.component }),
            let known = record?.impactsBefore.first(where: { $0.component == impact.component })
        else { return }
        guard known.isOngoing else {
            steps.removeAll { $0.slug == impact.component }
            steps += before
            return
        }
        // Regions that only the other one had go with it.
        let own = Set(before.map(\.component) + known.stepNames)
        steps.removeAll { $0.slug == impact.component && !own.contains($0.component) }
    }
}

extension IncidentAbsorbed {
    /// The same with other words where people's words stand, as when these are redacted in the incident that they came from.
    package func changingTexts(_ change: (String) -> String) -> IncidentAbsorbed {
        var copy = self
        copy.title = change(title)
        guard var brought else { return copy }
        brought.roles = brought.roles.mapValues(change)
        for index in brought.mitigations.indices {
            brought.mitigations[index].description = change(brought.mitigations[index].description)
            brought.mitigations[index].kind = brought.mitigations[index].kind.map(change)
            brought.mitigations[index].owner = brought.mitigations[index].owner.map(change)
            brought.mitigations[index].reason = brought.mitigations[index].reason.map(change)
        }
        for index in brought.tasks.indices {
            brought.tasks[index].text = change(brought.tasks[index].text)
            brought.tasks[index].owner = brought.tasks[index].owner.map(change)
        }
        for index in brought.actions.indices {
            brought.actions[index].title = change(brought.actions[index].title)
            brought.actions[index].owner = brought.actions[index].owner.map(change)
            brought.actions[index].link = brought.actions[index].link.map(change)
        }
        brought.attachments = brought.attachments?.map { attachment in
            var copy = attachment
            (copy.name, copy.caption) = (change(attachment.name), attachment.caption.map(change))
            return copy
        }
        copy.brought = brought
        return copy
    }
}

/// It goes on by itself again, after it had been merged into another incident.
package struct IncidentUnmerged: TimelineEvent {
    /// The incident that it had been merged into.
    package var from: Int
    package var phase: Phase
    package var reason: String
    /// What fires of its alerts, by component, and how many it has.
    package var firing: [String: Int]
    package var alerts: Int
    /// How its components are now, as the other incident left them, and how far restoring them is.
    package var impacts: [ComponentImpact]
    package var steps: [RestorationStep]
    /// When the next update is due.
    package var updateDueAt: Timestamp?

    private enum CodingKeys: String, CodingKey {
        case from, phase, reason, firing, alerts, impacts, steps
        case updateDueAt = "update_due_at"
    }

    package static let kind = "incident_unmerged"
    package static let examples = [
        IncidentUnmerged(
            from: 7, phase: .mitigate, reason: "two outages after all", firing: ["": 1, "cdn": 2], alerts: 3,
            impacts: [EventExamples.impact], steps: [RestorationStep(component: "cdn")],
            updateDueAt: EventExamples.noon)
    ]
    package var isNotified: Bool { true }

    package var redacted: IncidentUnmerged {
        var copy = self
        copy.reason = reason.redacted
        copy.impacts = impacts.map(\.redacted)
        return copy
    }

    package var concernsRestoration: Bool { true }

    package var phrase: Phrase {
        Phrase("Separated from INC-\(from) again, in phase \(phase.noun).").giving(reason)
    }

    package var phaseBegun: Phase? { phase }
    package var isKeyMoment: Bool { true }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.phase = phase
        incident.mergedInto = nil
        incident.endedFrom = nil
        incident.firing = firing
        incident.alerts = max(alerts, incident.alerts)
        for step in steps { incident.change(step.component) { $0 = step } }
        for impact in impacts { incident.set(impact, at: moment) }
        incident.awaitUpdate(by: updateDueAt, from: moment)
    }
}

/// An incident gave back what it had taken over from another, which goes on by itself.
package struct IncidentSeparated: TimelineEvent {
    package var number: Int
    package var title: String
    package var reason: String
    /// The components whose impact went with the other, and those whose impact is again as it was before.
    package var removed: [String]
    package var impacts: [ComponentImpact]
    /// Roles that nobody has any more, since their people came with the other.
    package var roles: [IncidentRole]
    /// The alerts that went with it: what fires, by component, and all of them.
    package var firing: [String: Int]
    package var alerts: Int
    /// True where nobody had said how severe it is before the other one came.
    package var unsetsSeverity: Bool?

    private enum CodingKeys: String, CodingKey {
        case number, title, reason, removed, impacts, roles, firing, alerts
        case unsetsSeverity = "unsets_severity"
    }

    package static let kind = "incident_separated"
    package static let examples = [
        IncidentSeparated(
            number: 8, title: "Uploads fail", reason: "two outages after all", removed: ["cdn"],
            impacts: [EventExamples.impact], roles: [.scribe], firing: ["": 1, "cdn": 2], alerts: 3)
    ]

    package var redacted: IncidentSeparated {
        var copy = self
        copy.title = title.redacted
        copy.reason = reason.redacted
        copy.impacts = impacts.map(\.redacted)
        return copy
    }

    package var concernsRestoration: Bool { true }

    package var phrase: Phrase {
        let components = (removed + impacts.map(\.component)).sorted()
        let taken: Phrase =
            components.isEmpty ? "" : " It takes its impacts on \(components.joined(separator: ", ")) along."
        let unset: Phrase = unsetsSeverity ?? false ? " The severity that it had brought is taken back." : ""
        let left: Phrase =
            roles.isEmpty
            ? "" : " Nobody is \(roles.map(\.phrase).joined(separator: ", ")) here any more."
        return Phrase("INC-\(number) “\(title.onOneLine)” goes on by itself again.\(taken)\(unset)\(left)").giving(
            reason)
    }

    package var isKeyMoment: Bool { true }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        for component in removed {
            incident.impacts.removeAll { $0.component == component }
            incident.steps.removeAll { $0.slug == component }
        }
        for impact in impacts {
            incident.set(impact, at: moment)
            incident.giveBackSteps(of: impact, number)
        }
        for role in roles { incident.roles[role] = nil }
        for (component, count) in firing {
            let left = (incident.firing[component] ?? 0) - count
            incident.firing[component] = left > 0 ? left : nil
        }
        incident.alerts = max(incident.alerts - alerts, incident.firing.values.reduce(0, +))
        for index in incident.mitigations.indices where incident.mitigations[index].incident == number {
            incident.mitigations[index].struck = true
        }
        for index in incident.tasks.indices where incident.tasks[index].incident == number {
            incident.tasks[index].struck = true
        }
        for index in incident.actions.indices where incident.actions[index].incident == number {
            incident.actions[index].struck = true
        }
        incident.attachments = incident.attachments?.map { attachment in
            var copy = attachment
            if attachment.incident == number { copy.removed = true }
            return copy
        }
        if unsetsSeverity ?? false { (incident.severity, incident.severityOrigin) = (nil, nil) }
        if let gone = incident.absorbed?.last(where: { $0.number == number }) {
            incident.giveBackDetection(gone)
            for index in incident.absorbed?.indices ?? 0..<0 { incident.absorbed?[index].forget(gone) }
        }
        incident.absorbed?.removeAll { $0.number == number }
        if incident.absorbed?.isEmpty ?? false { incident.absorbed = nil }
    }
}

/// A dismissed incident was none too many, after all.
package struct IncidentReopened: TimelineEvent {
    /// Where it goes on: where it stood.
    package var phase: Phase
    package var reason: String
    /// When the next update is due.
    package var updateDueAt: Timestamp?

    private enum CodingKeys: String, CodingKey {
        case phase, reason
        case updateDueAt = "update_due_at"
    }

    package static let kind = "incident_reopened"
    package static let examples = [
        IncidentReopened(phase: .assess, reason: "it is real", updateDueAt: EventExamples.noon)
    ]
    package var isNotified: Bool { true }

    package var redacted: IncidentReopened {
        var copy = self
        copy.reason = reason.redacted
        return copy
    }

    package var concernsRestoration: Bool { true }

    package var phrase: Phrase {
        Phrase("Reopened: it was no false alarm. Back to \(phase.noun).").giving(reason)
    }

    package var phaseBegun: Phase? { phase }
    package var isKeyMoment: Bool { true }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.phase = phase
        incident.endedFrom = nil
        incident.awaitUpdate(by: updateDueAt, from: moment)
    }
}

extension Incident {
    /// People wait again: for the update that was promised, or the next one. What was to be published while it was ended waits for
    /// somebody: it may not hold any more.
    fileprivate mutating func awaitUpdate(by due: Timestamp?, from moment: Timestamp) {
        guard due != nil || communication != nil else { return }
        communicate { communication in
            let promised = communication.updateDueAt.flatMap { $0 > moment ? $0 : nil }
            communication.expectUpdate(by: promised ?? due)
            for index in communication.drafts.indices {
                let draft = communication.drafts[index]
                if let at = draft.publishAt, at <= moment { communication.drafts[index].publishAt = nil }
            }
        }
    }
}
