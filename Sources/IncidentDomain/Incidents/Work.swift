/// Where a mitigation stands.
package enum MitigationState: String, CaseIterable, Codable, Sendable {
    case planned, running, succeeded, failed
    case rolledBack = "rolled_back"
    case notNeeded = "not_needed"
    /// Begun or planned, and given up for a reason.
    case abandoned
    /// Considered and not done, for a reason.
    case rejected

    /// The states that may follow this one; a repeat of the same state is never an error.
    package var following: [MitigationState] {
        switch self {
        case .planned: [.running, .succeeded, .failed, .notNeeded, .abandoned, .rejected]
        case .running: [.succeeded, .failed, .rolledBack, .notNeeded, .planned, .abandoned]
        case .succeeded: [.rolledBack, .running, .failed]
        case .failed: [.running, .rolledBack, .succeeded]
        case .rolledBack: [.running, .succeeded, .failed]
        case .notNeeded, .abandoned, .rejected: [.running, .planned]
        }
    }

    /// Whether nothing of it is still to come.
    var isOver: Bool { self != .planned && self != .running }

    /// Whether it says how an attempt ended.
    var isOutcome: Bool { self == .succeeded || self == .failed }

    /// Whether it has to be said why.
    var needsReason: Bool { self == .abandoned || self == .rejected }
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
    /// Whether it still works, as load that is shed until the caches are warm: it may outlive its phase, and has to be lifted
    /// before the incident is closed. Nil when nobody said so.
    package var inForce: Bool?
    /// Why it was abandoned or rejected, or what else there is to say of its state.
    package var reason: String?
    /// The sequence of the timeline entry that added it; nil when it came with a merged incident.
    package var entry: Int?
    /// The merged incident that it came with; nil when it is this one's own.
    package var incident: Int?
    /// Whether it was struck out: entered by mistake. Nil when not.
    package var struck: Bool?
}

/// A piece of work during the incident; follow-up work after it is an `ActionItem`.
package struct IncidentTask: Hashable, Codable, Sendable {
    /// Counts from 1 within its incident.
    package let id: Int
    package var text: String
    package var owner: String?
    package var done: Bool
    /// The sequence of the timeline entry that added it; nil when it came with a merged incident.
    package var entry: Int?
    /// The merged incident that it came with; nil when it is this one's own.
    package var incident: Int?
    /// Whether it was struck out: entered by mistake. Nil when not.
    package var struck: Bool?
}

/// What a follow-up is meant to do about the next time.
package enum ActionKind: String, CaseIterable, Codable, Sendable {
    case detective, preventive, corrective
}

/// How soon a follow-up has to be done.
package enum ActionPriority: String, CaseIterable, Codable, Sendable {
    case urgent, high, medium, low
}

/// Where a follow-up stands.
package enum ActionState: String, CaseIterable, Codable, Sendable {
    case open
    case inProgress = "in_progress"
    case done, dropped

    /// Those of what is still to be done.
    package static let unfinished: [ActionState] = [.open, .inProgress]
}

/// Follow-up work that came out of an incident. It lives on after the incident is closed.
package struct ActionItem: Hashable, Codable, Sendable {
    /// Counts from 1 within its incident; the API's id is `<incident>-<ordinal>`.
    package let ordinal: Int
    package var title: String
    package var kind: ActionKind
    package var owner: String?
    /// An ISO 8601 day, as in `2026-12-24`.
    package var due: String?
    /// Whether the review cannot be left before it has an owner and a due date.
    package var required: Bool
    package var state: ActionState
    /// The sequence of the timeline entry that added it; nil when it came with a merged incident.
    package var entry: Int?
    /// The merged incident that it came with; nil when it is this one's own.
    package var incident: Int?
    /// Whether it was struck out: entered by mistake. Nil when not.
    package var struck: Bool?
    package var priority: ActionPriority?
    /// Where it is tracked: an address.
    package var link: String?
    /// The cause that it answers, by the entry that states it: with it done, that would not have happened.
    package var answers: Int?
}

extension Incident {
    /// The id under which the API knows an action item.
    package func id(of action: ActionItem) -> String { action.id(in: number) }
}

extension Mitigation {
    package var isStruck: Bool { struck ?? false }
}

extension IncidentTask {
    package var isStruck: Bool { struck ?? false }
}

extension ActionItem {
    package var isStruck: Bool { struck ?? false }

    /// The id under which the API knows it.
    ///
    /// - Parameter number: Of its incident.
    package func id(in number: Int) -> String { "\(number)-\(ordinal)" }

    /// Whether it should be done by now and is not.
    ///
    /// - Parameter today: An ISO 8601 day; what is due on it is not late yet.
    package func isOverdue(on today: String) -> Bool {
        guard !isStruck, ActionState.unfinished.contains(state), let due else { return false }
        return due < today
    }
}
