import FoundationEssentials
import IncidentDomain

/// New alerts of one source and group key, and what an incident takes from them.
struct AlertGroup: Sendable {
    struct Key: Hashable, Comparable, Sendable {
        let source: UUID
        let group: String

        static func < (left: Key, right: Key) -> Bool {
            (left.source, left.group) < (right.source, right.group)
        }
    }

    let key: Key
    let alerts: [AlertRoutingStore.Unrouted]

    /// What an incident hears of them.
    var news: AlertNews {
        AlertNews(
            key: key, sourceName: alerts.first?.sourceName ?? "source", mentions: alerts.map(\.mention),
            firingComponents: firingComponents)
    }

    /// The components that alerts of the group fire on.
    var firingComponents: Set<String> {
        Set(alerts.filter { !$0.isResolved }.compactMap(\.component))
    }

    /// The components by which an incident is looked for. Of a group that is over already, as when another daemon has the
    /// rest of it, what it fired on says where it belongs.
    var components: Set<String> {
        firingComponents.isEmpty ? Set(alerts.compactMap(\.component)) : firingComponents
    }

    /// The incident that these alerts open.
    func opening(now: Timestamp, graph: DependencyGraph) -> OpenIncident {
        let started = alerts.map(\.startsAt).min() ?? now
        return OpenIncident(
            title: title, severity: severity, impacts: news.impacts(graph: graph, beside: nil),
            startedAt: min(started, now),
            labels: labels,
            alerts: alerts.map(\.mention))
    }

    /// The worst that a rule says in the words of incidents: whoever wrote the rule has decided it. What senders call
    /// severity is theirs.
    private var severity: Severity? {
        alerts.filter { $0.rule != nil }.compactMap { $0.severity.flatMap(Severity.init(rawValue:)) }
            .min { $0.rawValue < $1.rawValue }
    }

    private var title: String {
        let first = alerts.first?.title ?? "Alert"
        return AlertName.cut(alerts.count > 1 ? "\(first) (and \(alerts.count - 1) more)" : first, to: 300)
    }

    /// What all alerts have in common.
    private var labels: [String: String] {
        var common = alerts.first?.labels ?? [:]
        for alert in alerts.dropFirst() { common = common.filter { alert.labels[$0.key] == $0.value } }
        let bounded = common.filter {
            (1...64).contains($0.key.unicodeScalars.count) && $0.value.unicodeScalars.count <= 256
        }
        return Dictionary(
            uniqueKeysWithValues: bounded.sorted { $0.key < $1.key }.prefix(32).map { ($0.key, $0.value) })
    }
}
