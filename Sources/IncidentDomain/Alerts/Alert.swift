/// Where an alert stands.
package enum AlertStatus: String, CaseIterable, Codable, Sendable {
    case firing, acknowledged, resolved
}

/// An alert as an incident's timeline names it.
package struct AlertMention: Hashable, Codable, Sendable {
    /// The alert's id, a UUID in lower case.
    package var id: String
    package var title: String
    package var component: String?
    /// When it arrived. A batch stores the earliest of all its alerts instead.
    package var seenAt: Timestamp?

    private enum CodingKeys: String, CodingKey {
        case id, title, component
    }

    package init(id: String, title: String, component: String?, seenAt: Timestamp? = nil) {
        self.id = id
        self.title = title
        self.component = component
        self.seenAt = seenAt
    }
}

/// Alerts that came to an incident or left it together: a bounded number by name, all of them by count.
package struct AlertBatch: Hashable, Codable, Sendable {
    /// At most `mentionsMax`, so that a storm does not swell one timeline entry.
    package var alerts: [AlertMention]
    /// How many by component; alerts without one stand under the empty name.
    package var counts: [String: Int]
    /// The affected component by which they belong to the incident, when it is not by their group.
    package var affecting: String?
    /// How the catalog connects them with what is affected, when it is by a dependency.
    package var correlation: AlertCorrelation?
    /// Of alerts that are over: they were so before the incident heard that they had begun.
    package var atOnce: Bool?
    /// When the earliest of all arrived; nil in entries of releases that did not keep it.
    package var firstSeenAt: Timestamp?

    package static let mentionsMax = 20

    private enum CodingKeys: String, CodingKey {
        case alerts, counts, affecting, correlation
        case atOnce = "at_once"
        case firstSeenAt = "first_seen_at"
    }

    package init(
        _ mentions: [AlertMention], affecting component: String? = nil, correlation: AlertCorrelation? = nil,
        atOnce: Bool? = nil
    ) {
        self.atOnce = atOnce
        affecting = component
        self.correlation = correlation
        firstSeenAt = mentions.compactMap(\.seenAt).min()
        alerts = mentions.prefix(Self.mentionsMax).map {
            AlertMention(id: $0.id, title: $0.title, component: $0.component)
        }
        counts = mentions.reduce(into: [:]) { $0[$1.component ?? "", default: 0] += 1 }
    }

    package var total: Int { counts.values.reduce(0, +) }
}
