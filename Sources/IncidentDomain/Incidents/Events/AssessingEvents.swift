package struct IncidentDescribed: AfterwardsEvent {
    package var title: String?
    /// Empty where there is none any more.
    package var summary: String?
    package var labels: [String: String]?
    package var afterwards: Bool?

    package static let kind = "incident_described"
    package static let examples = [
        IncidentDescribed(title: "Videos stall", summary: "After ten seconds", labels: ["region": "eu-north"])
    ]

    package var redacted: IncidentDescribed {
        var copy = self
        copy.title = title?.redacted
        copy.summary = summary.map { $0.isEmpty ? $0 : $0.redacted }
        copy.labels = labels.map { _ in [:] }
        return copy
    }

    package var phrase: Phrase {
        var changes: [Phrase] = []
        if let title { changes.append("title changed to “\(title.onOneLine)”") }
        if let summary {
            changes.append(summary.isEmpty ? "summary removed" : "summary changed to “\(summary.onOneLine)”")
        }
        if let labels {
            let pairs = labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)".onOneLine }
            changes.append(pairs.isEmpty ? "labels removed" : "labels set to \(pairs.joined(separator: ", "))")
        }
        return changes.isEmpty ? "Description changed." : changes.joined(separator: "; ").beginningSentence
    }
    package var isKeyMoment: Bool { title != nil }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.takeApprovalBack()
        incident.title = title ?? incident.title
        if let summary { incident.summary = summary.isEmpty ? nil : summary }
        incident.labels = labels ?? incident.labels
    }
}

package struct StartCorrected: TimelineEvent {
    package var startedAt: Timestamp
    package var previous: Timestamp

    private enum CodingKeys: String, CodingKey {
        case previous
        case startedAt = "started_at"
    }

    package static let kind = "start_corrected"
    package static let examples = [
        StartCorrected(startedAt: EventExamples.before, previous: EventExamples.noon)
    ]

    package var phrase: Phrase {
        "Impact start corrected to \(startedAt.told) (was \(previous.told))."
    }

    package var isKeyMoment: Bool { true }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.takeApprovalBack()
        incident.times.startedAt = startedAt
        incident.corrections?.removeAll { $0.clock == .started }
        if incident.corrections?.isEmpty ?? false { incident.corrections = nil }
    }
}

package struct SeveritySet: TimelineEvent {
    package var severity: Severity
    package var previous: Severity?
    /// When the next update is due at this severity.
    package var updateDueAt: Timestamp?
    /// The audiences whose updates still take a second person's approval, as they did before; nil when there are none.
    package var approval: [UpdateAudience]?
    /// Until when, for what is drafted or posted from now on.
    package var approvalUntil: Timestamp?
    /// Nil for a person.
    package var origin: SeverityOrigin?
    /// True when it was entered late and another was set since: it says how it was then, and changes nothing.
    package var past: Bool?

    private enum CodingKeys: String, CodingKey {
        case severity, previous, approval, origin, past
        case updateDueAt = "update_due_at"
        case approvalUntil = "approval_until"
    }

    package static let kind = "severity_set"
    package static let examples = [
        SeveritySet(severity: .sev2, previous: .sev3)
    ]
    package var isNotified: Bool { true }

    package var phrase: Phrase {
        if past ?? false { return "Severity at that time: \(severity.rawValue)." }
        let from = previous == severity ? nil : previous
        let basis: Phrase =
            origin == .alert ? ", as its alerts say" : previous == severity ? ", confirmed by a person" : ""
        return "Severity set to \(severity.rawValue)\(from.map { " (was \($0.rawValue))" } ?? "")\(basis)."
    }

    package var isKeyMoment: Bool { true }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.takeApprovalBack()
        incident.clockFacts?.tell(\.severities, in: incident.version + 1, at: moment)
        if past ?? false { return }
        incident.severity = severity
        incident.severityOrigin = origin
        incident.note { $0.severity = moment }
        guard updateDueAt != nil || approval != nil || incident.communication != nil else { return }
        incident.communicate { communication in
            communication.expectUpdate(by: updateDueAt)
            communication.keepApproval(of: approval ?? [], until: approvalUntil)
        }
    }
}

