package import FoundationEssentials

/// An alert as placing looks at it: one whose newest state no incident knows yet.
package struct UnplacedAlert: Sendable {
    package var id: UUID
    package var group: AlertGroup.Key
    /// Where it comes from, what it is called and what it fires on.
    package var facts: AlertFacts
    package var status: AlertStatus
    package var startsAt: Timestamp
    package var firstSeenAt: Timestamp
    /// Of one that is over, when its end arrived.
    package var lastSeenAt: Timestamp
    /// Nil while it never belonged to one.
    package var incident: Int?
    package var acknowledgedBy: String?
    /// The routing rule whose conditions hold for it.
    package var rule: UUID?
    /// Why it opened no incident until now.
    package var held: AlertHold.Reason?
    /// Those of its annotations that are words for people, or links.
    package var annotations: [String: String]
    package var titleStyle: AlertWords.TitleStyle

    package init(
        id: UUID, group: AlertGroup.Key, facts: AlertFacts, status: AlertStatus, startsAt: Timestamp,
        firstSeenAt: Timestamp, lastSeenAt: Timestamp, incident: Int? = nil, acknowledgedBy: String? = nil,
        rule: UUID? = nil, held: AlertHold.Reason? = nil, annotations: [String: String] = [:],
        titleStyle: AlertWords.TitleStyle = .sentence
    ) {
        self.id = id
        self.group = group
        self.facts = facts
        self.status = status
        self.startsAt = startsAt
        self.firstSeenAt = firstSeenAt
        self.lastSeenAt = lastSeenAt
        self.incident = incident
        self.acknowledgedBy = acknowledgedBy
        self.rule = rule
        self.held = held
        self.annotations = annotations
        self.titleStyle = titleStyle
    }

    package var isResolved: Bool { status == .resolved }

    package var mention: AlertMention {
        AlertMention(
            id: id.uuidString.lowercased(), title: facts.title, component: facts.component, seenAt: firstSeenAt)
    }

    package var words: AlertWords {
        AlertWords(title: facts.title, style: titleStyle, component: facts.component, annotations: annotations)
    }

    package var links: [IncidentLink] { IncidentLink.all(annotations: annotations, labels: facts.labels) }

    /// Who works on it; nil while nobody does.
    package var acknowledger: Principal? {
        status == .acknowledged ? .source(group.source, name: acknowledgedBy ?? facts.source) : nil
    }
}

