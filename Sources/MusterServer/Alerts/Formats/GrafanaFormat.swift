/// Grafana's webhook contact point: unified alerting (version "1", an Alertmanager message with more in it;
/// grafana/grafana, docs, alerting, webhook-notifier.md) and the legacy alerting of Grafana 8 and before.
enum GrafanaFormat: AlertFormat {
    /// Legacy states. A rule that is paused or waits for its second look says nothing.
    private static let states: [String: IncomingAlert.Status?] = [
        "alerting": .firing, "no_data": .firing, "ok": .resolved, "pending": nil, "paused": nil, "unknown": nil,
    ]

    static func read(_ request: ForeignRequest) throws(Problem) -> IncomingMessage {
        let document = try request.document()
        if let alerts = document["alerts"]?.array, !alerts.isEmpty, alerts.allSatisfy(isTest) { return .silent }
        guard document["alerts"] == nil else { return try AlertmanagerFormat.read(document, of: request) }
        return try readLegacy(ForeignFields(document), request.payload)
    }

    /// What "Test" of a contact point sends: an alert of no rule, which never ends (grafana/alerting, receivers, newTestAlert).
    /// The labels of a real one have the folder of its rule.
    private static func isTest(_ alert: JSONValue) -> Bool {
        let labels = alert["labels"]
        return labels?["alertname"] == "TestAlert" && labels?["instance"] == "Grafana"
            && [nil, "Test Folder"].contains(labels?["grafana_folder"])
    }

    private static func readLegacy(_ rule: ForeignFields, _ payload: AlertPayload) throws(Problem) -> IncomingMessage {
        guard rule["ruleId"] != nil else {
            throw .invalid("/alerts", "should be the list of alerts of a Grafana webhook; a legacy one has ruleId")
        }
        if rule.text("ruleName") == "Test notification",
            rule.text("message")?.hasPrefix("Someone is testing the alert notification within") == true
        {
            return .silent
        }
        let identity = try rule.identity("ruleId")
        guard let status = try rule.status("state", states) else { return .silent }
        var annotations = rule.labels(["message": "message", "rule_url": "ruleUrl", "image_url": "imageUrl"])
        annotations["title"] = rule.text("title")
        let tags = rule.texts("tags")
        return .one(
            .foreign(
                identity: identity, status: status, title: rule.text("ruleName", "title"), severity: tags["severity"],
                labels: tags, annotations: annotations, payload: payload))
    }
}
