/// Appends YAML as people write it: one field a line, quotes only where something else would be read.
struct YAMLWriter {
    /// What was written so far.
    private(set) var bytes: [UInt8] = []

    init(capacity: Int = 4096) {
        bytes.reserveCapacity(capacity)
    }

    /// Writes a line that needs no quotes.
    mutating func line(_ text: String) {
        bytes.append(contentsOf: text.utf8)
        bytes.append(UInt8(ascii: "\n"))
    }

    /// A text as a scalar, in a flow or in a block.
    static func scalar(_ text: String) -> String {
        isPlain(text) ? text : quoted(text)
    }

    /// Texts, or `name: text` pairs, within brackets.
    static func flow(_ items: some Sequence<String>, _ open: String, _ close: String) -> String {
        open + items.joined(separator: ", ") + close
    }

    /// What older readers of YAML take for truth values and nothing, ours or not.
    private static let words: Set<String> = ["true", "false", "yes", "no", "on", "off", "y", "n", "null"]

    private static func isPlain(_ text: String) -> Bool {
        let bytes = text.utf8
        guard let first = bytes.first, let last = bytes.last, bytes.count <= 200, isLetter(first),
            last != UInt8(ascii: " ")
        else { return false }
        return bytes.allSatisfy { isLetter($0) || isDigit($0) || plainMarks.contains($0) }
            && !words.contains(text.lowercased())
    }

    private static let plainMarks = Set(" -_./()".utf8)

    private static func isLetter(_ byte: UInt8) -> Bool {
        (byte | 0x20) >= UInt8(ascii: "a") && (byte | 0x20) <= UInt8(ascii: "z")
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            case let scalar where isPrintable(scalar): quoted.unicodeScalars.append(scalar)
            case let scalar:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
            }
        }
        return quoted + "\""
    }

    /// Whether a character may stand in a YAML text and is not folded there as the end of a line.
    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x20...0x7E, 0xA0...0x2027, 0x202A...0xD7FF, 0xE000...0xFEFE, 0xFF00...0xFFFD, 0x10000...0x10FFFB: true
        default: false
        }
    }
}
