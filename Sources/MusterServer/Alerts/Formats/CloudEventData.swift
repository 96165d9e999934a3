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
                throw .invalid("\(event.pointer)/data_base64", "stands beside data; an event has one of the two")
            }
            guard let text = packed.string, let bytes = Base64.decode(text) else {
                throw .invalid("\(event.pointer)/data_base64", "should be a text in base 64")
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
                throw .invalid(pointer, "should be JSON, as its media type says, and is not")
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
