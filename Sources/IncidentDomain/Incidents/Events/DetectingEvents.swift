package struct IncidentOpened: TimelineEvent {
    package var title: String
    package var summary: String?
    package var startedAt: Timestamp
    package var labels: [String: String]
    /// `person`, `alert` or `maintenance` (`OpenIncident.Origin`).
    package var origin: String

    private enum CodingKeys: String, CodingKey {
        case title, summary, labels, origin
        case startedAt = "started_at"
    }

    package static let kind = "incident_opened"
    package static let examples = [
        IncidentOpened(
            title: "Videos do not play", summary: "Error 503 / \"edge\" – ünïcode ✓", startedAt: EventExamples.before,
            labels: ["region": "eu-west", "service": "playback"], origin: "alert")
    ]
    package var isNotified: Bool { true }

    package var redacted: IncidentOpened {
        var copy = self
        copy.title = title.redacted
        copy.summary = summary?.redacted
        copy.labels = [:]  // Their names were typed as well.
        return copy
    }

    package var phrase: Phrase {
        let origins: [String: Phrase] = ["alert": "Opened by an alert", "maintenance": "Opened by an overrun"]
        return "\(origins[origin] ?? "Opened"): \(title.sentence) Impact started \(startedAt.told)."
    }

    package var phaseBegun: Phase? { .detect }
    package var isKeyMoment: Bool { true }

    /// All of it was taken when the incident was made.
    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {}
}

package struct Acknowledged: TimelineEvent {
    package static let kind = "acknowledged"
    package static let examples = [
        Acknowledged()
    ]
    package var isNotified: Bool { true }

    package var phrase: Phrase { "Acknowledged." }
    package var isKeyMoment: Bool { true }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.times.acknowledgedAt = moment
    }
}

package struct IncidentDismissed: TimelineEvent {
    package var reason: String
    /// The phase in which it stood; nil in entries of releases that did not keep it.
    package var from: Phase?

    package static let kind = "incident_dismissed"
    package static let examples = [
        IncidentDismissed(reason: "a test alert")
    ]
    package var isNotified: Bool { true }

    package var redacted: IncidentDismissed {
        var copy = self
        copy.reason = reason.redacted
        return copy
    }

    package var phrase: Phrase { Phrase("Dismissed as a false alarm.").giving(reason) }
    package var phaseBegun: Phase? { .dismissed }
    package var isKeyMoment: Bool { true }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.phase = .dismissed
        if let from { incident.endedFrom = from }
    }
}
