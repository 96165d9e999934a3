/// What a follow-up is meant to do about the next time.
package enum ActionKind: String, CaseIterable, Codable, Sendable {
    case detective, preventive, corrective
}

/// Where a follow-up stands.
package enum ActionState: String, CaseIterable, Codable, Sendable {
    case open
    case inProgress = "in_progress"
    case done, dropped
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
}

extension Incident {
    /// The id under which the API knows an action item.
    package func id(of action: ActionItem) -> String {
        "\(number)-\(action.ordinal)"
    }
}
