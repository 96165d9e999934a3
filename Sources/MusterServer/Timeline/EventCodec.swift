import FoundationEssentials
import IncidentDomain

/// How events are stored: an explicit kind and version, and a payload in JSON. A contract for ever: a payload may get new
/// optional fields, a changed meaning is a new version, and nothing is renamed (golden files hold it).
enum EventCodec {
    /// An event as it is stored.
    struct Stored: Hashable, Sendable {
        let kind: String
        let version: Int
        /// Canonical JSON: keys sorted, so that the same event always gives the same bytes.
        let payload: [UInt8]
    }

    /// Why a stored event cannot be read.
    struct Unreadable: Error, CustomStringConvertible {
        let kind: String
        let version: Int
        let reason: String

        var description: String { "timeline entry of kind \(kind) version \(version) cannot be read: \(reason)" }
    }

    static func encode(_ event: IncidentEvent) throws -> Stored {
        Stored(kind: kind(of: event), version: version(of: event), payload: try payload(of: event))
    }

    /// The version of the stored form: 1 but for what once meant something else.
    private static func version(of event: IncidentEvent) -> Int {
        if case .reviewRevised(let payload) = event, payload.scope == .changes { return 2 }
        if case .reviewApproved(let payload) = event, payload.order != nil { return 2 }
        return 1
    }

    /// The stored name of an event.
    static func kind(of event: IncidentEvent) -> String {
        switch event {
        case .opened: "incident_opened"
        case .described: "incident_described"
        case .startCorrected: "start_corrected"
        case .severitySet: "severity_set"
        case .acknowledged: "acknowledged"
        case .phaseEntered: "phase_entered"
        case .phaseReverted: "phase_reverted"
        case .dismissed: "incident_dismissed"
        case .merged: "incident_merged"
        case .absorbed: "incident_absorbed"
        case .causeStated: "cause_stated"
        case .roleAssigned: "role_assigned"
        case .impactSet: "impact_set"
        case .impactRemoved: "impact_removed"
        case .audienceImpactSet: "audience_impact_set"
        case .noteAdded: "note_added"
        case .mitigationAdded: "mitigation_added"
        case .mitigationChanged: "mitigation_changed"
        case .taskAdded: "task_added"
        case .taskChanged: "task_changed"
        case .stepStarted: "step_started"
        case .stepRamped: "step_ramped"
        case .stepVerifying: "step_verifying"
        case .stepRestored: "step_restored"
        case .stepWaived: "step_waived"
        case .stepFailed: "step_failed"
        case .stepRegressed: "step_regressed"
        case .restorationOrdered: "restoration_ordered"
        case .planRevised: "plan_revised"
        case .alertsAttached: "alerts_attached"
        case .alertsCleared: "alerts_cleared"
        case .reportsCounted: "reports_counted"
        case .updatePosted: "update_posted"
        case .reviewDrafted: "review_drafted"
        case .reviewRevised: "review_revised"
        case .reviewApproved: "review_approved"
        case .actionAdded: "action_added"
        case .actionChanged: "action_changed"
        case .entryRedacted: "entry_redacted"
        }
    }

    private static func payload(of event: IncidentEvent) throws -> [UInt8] {
        switch event {
        case .opened(let payload): try json(payload)
        case .described(let payload): try json(payload)
        case .startCorrected(let payload): try json(payload)
        case .severitySet(let payload): try json(payload)
        case .acknowledged: Array("{}".utf8)
        case .phaseEntered(let payload): try json(payload)
        case .phaseReverted(let payload): try json(payload)
        case .dismissed(let payload): try json(payload)
        case .merged(let payload): try json(payload)
        case .absorbed(let payload): try json(payload)
        case .causeStated(let payload): try json(payload)
        case .roleAssigned(let payload): try json(payload)
        case .impactSet(let payload): try json(payload)
        case .impactRemoved(let payload): try json(payload)
        case .audienceImpactSet(let payload): try json(payload)
        case .noteAdded(let payload): try json(payload)
        case .mitigationAdded(let payload): try json(payload)
        case .mitigationChanged(let payload): try json(payload)
        case .taskAdded(let payload): try json(payload)
        case .taskChanged(let payload): try json(payload)
        case .stepStarted(let payload): try json(payload)
        case .stepRamped(let payload): try json(payload)
        case .stepVerifying(let payload): try json(payload)
        case .stepRestored(let payload): try json(payload)
        case .stepWaived(let payload): try json(payload)
        case .stepFailed(let payload): try json(payload)
        case .stepRegressed(let payload): try json(payload)
        case .restorationOrdered(let payload): try json(payload)
        case .planRevised(let payload): try json(payload)
        case .alertsAttached(let payload), .alertsCleared(let payload): try json(payload)
        case .reportsCounted(let payload): try json(payload)
        case .updatePosted(let payload): try json(payload)
        case .reviewDrafted(let payload): try json(payload)
        case .reviewRevised(let payload): try json(payload)
        case .reviewApproved(let payload): try json(payload)
        case .actionAdded(let payload): try json(payload)
        case .actionChanged(let payload): try json(payload)
        case .entryRedacted(let payload): try json(payload)
        }
    }

    private static func json(_ payload: some Encodable) throws -> [UInt8] {
        try Array(encoder.encode(payload))
    }

    private static let encoder: JSONEncoder = {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }()
}
