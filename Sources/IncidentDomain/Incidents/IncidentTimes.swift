/// The clocks of an incident, each nil until it was reached, and taken back when an incident goes back before it.
package struct IncidentTimes: Hashable, Codable, Sendable {
    /// When the impact began.
    package var startedAt: Timestamp
    package var detectedAt: Timestamp
    package var acknowledgedAt: Timestamp?
    package var assessedAt: Timestamp?
    package var mitigatedAt: Timestamp?
    package var restoredAt: Timestamp?
    package var reviewedAt: Timestamp?
    package var closedAt: Timestamp?

    package init(startedAt: Timestamp, detectedAt: Timestamp) {
        self.startedAt = startedAt
        self.detectedAt = detectedAt
    }

    /// Seconds from the start of the impact to `moment`; nil until it is known.
    private func seconds(to moment: Timestamp?) -> Double? {
        moment?.seconds(since: startedAt)
    }

    package var timeToDetect: Double? { seconds(to: detectedAt) }
    package var timeToAcknowledge: Double? { seconds(to: acknowledgedAt) }
    package var timeToMitigate: Double? { seconds(to: mitigatedAt) }
    package var timeToRestore: Double? { seconds(to: restoredAt) }

    /// The earliest clock after the start, and what it says: the impact cannot have begun later.
    var firstReached: (name: String, moment: Timestamp) {
        let reached = [
            ("detected", detectedAt), ("acknowledged", acknowledgedAt), ("assessed", assessedAt),
            ("mitigated", mitigatedAt), ("restored", restoredAt), ("reviewed", reviewedAt), ("closed", closedAt),
        ].compactMap { name, moment in moment.map { (name: name, moment: $0) } }
        return reached.min { $0.moment < $1.moment } ?? ("detected", detectedAt)
    }

    /// Notes that `phase` was left forwards.
    mutating func leave(_ phase: Phase, at moment: Timestamp) {
        switch phase {
        case .detect: break  // Acknowledging has a clock of its own, which does not wait for the phase.
        case .assess: assessedAt = moment
        case .mitigate: mitigatedAt = moment
        case .restore: restoredAt = moment
        case .review:
            reviewedAt = reviewedAt ?? moment
            closedAt = moment
        case .closed, .dismissed, .merged: break
        }
    }

    /// Takes back what lies after `phase`, now that the incident stands there again.
    mutating func goBack(to phase: Phase) {
        switch phase {
        case .detect, .assess: (assessedAt, mitigatedAt, restoredAt, reviewedAt, closedAt) = (nil, nil, nil, nil, nil)
        case .mitigate: (mitigatedAt, restoredAt, reviewedAt, closedAt) = (nil, nil, nil, nil)
        case .restore: (restoredAt, reviewedAt, closedAt) = (nil, nil, nil)
        case .review, .closed, .dismissed, .merged: (reviewedAt, closedAt) = (nil, nil)
        }
    }
}
