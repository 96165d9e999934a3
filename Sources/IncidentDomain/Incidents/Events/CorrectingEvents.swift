/// People said what clocks really were, or took back what they had said.
package struct TimesCorrected: AfterwardsEvent {
    package struct Change: Hashable, Codable, Sendable {
        package var clock: IncidentClock
        /// Nil goes back to what the facts say.
        package var at: Timestamp?
        /// What it said before.
        package var previous: Timestamp?

        package init(clock: IncidentClock, at: Timestamp?, previous: Timestamp?) {
            self.clock = clock
            self.at = at
            self.previous = previous
        }
    }

    package var changes: [Change]
    package var reason: String
    package var afterwards: Bool?

    package static let kind = "times_corrected"
    package static let examples = [
        TimesCorrected(
            changes: [
                Change(clock: .mitigated, at: EventExamples.before, previous: EventExamples.noon),
                Change(clock: .restored, at: nil, previous: EventExamples.noon),
            ], reason: "the graphs say so", afterwards: true)
    ]

    package var redacted: TimesCorrected {
        var copy = self
        copy.reason = reason.redacted
        return copy
    }

    package var sentence: String {
        let texts = changes.map { change in
            let was = change.previous.map { " (was \($0.toTheSecond))" } ?? ""
            return change.at.map { "\(change.clock.rawValue) corrected to \($0.toTheSecond)\(was)" }
                ?? "\(change.clock.rawValue) no longer corrected\(was)"
        }
        return texts.joined(separator: "; ").beginningSentence.giving(reason)
    }

    package var isKeyMoment: Bool { true }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        var corrections = incident.corrections ?? []
        for change in changes {
            corrections.removeAll { $0.clock == change.clock }
            guard let at = change.at else { continue }
            if change.clock == .started { incident.times.startedAt = at }
            corrections.append(
                ClockCorrection(clock: change.clock, moment: at, by: actor.name, reason: reason))
        }
        incident.corrections = corrections.isEmpty ? nil : corrections
        // The durations that were approved are others now.
        guard changes.contains(where: { $0.clock != .reviewed && $0.clock != .closed }) else { return }
        if incident.review?.status == .approved { incident.review?.status = .draft }
        if incident.times.closedAt == nil { incident.times.reviewedAt = nil }
    }
}
