import IncidentDomain

/// Prometheus Alertmanager's webhook, versions "4" and "3": template/template.go and notify/webhook/webhook.go of
/// prometheus/alertmanager. A message that is one alert of such a list, as some relays send, is read, too.
///
/// Each alert is judged by its own status and fingerprint: the message's status is `firing` while any alert of the
/// group fires, and an alert that is absent may have been cut off or have been resolved long ago.
enum AlertmanagerFormat: AlertFormat {
    /// Alerts in one message; Alertmanager sends whole groups.
    private static let alertsMax = 10_000

    static func read(_ request: ForeignRequest) throws(Problem) -> IncomingMessage {
        try read(request.document(), of: request)
    }

    static func read(_ document: JSONValue, of request: ForeignRequest) throws(Problem) -> IncomingMessage {
        if document["alerts"] == nil, document["labels"]?.object != nil {
            return .one(try alert(document, at: "", group: nil, request.payload))
        }
        guard let alerts = document["alerts"]?.array else {
            throw .invalid("/alerts", "should be the list of alerts of an Alertmanager webhook")
        }
        guard alerts.count <= alertsMax else {
            throw .invalid("/alerts", "has \(alerts.count) alerts; at most \(alertsMax) are taken in one message")
        }
        // Version 3 numbers its groups.
        let group = document["groupKey"].flatMap(ForeignFields.text)
        var read: [IncomingAlert] = []
        read.reserveCapacity(alerts.count)
        for (index, alert) in alerts.enumerated() {
            let payload = request.payload(of: alert, among: alerts.count)
            read.append(try self.alert(alert, at: "/alerts/\(index)", group: group, payload))
        }
        let isCut = (document["truncatedAlerts"]?.integer ?? 0) > 0
        return IncomingMessage(
            alerts: read,
            resolvedGroup: isCut && document["status"]?.string == "resolved"
                ? group.map { AlertName.bounded(ForeignText.clean($0)) } : nil)
    }

    private static func alert(
        _ alert: JSONValue, at pointer: String, group: String?, _ payload: AlertPayload
    ) throws(Problem) -> IncomingAlert {
        guard alert.object != nil else { throw .invalid(pointer, "should be an object and is \(alert.kindName)") }
        guard let status = alert["status"]?.string.flatMap(status) else {
            throw .invalid("\(pointer)/status", "should be firing or resolved")
        }
        let labels = LabelSet.texts(alert["labels"])
        let annotations = LabelSet.texts(alert["annotations"])
        guard let identity = alert["fingerprint"].flatMap(ForeignFields.text) ?? LabelFingerprint.of(labels) else {
            throw .invalid("\(pointer)/labels", "are needed, or a fingerprint, to tell alerts apart")
        }
        return .foreign(
            identity: identity, group: group, status: status,
            title: title(labels, annotations), severity: labels["severity"],
            startsAt: ForeignTime.read(alert["startsAt"]), endsAt: ForeignTime.read(alert["endsAt"]), labels: labels,
            annotations: annotations, payload: payload)
    }

    private static func status(_ word: String) -> IncomingAlert.Status? {
        switch word {
        case "firing": .firing
        case "resolved": .resolved
        default: nil
        }
    }

    private static func title(_ labels: [String: String], _ annotations: [String: String]) -> String? {
        [labels["alertname"], annotations["summary"], annotations["title"]].lazy.compactMap(\.self).first {
            !$0.isEmpty
        }
    }
}
