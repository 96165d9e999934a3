/// What subscribers of the public page hear of.
package enum PublicNewsKind: String, CaseIterable, Codable, Sendable {
    // Of an incident.
    case opened
    case updated
    case corrected
    case updateWithdrawn = "update_withdrawn"
    case restored
    case resolved
    case reopened
    case reviewed
    /// It goes on as another one.
    case merged
    /// It is no longer public.
    case withdrawn
    // Of maintenance.
    case announced
    case moved
    case begun
    case ended
    case cancelled
}

/// A change of what is public, whole enough to be told: what is written to subscribers is made of this alone.
package struct PublicNews: Hashable, Codable, Sendable {
    /// An incident or one time of maintenance, as `incident/42`: of each, subscribers are told the newest news.
    package let subject: String
    /// What happened, the most important first; never empty.
    package let kinds: [PublicNewsKind]
    /// What is public of it: one incident or one time of maintenance with its components, or nothing of what was withdrawn.
    package let record: PublicRecord
    /// The state of everything, in Statuspage's word.
    package let indicator: String
    /// When it was found.
    package let at: Timestamp
    /// The incident's number.
    package let number: Int?
    /// The number of the incident that it goes on as.
    package let target: Int?
    /// What it was called when it was told of first, by language: messages about it are one thread. Empty of what was withdrawn.
    package let titles: [String: String]
    /// Updates that are new or corrected, the newest first.
    package let updates: [Int]
    /// Subscribers to one of these public components hear it, beside those to everything.
    package let hears: [String]
    /// Whether only those hear it who were told of the subject before.
    package let isForToldOnly: Bool

    /// So many updates are shown at once.
    package static let updatesMax = 5

    package var main: PublicNewsKind { kinds.first ?? .updated }
    package var incident: PublicIncident? { record.incidents.first }
    package var maintenance: PublicMaintenance? { record.maintenance.first }
    /// What is known, at the moment of the news.
    package var status: PublicStatus { PublicStatus(record, at: at) }
}

/// What was last told of a subject.
package enum PublicTold: Hashable, Codable, Sendable {
    case incident(Incident)
    case maintenance(Maintenance)

    package struct Incident: Hashable, Codable, Sendable {
        package let status: PublicIncidentStatus
        /// By the update's id, when it was corrected last, in milliseconds; zero when it was not.
        package let updates: [Int: Int64]
        package let components: [String]
        package let titles: [String: String]
        /// When it was told of last.
        package let at: Timestamp
    }

    package struct Maintenance: Hashable, Codable, Sendable {
        package let status: PublicMaintenanceStatus
        package let startsAt: Timestamp
        package let endsAt: Timestamp
        package let components: [String]
        package let titles: [String: String]
        /// When its window was made, which all times of it have in common.
        package let madeAt: Timestamp
    }
}

extension PublicNewsKind {
    /// In one sentence.
    package var phrase: Phrase {
        switch self {
        case .opened: "There is a new incident."
        case .updated: "There is an update."
        case .corrected: "An update was corrected."
        case .updateWithdrawn: "An update was withdrawn."
        case .restored: "The affected services are back. They are being watched."
        case .resolved: "The incident is over."
        case .reopened: "The incident is not over: it goes on."
        case .reviewed: "The review of the incident was published."
        case .merged: "The incident goes on together with another one. From now on you hear of that one."
        case .withdrawn: "An incident of which you were told was withdrawn. It is no longer public."
        case .announced: "Maintenance is planned."
        case .moved: "The times of the maintenance have changed."
        case .begun: "The maintenance has begun."
        case .ended: "The maintenance is over."
        case .cancelled: "The maintenance does not take place."
        }
    }
}
