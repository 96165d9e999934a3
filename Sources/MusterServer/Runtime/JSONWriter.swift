import FoundationEssentials
import IncidentDomain

/// Appends JSON to bytes; the caller opens and closes, the writer puts the commas.
///
///     var json = JSONWriter()
///     json.object { json in
///         json.member("number", incident.number)
///         json.member("severity", incident.severity?.rawValue)  // nil is written as null
///         json.member("items", incidents)                       // elements that are JSONWritable
///     }
struct JSONWriter {
    /// What was written so far.
    private(set) var bytes: [UInt8] = []
    private var needsComma = false

    init(capacity: Int = 512) {
        bytes.reserveCapacity(capacity)
    }

    /// Writes `{`, what `body` writes, `}`.
    mutating func object(_ body: (inout JSONWriter) throws -> Void) rethrows {
        open("{")
        try body(&self)
        close("}")
    }

    /// Writes `[`, what `body` writes, `]`.
    mutating func array(_ body: (inout JSONWriter) throws -> Void) rethrows {
        open("[")
        try body(&self)
        close("]")
    }

    /// Writes each element by `body`, within `[` and `]`.
    mutating func array<Element>(
        _ elements: some Sequence<Element>, _ body: (inout JSONWriter, Element) throws -> Void
    ) rethrows {
        open("[")
        for element in elements { try body(&self, element) }
        close("]")
    }

    /// Writes the name of a member; its value has to follow.
    mutating func name(_ name: String) {
        separate()
        quote(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// Writes a member whose value writes itself.
    mutating func member(_ name: String, _ value: some JSONWritable) {
        self.name(name)
        value.write(to: &self)
    }

    /// Writes a member whose value is an object.
    mutating func object(_ name: String, _ body: (inout JSONWriter) throws -> Void) rethrows {
        self.name(name)
        try object(body)
    }

    /// Writes a member whose value is an array, each element by `body`.
    mutating func array<Element>(
        _ name: String, _ elements: some Sequence<Element>, _ body: (inout JSONWriter, Element) throws -> Void
    ) rethrows {
        self.name(name)
        try array(elements, body)
    }

    /// Writes a value.
    mutating func value(_ value: some JSONWritable) {
        value.write(to: &self)
    }

    /// Writes bytes that already are one JSON value.
    mutating func raw(_ json: some Collection<UInt8>) {
        separate()
        bytes.append(contentsOf: json)
        needsComma = true
    }

    private mutating func open(_ bracket: Unicode.Scalar) {
        separate()
        bytes.append(UInt8(ascii: bracket))
        needsComma = false
    }

    private mutating func close(_ bracket: Unicode.Scalar) {
        bytes.append(UInt8(ascii: bracket))
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
    }
}

// MARK: - Values

extension JSONWriter {
    /// Writes a text.
    mutating func string(_ text: String) {
        separate()
        quote(text)
        needsComma = true
    }

    /// Writes characters that need no escape, without quotes: numbers and words.
    mutating func literal(_ text: String) {
        separate()
        bytes.append(contentsOf: text.utf8)
        needsComma = true
    }

    /// Writes a whole number without making a text of it first.
    mutating func integer(_ value: Int) {
        separate()
        needsComma = true
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        var rest = value.magnitude
        let start = bytes.count
        repeat {
            bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        } while rest > 0
        bytes[start...].reverse()
    }

    private mutating func quote(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { utf8 in
            var copied = 0
            for (index, byte) in utf8.enumerated() where byte < 0x20 || byte == 0x22 || byte == 0x5C || byte == 0x7F {
                bytes.append(contentsOf: UnsafeBufferPointer(rebasing: utf8[copied..<index]))
                escape(byte)
                copied = index + 1
            }
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: utf8[copied...]))
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func escape(_ byte: UInt8) {
        switch byte {
        case 0x22: bytes.append(contentsOf: [0x5C, 0x22])
        case 0x5C: bytes.append(contentsOf: [0x5C, 0x5C])
        case 0x08: bytes.append(contentsOf: [0x5C, UInt8(ascii: "b")])
        case 0x09: bytes.append(contentsOf: [0x5C, UInt8(ascii: "t")])
        case 0x0A: bytes.append(contentsOf: [0x5C, UInt8(ascii: "n")])
        case 0x0C: bytes.append(contentsOf: [0x5C, UInt8(ascii: "f")])
        case 0x0D: bytes.append(contentsOf: [0x5C, UInt8(ascii: "r")])
        default:
            let digits = Array("0123456789abcdef".utf8)
            bytes.append(contentsOf: [
                0x5C, UInt8(ascii: "u"), 0x30, 0x30, digits[Int(byte >> 4)], digits[Int(byte & 15)],
            ])
        }
    }
}

/// What can stand as a value in JSON.
protocol JSONWritable {
    /// Appends exactly one value.
    func write(to json: inout JSONWriter)
}

extension String: JSONWritable {
    func write(to json: inout JSONWriter) { json.string(self) }
}

extension Int: JSONWritable {
    func write(to json: inout JSONWriter) { json.integer(self) }
}

extension Bool: JSONWritable {
    func write(to json: inout JSONWriter) { json.literal(self ? "true" : "false") }
}

extension Double: JSONWritable {
    /// JSON has no infinities; a value that is none is written as null, and a whole one without a fraction.
    func write(to json: inout JSONWriter) {
        if let whole = Int(exactly: self), abs(whole) < 1 << 53 { return json.integer(whole) }
        json.literal(isFinite ? description : "null")
    }
}

extension Timestamp: JSONWritable {
    func write(to json: inout JSONWriter) { json.string(description) }
}

extension UUID: JSONWritable {
    /// In lower case, as PostgreSQL writes it.
    func write(to json: inout JSONWriter) { json.string(uuidString.lowercased()) }
}

extension Optional: JSONWritable where Wrapped: JSONWritable {
    func write(to json: inout JSONWriter) {
        if let self { self.write(to: &json) } else { json.literal("null") }
    }
}

extension Array: JSONWritable where Element: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.array(self) { json, element in element.write(to: &json) }
    }
}

extension JSONValue: JSONWritable {
    func write(to json: inout JSONWriter) {
        switch self {
        case .null: json.literal("null")
        case .bool(let value): value.write(to: &json)
        case .integer(let value): json.integer(value)
        case .number(let number): json.literal(number.text)
        case .string(let value): json.string(value)
        case .array(let elements): elements.write(to: &json)
        case .object(let object):
            json.object { json in
                for member in object.members { json.member(member.name, member.value) }
            }
        }
    }

    /// The document in its shortest form.
    var bytes: [UInt8] {
        var json = JSONWriter()
        write(to: &json)
        return json.bytes
    }
}

extension JSONObject: JSONWritable {
    func write(to json: inout JSONWriter) {
        JSONValue.object(self).write(to: &json)
    }
}