package struct CauseStated: ValueEvent, AfterwardsEvent {
    package var value: CauseHypothesis
    package var afterwards: Bool? {
        get { value.afterwards }
        set { value.afterwards = newValue }
    }

    package init(_ value: CauseHypothesis) { self.value = value }

    package static let kind = "cause_stated"
    package static let examples = [
        CauseStated(
            CauseHypothesis(
                category: .technical, subcategory: .configuration, confidence: .confirmed, evidence: "the diff of 11:58"
            ))
    ]

    package var redacted: CauseStated {
        var copy = self
        copy.value = value.redacted
        return copy
    }

    package var phrase: Phrase {
        "\(value.role?.title ?? "Cause") \(value.confidence.phrase): \(value.name)\(value.fault).\(value.evidenceTold)"
    }

    package var isKeyMoment: Bool { true }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.takeApprovalBack()
        var statement = value
        (statement.statedAt, statement.entry) = (moment, incident.version + 1)
        // One that is entered late stands where it belongs.
        let place = incident.hypotheses.firstIndex { statement.isSaid(before: $0) }
        incident.hypotheses.insert(statement, at: place ?? incident.hypotheses.count)
        incident.noteCause()
    }
}

extension CauseRole {
    /// As a sentence begins.
    package var title: Phrase {
        switch self {
        case .trigger: "Trigger"
        case .root: "Root cause"
        case .contributing: "Contributing cause"
        case .detectionGap: "Detection gap"
        case .process: "Process"
        }
    }
}

extension CauseHypothesis {
    /// What is at fault, as in ` in cdn, by change 2026.11.3`; empty when nobody said.
    var fault: Phrase {
        "\(component.map { " in \($0)" } ?? "")\(change.map { ", by change \($0.onOneLine)" } ?? "")"
    }

    /// What follows a statement about it; empty without evidence.
    var evidenceTold: Phrase {
        evidence.map { " Evidence: \(Phrase.stored($0, .reason).sentence)" } ?? ""
    }

    /// Without what people typed.
    var redacted: CauseHypothesis {
        var copy = self
        copy.evidence = evidence?.redacted
        copy.change = change?.redacted
        return copy
    }

    /// What went wrong, and of which category that is, as in `CDN fault (technical)`.
    package var name: Phrase {
        subcategory.map { "\($0.phrase) (\(category.phrase))" } ?? category.phrase
    }
}

package struct RoleAssigned: TimelineEvent {
    package var role: IncidentRole
    package var person: String
    package var previous: String?
    /// True when it was entered late and somebody else took it since: it says who had it then, and changes nothing.
    package var past: Bool?

    package static let kind = "role_assigned"
    package static let examples = [
        RoleAssigned(role: .commander, person: "Mia", previous: "Ron")
    ]

    package var redacted: RoleAssigned {
        var copy = self
        copy.person = person.redacted
        copy.previous = previous?.redacted
        return copy
    }

    package var phrase: Phrase {
        if past ?? false { return "\(person.onOneLine) was \(role.phrase) at that time." }
        return "\(person.onOneLine) is \(role.phrase)\(previous.map { " (was \($0.onOneLine))" } ?? "")."
    }

    package var isKeyMoment: Bool { role == .commander }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.takeApprovalBack()
        if role == .commander {
            incident.clockFacts?.tell(\.commanders, in: incident.version + 1, at: moment)
        }
        if past ?? false { return }
        incident.roles[role] = person
        incident.note { $0.roles[role.rawValue] = moment }
    }
}

