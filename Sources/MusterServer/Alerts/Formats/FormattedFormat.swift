/// Grafana OnCall's formatted webhook: grafana/oncall, docs, "Formatted webhook".
enum FormattedFormat: AlertFormat {
    private static let states: [String: IncomingAlert.Status?] = [
        "alerting": .firing, "acknowledged": .acknowledged, "ok": .resolved, "resolved": .resolved,
    ]

    static func read(_ request: ForeignRequest) throws(Problem) -> IncomingMessage {
        let alert = try request.fields()
        // OnCall, too, takes the title when there is no id.
        let identity = try alert.identity(anyOf: "alert_uid", "title")
        var status: IncomingAlert.Status? = .firing
        if alert["state"] != nil { status = try alert.status("state", states) }
        guard let status else { return .silent }
        return .one(
            .foreign(
                identity: identity, status: status, title: alert.text("title"),
                severity: alert.text("severity"),
                labels: alert.labels(["component": "component", "service": "service"]),
                annotations: alert.labels([
                    "message": "message", "url": "link_to_upstream_details", "image_url": "image_url",
                ]), payload: request.payload))
    }
}
