/// Everything that can be asked of an incident.
package enum IncidentCommand: Hashable, Sendable {
    case open(OpenIncident)
    case amend(IncidentAmendment)
    case correctTimes(TimesCorrection)
    case acknowledge
    /// Acknowledging with a note, which is written down also when somebody was faster.
    case acknowledgeNoting(String)
    case advance(to: Phase?, reason: String?, override: Bool)
    case revert(to: Phase, reason: String)
    case dismiss(reason: String)
    /// This incident goes on as another; the other one gets `absorb`.
    case merge(into: Int, reason: String?)
    case absorb(Incident, notes: [BroughtNote] = [])
    /// Undoes a dismissal.
    case reopen(reason: String)
    /// Undoes a merge into the other incident, which gets `separate`.
    case unmerge(from: Incident, MovedAlerts, reason: String)
    case separate(from: Incident, MovedAlerts, reason: String)
    case stateCause(CauseHypothesis)
    case assignRole(IncidentRole, person: String)
    /// Nobody holds it from now on.
    case removeRole(IncidentRole, reason: String?)
    case setImpact(ComponentImpact)
    case removeImpact(component: String)
    case setAudience(AudienceImpact)
    case removeAudience(Audience, reason: String?)
    /// `by` is who said or did it, and `precision` how exactly its time is known.
    case addNote(text: String, key: Bool, by: String? = nil, precision: TimePrecision? = nil)
    case addFact(IncidentFact)
    case addMitigation(MitigationDraft)
    case changeMitigation(id: Int, MitigationPatch)
    case addTask(text: String, owner: String?)
    case changeTask(id: Int, text: String?, owner: String?, done: Bool?)
    /// - `override` passes over the waves where the policy enforces them, `without` over the dependencies that it names.
    case startStep(
        component: String, override: Bool, without: [String] = [], reason: String?, expectedAt: Timestamp? = nil)
    case rampStep(component: String, percent: Int?, expectedAt: Timestamp? = nil, backlog: Int? = nil)
    case verifyStep(component: String, without: [String] = [], reason: String? = nil)
    case waiveStep(component: String, reason: String)
    case failStep(component: String, reason: String?)
    /// What was done to the step last was a mistake.
    case undoStep(component: String, restoration: Bool = false, reason: String)
    /// When it really was started, and back; nil leaves what was recorded.
    case correctStep(component: String, startedAt: Timestamp?, restoredAt: Timestamp?, reason: String)
    /// What a component was found to need; empty takes it back.
    case learnNeeds(component: String, [String], reason: String?)
    /// By owner, with `default` for the others.
    case setHands([String: Int], reason: String?)
    case orderSteps(components: [String], reason: String?)
    case postUpdate(UpdateContent)
    case draftUpdate(UpdateRequest)
    case changeUpdate(id: Int, UpdateChange)
    /// Nil takes the time of the restoration plan.
    case setEta(Timestamp?, reason: String?)
    /// What was said of the end holds no more, and nothing takes its place.
    case withdrawEta(reason: String)
    case draftReview
    /// Nil keeps the status; what was approved is a draft again when it is changed. Of the dropped sections what people wrote counts no more:
    /// they are as they were generated, or gone.
    case reviseReview(
        sections: [EditedSection], status: ReviewStatus?, layout: ReviewLayout = ReviewLayout(), dropped: [String] = [])
    /// The sections are the whole document as it stands; `unwritten` are the ids of those that a person has yet to write.
    case approveReview(sections: [EditedSection], unwritten: [String] = [])
    /// `offered` are the ids of the sections that the review's template adds.
    case setPublicReview(
        sections: [String], replacements: [TextReplacement], title: String?, offered: [String] = [])
    /// The texts are those that the public will read.
    case approvePublicReview(sections: [EditedSection], title: String)
    /// `role` is what somebody signs as.
    case signReview(role: String?, comment: String?)
    case remarkOnReview(ReviewRemark)
    case attach(AttachmentDraft)
    case detach(attachment: Int, reason: String?)
    case addAction(ActionDraft)
    case changeAction(ordinal: Int, ActionPatch)
    /// `affecting` names the component by which they belong here, when it is not by their group, and `correlation` the
    /// dependency.
    case attachAlerts(
        [AlertMention], affecting: String? = nil, correlation: AlertCorrelation? = nil, saying: AlertsSay = .nothing)
    case clearAlerts([AlertMention], atOnce: Bool = false)
    /// Alerts fire again soon after the incident closed itself, on these components.
    case reopenRecovered(firingOn: Set<String>)
    /// A person had ended them by mistake.
    case reopenAlerts([AlertMention], reason: String)
    case takeInAlerts(AlertMove)
    case giveAwayAlerts(AlertMove)
    /// `changedAt` is when a surge of the incident last began or ended.
    case countReports(ReportSeries, changedAt: Timestamp)
    case deadlinePassed
    /// Time went by, or the catalog changed: is the plan that the timeline knows still the plan?
    case reviewPlan
    /// The entry with this sequence, as it was recorded; nil when there is none.
    case strike(Int, IncidentEvent?, reason: String)
    /// When that really happened which the entry with this sequence says; the entry as in `strike`.
    case correctEntryTime(Int, RecordedEvent?, Timestamp?, reason: String)
    case star(Int, IncidentEvent?, key: Bool)
    case redact(sequence: Int, reason: String, replacementDigest: String)
}

