/// One kind of event. Everything about it stands in its type: what is stored, what of that people typed, the sentence that the
/// timeline shows, and what it does to the incident.
///
/// The stored form is a contract for ever: a payload may get new optional fields, a changed meaning is a new version, and nothing
/// is renamed (golden files hold it).
package protocol TimelineEvent: Hashable, Codable, Sendable {
    /// The stored name.
    static var kind: String { get }
    /// One of each version, with every field set: the catalogue of kinds shows the newest, golden files hold them all.
    static var examples: [Self] { get }
    /// The versions of the stored form that can be read.
    static var versions: ClosedRange<Int> { get }
    /// The version in which this event is stored.
    var version: Int { get }
    /// What was decoded from a payload of that version, with the meaning that the version has.
    func read(as version: Int) -> Self

    /// Without anything that people typed. Ids, slugs, numbers, times, words from a list, and whether an optional text was there at
    /// all, stay: the rules look at those, so that the timeline can still be replayed.
    var redacted: Self { get }
    /// What happened, as a plain sentence or two on one line, in any language. It holds what people typed as they typed it: whoever
    /// shows it escapes it.
    var phrase: Phrase { get }
    /// What it does to the incident.
    func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal)

    /// The phase that begins with it, if one does.
    var phaseBegun: Phase? { get }
    /// Whether it belongs into the short timeline of a review.
    var isKeyMoment: Bool { get }
    /// Whether it tells of a single component: those leave a short timeline first.
    var isAboutOneComponent: Bool { get }
    /// Whether the plan of restoration may be another one after it.
    var concernsRestoration: Bool { get }
    /// Whether it was done after the incident was closed.
    var isAfterwards: Bool { get }
    /// The same, marked as done after the incident was closed, where that is worth a mark.
    var doneAfterwards: Self { get }
    /// Whether restoring did not go as planned.
    var isOffPlan: Bool { get }
    /// Whether endpoints hear of it that do not name kinds of events: what those who wait have to know, and no repeats.
    var isNotified: Bool { get }
}

extension TimelineEvent {
    package static var versions: ClosedRange<Int> { 1...1 }
    package var version: Int { 1 }
    package func read(as version: Int) -> Self { self }
    package var redacted: Self { self }
    package var phaseBegun: Phase? { nil }
    package var isKeyMoment: Bool { false }
    package var isAboutOneComponent: Bool { false }
    package var concernsRestoration: Bool { false }
    package var isAfterwards: Bool { false }
    package var doneAfterwards: Self { self }
    package var isOffPlan: Bool { false }
    package var isNotified: Bool { false }

    /// What happened, in English.
    package var sentence: String { phrase.english }

    fileprivate func equals(_ other: any TimelineEvent) -> Bool { other as? Self == self }
}

/// An event that goes on to happen after the incident was closed, and is marked then.
package protocol AfterwardsEvent: TimelineEvent {
    /// True when it was; nil when not, and in entries of releases in which it could not be.
    var afterwards: Bool? { get set }
}

extension AfterwardsEvent {
    package var isAfterwards: Bool { afterwards ?? false }
    package var doneAfterwards: Self {
        var copy = self
        copy.afterwards = true
        return copy
    }
}

/// An event that is stored as a value which the incident knows as well: an impact, a cause, a batch of alerts.
package protocol ValueEvent: TimelineEvent {
    associatedtype Value: Hashable & Codable & Sendable

    var value: Value { get }
    init(_ value: Value)
}

extension ValueEvent {
    package init(from decoder: any Decoder) throws { self.init(try Value(from: decoder)) }
    package func encode(to encoder: any Encoder) throws { try value.encode(to: encoder) }
}

