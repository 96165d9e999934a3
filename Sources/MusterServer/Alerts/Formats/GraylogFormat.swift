/// Graylog's HTTP notifications: of event definitions (Graylog 3.1 and later; go2docs.graylog.org, "HTTP Notification") and
/// of the alarm callbacks before.
///
/// Graylog tells only that a condition was met, never that it is over: people end these alerts.
enum GraylogFormat: AlertFormat {
    static func read(_ request: ForeignRequest) throws(Problem) -> IncomingMessage {
        let message = try request.fields()
        // What its button "Execute Test Notification" sends.
        if message.text("event_definition_type") == "test-dummy-v1" { return .silent }
        if message["event_definition_id"] != nil { return .one(try event(message, request.payload)) }
        let identity = try message.identity("stream/id", "check_result/triggered_condition/id")
        guard message["check_result/triggered"]?.bool != false else { return .silent }
        return .one(
            .foreign(
                identity: identity, status: .firing, title: message.text("stream/title"),
                startsAt: message.moment("check_result/triggered_at"),
                labels: message.labels([
                    "stream": "stream/title", "condition": "check_result/triggered_condition/type",
                ]),
                annotations: message.labels([
                    "description": "check_result/result_description",
                    "first_message": "check_result/matching_messages/0/message",
                ]), payload: request.payload))
    }

    private static func event(_ message: ForeignFields, _ payload: AlertPayload) throws(Problem) -> IncomingAlert {
        // Events that are grouped by fields have a key for each group.
        let identity = [try message.identity("event_definition_id"), message.text("event/key")].compactMap(\.self)
        var labels = message.texts("event/fields").merging(message.texts("event/group_by_fields")) { $1 }
        labels.merge(
            message.labels(["definition": "event_definition_title", "source": "event/source"])
        ) { field, _ in field }
        return .foreign(
            identity: identity.joined(separator: "|"), status: .firing,
            title: message.text("event/message", "event_definition_title"), severity: message.text("event/priority"),
            startsAt: message.moment("event/timestamp"), labels: labels,
            annotations: message.labels([
                "description": "event_definition_description", "first_message": "backlog/0/message",
            ]), payload: payload)
    }
}
