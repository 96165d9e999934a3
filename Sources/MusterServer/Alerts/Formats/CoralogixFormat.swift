/// Coralogix' generic webhook with its default body: coralogix.com/docs, "Generic outbound webhooks".
///
/// Placeholders that Coralogix had no value for stay as they are written (`$SERVICE`); they count as absent.
enum CoralogixFormat: AlertFormat {
    private static let actions: [String: IncomingAlert.Status?] = [
        "trigger": .firing, "triggered": .firing, "resolve": .resolved, "resolved": .resolved,
    ]

    static func read(_ request: ForeignRequest) throws(Problem) -> IncomingMessage {
        let alert = try request.fields()
        let fields = alert.texts("fields").filter { isFilled($0.value) }
        guard let identity = fields["dedupKey"] ?? alert.text("alert_id").flatMap({ isFilled($0) ? $0 : nil }) else {
            throw .invalid("/alert_id", "or the field dedupKey is required: it identifies the alert")
        }
        guard let status = try alert.status("alert_action", actions) else { return .silent }
        let at = ForeignTime.moment((fields["timestampMs"] ?? fields["timestampISO"]).map(JSONValue.string))
        var labels = fields.filter { ["team", "application", "subsystem", "computer", "priority"].contains($0.key) }
        for (name, value) in alert.labels(["service": "service"]) where isFilled(value) { labels[name] = value }
        return .one(
            .foreign(
                identity: identity, status: status, title: alert.text("name"),
                severity: fields["severity"] ?? fields["priority"], startsAt: status == .firing ? at : nil, endsAt: at,
                labels: labels, annotations: alert.labels(["description": "description", "url": "alert_url"]),
                payload: request.payload))
    }

    private static func isFilled(_ text: String) -> Bool {
        !text.isEmpty && !text.hasPrefix("$") && !text.hasPrefix("*insert") && text != "null"
    }
}
