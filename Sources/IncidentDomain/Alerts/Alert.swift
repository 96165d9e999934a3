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
    /// Who ended it by hand; nil when nobody did. A batch stores the names of all of them instead.
    package var resolvedBy: String?

    private enum CodingKeys: String, CodingKey {
        case id, title, component
    }

    package init(
        id: String, title: String, component: String?, seenAt: Timestamp? = nil, resolvedBy: String? = nil
    ) {
        self.resolvedBy = resolvedBy
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
    /// The pages that they name and that the incident does not have yet; nil when there are none.
    package var links: [IncidentLink]?
    /// The worst severity that they say; nil when none says any.
    package var severity: Severity?
    /// Whether they open the incident.
    package var opens: Bool?
    /// What their rules say is to become of the incident when they have cleared.
    package var whenCleared: WhenCleared?
    /// Whether none fires any more after these cleared.
    package var clearsAll: Bool?
    /// When the incident closes itself then.
    package var closesAt: Timestamp?
    /// When the earliest of all arrived; nil in entries of releases that did not keep it.
    package var firstSeenAt: Timestamp?
    /// Of alerts that are over, who ended some of them by hand: at most `peopleMax` names, nil when nobody did.
    package var resolvedBy: [String]?

    package static let mentionsMax = 20
    static let peopleMax = 5

    private enum CodingKeys: String, CodingKey {
        case alerts, counts, affecting, correlation, links, severity, opens
        case whenCleared = "when_cleared"
        case clearsAll = "clears_all"
        case closesAt = "closes_at"
        case atOnce = "at_once"
        case firstSeenAt = "first_seen_at"
        case resolvedBy = "resolved_by"
    }

    package init(
        _ mentions: [AlertMention], affecting component: String? = nil, correlation: AlertCorrelation? = nil,
        atOnce: Bool? = nil, saying said: AlertsSay = .nothing, opening: Bool = false
    ) {
        self.atOnce = atOnce
        links = said.links.isEmpty ? nil : said.links
        severity = said.severity
        whenCleared = said.whenCleared
        opens = opening ? true : nil
        affecting = component
        self.correlation = correlation
        firstSeenAt = mentions.compactMap(\.seenAt).min()
        let people = Set(mentions.compactMap(\.resolvedBy)).sorted().prefix(Self.peopleMax)
        resolvedBy = people.isEmpty ? nil : Array(people)
        alerts = mentions.prefix(Self.mentionsMax).map {
            AlertMention(id: $0.id, title: $0.title, component: $0.component)
        }
        counts = mentions.reduce(into: [:]) { $0[$1.component ?? "", default: 0] += 1 }
    }

    package var total: Int { counts.values.reduce(0, +) }
}

/// Alerts that people move from one incident to another, or out of all.
package struct AlertMove: Hashable, Sendable {
    package var alerts: [AlertMention]
    /// Those of them that still fire, by component; those without one stand under the empty name.
    package var firing: [String: Int]
    /// Where they come from, or go to; nil for no incident.
    package var other: Int?
    package var reason: String
    package var said: AlertsSay
    /// Where they come from: their components on which that incident has no other alert.
    package var deserted: Set<String>
    /// Since when they fire, by component.
    package var since: [String: Timestamp]

    package init(
        _ alerts: [AlertMention], firing: [String: Int], other: Int?, reason: String,
        saying said: AlertsSay = .nothing, deserted: Set<String> = [], since: [String: Timestamp] = [:]
    ) {
        self.since = since
        self.deserted = deserted
        self.alerts = alerts
        self.firing = firing
        self.other = other
        self.reason = reason
        self.said = said
    }
}

/// What alerts say that an incident keeps: pages that help, and how bad it is.
package struct AlertsSay: Hashable, Sendable {
    package var links: [IncidentLink]
    /// The worst.
    package var severity: Severity?
    /// What the rules of the alerts say is to become of the incident; nil when none says anything.
    package var whenCleared: WhenCleared?

    package static let nothing = AlertsSay()

    package init(links: [IncidentLink] = [], severity: Severity? = nil, whenCleared: WhenCleared? = nil) {
        self.links = links
        self.severity = severity
        self.whenCleared = whenCleared
    }
}
