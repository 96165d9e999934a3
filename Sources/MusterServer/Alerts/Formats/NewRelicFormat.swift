/// New Relic's notifications: issues of a workflow with the default template, and incidents of the legacy channel
/// (docs.newrelic.com, "Webhook notifications").
enum NewRelicFormat: AlertFormat {
    private static let issueStates: [String: IncomingAlert.Status?] = [
        "created": .firing, "activated": .firing, "acknowledged": .acknowledged, "closed": .resolved,
        "deactivated": .resolved,
    ]
    private static let incidentStates: [String: IncomingAlert.Status?] = [
        "open": .firing, "acknowledged": .acknowledged, "closed": .resolved, "test": nil,
    ]

    static func read(_ request: ForeignRequest) throws(Problem) -> IncomingMessage {
        let message = try request.fields()
        if message["current_state"] != nil { return try readLegacy(message, request.payload) }
        let identity = try message.identity("id")
        guard let status = try message.status("state", issueStates) else { return .silent }
        var labels: [String: String] = [:]
        labels["policies"] = message.list("alertPolicyNames")
        labels["conditions"] = message.list("alertConditionNames")
        labels["entities"] = message.list("impactedEntities")
        labels["workflow"] = message.text("workflowName")
        return .one(
            .foreign(
                identity: identity, status: status, title: message.text("title"), severity: message.text("priority"),
                startsAt: message.moment("createdAt"), endsAt: message.moment("closedAt", "updatedAt"), labels: labels,
                annotations: message.labels([
                    "url": "issueUrl", "runbook_url": "runbookUrl", "chart_url": "violationChartUrl",
                ]), payload: request.payload))
    }

    private static func readLegacy(_ incident: ForeignFields, _ payload: AlertPayload) throws(Problem)
        -> IncomingMessage
    {
        let identity = try incident.identity("account_id", "incident_id")
        guard let status = try incident.status("current_state", incidentStates) else { return .silent }
        let at = incident.moment("timestamp")
        return .one(
            .foreign(
                identity: identity, status: status, title: incident.text("condition_name"),
                severity: incident.text("severity"), startsAt: status == .firing ? at : nil, endsAt: at,
                labels: incident.labels([
                    "policy": "policy_name", "condition": "condition_name", "account": "account_name",
                    "target": "targets/0/name", "product": "targets/0/product",
                ]),
                annotations: incident.labels([
                    "details": "details", "url": "incident_url", "runbook_url": "runbook_url",
                    "chart_url": "violation_chart_url",
                ]), actor: status == .firing ? nil : incident.text("owner"), payload: payload))
    }
}
