/// What PagerDuty itself sends about its incidents: webhooks V3 (PagerDuty/developer-docs, docs/webhooks), and an incident
/// as its REST API has it, which relays pass on.
enum PagerDutyWebhookFormat: AlertFormat {
    private static let events: [String: IncomingAlert.Status] = [
        "incident.triggered": .firing, "incident.reopened": .firing, "incident.acknowledged": .acknowledged,
        "incident.resolved": .resolved,
    ]
    private static let states: [String: IncomingAlert.Status?] = [
        "triggered": .firing, "acknowledged": .acknowledged, "resolved": .resolved,
    ]

    static func read(_ request: ForeignRequest) throws(Problem) -> IncomingMessage {
        let message = try request.fields()
        if message["event"] == nil, message["incident_key"] != nil {
            return .one(try incident(message, request.payload))
        }
        guard let type = message.text("event/event_type").map({ ForeignText.trimmed($0).lowercased() }) else {
            throw .invalid("/event/event_type", "should name what happened, as incident.triggered")
        }
        // Notes, changed priorities and the like change no state; neither does PagerDuty's ping.
        guard let status = events[type] else { return .silent }
        let event = try ForeignFields(message["event"] ?? .null, at: "/event")
        let agent = event.text("agent/summary")
        let labels = event.labels([
            "service": "data/service/summary", "urgency": "data/urgency", "priority": "data/priority/summary",
            "number": "data/number", "escalation_policy": "data/escalation_policy/summary",
        ])
        return .one(
            .foreign(
                identity: try event.identity("data/id"), status: status, title: event.text("data/title"),
                severity: event.text("data/priority/summary", "data/urgency"),
                // One that comes back keeps the time of its making.
                startsAt: event.moment(type == "incident.reopened" ? "occurred_at" : "data/created_at"),
                endsAt: event.moment("occurred_at"), labels: labels,
                annotations: event.labels(["url": "data/html_url"]), actor: status == .firing ? nil : agent,
                payload: request.payload))
    }

    private static func incident(_ incident: ForeignFields, _ payload: AlertPayload) throws(Problem) -> IncomingAlert {
        let identity = try incident.identity("incident_key")
        guard let status = try incident.status("status", states) else {
            throw .invalid("/status", "should be triggered, acknowledged or resolved")
        }
        return .foreign(
            identity: identity, status: status, title: incident.text("title", "summary"),
            severity: incident.text("priority/summary", "urgency"), startsAt: incident.moment("created_at"),
            endsAt: incident.moment("resolved_at", "last_status_change_at"),
            labels: incident.labels([
                "service": "service/summary", "urgency": "urgency", "priority": "priority/summary",
                "number": "incident_number", "escalation_policy": "escalation_policy/summary",
            ]),
            annotations: incident.labels(["url": "html_url", "description": "description"]),
            actor: status == .firing ? nil : incident.text("last_status_change_by/summary"), payload: payload)
    }
}
