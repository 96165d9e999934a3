import FoundationEssentials

/// A message as Alertmanager's webhook sends it.
struct AlertmanagerMessage: Sendable {
    struct Alert: Hashable, Sendable {
        var name: String
        var component: String?
        var isFiring: Bool
        var startsAt: String
        var endsAt: String?

        init(
            _ name: String, component: String? = nil, isFiring: Bool = true, startsAt: String = "2026-01-01T10:00:00Z",
            endsAt: String? = nil
        ) {
            self.name = name
            self.component = component
            self.isFiring = isFiring
            self.startsAt = startsAt
            self.endsAt = endsAt
        }

        func resolved(_ endsAt: String = "2026-01-01T11:00:00Z") -> Alert {
            var alert = self
            (alert.isFiring, alert.endsAt) = (false, endsAt)
            return alert
        }
    }

    let group: String
    let alerts: [Alert]
    var truncated = 0

    init(group: String, _ alerts: [Alert], truncated: Int = 0) {
        self.group = group
        self.alerts = alerts
        self.truncated = truncated
    }

    var json: JSON {
        let isFiring = alerts.contains(where: \.isFiring)
        return [
            "receiver": "muster", "status": .string(isFiring ? "firing" : "resolved"), "version": "4",
            "groupKey": "{}:{alertname=\"\(group)\"}", "truncatedAlerts": .number(Double(truncated)),
            "groupLabels": ["alertname": .string(group)], "commonLabels": ["alertname": .string(group)],
            "commonAnnotations": [:], "externalURL": "http://alertmanager:9093",
            "alerts": .array(alerts.map(json)),
        ]
    }

    private func json(_ alert: Alert) -> JSON {
        var labels: JSON = ["alertname": .string(group), "instance": .string(alert.name)]
        if let component = alert.component { labels = labels.with(["component": .string(component)]) }
        return [
            "status": .string(alert.isFiring ? "firing" : "resolved"), "labels": labels,
            "annotations": ["summary": "\(group) on \(alert.name)"], "startsAt": .string(alert.startsAt),
            "endsAt": .string(alert.endsAt ?? "0001-01-01T00:00:00Z"), "generatorURL": "http://prometheus:9090/graph",
            "fingerprint": .string("\(group)/\(alert.name)"),
        ]
    }
}
