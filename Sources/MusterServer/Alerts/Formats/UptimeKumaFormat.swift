/// Uptime Kuma's webhook: louislam/uptime-kuma, server/notification-providers/webhook.js.
enum UptimeKumaFormat: AlertFormat {
    /// Down, up, pending, maintenance.
    private static let states: [String: IncomingAlert.Status?] = [
        "0": .firing, "1": .resolved, "2": nil, "3": nil,
    ]

    static func read(_ request: ForeignRequest) throws(Problem) -> IncomingMessage {
        let message = try request.fields()
        // A test, or word of a certificate, has no heartbeat.
        if message["msg"] != nil, (message["heartbeat"] ?? .null) == .null { return .silent }
        let identity = try message.identity(anyOf: "monitor/id", "heartbeat/monitorID")
        guard let status = try message.status("heartbeat/status", states) else { return .silent }
        let at = message.moment("heartbeat/time")
        var labels = message.texts("monitor/tags")
        labels.merge(
            message.labels(["type": "monitor/type", "host": "monitor/hostname", "url": "monitor/url"])
        ) { tag, _ in tag }
        return .one(
            .foreign(
                identity: identity, status: status, title: message.text("monitor/name", "msg"),
                startsAt: status == .firing ? at : nil, endsAt: at, labels: labels,
                annotations: message.labels([
                    "message": "heartbeat/msg", "description": "monitor/description",
                ]), payload: request.payload))
    }
}
