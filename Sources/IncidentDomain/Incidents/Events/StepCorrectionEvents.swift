/// What was done to a step last was a mistake: it counts as if it had not been done.
package struct StepUndone: TimelineEvent {
    package var component: String
    package var undone: Deed
    package var reason: String

    /// What can be undone.
    package enum Deed: String, CaseIterable, Codable, Sendable {
        case start, verification, restoration, waiver, failure, regression
    }

    package static let kind = "step_undone"
    package static let examples = [
        StepUndone(component: "cdn", undone: .waiver, reason: "it was another component that is retired")
    ]

    package var redacted: StepUndone {
        var copy = self
        copy.reason = reason.redacted
        return copy
    }

    package var phrase: Phrase { Phrase("\(component): the \(undone.phrase) was undone.").giving(reason) }
    package var isKeyMoment: Bool { true }
    package var isAboutOneComponent: Bool { true }
    package var concernsRestoration: Bool { true }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        let back = incident.step(component)?.restoredAt
        incident.change(component) { $0.undo(undone) }
        switch undone {
        case .restoration: incident.takeBackEnd(of: component, at: back)
        case .regression:
            if let back = incident.step(component)?.restoredAt { incident.endImpact(on: component, at: back) }
        case .failure, .start, .verification, .waiver: break
        }
        // What has recovered needs no step that nobody works on.
        let slug = RestorationStep.slug(of: component)
        if !incident.impacts.contains(where: { $0.component == slug && $0.isOngoing }) {
            incident.steps.removeAll { $0.component == component && $0.state.isStartable }
        }
        incident.takeApprovalBack()
    }
}

/// A step was started, or its component was back, at another moment than was recorded.
package struct StepTimesCorrected: AfterwardsEvent {
    package var component: String
    /// Nil leaves what was recorded.
    package var startedAt: Timestamp?
    package var restoredAt: Timestamp?
    /// What was recorded of those that are corrected.
    package var previousStart: Timestamp?
    package var previousRestoration: Timestamp?
    package var reason: String
    package var afterwards: Bool?

    private enum CodingKeys: String, CodingKey {
        case component, reason, afterwards
        case startedAt = "started_at"
        case restoredAt = "restored_at"
        case previousStart = "previous_started_at"
        case previousRestoration = "previous_restored_at"
    }

    package static let kind = "step_times_corrected"
    package static let examples = [
        StepTimesCorrected(
            component: "cdn", startedAt: EventExamples.before, restoredAt: EventExamples.noon,
            previousStart: EventExamples.noon, previousRestoration: EventExamples.noon.adding(seconds: 60),
            reason: "entered when it was over", afterwards: true)
    ]

    package var redacted: StepTimesCorrected {
        var copy = self
        copy.reason = reason.redacted
        return copy
    }

    package var phrase: Phrase {
        let start: Phrase? = startedAt.map { "started \($0.told)\(Self.was(previousStart))" }
        let end: Phrase? = restoredAt.map { "restored \($0.told)\(Self.was(previousRestoration))" }
        let changes = [start, end].compactMap(\.self).joined(separator: "; ")
        return Phrase("\(component): \(changes).").giving(reason)
    }

    private static func was(_ moment: Timestamp?) -> Phrase {
        moment.map { " (was \($0.told))" } ?? ""
    }

    package var isKeyMoment: Bool { true }
    package var isAboutOneComponent: Bool { true }
    package var concernsRestoration: Bool { true }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.change(component) { $0.correct(startedAt: startedAt, restoredAt: restoredAt) }
        if restoredAt != nil { incident.moveEnd(of: component, from: previousRestoration) }
        incident.takeApprovalBack()
    }
}

extension Incident {
    /// Its component never was back at `moment`; an end that somebody said stays.
    fileprivate mutating func takeBackEnd(of name: String, at moment: Timestamp?) {
        let slug = RestorationStep.slug(of: name)
        guard let moment,
            impacts.contains(where: { $0.component == slug && $0.endedAt == $0.end(restored: moment) })
        else { return }
        resumeImpact(on: name)
    }

    /// The end of an impact that a restoration made moves with it.
    fileprivate mutating func moveEnd(of name: String, from previous: Timestamp?) {
        let slug = RestorationStep.slug(of: name)
        guard let index = impacts.firstIndex(where: { $0.component == slug }),
            impacts[index].endedAt == previous.map(impacts[index].end(restored:)),
            let last = steps(of: slug).compactMap(\.restoredAt).max()
        else { return }
        impacts[index].endedAt = impacts[index].end(restored: last)
    }
}

// MARK: - What really happened

extension [RecordedEvent] {
    /// The entries that were undone, by their sequence.
    package var undoneSteps: Set<Int> {
        guard contains(where: { $0.event.as(StepUndone.self) != nil }) else { return [] }
        return Set(map(\.sequence)).subtracting(withStepsSetRight.map(\.sequence))
    }

