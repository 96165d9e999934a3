import NIOCore

/// UptimeRobot's webhook, as JSON, as a form or in the query, by the names of its variables in either spelling:
/// uptimerobot.com/integrations, "Web-Hook".
///
/// A certificate that ends soon is an alert of its own (type 3), which nothing ends but people.
enum UptimeRobotFormat: AlertFormat {
    private static let types: [String: IncomingAlert.Status?] = ["1": .firing, "2": .resolved, "3": .firing]

    static func read(_ request: ForeignRequest) throws(Problem) -> IncomingMessage {
        let monitor = try request.body.readableBytes == 0 ? query(request) : request.fields()
        let url = try monitor.identity(anyOf: "monitor_url", "monitorURL")
        let field = monitor["alertType"] == nil ? "alert_type" : "alertType"
        guard let status = try monitor.status(field, types) else { return .silent }
        let isCertificate = monitor.text(field).map { ForeignText.whole($0) ?? $0 } == "3"
        let at = monitor.moment("alert_date_time", "alertDateTime")
        let labels = ["monitor": monitor.text("monitor_id", "monitorID"), "url": url].compactMapValues(\.self)
        return .one(
            .foreign(
                identity: isCertificate ? "\(url)|certificate" : url, status: status,
                title: monitor.text("monitor_friendly_name", "monitorFriendlyName"),
                startsAt: status == .firing ? at : nil, endsAt: at, labels: labels,
                annotations: [
                    "details": monitor.text("alert_details", "alertDetails"),
                    "duration": monitor.text("alert_friendly_duration", "alertFriendlyDuration"),
                ].compactMapValues(\.self), payload: request.payload))
    }

    private static func query(_ request: ForeignRequest) throws(Problem) -> ForeignFields {
        var object = JSONObject()
        for parameter in request.query.prefix(50) { object[parameter.name] = .string(parameter.value) }
        return try ForeignFields(.object(object))
    }
}