/// New alerts of one source and group key. They are placed together.
package struct AlertGroup: Sendable {
    package struct Key: Hashable, Comparable, Sendable {
        package let source: UUID
        package let group: String

        package init(source: UUID, group: String) {
            self.source = source
            self.group = group
        }

        package static func < (left: Key, right: Key) -> Bool {
            (left.source, left.group) < (right.source, right.group)
        }
    }

    package let key: Key
    /// At least one.
    package let alerts: [UnplacedAlert]
    /// Whether it is a surge of users' reports, which anybody can send.
    package let isReportSurge: Bool

    package init(key: Key, alerts: [UnplacedAlert], isReportSurge: Bool = false) {
        self.key = key
        self.alerts = alerts
        self.isReportSurge = isReportSurge
    }

    /// What an incident hears of them.
    package func news(_ severities: AlertSeverityTable, rules: [RoutingRule] = []) -> AlertNews {
        AlertNews(
            key: key, sourceName: alerts.first?.facts.source ?? "source", mentions: alerts.map(\.mention),
            firingSince: firingSince, said: said(severities, rules))
    }

    /// Alerts whose links are looked at.
    private static let linkedMax = 50

    private func said(_ severities: AlertSeverityTable, _ rules: [RoutingRule]) -> AlertsSay {
        let ruled = Set(alerts.compactMap(\.rule))
        let clearing = rules.filter { ruled.contains($0.id) }.compactMap(\.whenCleared)
        let links = alerts.prefix(Self.linkedMax).reduce([]) { links, alert in
            alert.links.adding(to: links, max: IncidentLimits.links)
        }
        return AlertsSay(
            links: links,
            severity: alerts.compactMap { severities.severity($0.facts.severity, kind: $0.facts.kind) }.min(),
            whenCleared: clearing.dropFirst().reduce(clearing.first) { $0?.stricter($1) })
    }

    /// The components that alerts of the group fire on, and since when.
    private var firingSince: [String: Timestamp] {
        alerts.filter { !$0.isResolved }.reduce(into: [:]) { since, alert in
            guard let component = alert.facts.component else { return }
            let start = min(alert.startsAt, alert.firstSeenAt)
            since[component] = min(since[component] ?? start, start)
        }
    }

    /// The components by which an incident is looked for. Of a group that is over already, as when another daemon has the
    /// rest of it, what it fired on says where it belongs.
    package var components: Set<String> {
        let firing = Set(firingSince.keys)
        return firing.isEmpty ? Set(alerts.compactMap(\.facts.component)) : firing
    }

    /// The incident that these alerts open.
    package func opening(
        now: Timestamp, graph: DependencyGraph, severities: AlertSeverityTable, rules: [RoutingRule] = []
    ) -> OpenIncident {
        let news = news(severities, rules: rules)
        let words = first?.words ?? AlertWords(title: "Alert", style: .sentence)
        let started = alerts.map(\.startsAt).min() ?? now
        return OpenIncident(
            title: title(words), summary: words.summary, severity: news.said.severity,
            impacts: news.impacts(graph: graph, beside: nil, startedAt: min(started, now)),
            startedAt: min(started, now), labels: commonLabels, alerts: news.mentions, said: news.said)
    }

    /// The alert whose words the incident takes: the first one that still fires.
    private var first: UnplacedAlert? { alerts.first { !$0.isResolved } ?? alerts.first }

    private func title(_ words: AlertWords) -> String {
        guard alerts.count > 1 else { return words.title }
        let more = " (and \(alerts.count - 1) more)"
        return String(words.title.unicodeScalars.prefix(AlertWords.titleMax - more.utf8.count)) + more
    }

    /// What all alerts have in common, as far as an incident can hold it.
    private var commonLabels: [String: String] {
        var common = alerts.first?.facts.labels ?? [:]
        for alert in alerts.dropFirst() { common = common.filter { alert.facts.labels[$0.key] == $0.value } }
        let bounded = common.filter {
            (1...64).contains($0.key.unicodeScalars.count) && $0.value.unicodeScalars.count <= 256
        }
        return Dictionary(
            uniqueKeysWithValues: bounded.sorted { $0.key < $1.key }.prefix(32).map { ($0.key, $0.value) })
    }
}

/// What an incident hears of new alerts of one group.
package struct AlertNews: Sendable {
    package let key: AlertGroup.Key
    package let sourceName: String
    package let mentions: [AlertMention]
    /// The components that they fire on, and since when; never after they were seen.
    package let firingSince: [String: Timestamp]
    package let said: AlertsSay

    package init(
        key: AlertGroup.Key, sourceName: String, mentions: [AlertMention], firingSince: [String: Timestamp],
        said: AlertsSay = .nothing
    ) {
        self.key = key
        self.sourceName = sourceName
        self.mentions = mentions
        self.firingSince = firingSince
        self.said = said
    }

    package var firingComponents: Set<String> { Set(firingSince.keys) }

    /// The source acts in its own name.
    package var principal: Principal { .source(key.source, name: sourceName) }

    /// A firing alert on a component of the catalog is evidence of harm; how bad it is, people say. What they have said
    /// already stays.
    ///
    /// - Parameter startedAt: When the incident began; of an earlier alert its impact begins with it.
    package func impacts(
        graph: DependencyGraph, beside incident: Incident?, startedAt: Timestamp
    ) -> [ComponentImpact] {
        guard incident?.phase != .review else { return [] }
        let known = Set(incident?.impacts.map(\.component) ?? [])
        return firingComponents.subtracting(known).filter { graph.components[$0] != nil }.sorted()
            .map { component in
                let since = firingSince[component].flatMap { $0 > startedAt ? $0 : nil }
                return ComponentImpact(component: component, impact: .degraded, startedAt: since, fromAlert: true)
            }
    }
}

extension Principal {
    /// A source that does something, or somebody of whom it told.
    package static func source(_ id: UUID, name: String) -> Principal {
        Principal(id: "\(Principal.sourcePrefix)\(id.uuidString.lowercased())", name: name, role: .responder)
    }
}