/// Something that happened to an incident, of any kind.
package struct IncidentEvent: Hashable, Sendable {
    package let payload: any TimelineEvent

    package init(_ payload: any TimelineEvent) {
        self.payload = payload
    }

    /// Every kind of event. One that is missing here cannot be stored.
    package static let types: [any TimelineEvent.Type] = [
        IncidentOpened.self, Acknowledged.self, IncidentDismissed.self,
        IncidentDescribed.self, StartCorrected.self, TimesCorrected.self, SeveritySet.self, CauseStated.self,
        RoleAssigned.self, RoleRemoved.self,
        ImpactSet.self, ImpactRemoved.self, AudienceImpactSet.self, AudienceImpactRemoved.self,
        NoteAdded.self, FactAdded.self, TaskAdded.self, TaskChanged.self,
        UpdatePosted.self, UpdateDrafted.self, UpdateApproved.self, UpdateScheduled.self, UpdateHeld.self,
        UpdateWithdrawn.self, UpdateCorrected.self, UpdateOverdue.self, ReviewOverdue.self, EtaSet.self,
        EtaWithdrawn.self,
        MitigationAdded.self, MitigationChanged.self,
        StepStarted.self, StepRamped.self, StepTold.self, StepVerifying.self, StepRestored.self, StepWaived.self,
        StepUndone.self, StepTimesCorrected.self, StepFailed.self, StepRegressed.self, RestorationOrdered.self,
        HandsSet.self, NeedsLearnt.self, PlanRevised.self,
        ReviewDrafted.self, ReviewRevised.self, ReviewApproved.self, ReviewSigned.self, ReviewCommented.self,
        ReviewCommentSettled.self, ReviewersAsked.self, AttachmentAdded.self, AttachmentRemoved.self,
        PublicReviewSet.self, PublicReviewApproved.self,
        ActionAdded.self, ActionChanged.self,
        PhaseEntered.self, PhaseReverted.self, SelfRecovered.self, IncidentMerged.self, IncidentAbsorbed.self,
        IncidentReopened.self, IncidentUnmerged.self, IncidentSeparated.self, EntryRedacted.self,
        EntryStruck.self, EntryTimeCorrected.self, EntryStarred.self, TimeQualified.self,
        AlertsAttached.self, AlertsCleared.self, AlertsReopened.self, AlertsMovedIn.self, AlertsMovedOut.self,
        ReportsCounted.self,
    ]

    /// The event, if it is of this kind. Types are compared first, since a cast that fails costs far more, and a review asks thousands of
    /// entries for dozens of kinds.
    package func `as`<Event: TimelineEvent>(_ type: Event.Type) -> Event? {
        Swift.type(of: payload) == type ? payload as? Event : nil
    }

    package var kind: String { type(of: payload).kind }
    package var phrase: Phrase { payload.isAfterwards ? "After closing: \(payload.phrase)" : payload.phrase }
    /// As the timeline, messages and archives have it: in English.
    package var sentence: String { phrase.english }
    package var redacted: IncidentEvent { IncidentEvent(payload.redacted) }

    package static func == (one: IncidentEvent, other: IncidentEvent) -> Bool { one.payload.equals(other.payload) }

    package func hash(into hasher: inout Hasher) { payload.hash(into: &hasher) }
}

extension IncidentEvent {
    /// What stands in the place of a text that was redacted.
    package static let redactedText = "[redacted]"
}

extension String {
    /// What stands in its place when an entry is redacted.
    var redacted: String { IncidentEvent.redactedText }
}

/// An event with its place in the timeline: who, when it happened, when it was recorded.
package struct RecordedEvent: Hashable, Sendable {
    /// Counts from 1 within the incident, without gaps.
    package let sequence: Int
    package let event: IncidentEvent
    package let actor: Principal
    package fileprivate(set) var occurredAt: Timestamp
    /// The database's own time.
    package let recordedAt: Timestamp

    package init(
        sequence: Int, event: IncidentEvent, actor: Principal, occurredAt: Timestamp, recordedAt: Timestamp
    ) {
        self.sequence = sequence
        self.event = event
        self.actor = actor
        // Only a client's clock can be ahead of the database's: nothing is recorded before it happened.
        self.occurredAt = min(occurredAt, recordedAt)
        self.recordedAt = recordedAt
    }

    /// The same, as if it had been said to have happened at another moment.
    func moved(to moment: Timestamp) -> RecordedEvent {
        var copy = self
        copy.occurredAt = moment
        return copy
    }
}
