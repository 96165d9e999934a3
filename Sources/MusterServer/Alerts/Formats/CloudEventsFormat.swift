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
                event.labels([
                    "description": "data/description", "url": "data/url", "runbook_url": "data/runbook_url",
                    "dashboard_url": "data/dashboard_url",
                ])
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

/// The binary mode of CloudEvents: attributes are headers `ce-NAME`, the body is the data.
enum CloudEventHeaders {
    /// The event as its structured form has it.
    static func event(of request: ForeignRequest) throws(Problem) -> JSONValue {
        var event = JSONObject()
        for field in request.headers where field.name.canonicalName.hasPrefix("ce-") {
            let name = String(field.name.canonicalName.dropFirst("ce-".count))
            event[name] = .string(try decoded(field.value, of: field.name.canonicalName))
        }
        event["data"] = try data(request)
        return .object(event)
    }

    /// JSON as it is, whatever type it claims to have, since clients send it as a form or without a type; else a plain text.
    private static func data(_ request: ForeignRequest) throws(Problem) -> JSONValue? {
        guard request.body.readableBytes > 0 else { return nil }
        if let document = try? request.document() { return document }
        return try CloudEventData.value(Array(request.body.readableBytesView), request.mediaType, at: "")
    }

    /// Percent escapes of UTF-8 bytes, within quotes or not. A percent sign that escapes nothing stands for itself.
    private static func decoded(_ value: String, of name: String) throws(Problem) -> String {
        var bytes: [UInt8] = []
        var rest = unquoted(value).utf8[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(2)
            if byte == UInt8(ascii: "%"), digits.count == 2, let value = Hex.decode(digits) {
                bytes += value
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .invalid("/\(name)", "should be percent-encoded UTF-8")
        }
        return text
    }

    private static func unquoted(_ value: String) -> String {
        guard value.count >= 2, value.hasPrefix("\""), value.hasSuffix("\"") else { return value }
        return String(value.dropFirst().dropLast()).replacing("\\\"", with: "\"").replacing("\\\\", with: "\\")
    }
}

/// The data of an event in structured mode: JSON, JSON in a text, or bytes in base 64 (`data_base64`). What it is says
/// `datacontenttype`; without one it is JSON (cloudevents/spec, formats/json-format.md).
enum CloudEventData {
    /// The event with its data as JSON or as a plain text.
    ///
    /// - Throws: `Problem` when it is neither.
    static func unpacked(_ event: ForeignFields) throws(Problem) -> ForeignFields {
        guard var object = event.value.object else { return event }
        let isJSON = isJSON(event.text("datacontenttype"))
        if let packed = object["data_base64"], packed != .null {
            guard (object["data"] ?? .null) == .null else {
                throw .invalid("\(event.pointer)/data_base64", "is sent with data; send only one of the two")
            }
            guard let text = packed.string, let bytes = Base64.decode(text) else {
                throw .invalid("\(event.pointer)/data_base64", "should be base64 text")
            }
            object["data"] = try value(bytes, event.text("datacontenttype"), at: "\(event.pointer)/data_base64")
            object["data_base64"] = nil
        } else if case .string(let text)? = object["data"] {
            let start = ForeignBytes.unmarked(Array(text.utf8)[...]).first {
                $0 != 0x20 && !(0x09...0x0D).contains($0)
            }
            // A text is JSON, too; one that begins as an object or a list has to be one.
            if isJSON, start != UInt8(ascii: "{"), start != UInt8(ascii: "[") { return event }
            object["data"] = try value(Array(text.utf8), event.text("datacontenttype"), at: "\(event.pointer)/data")
        } else {
            return event
        }
        return try ForeignFields(.object(object), at: event.pointer)
    }

    /// Bytes as what their media type says that they are.
    static func value(_ bytes: [UInt8], _ type: String?, at pointer: String) throws(Problem) -> JSONValue {
        if isJSON(type) {
            guard let document = ForeignRequest.nested(bytes) else {
                throw .invalid(pointer, "is not JSON, although its media type says so")
            }
            return document
        }
        guard isText(type), let text = String(validating: bytes, as: UTF8.self) else {
            let type = ForeignText.cut(ForeignText.clean(type ?? ""), bytes: 100)
            throw .invalid(pointer, "has the media type \(type), which Muster cannot read: send JSON or text/plain")
        }
        return .string(text)
    }

    /// `application/json`, `text/json`, or any type that ends in `+json`; JSON is what none at all means.
    private static func isJSON(_ type: String?) -> Bool {
        guard let type else { return true }
        let name = ForeignText.trimmed(String(type.prefix { $0 != ";" })).lowercased()
        return name.hasSuffix("/json") || name.hasSuffix("+json")
    }

    private static func isText(_ type: String?) -> Bool {
        type.map { ForeignText.trimmed(String($0.prefix { $0 != ";" })).lowercased() } == "text/plain"
    }
}
