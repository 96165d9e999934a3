import HTTPTypes
import NIOCore

/// CloudEvents 1.0 over HTTP, structured, binary and batched: cloudevents/spec, bindings/http-protocol-binding.md.
///
/// An event says what happened, and no standard says what of it fires. Its data is read by the names that tools commonly
/// use; an event without a state that we know is a beginning. Source and id are the identity, so that a repeat is no second
/// alert; where the data has a key of its own (`dedup_key`, `fingerprint`, `alert_id`), source and key are, and a later
/// event can end the alert. Data that Muster cannot look into is a problem: it could say that something is over.
enum CloudEventsFormat: AlertFormat {
    private static let required = ["specversion", "id", "source", "type"]
    private static let standard =
        required + ["time", "subject", "datacontenttype", "dataschema", "data", "data_base64"]

    static func read(_ request: ForeignRequest) throws(Problem) -> IncomingMessage {
        if isBinary(request) {
            return .one(try alert(ForeignFields(try CloudEventHeaders.event(of: request)), request.payload))
        }
        return try request.alerts { (event, payload) throws(Problem) in
            try alert(CloudEventData.unpacked(event), payload)
        }
    }

    /// The media type decides; clients without one are told by their headers.
    private static func isBinary(_ request: ForeignRequest) -> Bool {
        if request.mediaType?.hasPrefix("application/cloudevents") == true { return false }
        return request.headers.contains { $0.name.canonicalName.hasPrefix("ce-") }
    }

    private static func alert(_ event: ForeignFields, _ payload: AlertPayload) throws(Problem) -> IncomingAlert {
        let errors = required.filter { event.text($0) == nil }.map {
            FieldError(pointer: "\(event.pointer)/\($0)", detail: "is required of every CloudEvent")
        }
        guard errors.isEmpty else { throw .invalid(errors) }
        let key = try event.identity(anyOf: "data/dedup_key", "data/fingerprint", "data/alert_id", "id")
        let status = status(event)
        let time = event.moment("time")
        let words = [event.text("type"), event.text("subject")].compactMap(\.self)
        return .foreign(
            identity: "\(try event.identity("source"))|\(key)", group: event.text("data/group_key"), status: status,
            title: event.text("data/title", "data/summary", "data/message", "data/name", "data")
                ?? words.joined(separator: " "),
            component: event.text("data/component", "data/service"),
            severity: event.text("data/severity", "data/priority", "data/level", "severity"),
            startsAt: event.moment("data/startsAt", "data/starts_at") ?? (status == .firing ? time : nil),
            endsAt: event.moment("data/endsAt", "data/ends_at") ?? time, labels: labels(event),
            annotations: event.texts("data/annotations").merging(
                event.labels(["description": "data/description", "url": "data/url"])
            ) { annotation, _ in annotation }, payload: payload)
    }

    /// By the data's own word, else by the end of the type, as in `com.example.check.resolved`.
    private static func status(_ event: ForeignFields) -> IncomingAlert.Status {
        let word =
            event.text("data/status", "data/state") ?? event.text("type")?.split(separator: ".").last.map(String.init)
        return word.flatMap { PayloadMapping.statusWords[ForeignText.trimmed($0).lowercased()] ?? nil } ?? .firing
    }

    /// The attributes, extensions among them, and the data's labels.
    private static func labels(_ event: ForeignFields) -> [String: String] {
        var labels = event.texts("data/labels")
        for member in event.value.object?.members ?? [] where !standard.contains(member.name) {
            labels[member.name] = ForeignFields.text(member.value)
        }
        labels.merge(event.labels(["source": "source", "type": "type", "subject": "subject"])) { _, own in own }
        return labels
    }
}