/// Somebody gave a role up, or it was assigned by mistake: nobody holds it.
package struct RoleRemoved: TimelineEvent {
    package var role: IncidentRole
    package var previous: String
    package var reason: String?

    package static let kind = "role_removed"
    package static let examples = [
        RoleRemoved(role: .commander, previous: "Mia", reason: "goes home")
    ]

    package var redacted: RoleRemoved {
        RoleRemoved(role: role, previous: previous.redacted, reason: reason?.redacted)
    }

    package var phrase: Phrase { Phrase("Nobody is \(role.phrase) (was \(previous.onOneLine)).").giving(reason) }
    package var isKeyMoment: Bool { role == .commander }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.takeApprovalBack()
        incident.roles[role] = nil
    }
}

package struct ImpactSet: ValueEvent {
    package var value: ComponentImpact

    package init(_ value: ComponentImpact) { self.value = value }

    package static let kind = "impact_set"
    package static let examples = [
        ImpactSet(EventExamples.impact)
    ]

    package var redacted: ImpactSet { ImpactSet(value.redacted) }

    package var phrase: Phrase {
        let when: Phrase = value.past ?? false ? " at that time" : ""
        var parts: [Phrase] = ["Impact on \(value.component)\(when): \(value.impact.phrase)"]
        if !value.regions.isEmpty { parts.append(" in \(value.regions.map(\.onOneLine).joined(separator: ", "))") }
        if let start = value.startedAt { parts.append(", from \(start.told)") }
        if let end = value.endedAt { parts.append(", until \(end.told)") }
        if value.deliberate ?? false { parts.append(", switched off on purpose") }
        return "\(parts.joined())."
    }

    package var isAboutOneComponent: Bool { true }
    package var concernsRestoration: Bool { true }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.takeApprovalBack()
        // What is known of later moments holds.
        if !incident.isHistory(value, at: moment) { incident.set(value, at: moment) }
    }
}

extension ComponentImpact {
    var redacted: ComponentImpact {
        var copy = self
        // Where steps are named after regions, these are words of the catalog.
        if !(perRegion ?? false) { copy.regions = regions.map(\.redacted) }
        return copy
    }
}

package struct ImpactRemoved: TimelineEvent {
    package var component: String

    package static let kind = "impact_removed"
    package static let examples = [
        ImpactRemoved(component: "cdn")
    ]

    package var phrase: Phrase { "Impact on \(component) removed." }
    package var isAboutOneComponent: Bool { true }
    package var concernsRestoration: Bool { true }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.takeApprovalBack()
        incident.impacts.removeAll { $0.component == component }
        incident.steps.removeAll { $0.slug == component }
    }
}

package struct AudienceImpactSet: ValueEvent {
    package var value: AudienceImpact

    package init(_ value: AudienceImpact) { self.value = value }

    package static let kind = "audience_impact_set"
    package static let examples = [
        AudienceImpactSet(
            AudienceImpact(
                audience: .users, description: "cannot watch", people: 1_200_000, money: 12_500.5, currency: "EUR",
                reports: 812))
    ]

    package var redacted: AudienceImpactSet {
        var copy = self
        copy.value.description = value.description.redacted
        return copy
    }

    package var phrase: Phrase {
        let numbers = value.numbers.joined(separator: ", ")
        let when: Phrase = value.past ?? false ? " at that time" : ""
        return "Impact on \(value.audience.phrase)\(when): \(value.description.sentence)"
            + (numbers.isEmpty ? "" : " \(numbers.beginningSentence)")
    }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.takeApprovalBack()
        if value.past ?? false { return }
        incident.audiences.removeAll { $0.audience == value.audience }
        incident.audiences.append(value)
        incident.note { $0.audiences[value.audience.rawValue] = moment }
    }
}

/// What an incident was said to do to an audience was a mistake: nothing is said of it.
package struct AudienceImpactRemoved: TimelineEvent {
    package var audience: Audience
    package var reason: String?

    package static let kind = "audience_impact_removed"
    package static let examples = [
        AudienceImpactRemoved(audience: .creators, reason: "it was the other incident")
    ]

    package var redacted: AudienceImpactRemoved {
        AudienceImpactRemoved(audience: audience, reason: reason?.redacted)
    }

    package var phrase: Phrase { Phrase("Impact on \(audience.phrase) removed.").giving(reason) }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.takeApprovalBack()
        incident.audiences.removeAll { $0.audience == audience }
        // It was a mistake: what is right may be of an earlier time.
        incident.note { $0.audiences[audience.rawValue] = nil }
    }
}

