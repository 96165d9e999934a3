/// ThousandEyes' alert webhooks, one notification or a list: docs.thousandeyes.com, "Alert notification webhooks".
enum ThousandEyesFormat: AlertFormat {
    private static let types: [String: IncomingAlert.Status?] = [
        "alert_notification_trigger": .firing, "alert_notification_clear": .resolved, "webhook_test": nil,
    ]

    static func read(_ request: ForeignRequest) throws(Problem) -> IncomingMessage {
        try request.alerts(alert)
    }

    private static func alert(_ notification: ForeignFields, _ payload: AlertPayload) throws(Problem) -> IncomingAlert?
    {
        guard let status = try notification.status("eventType", types) else { return nil }
        let labels = notification.labels([
            "test": "alert/testName", "rule": "alert/ruleName", "type": "alert/type", "agent": "alert/agentName",
        ])
        return .foreign(
            identity: try notification.identity("alert/alertId"), status: status,
            title: notification.text("alert/ruleName", "alert/testName"), severity: notification.text("alert/severity"),
            startsAt: notification.moment("alert/dateStartZoned"), endsAt: notification.moment("alert/dateEndZoned"),
            labels: labels,
            annotations: notification.labels(["rule": "alert/ruleExpression", "url": "alert/permalink"]),
            payload: payload)
    }
}
