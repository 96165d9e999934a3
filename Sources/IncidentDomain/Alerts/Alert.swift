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

    package init(id: String, title: String, component: String?) {
        self.id = id
        self.title = title
        self.component = component
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

    package static let mentionsMax = 20

    private enum CodingKeys: String, CodingKey {
        case alerts, counts, affecting, correlation
        case atOnce = "at_once"
    }

    package init(
        _ mentions: [AlertMention], affecting component: String? = nil, correlation: AlertCorrelation? = nil,
        atOnce: Bool? = nil
    ) {
        self.atOnce = atOnce
        affecting = component
        self.correlation = correlation
        alerts = Array(mentions.prefix(Self.mentionsMax))
        counts = mentions.reduce(into: [:]) { $0[$1.component ?? "", default: 0] += 1 }
    }

    package var total: Int { counts.values.reduce(0, +) }
}