extension AudienceImpact {
    /// What is known in numbers, each with its unit.
    package var numbers: [Phrase] {
        var numbers: [Phrase] = []
        if let people { numbers.append(people == 1 ? "1 person affected" : "\(.number(people)) people affected") }
        if let money { numbers.append("\(currency.map { "\($0.onOneLine) " } ?? "")\(.money(money)) at risk") }
        if let reports { numbers.append(reports == 1 ? "1 report received" : "\(.number(reports)) reports received") }
        return numbers
    }
}

package struct NoteAdded: AfterwardsEvent {
    package var text: String
    /// Whether it belongs into the review's short timeline.
    package var key: Bool
    /// Counts from 1 within its incident; nil in entries of releases that did not count them.
    package var number: Int?
    package var afterwards: Bool?
    /// Who wrote it, where and when, of one that came with a merged incident.
    package var origin: NoteOrigin?
    /// Who said or did it, if not who wrote it.
    package var by: String?
    /// How exactly its time is known; nil for exactly.
    package var precision: TimePrecision?

    package static let kind = "note_added"
    package static let examples = [
        NoteAdded(text: "line one\nline two", key: true)
    ]

    package var redacted: NoteAdded {
        var copy = self
        copy.text = text.redacted
        copy.by = by?.redacted
        return copy
    }

    package var phrase: Phrase {
        let about: [Phrase?] = [by.map { "by \($0.onOneLine)" }, precision.map { "time: \($0.phrase)" }]
        let notes = about.inBrackets
        let from: Phrase = origin.map { " of INC-\($0.incident), by \($0.by.onOneLine) at \($0.at.told)" } ?? ""
        return "\(key ? "Key note" : "Note")\(from)\(notes): \(text.onOneLine)"
    }
    package var isKeyMoment: Bool { key }

    /// The notes themselves live in the timeline alone.
    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.notes = number ?? incident.notes
    }
}

package struct TaskAdded: TimelineEvent {
    package var id: Int
    package var text: String
    package var owner: String?

    package static let kind = "task_added"
    package static let examples = [
        TaskAdded(id: 1, text: "Call the carrier", owner: "Ron")
    ]

    package var redacted: TaskAdded {
        var copy = self
        copy.text = text.redacted
        copy.owner = owner?.redacted
        return copy
    }

    package var phrase: Phrase {
        "Task \(id)\(owner.map { " (owner \($0.onOneLine))" } ?? ""): \(text.sentence)"
    }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.tasks.append(
            IncidentTask(id: id, text: text, owner: owner, done: false, entry: incident.version + 1))
    }
}

package struct TaskChanged: TimelineEvent {
    package var id: Int
    package var text: String?
    package var owner: String?
    package var done: Bool?

    package static let kind = "task_changed"
    package static let examples = [
        TaskChanged(id: 1, text: "Call both carriers", owner: "Mia", done: true)
    ]

    package var redacted: TaskChanged {
        var copy = self
        copy.text = text?.redacted
        copy.owner = owner?.redacted
        return copy
    }

    package var phrase: Phrase {
        var changes: [Phrase] = []
        if let done { changes.append(done ? "is done" : "was reopened") }
        if let owner { changes.append("owner set to \(owner.onOneLine)") }
        if let text { changes.append("text changed to “\(text.onOneLine)”") }
        return changes.isEmpty ? "Task \(id) changed." : "Task \(id) \(changes.joined(separator: "; "))."
    }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        guard let index = incident.tasks.firstIndex(where: { $0.id == id }) else { return }
        incident.tasks[index].text = text ?? incident.tasks[index].text
        incident.tasks[index].owner = owner ?? incident.tasks[index].owner
        incident.tasks[index].done = done ?? incident.tasks[index].done
    }
}
