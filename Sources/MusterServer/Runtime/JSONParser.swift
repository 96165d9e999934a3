/// Why bytes are not the JSON that was asked for.
struct JSONSyntaxError: Error, Hashable, Sendable {
    /// What is wrong, in words for the sender.
    let reason: String
    /// The byte at which it was noticed, counted from 0.
    let offset: Int
}

/// Reads RFC 8259 JSON from bytes, strictly: no comments, no trailing commas, no text after the value.
///
/// Foundation's decoder is several times slower, loses the order of keys and can neither name unknown fields nor
/// notice doubled ones.
struct JSONParser {
    /// What to do with a name that stands twice in one object.
    enum DoubledNames: Sendable {
        /// For bodies of our own: two values for one field are a mistake of the sender.
        case refused
        /// For foreign bodies: as most parsers do.
        case lastWins
    }

    private let bytes: UnsafeBufferPointer<UInt8>
    private let doubledNames: DoubledNames
    private var position = 0
    private var depthLeft: Int

    /// Reads one document.
    /// - Parameters:
    ///   - depthMax: How deep arrays and objects may nest; the parser recurses, so this bounds its stack.
    static func parse(
        _ bytes: some Sequence<UInt8>, depthMax: Int = 64, doubledNames: DoubledNames = .refused
    ) throws(JSONSyntaxError) -> JSONValue {
        let result = bytes.withContiguousStorageIfAvailable { buffer in
            parseResult(buffer, depthMax: depthMax, doubledNames: doubledNames)
        }
        if let result { return try result.get() }
        let copy = Array(bytes)
        return try copy.withUnsafeBufferPointer { buffer in
            parseResult(buffer, depthMax: depthMax, doubledNames: doubledNames)
        }.get()
    }

    private static func parseResult(
        _ buffer: UnsafeBufferPointer<UInt8>, depthMax: Int, doubledNames: DoubledNames
    ) -> Result<JSONValue, JSONSyntaxError> {
        Result { () throws(JSONSyntaxError) in
            var parser = JSONParser(bytes: buffer, doubledNames: doubledNames, depthLeft: depthMax)
            return try parser.document()
        }
    }

    private init(bytes: UnsafeBufferPointer<UInt8>, doubledNames: DoubledNames, depthLeft: Int) {
        self.bytes = bytes
        self.doubledNames = doubledNames
        self.depthLeft = depthLeft
    }

    private mutating func document() throws(JSONSyntaxError) -> JSONValue {
        skipSpace()
        let value = try value()
        skipSpace()
        guard position == bytes.count else { throw failure("there is text after the value") }
        return value
    }

    private mutating func value() throws(JSONSyntaxError) -> JSONValue {
        guard let byte = current else { throw failure("the text ends where a value should be") }
        switch byte {
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw failure("this is not the beginning of a value")
        }
    }

    private func failure(_ reason: String) -> JSONSyntaxError {
        JSONSyntaxError(reason: reason, offset: position)
    }

    private var current: UInt8? {
        position < bytes.count ? bytes[position] : nil
    }

    private mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard current == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func word(_ word: StaticString, _ value: JSONValue) throws(JSONSyntaxError) -> JSONValue {
        let count = word.utf8CodeUnitCount
        guard position + count <= bytes.count else { throw failure("this is not a value") }
        for index in 0..<count where bytes[position + index] != word.utf8Start[index] {
            throw failure("this is not a value")
        }
        position += count
        return value
    }
}

// MARK: - Arrays and objects

extension JSONParser {
    private mutating func descend() throws(JSONSyntaxError) {
        guard depthLeft > 0 else { throw failure("arrays and objects are nested too deeply") }
        depthLeft -= 1
        position += 1
        skipSpace()
    }

    private mutating func array() throws(JSONSyntaxError) -> JSONValue {
        try descend()
        defer { depthLeft += 1 }
        if take("]") { return .array([]) }
        var elements: [JSONValue] = []
        while true {
            elements.append(try value())
            skipSpace()
            if take("]") { return .array(elements) }
            guard take(",") else { throw failure("a comma or the end of the array should be here") }
            skipSpace()
        }
    }

    private mutating func object() throws(JSONSyntaxError) -> JSONValue {
        try descend()
        defer { depthLeft += 1 }
        if take("}") { return .object(JSONObject()) }
        var members: [JSONObject.Member] = []
        var names = SeenNames()
        var isDoubled = false
        while true {
            guard current == UInt8(ascii: "\"") else { throw failure("the name of a member should be here") }
            let start = position
            let name = try string()
            if !names.insert(name, after: members) {
                guard doubledNames == .lastWins else {
                    throw JSONSyntaxError(reason: "the name \"\(name)\" stands twice in one object", offset: start)
                }
                isDoubled = true
            }
            skipSpace()
            guard take(":") else { throw failure("a colon should be here") }
            skipSpace()
            members.append(JSONObject.Member(name: name, value: try value()))
            skipSpace()
            if take("}") { break }
            guard take(",") else { throw failure("a comma or the end of the object should be here") }
            skipSpace()
        }
        return .object(JSONObject(isDoubled ? Self.keepingLast(members) : members))
    }

    private static func keepingLast(_ members: [JSONObject.Member]) -> [JSONObject.Member] {
        var seen: Set<String> = []
        return Array(members.reversed().filter { seen.insert($0.name).inserted }.reversed())
    }

