import HTTPTypes
import NIOCore

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
            if byte == UInt8(ascii: "%"), digits.count == 2, let first = hexadecimal(digits.first),
                let second = hexadecimal(digits.last)
            {
                bytes.append(first << 4 | second)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .invalid("/\(name)", "should be UTF-8 in percent escapes")
        }
        return text
    }

    private static func unquoted(_ value: String) -> String {
        guard value.count >= 2, value.hasPrefix("\""), value.hasSuffix("\"") else { return value }
        return String(value.dropFirst().dropLast()).replacing("\\\"", with: "\"").replacing("\\\\", with: "\\")
    }

    private static func hexadecimal(_ digit: UInt8?) -> UInt8? {
        switch digit {
        case let digit? where (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit): digit - UInt8(ascii: "0")
        case let digit? where (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(digit): digit - UInt8(ascii: "a") + 10
        case let digit? where (UInt8(ascii: "A")...UInt8(ascii: "F")).contains(digit): digit - UInt8(ascii: "A") + 10
        case _?, nil: nil
        }
    }
}
