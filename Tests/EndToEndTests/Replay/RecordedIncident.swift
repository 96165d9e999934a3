import FoundationEssentials
import Testing

/// An incident of the past as a public status page tells it. `fixtures` are made up, in the same format.
struct RecordedIncident: Sendable, CustomTestStringConvertible {
    struct Update: Sendable {
        let at: String
        let status: String
        let body: String
    }

    let id: String
    let title: String
    let impact: String
    let components: [String]
    let startedAt: String
    let resolvedAt: String
    let updates: [Update]

    /// Planned work harms nothing, so that nothing says when it was over but the phases.
    var isPlanned: Bool { impact == "maintenance" }
    /// Whether it can become better without being over.
    var isWorseThanDegraded: Bool { impact == "critical" || impact == "major" }
    var testDescription: String { id }

    init(_ json: JSON) throws {
        guard let id = json["id"].string, let title = json["title"].string, let impact = json["impact"].string,
            let startedAt = json["started_at"].string, let resolvedAt = json["resolved_at"].string
        else { throw Child.Failure(description: "not a recorded incident: \(json)") }
        self.id = id
        self.title = title
        self.impact = impact
        self.startedAt = startedAt
        self.resolvedAt = resolvedAt
        components = json["components"].items.compactMap(\.string)
        updates = json["updates"].items.map {
            Update(at: $0["at"].string ?? "", status: $0["status"].string ?? "", body: $0["body"].string ?? "")
        }
    }

    /// The slugs of what was affected; a page that names nothing means all of it.
    var slugs: [String] {
        components.isEmpty ? ["platform"] : Array(Set(components.map(Self.slug))).sorted()
    }

    private static func slug(_ name: String) -> String {
        let words = name.lowercased().split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }
        return String(words.joined(separator: "-").prefix(64))
    }
}

extension RecordedIncident {
    /// Seconds from the start to the moment, from the record alone.
    func seconds(to moment: String?) -> Double? {
        guard let start = Moment.date(startedAt), let end = Moment.date(moment) else { return nil }
        return end.timeIntervalSince(start)
    }

    /// What the review has to say, computed here from the record: the program under test has no part in it.
    var expected: [String: Double?] {
        // What is only degraded is mitigated when it is over; the rest is entered as better from then on.
        let better = updates.last { $0.status == "monitoring" }?.at
        let monitored = isWorseThanDegraded || isPlanned ? better : nil
        return [
            "time_to_detect_seconds": seconds(to: updates.first?.at),
            "time_to_acknowledge_seconds": seconds(to: updates.first?.at),
            "time_to_mitigate_seconds": seconds(to: monitored ?? resolvedAt),
            "time_to_restore_seconds": seconds(to: resolvedAt),
        ]
    }

    static let fixtures: [JSON] = [
        [
            "id": "made-up-1", "title": "Videos do not play", "impact": "critical",
            "components": ["Video Player", "CDN (Europe)"], "started_at": "2025-02-03T04:05:00Z",
            "resolved_at": "2025-02-03T06:35:30.250Z",
            "updates": [
                ["at": "2025-02-03T04:11:00Z", "status": "investigating", "body": "Players show a spinner."],
                ["at": "2025-02-03T04:40:00Z", "status": "identified", "body": "A certificate ran out."],
                ["at": "2025-02-03T05:02:00Z", "status": "monitoring", "body": "It was renewed."],
                ["at": "2025-02-03T05:10:00Z", "status": "investigating", "body": "Not everywhere."],
                ["at": "2025-02-03T05:30:00Z", "status": "monitoring", "body": "Now everywhere — überall."],
                ["at": "2025-02-03T06:35:30.250Z", "status": "resolved", "body": "All is well."],
            ],
        ],
        [
            "id": "made-up-2", "title": "Slow uploads", "impact": "none", "components": [],
            "started_at": "2024-02-29T23:59:00+01:00", "resolved_at": "2024-03-01T01:00:00Z",
            "updates": [
                ["at": "2024-02-29T23:01:00Z", "status": "investigating", "body": "Uploads take minutes."],
                ["at": "2024-03-01T01:00:00Z", "status": "resolved", "body": "It went away by itself."],
            ],
        ],
        [
            "id": "made-up-3", "title": "Moving the database", "impact": "maintenance", "components": ["Database"],
            "started_at": "2025-06-01T02:00:00Z", "resolved_at": "2025-06-01T03:15:00Z",
            "updates": [
                ["at": "2025-06-01T02:00:00Z", "status": "scheduled", "body": "We move."],
                ["at": "2025-06-01T02:05:00Z", "status": "in_progress", "body": "We are moving."],
                ["at": "2025-06-01T03:15:00Z", "status": "completed", "body": "We have moved."],
            ],
        ],
    ]
}
