/// Percent escapes (RFC 3986), read strictly: what is not valid is refused, never guessed.
enum PercentEncoding {
    /// The text that a path segment or a query part stands for.
    /// - Parameter plusIsSpace: In a query, as HTML forms write it.
    static func decode(_ text: Substring.UTF8View, plusIsSpace: Bool = false) throws(Problem) -> String {
        // Most parts have nothing to decode.
        if text.allSatisfy({ $0 != UInt8(ascii: "%") && $0 != UInt8(ascii: "+") && $0 != 0 }) {
            return String(Substring(text))
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var index = text.startIndex
        while index < text.endIndex {
            let byte = text[index]
            index = text.index(after: index)
            guard byte == UInt8(ascii: "%") else {
                bytes.append(plusIsSpace && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
                continue
            }
            guard let end = text.index(index, offsetBy: 2, limitedBy: text.endIndex),
                let value = hexadecimal(text[index..<end])
            else { throw Problem(.malformedRequest, "The path or query has a wrong percent escape.") }
            bytes.append(value)
            index = end
        }
        guard let decoded = String(validating: bytes, as: UTF8.self) else {
            throw Problem(.malformedRequest, "The path or query is not UTF-8.")
        }
        guard !bytes.contains(0) else {
            throw Problem(.malformedRequest, "The path or query has the character U+0000.")
        }
        return decoded
    }

    /// Escapes all but what may stand unescaped anywhere (RFC 3986, 2.3).
    static func encode(_ text: String) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                bytes.append(byte)
            default:
                let digits = Array("0123456789ABCDEF".utf8)
                bytes.append(contentsOf: [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]])
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func hexadecimal(_ pair: Substring.UTF8View) -> UInt8? {
        // `UInt8(_:radix:)` would take a sign.
        guard pair.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit && $0 < 0x80 }) else { return nil }
        return UInt8(Substring(pair), radix: 16)
    }
}
