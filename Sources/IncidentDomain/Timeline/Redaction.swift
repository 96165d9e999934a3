extension IncidentEvent {
    /// What stands in the place of a text that was redacted.
    package static let redactedText = "[redacted]"

    /// The event without anything that people typed: what the rules and the clocks need stays, so that the timeline can
    /// still be replayed. What each payload gives up stands in `Redaction+payloads.swift`.
    package var redacted: IncidentEvent {
        switch self {
        case .opened(let payload): .opened(payload.redacted)
        case .described(let payload): .described(payload.redacted)
        case .phaseEntered(let payload): .phaseEntered(payload.redacted)
        case .phaseReverted(let payload): .phaseReverted(payload.redacted)
        case .dismissed(let payload): .dismissed(payload.redacted)
        case .merged(let payload): .merged(payload.redacted)
        case .absorbed(let payload): .absorbed(payload.redacted)
        case .causeStated(let payload): .causeStated(payload.redacted)
        case .roleAssigned(let payload): .roleAssigned(payload.redacted)
        case .impactSet(let payload): .impactSet(payload.redacted)
        case .audienceImpactSet(let payload): .audienceImpactSet(payload.redacted)
        case .noteAdded(let payload): .noteAdded(payload.redacted)
        case .mitigationAdded(let payload): .mitigationAdded(payload.redacted)
        case .mitigationChanged(let payload): .mitigationChanged(payload.redacted)
        case .taskAdded(let payload): .taskAdded(payload.redacted)
        case .taskChanged(let payload): .taskChanged(payload.redacted)
        case .stepStarted(let payload): .stepStarted(payload.redacted)
        case .stepWaived(let payload): .stepWaived(payload.redacted)
        case .stepFailed(let payload): .stepFailed(payload.redacted)
        case .stepRegressed(let payload): .stepRegressed(payload.redacted)
        case .restorationOrdered(let payload): .restorationOrdered(payload.redacted)
        case .alertsAttached(let payload): .alertsAttached(payload.redacted)
        case .alertsCleared(let payload): .alertsCleared(payload.redacted)
        case .updatePosted(let payload): .updatePosted(payload.redacted)
        case .reviewRevised(let payload): .reviewRevised(payload.redacted)
        case .reviewApproved(let payload): .reviewApproved(payload.redacted)
        case .actionAdded(let payload): .actionAdded(payload.redacted)
        case .actionChanged(let payload): .actionChanged(payload.redacted)
        case .entryRedacted(let payload): .entryRedacted(payload.redacted)
        // Nothing in these was typed freely.
        case .startCorrected, .severitySet, .acknowledged, .impactRemoved, .stepRamped, .stepVerifying, .stepRestored,
            .planRevised, .reportsCounted, .reviewDrafted:
            self
        }
    }
}
