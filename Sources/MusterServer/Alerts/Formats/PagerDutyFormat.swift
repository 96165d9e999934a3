import FoundationEssentials
import IncidentDomain

/// PagerDuty's Events API v2, the bodies of `/v2/enqueue` and `/v2/change/enqueue`:
/// PagerDuty/api-schema, reference/events-v2/openapiv3.json, and developer-docs, docs/events-API-v2.
///
/// A severity that PagerDuty has not is kept as it is: Alertmanager's template sends the label `page`. A summary that is
/// too long is cut, as PagerDuty does.
enum PagerDutyFormat: AlertFormat {
    private static let dedupKeyMax = 255

    private static let actions: [String: IncomingAlert.Status] = [
        "trigger": .firing, "acknowledge": .acknowledged, "resolve": .resolved,
    ]

    /// - Returns: One alert; its identity is the `dedup_key`, which is made here when a trigger has none.
    /// - Throws: `Problem` with everything that is wrong.
    static func read(_ request: ForeignRequest) throws(Problem) -> IncomingMessage {
        let event = try ForeignFields(request.document())
        var errors: [FieldError] = []
        let status = event.text("event_action").flatMap { actions[ForeignText.trimmed($0).lowercased()] }
        if status == nil {
            errors.append(.init(pointer: "/event_action", detail: "should be trigger, acknowledge or resolve"))
        }
        let key = event.text("dedup_key")
        if let key, key.unicodeScalars.count > dedupKeyMax {
            errors.append(.init(pointer: "/dedup_key", detail: "must have at most \(dedupKeyMax) characters"))
        }
        if key == nil, status == .acknowledged || status == .resolved {
            errors.append(.init(pointer: "/dedup_key", detail: "is required to acknowledge and to resolve"))
        }
        if status == .firing { errors += missing(["summary", "source", "severity"], in: event) }
        guard errors.isEmpty, let status else { throw .invalid(errors) }
        return .one(alert(event, key ?? UUID.random().text, status, request.payload))
    }

    /// A change: a deployment, say.
    static func readChange(_ request: ForeignRequest) throws(Problem) -> IncomingMessage {
        let event = try ForeignFields(request.document())
        let errors = missing(["summary"], in: event)
        guard errors.isEmpty else { throw .invalid(errors) }
        let details = event.details("payload/custom_details")
        let moment = event.moment("payload/timestamp")
        var labels = details.labels
        labels[ForeignText.unreadTime] = moment?.unreadText
        labels = ForeignText.bounded(labels, valueBytes: ForeignText.labelBytesMax)
        let change = IncomingChange(
            summary: ForeignText.bounded(event.text("payload/summary"), bytes: ForeignText.titleBytesMax) ?? "-",
            source: ForeignText.bounded(event.text("payload/source"), bytes: 200),
            component: ForeignText.bounded(labels["component"] ?? labels["service"], bytes: 200),
            at: moment?.timestamp, labels: labels, links: links(event))
        return IncomingMessage(alerts: [], changes: [change])
    }

    private static func missing(_ fields: [String], in event: ForeignFields) -> [FieldError] {
        guard event["payload"]?.object != nil else {
            return [FieldError(pointer: "/payload", detail: "is required and should be an object")]
        }
        return fields.filter { event.text("payload/\($0)") == nil }.map {
            FieldError(pointer: "/payload/\($0)", detail: "is required")
        }
    }

    private static func alert(
        _ event: ForeignFields, _ key: String, _ status: IncomingAlert.Status, _ payload: AlertPayload
    ) -> IncomingAlert {
        var (labels, annotations) = event.details("payload/custom_details")
        labels.merge(
            event.labels([
                "source": "payload/source", "severity": "payload/severity", "component": "payload/component",
                "group": "payload/group", "class": "payload/class", "client": "client",
            ])
        ) { _, own in own }
        annotations["client_url"] = event.text("client_url")
        if let links = links(event).nonEmpty { annotations["links"] = links.joined(separator: " ") }
        let time = event.moment("payload/timestamp")
        return .foreign(
            identity: key, status: status, title: event.text("payload/summary"),
            component: event.text("payload/component"), severity: event.text("payload/severity"),
            startsAt: status == .firing ? time : nil, endsAt: time, labels: labels, annotations: annotations,
            payload: payload)
    }

    private static func links(_ event: ForeignFields) -> [String] {
        (event["links"]?.array ?? []).prefix(20).compactMap {
            ForeignText.bounded($0["href"]?.string, bytes: ForeignText.labelBytesMax)
        }
    }
}

extension Array {
    fileprivate var nonEmpty: [Element]? { isEmpty ? nil : self }
}

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
            throw .invalid("/event/event_type", "should be an event type such as incident.triggered")
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
