import HTTPTypes

/// Sentry's webhooks: those of its integration platform for issues, issue alerts, activity alerts and metric alerts
/// (docs.sentry.io/integrations/integration-platform/webhooks), and the legacy plugin's.
///
/// An issue alert never ends by itself; the issue's own webhook, which has the same identity, ends it.
enum SentryFormat: AlertFormat {
    /// Metric alerts are numbered beside the issues: alert 77 has nothing to do with issue 77.
    static let metricAlertMark = "|metric alert"

    private static let metricActions: [String: IncomingAlert.Status?] = [
        "critical": .firing, "warning": .firing, "open": .firing, "resolved": .resolved,
    ]
    private static let issueActions: [String: IncomingAlert.Status?] = [
        "created": .firing, "unresolved": .firing, "resolved": .resolved, "assigned": nil, "archived": nil,
        "ignored": nil,
    ]

    /// What a message is says the header; relays leave it out, and then its members tell.
    static func read(_ request: ForeignRequest) throws(Problem) -> IncomingMessage {
        let message = try request.fields()
        switch resource(of: request) ?? shape(of: message) {
        case "metric_alert": return try metric(message, request.payload)
        case "issue": return try issue(message, request.payload)
        case "event_alert": return try event(message, request.payload)
        case "activity_alert": return try activity(message, request.payload)
        case "legacy": return try readLegacy(message, request.payload)
        // Installations, comments, single errors, and whatever there will be: none of these is an alert.
        case _: return .silent
        }
    }

    private static func resource(of request: ForeignRequest) -> String? {
        HTTPField.Name("Sentry-Hook-Resource").flatMap { request.headers[$0] }.map {
            ForeignText.trimmed($0).lowercased()
        }
    }

    private static func shape(of message: ForeignFields) -> String? {
        guard message["data"] != nil else { return message["installation"] == nil ? "legacy" : nil }
        if message["data/metric_alert"] != nil { return "metric_alert" }
        if message["data/activity"] != nil, message["data/issue"] != nil { return "activity_alert" }
        if message["data/issue"] != nil { return "issue" }
        return message["data/event"] != nil ? "event_alert" : nil
    }

    private static func event(_ message: ForeignFields, _ payload: AlertPayload) throws(Problem) -> IncomingMessage {
        let event = try ForeignFields(message["data/event"] ?? .null, at: "/data/event")
        return .one(
            .foreign(
                identity: try event.identity("issue_id"), status: .firing, title: event.text("title", "message"),
                severity: event.text("level"), startsAt: event.moment("datetime", "timestamp"),
                labels: tags(event).merging(["rule": message.text("data/triggered_rule")].compactMapValues(\.self)) {
                    tag, _ in tag
                },
                annotations: event.labels(["url": "web_url", "culprit": "culprit"]), payload: payload))
    }

    /// An alert on what happened to an issue; that it was resolved is one such thing.
    private static func activity(_ message: ForeignFields, _ payload: AlertPayload) throws(Problem) -> IncomingMessage {
        let issue = try ForeignFields(message["data/issue"] ?? .null, at: "/data/issue")
        let type = message.text("data/activity/type")?.lowercased() ?? ""
        let isOver = type.hasPrefix("set_resolved")
        return .one(
            .foreign(
                identity: try issue.identity("id"), status: isOver ? .resolved : .firing, title: issue.text("title"),
                severity: issue.text("level"),
                labels: issue.labels(["project": "project/slug", "short_id": "shortId", "platform": "platform"])
                    .merging(message.labels(["activity": "data/activity/type"])) { own, _ in own },
                annotations: issue.labels(["culprit": "culprit", "url": "permalink"]),
                actor: isOver ? message.text("actor/name") : nil, payload: payload))
    }

    private static func metric(_ message: ForeignFields, _ payload: AlertPayload) throws(Problem) -> IncomingMessage {
        let identity = try message.identity("data/metric_alert/id") + metricAlertMark
        guard let status = try message.status("action", metricActions) else { return .silent }
        let alert = try ForeignFields(message["data/metric_alert"] ?? .null, at: "/data/metric_alert")
        var labels = alert.labels(["rule": "alert_rule/name", "environment": "alert_rule/environment"])
        labels["projects"] = alert.list("projects")
        return .one(
            .foreign(
                identity: identity, status: status,
                title: alert.text("title", "alert_rule/name") ?? message.text("data/description_title"),
                severity: status == .firing ? message.text("action") : nil, startsAt: alert.moment("date_started"),
                endsAt: alert.moment("date_closed"), labels: labels,
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
                startsAt: event.moment("timestamp"), labels: labels,
                annotations: message.labels(["culprit": "culprit", "url": "url"]), payload: payload))
    }

    private static func tags(_ event: ForeignFields) -> [String: String] {
        event.texts("tags").merging(event.labels(["environment": "environment", "platform": "platform"])) { tag, _ in
            tag
        }
    }
}
