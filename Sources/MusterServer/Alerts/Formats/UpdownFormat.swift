/// updown.io's webhooks, one event or a list of them: updown.io/api, "Webhooks".
///
/// A certificate is an alert beside that of its check. A slow month (`check.performance_drop`) has no end and opens none.
enum UpdownFormat: AlertFormat {
    private static let events: [String: IncomingAlert.Status?] = [
        "check.down": .firing, "check.up": .resolved, "check.still_down": .firing, "check.ssl_invalid": .firing,
        "check.ssl_valid": .resolved, "check.ssl_expiration": .firing, "check.ssl_renewed": .resolved,
        "check.performance_drop": nil,
    ]

    static func read(_ request: ForeignRequest) throws(Problem) -> IncomingMessage {
        try request.alerts(alert)
    }

    private static func alert(_ event: ForeignFields, _ payload: AlertPayload) throws(Problem) -> IncomingAlert? {
        let token = try event.identity("check/token")
        guard let status = try event.status("event", events) else { return nil }
        let isCertificate = event.text("event")?.lowercased().hasPrefix("check.ssl_") == true
        return .foreign(
            identity: isCertificate ? "\(token)|certificate" : token, status: status,
            title: event.text("description", "check/alias", "check/url"),
            startsAt: isCertificate ? nil : event.moment("downtime/started_at", "check/down_since"),
            endsAt: isCertificate ? nil : event.moment("downtime/ended_at", "check/up_since"),
            labels: event.labels(["check": "check/token", "url": "check/url", "alias": "check/alias"]),
            annotations: event.labels(["error": "check/error"]), payload: payload)
    }
}