    /// The timeline as if steps had been recorded right from the start: without what was undone, and with what was corrected at the time at
    /// which it happened. It is for histories that look at each entry; the corrections themselves stay in it.
    package var withStepsSetRight: [RecordedEvent] {
        guard contains(where: { $0.event.as(StepUndone.self) != nil || $0.event.as(StepTimesCorrected.self) != nil })
        else { return self }
        var kept: [RecordedEvent?] = []
        for recorded in self {
            if let undone = recorded.event.as(StepUndone.self) {
                kept.undo(undone)
            } else if let corrected = recorded.event.as(StepTimesCorrected.self) {
                kept.correct(corrected)
            }
            kept.append(recorded)
        }
        return kept.compactMap(\.self)
    }

    /// The whole timeline with each entry at the time at which it happened, as far as people corrected that: of entries, of steps, and of
    /// mitigations.
    ///
    /// - Parameter corrected: The times of entries, by their sequence.
    func withTimesSetRight(_ corrected: [Int: Timestamp]) -> [RecordedEvent] {
        var moments = corrected
        for (recorded, right) in movedSteps + movedMitigations { moments[recorded] = right }
        guard !moments.isEmpty else { return self }
        return map { recorded in moments[recorded.sequence].map(recorded.moved(to:)) ?? recorded }
    }

    private var movedSteps: [(sequence: Int, at: Timestamp)] {
        guard contains(where: { $0.event.as(StepTimesCorrected.self) != nil }) else { return [] }
        let entered = Dictionary(uniqueKeysWithValues: map { ($0.sequence, $0.occurredAt) })
        return withStepsSetRight.filter { entered[$0.sequence] != $0.occurredAt }.map { ($0.sequence, $0.occurredAt) }
    }

    /// A start or an end of a mitigation is corrected without a new state. One that was entered when it was done began with nothing.
    private var movedMitigations: [(sequence: Int, at: Timestamp)] {
        var starts: [Int: Int] = [:]
        var ends: [Int: Int] = [:]
        var moved: [(sequence: Int, at: Timestamp)] = []
        for recorded in self {
            let (added, change) = (recorded.event.as(MitigationAdded.self), recorded.event.as(MitigationChanged.self))
            if let id = added?.id ?? change?.id, let state = added?.state ?? change?.state {
                if state == .running { starts[id] = recorded.sequence }
                if state.isOutcome { ends[id] = recorded.sequence }
            } else if let change {
                if let start = change.startedAt, let entry = starts[change.id] { moved.append((entry, start)) }
                if let end = change.endedAt, let entry = ends[change.id] { moved.append((entry, end)) }
            }
        }
        return moved
    }
}

extension [RecordedEvent?] {
    fileprivate mutating func undo(_ event: StepUndone) {
        switch event.undone {
        case .start: remove(StepStarted.self) { $0.component == event.component }
        case .verification: remove(StepVerifying.self) { $0.component == event.component }
        case .waiver: remove(StepWaived.self) { $0.component == event.component }
        case .failure: remove(StepFailed.self) { $0.component == event.component }
        case .regression: remove(StepRegressed.self) { $0.component == event.component }
        case .restoration:
            remove(StepRestored.self) { $0.component == event.component }
            // It was up before it had soaked; without a start since then that was said of the same attempt.
            let begun = last(StepStarted.self) { $0.component == event.component } ?? -1
            if let soak = last(StepVerifying.self, where: { $0.component == event.component }), soak > begun {
                self[soak] = nil
            }
        }
    }

    fileprivate mutating func correct(_ event: StepTimesCorrected) {
        if let start = event.startedAt, let index = last(StepStarted.self, where: { $0.component == event.component }) {
            self[index] = self[index]?.moved(to: start)
        }
        guard let end = event.restoredAt,
            let index = last(StepRestored.self, where: { $0.component == event.component })
        else { return }
        self[index] = self[index]?.moved(to: end)
        let begun = last(StepStarted.self) { $0.component == event.component } ?? -1
        if let soak = last(StepVerifying.self, where: { $0.component == event.component }), soak > begun,
            let recorded = self[soak], recorded.occurredAt > end
        {
            self[soak] = recorded.moved(to: end)
        }
    }

    private mutating func remove<Event: TimelineEvent>(_ type: Event.Type, where matches: (Event) -> Bool) {
        if let index = last(type, where: matches) { self[index] = nil }
    }

    private func last<Event: TimelineEvent>(_ type: Event.Type, where matches: (Event) -> Bool) -> Int? {
        lastIndex { recorded in recorded?.event.as(type).map(matches) ?? false }
    }
}
