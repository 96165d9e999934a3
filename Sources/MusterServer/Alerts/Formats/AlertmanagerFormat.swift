import IncidentDomain

/// Prometheus Alertmanager's webhook, version "4": template/template.go and notify/webhook/webhook.go of
/// prometheus/alertmanager. Unknown fields are ignored, as newer versions add some.
///
/// Each alert is judged by its own status and fingerprint: the message's status is `firing` while any alert of the
/// group fires, and an alert that is absent may have been cut off or have been resolved long ago.
enum AlertmanagerFormat: AlertFormat {
    /// Alerts in one message; Alertmanager sends whole groups.
    private static let alertsMax = 10_000
    private static let textMax = 1000

    static func read(_ request: ForeignRequest) throws(Problem) -> IncomingMessage {
        let document = try request.document()
        guard let alerts = document["alerts"]?.array else {
            throw .invalid("/alerts", "should be the list of alerts of an Alertmanager webhook")
        }
        guard alerts.count <= alertsMax else {
            throw .invalid("/alerts", "has \(alerts.count) alerts; at most \(alertsMax) are taken in one message")
        }
        let group = document["groupKey"]?.string
        var read: [IncomingAlert] = []
        read.reserveCapacity(alerts.count)
        for (index, alert) in alerts.enumerated() { read.append(try self.alert(alert, at: index, group: group)) }
        let isCut = (document["truncatedAlerts"]?.integer ?? 0) > 0
        return IncomingMessage(
            alerts: read,
            resolvedGroup: isCut && document["status"]?.string == "resolved"
                ? group.map { AlertName.bounded(clean($0)) } : nil)
    }

    private static func alert(_ alert: JSONValue, at index: Int, group: String?) throws(Problem) -> IncomingAlert {
        let pointer = "/alerts/\(index)"
        guard alert.object != nil else { throw .invalid(pointer, "should be an object and is \(alert.kindName)") }
        guard let status = alert["status"]?.string.flatMap(IncomingAlert.Status.init) else {
            throw .invalid("\(pointer)/status", "should be firing or resolved")
        }
        let labels = texts(alert["labels"])
        let annotations = texts(alert["annotations"])
        guard let identity = alert["fingerprint"]?.string.map(clean).flatMap(nonEmpty) ?? LabelFingerprint.of(labels)
        else { throw .invalid("\(pointer)/labels", "are needed, or a fingerprint, to tell alerts apart") }
        // Go's zero time stands for "not yet".
        let endsAt = alert["endsAt"]?.time.flatMap { $0.milliseconds > 0 ? $0 : nil }
        return IncomingAlert(
            identity: AlertName.bounded(identity), groupKey: AlertName.bounded(group.map(clean) ?? identity),
            status: status,
            title: cut(title(labels, annotations, identity)),
            component: (labels["component"].flatMap(nonEmpty) ?? labels["service"].flatMap(nonEmpty))
                .map { AlertName.cut($0, to: 200) },
            severity: labels["severity"].flatMap(nonEmpty).map { AlertName.cut($0, to: 64) },
            startsAt: alert["startsAt"]?.time.flatMap { $0.milliseconds > 0 ? $0 : nil }, endsAt: endsAt,
            labels: labels, annotations: annotations,
            payload: alert.bytes)
    }

    private static func title(_ labels: [String: String], _ annotations: [String: String], _ identity: String) -> String
    {
        [annotations["summary"], annotations["title"], labels["alertname"]].compactMap { $0.flatMap(nonEmpty) }.first
            ?? identity
    }

    private static func texts(_ value: JSONValue?) -> [String: String] {
        var texts: [String: String] = [:]
        for member in value?.object?.members ?? [] {
            if let text = member.value.string { texts[cut(clean(member.name))] = clean(text) }
        }
        return texts
    }

    /// PostgreSQL stores no U+0000; what stands there is shown as unknown.
    private static func clean(_ text: String) -> String {
        text.utf8.contains(0) ? text.replacing("\0", with: "\u{FFFD}") : text
    }

    private static func cut(_ text: String) -> String {
        text.utf8.count <= textMax ? text : AlertName.cut(text, to: textMax / 4)
    }

    private static func nonEmpty(_ text: String) -> String? {
        text.isEmpty ? nil : text
    }
}
