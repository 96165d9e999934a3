/// Azure Monitor's action groups: the common alert schema, metric alerts of version 2 and classic metric alerts
/// (learn.microsoft.com/azure/azure-monitor/alerts, "Common alert schema" and the webhook schemas before it).
enum AzureMonitorFormat: AlertFormat {
    private static let states: [String: IncomingAlert.Status?] = [
        "fired": .firing, "activated": .firing, "resolved": .resolved, "deactivated": .resolved,
    ]

    static func read(_ request: ForeignRequest) throws(Problem) -> IncomingMessage {
        let message = try request.fields()
        if message["data/essentials"] != nil { return try common(message, request.payload) }
        if message["data/context"] != nil { return try metric(message, request.payload) }
        return try classic(message, request.payload)
    }

    private static func common(_ message: ForeignFields, _ payload: AlertPayload) throws(Problem) -> IncomingMessage {
        let alert = try ForeignFields(message["data/essentials"] ?? .null, at: "/data/essentials")
        let identity = try alert.identity("alertId")
        guard let status = try alert.status("monitorCondition", states) else { return .silent }
        var labels = message.texts("data/customProperties")
        labels.merge(
            alert.labels([
                "rule": "alertRule", "signal": "signalType", "monitoring_service": "monitoringService",
                "target": "alertTargetIDs/0", "resource": "configurationItems/0",
            ])
        ) { _, own in own }
        return .one(
            .foreign(
                identity: identity, status: status, title: alert.text("alertRule"), severity: alert.text("severity"),
                startsAt: alert.time("firedDateTime"), endsAt: alert.time("resolvedDateTime"), labels: labels,
                annotations: alert.labels(["description": "description"]), payload: payload))
    }

    private static func metric(_ message: ForeignFields, _ payload: AlertPayload) throws(Problem) -> IncomingMessage {
        let identity = try message.identity("data/context/id")
        guard let status = try message.status("data/status", states) else { return .silent }
        let context = try ForeignFields(message["data/context"] ?? .null, at: "/data/context")
        return .one(alert(identity, status, context, message.texts("data/properties"), payload))
    }

    private static func classic(_ message: ForeignFields, _ payload: AlertPayload) throws(Problem) -> IncomingMessage {
        let identity = try message.identity("context/id", "context/resourceId")
        guard let status = try message.status("status", states) else { return .silent }
        let context = try ForeignFields(message["context"] ?? .null, at: "/context")
        return .one(alert(identity, status, context, message.texts("properties"), payload))
    }

    /// The context's time is that of the beginning, also in the message about the end.
    private static func alert(
        _ identity: String, _ status: IncomingAlert.Status, _ context: ForeignFields, _ properties: [String: String],
        _ payload: AlertPayload
    ) -> IncomingAlert {
        var labels = properties
        labels.merge(
            context.labels([
                "resource": "resourceName", "resource_group": "resourceGroupName", "resource_type": "resourceType",
                "subscription": "subscriptionId", "region": "resourceRegion",
            ])
        ) { _, own in own }
        return .foreign(
            identity: identity, status: status, title: context.text("name"), severity: context.text("severity"),
            startsAt: status == .firing ? context.time("timestamp") : nil, labels: labels,
            annotations: context.labels(["description": "description", "url": "portalLink"]), payload: payload)
    }
}
