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
        switch alert.text("monitoringService")?.lowercased().filter({ $0 != " " }) {
        case "servicehealth"? where message["data/alertContext/properties/stage"] != nil:
            return try serviceHealth(message, alert, payload)
        case "resourcehealth"? where message["data/alertContext/properties/currentHealthStatus"] != nil:
            return try resourceHealth(message, alert, payload)
        case _?, nil: break
        }
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
                startsAt: alert.moment("firedDateTime"), endsAt: alert.moment("resolvedDateTime"), labels: labels,
                annotations: alert.labels(["description": "description", "url": "investigationLink"]).merging(
                    message.labels([
                        "query_url": "data/alertContext/condition/allOf/0/linkToSearchResultsUI",
                        "runbook_url": "data/customProperties/runbook_url",
                    ])
                ) { own, _ in own }, payload: payload))
    }

    /// Every message about an incident of Azure's own is a new alert that is "Fired", also the one that it is over: the stage
    /// says how it stands, and the tracking id what it is about (learn.microsoft.com/azure/service-health, "Service health
    /// notifications").
    private static func serviceHealth(
        _ message: ForeignFields, _ alert: ForeignFields, _ payload: AlertPayload
    ) throws(Problem) -> IncomingMessage {
        let stages: [String: IncomingAlert.Status?] = [
            "active": .firing, "planned": .firing, "inprogress": .firing, "rescheduled": .firing,
            "information": .firing,
            "resolved": .resolved, "complete": .resolved, "completed": .resolved, "canceled": .resolved,
            "cancelled": .resolved, "rca": nil,
        ]
        let context = try ForeignFields(message["data/alertContext"] ?? .null, at: "/data/alertContext")
        let identity =
            try context.text("properties/trackingId") == nil
            ? alert.identity("alertId") : context.identity("properties/trackingId")
        guard let status = try context.status("properties/stage", stages) else { return .silent }
        var labels = message.texts("data/customProperties")
        labels.merge(
            context.labels([
                "azure_service": "properties/service", "region": "properties/region", "stage": "properties/stage",
                "incident_type": "properties/incidentType",
            ]).merging(alert.labels(["rule": "alertRule", "monitoring_service": "monitoringService"])) { own, _ in own }
        ) { _, own in own }
        return .one(
            .foreign(
                identity: identity, status: status, title: context.text("properties/title") ?? alert.text("alertRule"),
                severity: alert.text("severity"),
                startsAt: status == .firing ? context.moment("properties/impactStartTime") : nil,
                endsAt: context.moment("properties/impactMitigationTime") ?? alert.moment("firedDateTime"),
                labels: labels,
                annotations: context.labels([
                    "summary": "properties/title", "communication": "properties/communication",
                ]).merging(
                    alert.labels(["description": "description"])
                ) { own, _ in own }, payload: payload))
    }

    /// The health of a resource is told in the same way: every turn is "Fired".
    private static func resourceHealth(
        _ message: ForeignFields, _ alert: ForeignFields, _ payload: AlertPayload
    ) throws(Problem) -> IncomingMessage {
        let states: [String: IncomingAlert.Status?] = [
            "unavailable": .firing, "degraded": .firing, "available": .resolved, "unknown": nil,
        ]
        let context = try ForeignFields(message["data/alertContext"] ?? .null, at: "/data/alertContext")
        let identity = try alert.identity("alertTargetIDs/0")
        guard let status = try context.status("properties/currentHealthStatus", states) else { return .silent }
        let at = alert.moment("firedDateTime")
        return .one(
            .foreign(
                identity: "\(identity)|resource health", status: status, title: alert.text("alertRule"),
                severity: alert.text("severity"), startsAt: status == .firing ? at : nil, endsAt: at,
                labels: message.texts("data/customProperties").merging(
                    alert.labels([
                        "rule": "alertRule", "monitoring_service": "monitoringService", "target": "alertTargetIDs/0",
                        "resource": "configurationItems/0",
                    ])
                ) { _, own in own },
                annotations: context.labels(["cause": "properties/cause", "details": "properties/details"]).merging(
                    alert.labels(["description": "description"])
                ) { own, _ in own }, payload: payload))
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
            startsAt: status == .firing ? context.moment("timestamp") : nil, labels: labels,
            annotations: context.labels(["description": "description", "url": "portalLink"]), payload: payload)
    }
}
