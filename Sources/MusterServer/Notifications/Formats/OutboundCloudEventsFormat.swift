import IncidentDomain

/// CloudEvents 1.0 over HTTP (`cloudevents/spec`, `bindings/http-protocol-binding.md`), with the notice as `data`.
///
/// Both forms are signed by the three headers of Standard Webhooks. They cover the body and `webhook-id`, which is the event's
/// `id`: in the binary form the other attributes stand in headers, which nothing signs.
enum OutboundCloudEventsFormat: OutboundFormat {
    static let isSigned = true

    static let options = [
        EndpointOption(
            "mode",
            "How the event is sent: `structured` (the default, all in the body) or `binary` (attributes as `ce-` headers)."
        ) { Mode(rawValue: $0) == nil ? "should be structured or binary" : nil }
    ]

    private enum Mode: String { case structured, binary }

    static func message(_ message: OutboundMessage) throws(OutboundMistake) -> OutboundRequest {
        let attributes = attributes(message)
        var json = JSONWriter()
        let headers: [(name: String, value: String)]
        switch message.options["mode"].flatMap(Mode.init) ?? .structured {
        case .structured:
            json.object { json in
                for (name, value) in attributes { json.member(name, value) }
                json.member("datacontenttype", "application/json")
                json.member("data", message.notice)
            }
            headers = [("content-type", "application/cloudevents+json")]
        case .binary:
            json.value(message.notice)
            headers =
                [("content-type", "application/json")] + attributes.map { ("ce-\($0.name)", headerValue($0.value)) }
        }
        return OutboundRequest(
            url: message.url, headers: headers + (try WebhookSignature.headers(of: json.bytes, message)),
            body: json.bytes)
    }

    private static func attributes(_ message: OutboundMessage) -> [(name: String, value: String)] {
        var attributes = [
            ("specversion", "1.0"), ("id", message.id), ("source", message.publicURL), ("type", message.notice.type),
            ("time", message.notice.occurredAt.description),
        ]
        if let incident = message.notice.incident { attributes.append(("subject", incident.id)) }
        return attributes
    }

    /// Percent escapes for what a header cannot hold (section 3.1.3.2 of the binding).
    private static func headerValue(_ text: String) -> String {
        text.unicodeScalars.map { scalar in
            (0x21...0x7E).contains(scalar.value) && scalar != "\"" && scalar != "%"
                ? String(scalar) : PercentEncoding.encode(String(scalar))
        }.joined()
    }
}
