/// How far planned maintenance is, in the words of Statuspage.
package enum PublicMaintenanceStatus: String, CaseIterable, Codable, Sendable {
    case scheduled
    case inProgress = "in_progress"
    case completed
}

/// Planned work as the outside sees it. What it is called inside is not in it.
package struct PublicMaintenance: Hashable, Codable, Sendable {
    /// Stays the same for ever, and names one time of one window.
    package let id: String
    /// Ids of public components, in the order of the page; never empty.
    package let components: [String]
    package let startsAt: Timestamp
    package let endsAt: Timestamp
    /// How often people changed its window.
    package let version: Int
    package let createdAt: Timestamp
    package let updatedAt: Timestamp
    private let state: String
    private let isEndedByHand: Bool

    /// Nil where it names no public component, and of what was cancelled.
    package init?(
        _ occurrence: MaintenanceOccurrence, of window: MaintenanceWindow, id: String, version: Int,
        createdAt: Timestamp, updatedAt: Timestamp, catalog: PublicCatalog
    ) {
        components = catalog.components(of: window.components).map(\.id)
        guard !components.isEmpty, occurrence.state != .cancelled else { return nil }
        self.id = id
        startsAt = occurrence.beganAt ?? occurrence.startsAt
        endsAt = occurrence.endedAt ?? occurrence.endsAt
        (self.version, self.createdAt, self.updatedAt) = (version, createdAt, updatedAt)
        state = occurrence.state.rawValue
        isEndedByHand = window.ending == .byHand
    }

    package func status(at now: Timestamp) -> PublicMaintenanceStatus {
        switch MaintenanceOccurrence.State(rawValue: state) {
        case .done, .cancelled, nil: .completed
        case .overrun: .inProgress
        case .scheduled, .running:
            if now < startsAt { .scheduled } else { now < endsAt || isEndedByHand ? .inProgress : .completed }
        }
    }
}
