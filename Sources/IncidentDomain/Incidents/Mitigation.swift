/// Where a mitigation stands.
package enum MitigationState: String, CaseIterable, Codable, Sendable {
    case planned, running, succeeded, failed
    case rolledBack = "rolled_back"
    case notNeeded = "not_needed"

    /// The states that may follow this one; a repeat of the same state is never an error.
    package var following: [MitigationState] {
        switch self {
        case .planned: [.running, .succeeded, .failed, .notNeeded]
        case .running: [.succeeded, .failed, .rolledBack, .notNeeded]
        case .succeeded: [.rolledBack, .running]
        case .failed: [.running, .rolledBack]
        case .rolledBack: [.running]
        case .notNeeded: [.running]
        }
    }
}

/// Something done to stop the harm.
package struct Mitigation: Hashable, Codable, Sendable {
    /// Counts from 1 within its incident.
    package let id: Int
    package var description: String
    /// A word such as `rollback` or `reroute`, from the playbook or the user's own.
    package var kind: String?
    package var owner: String?
    package var state: MitigationState
    package var startedAt: Timestamp?
    package var endedAt: Timestamp?
}

/// A piece of work during the incident; follow-up work after it is an `ActionItem`.
package struct IncidentTask: Hashable, Codable, Sendable {
    /// Counts from 1 within its incident.
    package let id: Int
    package var text: String
    package var owner: String?
    package var done: Bool
}
