/// The texts of entries as a review tells them: with the names of components, what a mitigation was, and the beginning of what ends.
struct TimelineTexts {
    private let names: [String: String]
    private let attempts: [String: [RestorationGantt.Attempt]]
    private let mitigations: [Int: Mitigation]
    private let undone: Set<Int>
    /// The entry that approved the review as it is; nil when it is a draft.
    private let approval: Int?
    /// When entries were said to have happened whose time was corrected.
    private let entered: [Int: Timestamp]

    init(_ facts: ReviewFacts) {
        let known = facts.incident.impacts.map(\.component) + facts.incident.steps.map(\.component)
        names = Dictionary(known.map { ($0, facts.name($0)) }) { first, _ in first }
        let rows = facts.ganttOfEntries?.rows ?? []
        attempts = Dictionary(rows.map { ($0.component, $0.attempts) }) { first, _ in first }
        undone = facts.undone
        entered = facts.enteredAt
        let review = facts.incident.review
        approval = review?.status == .approved ? review?.approvedEntry : nil
        mitigations = Dictionary(facts.incident.mitigations.map { ($0.id, $0) }) { first, _ in first }
    }

    func text(of recorded: RecordedEvent) -> Phrase {
        // Elsewhere a word that is a component's name may be anything.
        let isOfComponent = recorded.event.payload.isAboutOneComponent
        let own = isOfComponent ? recorded.event.phrase.calling { names[$0] } : told(recorded.event)
        var text: Phrase = undone.contains(recorded.sequence) ? "\(own) It was undone." : own
        if recorded.event.as(ReviewApproved.self) != nil, recorded.sequence != approval {
            text = "\(own) The review was changed since."
        }
        if let entered = entered[recorded.sequence] {
            text = "\(text) (time corrected, was \(entered.toldWithoutZone))"
        }
        guard let begin = begin(of: recorded), begin < recorded.occurredAt else { return text }
        return "\(text) Begun \(begin.toldWithoutZone), \(.duration(recorded.occurredAt.seconds(since: begin))) before."
    }

    /// Whether something was begun with an entry that nothing has ended yet.
    func isOpenStart(_ recorded: RecordedEvent) -> Bool {
        if let started = recorded.event.as(StepStarted.self), let last = attempts[started.component]?.last {
            return last.endedAt == nil && last.startedAt == recorded.occurredAt
        }
        guard let change = recorded.event.as(MitigationChanged.self), change.state == .running else { return false }
        return mitigations[change.id]?.state == .running
    }

    /// A change of a mitigation names only its number; here it says what that was.
    private func told(_ event: IncidentEvent) -> Phrase {
        guard let change = event.as(MitigationChanged.self), change.description == nil,
            let mitigation = mitigations[change.id]
        else { return event.phrase }
        return "\(.shaped(event.phrase, .withoutEnd)): \(mitigation.description.sentence)"
    }

    /// When that was begun which an entry ends; nil where it ends nothing.
    private func begin(of recorded: RecordedEvent) -> Timestamp? {
        if let restored = recorded.event.as(StepRestored.self) {
            return begin(of: restored.component, recorded.occurredAt, .restored)
        } else if let failed = recorded.event.as(StepFailed.self) {
            return begin(of: failed.component, recorded.occurredAt, .failed)
        } else if let waived = recorded.event.as(StepWaived.self) {
            return begin(of: waived.component, recorded.occurredAt, .waived)
        } else if let change = recorded.event.as(MitigationChanged.self), change.state?.isOutcome ?? false {
            guard let mitigation = mitigations[change.id], mitigation.endedAt == recorded.occurredAt else { return nil }
            return mitigation.startedAt
        }
        return nil
    }

    private func begin(
        of step: String, _ end: Timestamp, _ outcome: RestorationGantt.Mark.Kind
    ) -> Timestamp? {
        attempts[step]?.last { $0.endedAt == end && $0.outcome == outcome }?.startedAt
    }
}
