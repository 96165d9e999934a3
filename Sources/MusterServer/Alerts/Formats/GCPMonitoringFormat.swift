/// Google Cloud Monitoring's incidents (formerly Stackdriver), by its webhook channel, schema 1.1 and 1.2, or by a push of
/// Pub/Sub: cloud.google.com/monitoring/support/notification-options, "Webhooks" and "Pub/Sub".
enum GCPMonitoringFormat: AlertFormat {
    private static let states: [String: IncomingAlert.Status?] = [
        "open": .firing, "acknowledged": .acknowledged, "closed": .resolved,
    ]

    static func read(_ request: ForeignRequest) throws(Problem) -> IncomingMessage {
        let message = try published(request.fields())
        // What its button "Test Connection" sends.
        if message.text("version") == "test" { return .silent }
        let incident = try ForeignFields(message["incident"] ?? .null, at: "/incident")
        let identity = try incident.identity("incident_id")
        guard let status = try incident.status("state", states) else { return .silent }
        var labels = incident.texts("resource/labels")
        for group in ["metadata/user_labels", "policy_user_labels"] {
            labels.merge(incident.texts(group)) { _, newer in newer }
        }
        labels.merge(
            incident.labels([
                "policy": "policy_name", "condition": "condition_name", "resource": "resource_name",
                "project": "scoping_project_id",
            ])
        ) { _, own in own }
        return .one(
            .foreign(
                identity: identity, status: status,
                title: incident.text("summary", "documentation/subject", "condition_name", "policy_name"),
                severity: incident.text("severity", "policy_user_labels/severity", "metadata/system_labels/severity"),
                startsAt: incident.moment("started_at"), endsAt: incident.moment("ended_at"), labels: labels,
                annotations: incident.labels([
                    "url": "url", "documentation": "documentation/content", "observed": "observed_value",
                ]), payload: request.payload))
    }

    /// What Pub/Sub wraps into base64, or the message as it is.
    private static func published(_ message: ForeignFields) throws(Problem) -> ForeignFields {
        guard let text = message["message/data"]?.string else { return message }
        guard let data = Base64.decode(text), let document = ForeignRequest.nested(data) else {
            throw .invalid("/message/data", "should be the incident's JSON in base64")
        }
        return try ForeignFields(document, at: "/message/data")
    }
}
