import FoundationEssentials
import IncidentDomain

extension EventCodec {
    /// Reads a stored event.
    ///
    /// - Throws: `Unreadable` for a kind or version that this program does not know, or a payload that is not of its kind.
    static func decode(kind: String, version: Int, payload: [UInt8]) throws(Unreadable) -> IncidentEvent {
        guard let first = readers[kind] else {
            throw Unreadable(kind: kind, version: version, reason: "the kind is unknown")
        }
        guard let read = version == 1 ? first : version == 2 ? secondReaders[kind] : nil else {
            throw Unreadable(kind: kind, version: version, reason: "the version is unknown")
        }
        do {
            return try read(Data(payload))
        } catch {
            throw Unreadable(kind: kind, version: version, reason: String(describing: error))
        }
    }

    private typealias Reader = @Sendable (Data) throws -> IncidentEvent

    private static func reader<Payload: Decodable & SendableMetatype>(
        _ event: @escaping @Sendable (Payload) -> IncidentEvent
    ) -> Reader {
        { data in event(try JSONDecoder().decode(Payload.self, from: data)) }
    }

    private static let readers: [String: Reader] = [
        "incident_opened": reader(IncidentEvent.opened),
        "incident_described": reader(IncidentEvent.described),
        "start_corrected": reader(IncidentEvent.startCorrected),
        "severity_set": reader(IncidentEvent.severitySet),
        "acknowledged": { _ in .acknowledged },
        "phase_entered": reader(IncidentEvent.phaseEntered),
        "phase_reverted": reader(IncidentEvent.phaseReverted),
        "incident_dismissed": reader(IncidentEvent.dismissed),
        "incident_merged": reader(IncidentEvent.merged),
        "incident_absorbed": reader(IncidentEvent.absorbed),
        "cause_stated": reader(IncidentEvent.causeStated),
        "role_assigned": reader(IncidentEvent.roleAssigned),
        "impact_set": reader(IncidentEvent.impactSet),
        "impact_removed": reader(IncidentEvent.impactRemoved),
        "audience_impact_set": reader(IncidentEvent.audienceImpactSet),
        "note_added": reader(IncidentEvent.noteAdded),
        "mitigation_added": reader(IncidentEvent.mitigationAdded),
        "mitigation_changed": reader(IncidentEvent.mitigationChanged),
        "task_added": reader(IncidentEvent.taskAdded),
        "task_changed": reader(IncidentEvent.taskChanged),
        "step_started": reader(IncidentEvent.stepStarted),
        "step_ramped": reader(IncidentEvent.stepRamped),
        "step_verifying": reader(IncidentEvent.stepVerifying),
        "step_restored": reader(IncidentEvent.stepRestored),
        "step_waived": reader(IncidentEvent.stepWaived),
        "step_failed": reader(IncidentEvent.stepFailed),
        "step_regressed": reader(IncidentEvent.stepRegressed),
        "restoration_ordered": reader(IncidentEvent.restorationOrdered),
        "plan_revised": reader(IncidentEvent.planRevised),
        "alerts_attached": reader(IncidentEvent.alertsAttached),
        "alerts_cleared": reader(IncidentEvent.alertsCleared),
        "reports_counted": reader(IncidentEvent.reportsCounted),
        "update_posted": reader(IncidentEvent.updatePosted),
        "review_drafted": reader(IncidentEvent.reviewDrafted),
        "review_revised": reader { (payload: ReviewRevised) in
            var whole = payload
            whole.scope = .whole
            return .reviewRevised(whole)
        },
        "review_approved": reader(IncidentEvent.reviewApproved),
        "action_added": reader(IncidentEvent.actionAdded),
        "action_changed": reader(IncidentEvent.actionChanged),
        "entry_redacted": reader(IncidentEvent.entryRedacted),
    ]

    /// Of kinds whose meaning has changed once: these store only what changed.
    private static let secondReaders: [String: Reader] = [
        "review_revised": reader(IncidentEvent.reviewRevised),
        "review_approved": reader(IncidentEvent.reviewApproved),
    ]
}