extension IncidentCommand {
    /// The start that this command asks for, if it corrects it.
    var correctedStart: Timestamp? {
        if case .amend(let amendment) = self { return amendment.startedAt }
        return if case .correctTimes(let correction) = self { correction.start } else { nil }
    }

    /// Whether it may be of a time before the incident started: what led up to it.
    var mayPrecede: Bool {
        if case .addNote = self { return true }
        return if case .addFact = self { true } else { false }
    }

    /// Whether it says itself how exactly its time is known.
    var saysPrecision: Bool { mayPrecede }

    /// Whether the daemon asks by itself: it reports what has happened, and nobody is there to correct a refused time.
    var isOfTheDaemon: Bool {
        switch self {
        case .absorb, .separate, .attachAlerts, .clearAlerts, .reopenRecovered, .countReports, .deadlinePassed,
            .reviewPlan:
            true
        case .open, .amend, .correctTimes, .acknowledge, .acknowledgeNoting, .advance, .revert, .dismiss, .merge,
            .reopen, .unmerge,
            .stateCause, .assignRole, .removeRole, .removeAudience, .setImpact,
            .removeImpact, .setAudience, .addNote, .addFact, .addMitigation, .changeMitigation, .addTask, .changeTask,
            .startStep,
            .rampStep, .verifyStep, .waiveStep, .failStep, .undoStep, .correctStep, .orderSteps, .setHands, .learnNeeds,
            .postUpdate,
            .draftUpdate,
            .changeUpdate,
            .setEta, .withdrawEta, .draftReview, .reviseReview, .approveReview, .signReview, .remarkOnReview, .attach,
            .detach,
            .setPublicReview,
            .approvePublicReview,
            .addAction, .changeAction,
            .takeInAlerts, .reopenAlerts,
            .giveAwayAlerts, .strike, .correctEntryTime, .star, .redact:
            false
        }
    }
}

/// What an incident is opened with.
package struct OpenIncident: Hashable, Sendable {
    package var title: String
    package var summary: String?
    package var severity: Severity?
    package var impacts: [ComponentImpact]
    package var cause: CauseHypothesis?
    /// When the impact began; nil means when it was detected.
    package var startedAt: Timestamp?
    package var labels: [String: String]
    /// The alerts that open it; empty when somebody or something else does.
    package var alerts: [AlertMention]
    /// What the alerts say.
    package var said: AlertsSay
    /// The move that makes it, where a person moves alerts into an incident of their own; its alerts are those above.
    package var move: AlertMove?
    package var origin: Origin

    /// What opens it.
    package enum Origin: String, CaseIterable, Sendable {
        case person, alert
        /// Planned work that is not over when it should be.
        case maintenance
    }

    /// - Parameter origin: Nil takes what the alerts say.
    package init(
        title: String, summary: String? = nil, severity: Severity? = nil, impacts: [ComponentImpact] = [],
        cause: CauseHypothesis? = nil, startedAt: Timestamp? = nil, labels: [String: String] = [:],
        alerts: [AlertMention] = [], said: AlertsSay = .nothing, origin: Origin? = nil
    ) {
        self.title = title
        self.summary = summary
        self.severity = severity
        self.impacts = impacts
        self.cause = cause
        self.startedAt = startedAt
        self.labels = labels
        self.alerts = alerts
        self.said = said
        self.origin = origin ?? (alerts.isEmpty ? .person : .alert)
    }
}

