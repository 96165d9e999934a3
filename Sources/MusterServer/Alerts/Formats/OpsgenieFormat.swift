import FoundationEssentials
import IncidentDomain
import NIOCore

/// Opsgenie's alerts: the bodies of its Alert API (`POST /v2/alerts` and what is done to an alert afterwards;
/// opsgenie-python-sdk, docs/AlertApi.md), and the webhook that Opsgenie itself sends, told apart by its `action`.
enum OpsgenieFormat: AlertFormat {
    /// What a webhook's action does to an alert; every other action (notes, tags, snoozes) does nothing to it.
    private static let actions: [String: IncomingAlert.Status] = [
        "create": .firing, "acknowledge": .acknowledged, "close": .resolved, "delete": .resolved,
    ]

    /// - Returns: One alert. Its identity is the alias, which is made here when there is none.
    static func read(_ request: ForeignRequest) throws(Problem) -> IncomingMessage {
        let fields = try request.fields()
        if fields["action"]?.string != nil, fields["alert"]?.object != nil {
            return try readWebhook(fields, request.payload)
        }
        guard let message = fields.text("message") else { throw .invalid("/message", "is required") }
        var (labels, annotations) = fields.details("details")
        labels.merge(ownLabels(of: fields.value)) { detail, _ in detail }
        labels["tags"] = tags(fields["tags"])
        annotations["description"] = fields.text("description")
        annotations["note"] = fields.text("note")
        // Alertmanager says here where it is.
        if let source = fields.text("source"), IncidentLink(.sender, source) != nil { annotations["url"] = source }
        let payload = payload(fields, request)
        var alert = IncomingAlert.foreign(
            identity: fields.text("alias") ?? UUID.random().text, status: .firing,
            title: message, severity: fields.text("priority"), labels: labels, annotations: annotations,
            payload: payload,
            lost: payload.isCut ? ["details, responders and actions, which are kept of a create of up to 16 KiB"] : [])
        // There, a create of an alias that is open raises its count, and its fields stay as they are.
        alert.isOnlyCounted = true
        return .one(alert)
    }

    /// The members of a body that stand beside its details, as labels.
    static func ownLabels(of body: JSONValue) -> [String: String] {
        guard let fields = try? ForeignFields(body) else { return [:] }
        return fields.labels(["source": "source", "entity": "entity", "priority": "priority", "user": "user"])
    }

    /// What is kept of a create: clients ask for its details, responders and actions again, so it has to stay whole. A body that
    /// is too long for that is kept without its long texts, which the alert has anyway.
    private static func payload(_ fields: ForeignFields, _ request: ForeignRequest) -> AlertPayload {
        guard request.body.readableBytes > AlertPayload.bytesMax, var object = fields.value.object else {
            return request.payload
        }
        for name in ["description", "note"] { object[name] = nil }
        return .part(.object(object))
    }

    /// Something done to an alert: `POST /v2/alerts/{identifier}/close` and the like, whose body may be empty.
    ///
    /// - Parameter identity: What the alert is stored under, which the caller knows from the path.
    static func readAction(
        _ status: IncomingAlert.Status, of identity: String, _ request: ForeignRequest
    ) throws(Problem) -> IncomingMessage {
        guard request.body.readableBytes > 0 else { return .one(.foreign(identity: identity, status: status)) }
        let fields = try request.fields()
        var annotations: [String: String] = [:]
        annotations["note"] = fields.text("note")
        return .one(
            .foreign(
                identity: identity, status: status, annotations: annotations, actor: fields.text("user"),
                payload: request.payload))
    }

    private static func readWebhook(_ fields: ForeignFields, _ payload: AlertPayload) throws(Problem) -> IncomingMessage
    {
        let identity = try fields.identity("alert/alertId")
        guard let status = fields.text("action").flatMap({ actions[ForeignText.trimmed($0).lowercased()] }) else {
            return .silent
        }
        var (labels, annotations) = fields.details("alert/details")
        labels.merge(
            fields.labels([
                "source": "alert/source", "entity": "alert/entity", "priority": "alert/priority",
                "alias": "alert/alias", "team": "alert/team", "integration": "integrationName",
            ])
        ) { detail, _ in detail }
        labels["tags"] = tags(fields["alert/tags"])
        annotations["description"] = fields.text("alert/description")
        return .one(
            .foreign(
                identity: identity, status: status, title: fields.text("alert/message"),
                severity: fields.text("alert/priority"), startsAt: fields.moment("alert/createdAt"),
                endsAt: fields.moment("alert/updatedAt"), labels: labels, annotations: annotations,
                actor: status == .firing ? nil : fields.text("alert/username"), payload: payload))
    }

    /// Alertmanager splits a text at commas and leaves the spaces.
    private static func tags(_ value: JSONValue?) -> String? {
        let tags = (value?.array ?? []).compactMap { $0.string }.map { tag in
            String(tag.drop { $0 == " " })
        }.filter { !$0.isEmpty }
        return tags.isEmpty ? nil : tags.joined(separator: ",")
    }
}
