import IncidentDomain

/// What Prometheus itself posts to an Alertmanager, `POST /api/v2/alerts`: prometheus/alertmanager,
/// api/v2/openapi.yaml and docs/alerts_api.md.
///
/// There is no status and no fingerprint: the labels are the identity. While an alert fires, its end lies ahead and moves
/// on with every repeat; one that is not repeated is over then.
enum PrometheusFormat: AlertFormat {
    private static let alertsMax = 10_000
    /// Where the expression of an alert is shown: a field of its own there, an annotation here.
    static let generatorURL = "generatorURL"
    /// Alertmanager's `resolve_timeout`, for alerts that do not say how long they hold.
    private static let holdsForSeconds = 300.0
    /// What alerts have in common that one incident is to take, since nobody has grouped them: what Alertmanager's own
    /// examples group by. Else an alert that fires on a thousand instances would open a thousand incidents.
    private static let grouping = ["alertname", "cluster", "service", "component"]

    static func read(_ request: ForeignRequest) throws(Problem) -> IncomingMessage {
        let document = try request.document()
        // Go writes a list without elements as null.
        guard let alerts = document == .null ? [] : document.array else {
            throw .invalid("", "should be the list of alerts that POST /api/v2/alerts takes")
        }
        return try request.alerts(of: alerts, at: "", max: alertsMax, rest: { .array($0) }) {
            (alert, pointer, payload) throws(Problem) in
            let labels = try LabelSet.texts(alert["labels"], at: "\(pointer)/labels", isEmptyNone: true)
            guard let identity = LabelFingerprint.of(labels) else {
                throw .invalid("\(pointer)/labels", "should have at least one label: the labels identify the alert")
            }
            return self.alert(alert, identity, labels, at: request.receivedAt, payload)
        }
    }

    private static func alert(
        _ alert: JSONValue, _ identity: String, _ labels: [String: String], at now: Timestamp,
        _ payload: AlertPayload
    ) -> IncomingAlert {
        // amtool writes Go's zero time for what it does not know.
        let endsAt = ForeignTime.moment(alert["endsAt"])
        let isOver = endsAt?.timestamp.map { $0 <= now } ?? false
        var annotations = LabelSet.annotations(alert["annotations"])
        annotations[generatorURL] = alert[generatorURL]?.string
        let group = group(of: labels)
        var read = IncomingAlert.foreign(
            identity: identity, group: group.isEmpty ? nil : group,
            status: isOver ? .resolved : .firing,
            title: labels["alertname"] ?? annotations["summary"], severity: labels["severity"],
            startsAt: ForeignTime.moment(alert["startsAt"]), endsAt: endsAt, labels: labels,
            annotations: annotations, payload: payload)
        if !isOver { read.expiresAt = endsAt?.timestamp ?? now.adding(seconds: holdsForSeconds) }
        return read
    }

    /// What alerts of one incident have in common, written as matchers are; empty when they have nothing of it.
    private static func group(of labels: [String: String]) -> String {
        var group = ""
        for name in grouping {
            guard let value = labels[name] else { continue }
            if !group.isEmpty { group += ", " }
            group += name
            group += "=\""
            group += value
            group += "\""
        }
        return group
    }
}