/// What `PATCH` changes; nil leaves a field as it is.
package struct IncidentAmendment: Hashable, Sendable {
    package var title: String?
    /// Empty takes it away.
    package var summary: String?
    package var severity: Severity?
    package var labels: [String: String]?
    package var startedAt: Timestamp?

    package init(
        title: String? = nil, summary: String? = nil, severity: Severity? = nil, labels: [String: String]? = nil,
        startedAt: Timestamp? = nil
    ) {
        self.title = title
        self.summary = summary
        self.severity = severity
        self.labels = labels
        self.startedAt = startedAt
    }
}

/// A mitigation to record.
package struct MitigationDraft: Hashable, Sendable {
    package var description: String
    package var kind: String?
    package var owner: String?
    package var state: MitigationState
    package var inForce: Bool?
    package var reason: String?

    package init(
        description: String, kind: String? = nil, owner: String? = nil, state: MitigationState = .planned,
        inForce: Bool? = nil, reason: String? = nil
    ) {
        self.inForce = inForce
        self.reason = reason
        self.description = description
        self.kind = kind
        self.owner = owner
        self.state = state
    }
}

/// A change of a mitigation; nil leaves a field as it is.
package struct MitigationPatch: Hashable, Sendable {
    package var description: String?
    package var kind: String?
    package var owner: String?
    package var state: MitigationState?
    package var inForce: Bool?
    /// When it really began and ended.
    package var startedAt: Timestamp?
    package var endedAt: Timestamp?
    package var reason: String?

    package init(
        description: String? = nil, kind: String? = nil, owner: String? = nil, state: MitigationState? = nil,
        inForce: Bool? = nil, startedAt: Timestamp? = nil, endedAt: Timestamp? = nil, reason: String? = nil
    ) {
        self.reason = reason
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.inForce = inForce
        self.description = description
        self.kind = kind
        self.owner = owner
        self.state = state
    }
}

/// A follow-up to record.
package struct ActionDraft: Hashable, Sendable {
    package var title: String
    package var kind: ActionKind
    package var owner: String?
    package var due: String?
    package var required: Bool
    package var priority: ActionPriority?
    package var link: String?
    package var answers: Int?

    package init(
        title: String, kind: ActionKind, owner: String? = nil, due: String? = nil, required: Bool = true,
        priority: ActionPriority? = nil, link: String? = nil, answers: Int? = nil
    ) {
        (self.priority, self.link, self.answers) = (priority, link, answers)
        self.title = title
        self.kind = kind
        self.owner = owner
        self.due = due
        self.required = required
    }
}

/// A change of a follow-up; nil leaves a field as it is.
package struct ActionPatch: Hashable, Sendable {
    package var title: String?
    package var kind: ActionKind?
    package var owner: String?
    package var due: String?
    package var required: Bool?
    package var state: ActionState?
    package var priority: ActionPriority?
    package var link: String?
    package var answers: Int?

    package init(
        title: String? = nil, kind: ActionKind? = nil, owner: String? = nil, due: String? = nil, required: Bool? = nil,
        state: ActionState? = nil, priority: ActionPriority? = nil, link: String? = nil, answers: Int? = nil
    ) {
        (self.priority, self.link, self.answers) = (priority, link, answers)
        self.title = title
        self.kind = kind
        self.owner = owner
        self.due = due
        self.required = required
        self.state = state
    }
}

extension IncidentCommand {
    /// Whether carrying it out looks at the plan of restoration: anything while restoring, and what leads there.
    package func plansRestoration(of incident: Incident) -> Bool {
        switch incident.phase {
        case .restore: return true
        case .mitigate: break
        case .detect, .assess, .review, .closed, .dismissed, .merged:
            return if case .revert = self { true } else { false }
        }
        return if case .advance = self { true } else { false }
    }

    /// The components that stand in the plan after it.
    package func componentsToPlan(of incident: Incident) -> [String] {
        var components = incident.steps.map(\.slug)
        if case .setImpact(let impact) = self { components.append(impact.component) }
        if case .absorb(let other, _) = self { components += other.steps.map(\.slug) }
        return components
    }
}
