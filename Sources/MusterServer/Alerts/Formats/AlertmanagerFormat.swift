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
            return .one(try alert(document, at: "", group: nil, [:], request.payload))
        }
        // Go writes a list without elements as null.
        guard let alerts = document["alerts"] == .null ? [] : document["alerts"]?.array else {
            throw .invalid("/alerts", "should be the list of alerts of an Alertmanager webhook")
        }
        // Version 3 numbers its groups.
        let group = document["groupKey"].flatMap(ForeignFields.text)
        let links = self.links(of: document, ["externalURL"])
        var message = try request.alerts(
            of: alerts, at: "/alerts", max: alertsMax, rest: { rest(of: document, $0) }
        ) { (alert, pointer, payload) throws(Problem) in
            try self.alert(alert, at: pointer, group: group, links, payload)
        }
        let isCut = (document["truncatedAlerts"]?.integer ?? 0) > 0
        if isCut, document["status"]?.string.flatMap(status) == .resolved {
            message.resolvedGroup = group.map { AlertKey.bounded(ForeignText.clean($0)) }
        }
        return message
    }

    /// The message with some of its alerts: read once more, it must not end a whole group.
    private static func rest(of document: JSONValue, _ alerts: [JSONValue]) -> JSONValue {
        guard var object = document.object else { return .array(alerts) }
        object["alerts"] = .array(alerts)
        object["truncatedAlerts"] = nil
        return .object(object)
    }

    private static func alert(
        _ alert: JSONValue, at pointer: String, group: String?, _ messageLinks: [String: String],
        _ payload: AlertPayload
    ) throws(Problem) -> IncomingAlert {
        guard alert.object != nil else { throw .invalid(pointer, "should be an object and is \(alert.kindName)") }
        guard let status = alert["status"]?.string.flatMap(status) else {
            throw .invalid("\(pointer)/status", "should be firing or resolved")
        }
        let labels = try LabelSet.texts(alert["labels"], at: "\(pointer)/labels")
        var annotations = LabelSet.annotations(alert["annotations"])
        annotations.merge(messageLinks) { said, _ in said }
        annotations.merge(links(of: alert, [PrometheusFormat.generatorURL, "dashboardURL", "panelURL"])) { said, _ in
            said
        }
        guard let identity = alert["fingerprint"].flatMap(ForeignFields.text) ?? LabelFingerprint.of(labels) else {
            throw .invalid(
                "\(pointer)/labels", "are required unless the alert has a fingerprint: one of them identifies the alert"
            )
        }
        return .foreign(
            identity: identity, group: group, status: status,
            title: title(labels, annotations), severity: labels["severity"],
            startsAt: ForeignTime.moment(alert["startsAt"]), endsAt: ForeignTime.moment(alert["endsAt"]),
            labels: labels,
            annotations: annotations, payload: payload)
    }

    /// Members that stand beside the annotations and are kept among them: they become links of the incident. Grafana sends empty
    /// ones where a rule has no panel.
    private static func links(of value: JSONValue, _ names: [String]) -> [String: String] {
        var links: [String: String] = [:]
        for name in names {
            if let url = value[name]?.string, !url.isEmpty { links[name] = url }
        }
        return links
    }

    private static let statuses: [String: IncomingAlert.Status] = ["firing": .firing, "resolved": .resolved]

    private static func status(_ word: String) -> IncomingAlert.Status? {
        switch word {
        case "firing": .firing
        case "resolved": .resolved
        // The loop of a storm asks for the two above.
        case _ where word.utf8.count <= 16: statuses[ForeignText.trimmed(word).lowercased()]
        case _: nil
        }
    }

    private static func title(_ labels: [String: String], _ annotations: [String: String]) -> String? {
        if let title = datasourceTitle(labels) { return title }
        return [labels["alertname"], annotations["summary"], annotations["title"]].lazy.compactMap(\.self).first {
            !$0.isEmpty
        }
    }

    /// Grafana calls every alert of a rule whose data source gives nothing `DatasourceNoData` or `DatasourceError`; the rule
    /// and the data source stand in labels (grafana/grafana, docs, alerting, stale-alert-instances and no-data-and-error-states).
    private static func datasourceTitle(_ labels: [String: String]) -> String? {
        guard let name = labels["alertname"], name == "DatasourceNoData" || name == "DatasourceError",
            let rule = labels["rulename"], !rule.isEmpty
        else { return nil }
        let source = labels["datasource_uid"].flatMap { $0.isEmpty ? nil : " (data source \($0))" } ?? ""
        return "\(rule): \(name)\(source)"
    }
}
