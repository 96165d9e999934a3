/// Sentry's webhooks: those of its integration platform for issues, issue alerts and metric alerts
/// (docs.sentry.io/integrations/integration-platform/webhooks), and the legacy plugin's.
///
/// An issue alert never ends by itself; the issue's own webhook, which has the same identity, ends it.
enum SentryFormat: AlertFormat {
    private static let metricActions: [String: IncomingAlert.Status?] = [
        "critical": .firing, "warning": .firing, "open": .firing, "resolved": .resolved,
    ]
    private static let issueActions: [String: IncomingAlert.Status?] = [
        "created": .firing, "unresolved": .firing, "resolved": .resolved, "assigned": nil, "archived": nil,
        "ignored": nil,
    ]

    static func read(_ request: ForeignRequest) throws(Problem) -> IncomingMessage {
        let message = try request.fields()
        guard message["data"] != nil else { return try readLegacy(message, request.payload) }
        if message["data/metric_alert"] != nil { return try metric(message, request.payload) }
        if message["data/issue"] != nil { return try issue(message, request.payload) }
        guard message["data/event"] != nil else { return .silent }
        let event = try ForeignFields(message["data/event"] ?? .null, at: "/data/event")
        return .one(
            .foreign(
                identity: try event.identity("issue_id"), status: .firing, title: event.text("title", "message"),
                severity: event.text("level"), startsAt: event.time("datetime", "timestamp"),
                labels: tags(event).merging(["rule": message.text("data/triggered_rule")].compactMapValues(\.self)) {
                    tag, _ in tag
                },
                annotations: event.labels(["url": "web_url", "culprit": "culprit"]), payload: request.payload))
    }

    private static func metric(_ message: ForeignFields, _ payload: AlertPayload) throws(Problem) -> IncomingMessage {
        let identity = try message.identity("data/metric_alert/id")
        guard let status = try message.status("action", metricActions) else { return .silent }
        let alert = try ForeignFields(message["data/metric_alert"] ?? .null, at: "/data/metric_alert")
        var labels = alert.labels(["rule": "alert_rule/name", "environment": "alert_rule/environment"])
        labels["projects"] = alert.list("projects")
        return .one(
            .foreign(
                identity: identity, status: status,
                title: alert.text("title", "alert_rule/name") ?? message.text("data/description_title"),
                severity: status == .firing ? message.text("action") : nil, startsAt: alert.time("date_started"),
                endsAt: alert.time("date_closed"), labels: labels,
                annotations: message.labels(["description": "data/description_text", "url": "data/web_url"]),
                payload: payload))
    }

    /// An issue that comes back keeps its times, so none is taken: it would look like an old message.
    private static func issue(_ message: ForeignFields, _ payload: AlertPayload) throws(Problem) -> IncomingMessage {
        let identity = try message.identity("data/issue/id")
        guard let status = try message.status("action", issueActions) else { return .silent }
        let issue = try ForeignFields(message["data/issue"] ?? .null, at: "/data/issue")
        return .one(
            .foreign(
                identity: identity, status: status, title: issue.text("title"), severity: issue.text("level"),
                labels: issue.labels(["project": "project/slug", "short_id": "shortId", "platform": "platform"]),
                annotations: issue.labels(["culprit": "culprit", "url": "permalink"]),
                actor: status == .resolved ? message.text("actor/name") : nil, payload: payload))
    }

    private static func readLegacy(_ message: ForeignFields, _ payload: AlertPayload) throws(Problem) -> IncomingMessage
    {
        let event = message["event"].flatMap { try? ForeignFields($0) } ?? message
        var labels = tags(event)
        labels.merge(message.labels(["project": "project_slug", "logger": "logger"])) { tag, _ in tag }
        return .one(
            .foreign(
                identity: try message.identity("project_slug", "id"), status: .firing,
                title: message.text("message") ?? event.text("title"), severity: message.text("level"),
                startsAt: event.time("timestamp"), labels: labels,
                annotations: message.labels(["culprit": "culprit", "url": "url"]), payload: payload))
    }

    private static func tags(_ event: ForeignFields) -> [String: String] {
        event.texts("tags").merging(event.labels(["environment": "environment", "platform": "platform"])) { tag, _ in
            tag
        }
    }
}
