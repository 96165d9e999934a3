/// Everything that can have happened to an incident. What is stored of each is a contract (`EventCodec`): a case may
/// get new optional fields, and new cases may come, but none is renamed.
package enum IncidentEvent: Hashable, Sendable {
    case opened(IncidentOpened)
    case described(IncidentDescribed)
    case startCorrected(StartCorrected)
    case severitySet(SeveritySet)
    case acknowledged
    case phaseEntered(PhaseEntered)
    case phaseReverted(PhaseReverted)
    case dismissed(IncidentDismissed)
    case merged(IncidentMerged)
    case absorbed(IncidentAbsorbed)
    case causeStated(CauseHypothesis)
    case roleAssigned(RoleAssigned)
    case impactSet(ComponentImpact)
    case impactRemoved(ImpactRemoved)
    case audienceImpactSet(AudienceImpact)
    case noteAdded(NoteAdded)
    case mitigationAdded(MitigationAdded)
    case mitigationChanged(MitigationChanged)
    case taskAdded(TaskAdded)
    case taskChanged(TaskChanged)
    case stepStarted(StepStarted)
    case stepRamped(StepRamped)
    case stepVerifying(StepVerifying)
    case stepRestored(StepRestored)
    case stepWaived(StepWaived)
    case stepFailed(StepFailed)
    case stepRegressed(StepRegressed)
    case restorationOrdered(RestorationOrdered)
    case planRevised(PlanRevised)
    case alertsAttached(AlertBatch)
    case alertsCleared(AlertBatch)
    case reportsCounted(ReportSeries)
    case updatePosted(UpdatePosted)
    case reviewDrafted(ReviewDrafted)
    case reviewRevised(ReviewRevised)
    case reviewApproved(ReviewApproved)
    case actionAdded(ActionAdded)
    case actionChanged(ActionChanged)
    case entryRedacted(EntryRedacted)
}

/// An event with its place in the timeline: who, when it happened, when it was recorded.
package struct RecordedEvent: Hashable, Sendable {
    /// Counts from 1 within the incident, without gaps.
    package let sequence: Int
    package let event: IncidentEvent
    package let actor: Principal
    package let occurredAt: Timestamp
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
}
