/// Reads JSON (RFC 8259) into `JSON`.
package struct JSONReader {
    /// What could not be read, and where: the number of the byte, from 0.
    package struct Mistake: Error, CustomStringConvertible {
        package let description: String
    }

    /// How deep arrays and objects may lie in each other.
    package static let depthMax = 200

    private let bytes: [UInt8]
    private var place = 0

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    package static func read(_ bytes: [UInt8]) throws(Mistake) -> JSON {
        var reader = JSONReader(bytes)
        let value = try reader.value(depth: 0)
        reader.skipSpace()
        guard reader.place == bytes.count else { throw reader.mistake("something follows the value") }
        return value
    }

    package static func read(_ text: String) throws(Mistake) -> JSON { try read(Array(text.utf8)) }

    private func mistake(_ text: String) -> Mistake { Mistake(description: "not JSON at byte \(place): \(text)") }

    private var next: UInt8? { place < bytes.count ? bytes[place] : nil }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { place += 1 }
    }

    private mutating func value(depth: Int) throws(Mistake) -> JSON {
        guard depth < Self.depthMax else { throw mistake("it is nested too deeply") }
        skipSpace()
        switch next {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func word(_ word: String, _ value: JSON) throws(Mistake) -> JSON {
        guard bytes[place...].starts(with: word.utf8) else { throw mistake("a value is expected") }
        place += word.utf8.count
        return value
    }

    private mutating func number() throws(Mistake) -> JSON {
        let start = place
        while let byte = next, "+-.0123456789eE".utf8.contains(byte) { place += 1 }
        let digits = String(decoding: bytes[start..<place], as: UTF8.self)
        guard digits.wholeMatch(of: /-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/) != nil else {
            throw mistake("a value is expected")
        }
        return .number(digits)
    }

    private mutating func array(depth: Int) throws(Mistake) -> JSON {
        place += 1
        var items: [JSON] = []
        skipSpace()
        if next == UInt8(ascii: "]") {
            place += 1
            return .array([])
        }
        while true {
            items.append(try value(depth: depth + 1))
            skipSpace()
            let byte = next
            place += 1
            if byte == UInt8(ascii: "]") { return .array(items) }
            guard byte == UInt8(ascii: ",") else { throw mistake("a comma or ] is expected") }
        }
    }

    private mutating func object(depth: Int) throws(Mistake) -> JSON {
        place += 1
        var members: [JSON.Member] = []
        skipSpace()
        if next == UInt8(ascii: "}") {
            place += 1
            return .object([])
        }
        while true {
            skipSpace()
            guard next == UInt8(ascii: "\"") else { throw mistake("a name in quotes is expected") }
            let name = try string()
            skipSpace()
            guard next == UInt8(ascii: ":") else { throw mistake("a colon is expected") }
            place += 1
            members.append(JSON.Member(name, try value(depth: depth + 1)))
            skipSpace()
            let byte = next
            place += 1
            if byte == UInt8(ascii: "}") { return .object(members) }
            guard byte == UInt8(ascii: ",") else { throw mistake("a comma or } is expected") }
        }
    }

    private mutating func string() throws(Mistake) -> String {
        place += 1
        var text: [UInt8] = []
        while let byte = next {
            place += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): text += try escape()
            case 0..<0x20: throw mistake("a control character stands in a text")
            default: text.append(byte)
            }
        }
        throw mistake("a text does not end")
    }

    private mutating func escape() throws(Mistake) -> [UInt8] {
        let byte = next
        place += 1
        switch byte {
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "u"):
            var unit = UInt32(try fourDigits())
            if (0xD800..<0xDC00).contains(unit), bytes[place...].starts(with: "\\u".utf8) {
                place += 2
                let low = UInt32(try fourDigits())
                guard (0xDC00..<0xE000).contains(low) else { throw mistake("half of a character is missing") }
                unit = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
            }
            return Array(String(Character(Unicode.Scalar(unit) ?? "\u{FFFD}")).utf8)
        case let byte? where "\"\\/".utf8.contains(byte): return [byte]
        default: throw mistake("an unknown escape")
        }
    }

    private mutating func fourDigits() throws(Mistake) -> UInt16 {
        guard place + 4 <= bytes.count,
            let unit = UInt16(String(decoding: bytes[place..<place + 4], as: UTF8.self), radix: 16)
        else { throw mistake("four hexadecimal digits are expected") }
        place += 4
        return unit
    }
}