    /// Notices doubled names: by comparing while there are few, by a set from then on, so that a hostile object of a
    /// hundred thousand names costs no quadratic time.
    private struct SeenNames {
        private var set: Set<String> = []

        mutating func insert(_ name: String, after members: [JSONObject.Member]) -> Bool {
            if members.count < 12 { return !members.contains { $0.name == name } }
            if set.isEmpty { set = Set(members.map(\.name)) }
            return set.insert(name).inserted
        }
    }
}

// MARK: - Strings

extension JSONParser {
    private mutating func string() throws(JSONSyntaxError) -> String {
        position += 1
        let start = position
        // Most strings have no escape: they are checked and copied once.
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") {
                let text = try utf8Text(UnsafeBufferPointer(rebasing: bytes[start..<position]), at: start)
                position += 1
                return text
            }
            if byte == UInt8(ascii: "\\") { return try escapedString(from: start) }
            guard byte >= 0x20 else { throw failure("a control character in a string must be escaped") }
            position += 1
        }
        throw failure("the text ends within a string")
    }

    private func utf8Text(_ text: UnsafeBufferPointer<UInt8>, at start: Int) throws(JSONSyntaxError) -> String {
        // ASCII cannot be wrong, and making a text of it is three times as fast as validating.
        if text.reduce(0, |) < 0x80 { return String(decoding: text, as: UTF8.self) }
        guard let text = String(validating: text, as: UTF8.self) else {
            throw JSONSyntaxError(reason: "a string is not valid UTF-8", offset: start)
        }
        return text
    }

    private mutating func escapedString(from start: Int) throws(JSONSyntaxError) -> String {
        var text = Array(bytes[start..<position])
        while position < bytes.count {
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "\""):
                let string = try text.withUnsafeBufferPointer { (buffer) throws(JSONSyntaxError) in
                    try utf8Text(buffer, at: start)
                }
                position += 1
                return string
            case UInt8(ascii: "\\"):
                position += 1
                try escape(into: &text)
            case 0..<0x20:
                throw failure("a control character in a string must be escaped")
            default:
                text.append(byte)
                position += 1
            }
        }
        throw failure("the text ends within a string")
    }

    private mutating func escape(into text: inout [UInt8]) throws(JSONSyntaxError) {
        guard let byte = current else { throw failure("the text ends within a string") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"): text.append(contentsOf: UTF8.encode(try scalar())!)
        default:
            position -= 1
            throw failure("this is not an escape of JSON")
        }
    }

    /// One character after `\u`; half of a surrogate pair without its other half becomes U+FFFD, as no text can hold it.
    private mutating func scalar() throws(JSONSyntaxError) -> Unicode.Scalar {
        let unit = try hexadecimalUnit()
        guard (0xD800...0xDFFF).contains(unit) else { return Unicode.Scalar(unit)! }
        guard unit < 0xDC00, position + 6 <= bytes.count, bytes[position] == UInt8(ascii: "\\"),
            bytes[position + 1] == UInt8(ascii: "u")
        else { return "\u{FFFD}" }
        let afterFirst = position
        position += 2
        let second = try hexadecimalUnit()
        guard (0xDC00...0xDFFF).contains(second) else {
            position = afterFirst
            return "\u{FFFD}"
        }
        return Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (second - 0xDC00))!
    }

    private mutating func hexadecimalUnit() throws(JSONSyntaxError) -> UInt32 {
        guard position + 4 <= bytes.count else { throw failure("the text ends within an escape") }
        var unit: UInt32 = 0
        for byte in bytes[position..<position + 4] {
            guard let digit = Hex.digit(byte) else {
                throw failure("four hexadecimal digits should be here")
            }
            unit = unit << 4 | UInt32(digit)
        }
        position += 4
        return unit
    }
}

// MARK: - Numbers

extension JSONParser {
    private mutating func number() throws(JSONSyntaxError) -> JSONValue {
        let start = position
        let isNegative = take("-")
        let wholeDigits = position
        var magnitude = 0
        var isWhole = true
        while let digit = digit() {
            let (product, overflowed) = magnitude.multipliedReportingOverflow(by: 10)
            let (difference, overflowedAgain) = product.subtractingReportingOverflow(digit)
            // Counted downwards, because the negative range is the larger one.
            magnitude = difference
            isWhole = isWhole && !overflowed && !overflowedAgain
        }
        let digitCount = position - wholeDigits
        guard digitCount > 0 else { throw failure("a digit should be here") }
        guard digitCount == 1 || bytes[wholeDigits] != UInt8(ascii: "0") else {
            throw JSONSyntaxError(reason: "a number must not begin with 0", offset: wholeDigits)
        }
        if take(".") {
            isWhole = false
            try digits()
        }
        if take("e") || take("E") {
            isWhole = false
            if !take("+") { _ = take("-") }
            try digits()
        }
        if isWhole, isNegative { return .integer(magnitude) }
        if isWhole, magnitude != .min { return .integer(-magnitude) }
        return try fraction(from: start)
    }

    private mutating func digit() -> Int? {
        guard let byte = current, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
        position += 1
        return Int(byte - UInt8(ascii: "0"))
    }

    private mutating func digits() throws(JSONSyntaxError) {
        guard digit() != nil else { throw failure("a digit should be here") }
        while digit() != nil {}
    }

    private func fraction(from start: Int) throws(JSONSyntaxError) -> JSONValue {
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        guard let value = Double(text), value.isFinite else {
            throw JSONSyntaxError(reason: "a number is too large", offset: start)
        }
        return .number(JSONNumber(written: text))
    }
}
