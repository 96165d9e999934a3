extension IncidentEvent {
    /// What stands in the place of a text that was redacted.
    package static let redactedText = "[redacted]"

    /// The event without anything that people typed: what the rules and the clocks need stays, so that the timeline can
    /// still be replayed.
    package var redacted: IncidentEvent {
        let hidden = Self.redactedText
        func hide(_ text: String?) -> String? { text == nil ? nil : hidden }
        switch self {
        case .opened(var payload):
            payload.title = hidden
            payload.summary = hide(payload.summary)
            payload.labels = payload.labels.mapValues { _ in hidden }
            return .opened(payload)
        case .described(var payload):
            payload.title = hide(payload.title)
            payload.summary = hide(payload.summary)
            payload.labels = payload.labels?.mapValues { _ in hidden }
            return .described(payload)
        case .phaseEntered(var payload):
            payload.reason = hide(payload.reason)
            payload.overridden = payload.overridden.map { .init(requirement: $0.requirement, detail: hidden) }
            return .phaseEntered(payload)
        case .phaseReverted(var payload):
            payload.reason = hidden
            return .phaseReverted(payload)
        case .dismissed: return .dismissed(IncidentDismissed(reason: hidden))
        case .merged(var payload):
            payload.reason = hide(payload.reason)
            return .merged(payload)
        case .absorbed(var payload):
            payload.title = hidden
            return .absorbed(payload)
        case .causeStated(var payload):
            payload.evidence = hide(payload.evidence)
            return .causeStated(payload)
        case .roleAssigned(var payload):
            payload.person = hidden
            payload.previous = hide(payload.previous)
            return .roleAssigned(payload)
        case .audienceImpactSet(var payload):
            payload.description = hidden
            return .audienceImpactSet(payload)
        case .noteAdded(let payload): return .noteAdded(NoteAdded(text: hidden, key: payload.key))
        case .alertsAttached(let batch): return .alertsAttached(batch.redacted)
        case .alertsCleared(let batch): return .alertsCleared(batch.redacted)
        case .updatePosted(var payload):
            payload.body = hidden
            payload.steps = payload.steps.map { _ in hidden }
            return .updatePosted(payload)
        case .startCorrected, .severitySet, .acknowledged, .impactSet, .impactRemoved, .stepRamped, .stepVerifying,
            .stepRestored, .reviewDrafted:
            return self  // Nothing in these was typed freely.
        case .mitigationAdded, .mitigationChanged, .taskAdded, .taskChanged, .actionAdded, .actionChanged:
            return redactedWork
        case .stepStarted, .stepWaived, .stepFailed, .stepRegressed, .reviewRevised, .reviewApproved, .entryRedacted:
            return redactedProgress
        }
    }

    private var redactedWork: IncidentEvent {
        let hidden = Self.redactedText
        func hide(_ text: String?) -> String? { text == nil ? nil : hidden }
        switch self {
        case .mitigationAdded(var payload):
            payload.description = hidden
            (payload.kind, payload.owner) = (hide(payload.kind), hide(payload.owner))
            return .mitigationAdded(payload)
        case .mitigationChanged(var payload):
            payload.description = hide(payload.description)
            (payload.kind, payload.owner) = (hide(payload.kind), hide(payload.owner))
            return .mitigationChanged(payload)
        case .taskAdded(var payload):
            payload.text = hidden
            payload.owner = hide(payload.owner)
            return .taskAdded(payload)
        case .taskChanged(var payload):
            (payload.text, payload.owner) = (hide(payload.text), hide(payload.owner))
            return .taskChanged(payload)
        case .actionAdded(var payload):
            payload.title = hidden
            payload.owner = hide(payload.owner)
            return .actionAdded(payload)
        case .actionChanged(var payload):
            (payload.title, payload.owner) = (hide(payload.title), hide(payload.owner))
            return .actionChanged(payload)
        default: return self
        }
    }

    private var redactedProgress: IncidentEvent {
        let hidden = Self.redactedText
        func hide(_ text: String?) -> String? { text == nil ? nil : hidden }
        switch self {
        case .stepStarted(var payload):
            payload.reason = hide(payload.reason)
            return .stepStarted(payload)
        case .stepWaived(var payload):
            payload.reason = hidden
            return .stepWaived(payload)
        case .stepFailed(var payload):
            payload.reason = hide(payload.reason)
            return .stepFailed(payload)
        case .stepRegressed(var payload):
            payload.reason = hidden
            return .stepRegressed(payload)
        case .reviewRevised(var payload):
            payload.sections = payload.sections.map(\.redacted)
            return .reviewRevised(payload)
        case .reviewApproved(var payload):
            payload.sections = payload.sections.map(\.redacted)
            return .reviewApproved(payload)
        case .entryRedacted(var payload):
            payload.reason = hidden
            return .entryRedacted(payload)
        default: return self
        }
    }
}

extension AlertBatch {
    fileprivate var redacted: AlertBatch {
        var copy = self
        copy.alerts = alerts.map { AlertMention(id: $0.id, title: IncidentEvent.redactedText, component: $0.component) }
        return copy
    }
}

extension EditedSection {
    fileprivate var redacted: EditedSection {
        EditedSection(
            id: id, title: title == nil ? nil : IncidentEvent.redactedText, markdown: IncidentEvent.redactedText)
    }
}
