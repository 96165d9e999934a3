/// Paths and queries of the API, from what somebody typed.
package enum RequestPath {
    /// One segment of a path; what is no plain sign is written as `%XX`.
    package static func segment(_ text: String) -> String {
        // A client that tidies paths would take these for steps up.
        if text == "." || text == ".." { return text.replacing(".", with: "%2E") }
        return encode(text, plain: "-._~@:")
    }

    /// `?a=1&b=2` of what was said, in its order; empty where nothing was.
    package static func query(_ pairs: [(String, String?)]) -> String {
        let said = pairs.compactMap { pair in
            pair.1.map { "\(pair.0)=\(encode($0, plain: "-._~:,"))" }
        }
        return said.isEmpty ? "" : "?" + said.joined(separator: "&")
    }

    /// The same of one name with several values.
    package static func pairs(_ name: String, _ values: [String]) -> [(String, String?)] {
        values.map { (name, $0) }
    }

    /// A segment as it was before it was encoded.
    package static func decode(_ segment: some StringProtocol) -> String {
        var bytes: [UInt8] = []
        var rest = Array(segment.utf8)[...]
        while let byte = rest.popFirst() {
            let digits = String(decoding: rest.prefix(2), as: UTF8.self)
            if byte == UInt8(ascii: "%"), digits.utf8.count == 2, let code = UInt8(digits, radix: 16) {
                bytes.append(code)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func encode(_ text: String, plain: String) -> String {
        var result = ""
        for byte in text.utf8 {
            let scalar = Unicode.Scalar(byte)
            let isWord = (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
            if isWord || plain.utf8.contains(byte) {
                result.unicodeScalars.append(scalar)
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                result += "%" + (digits.count < 2 ? "0" : "") + digits
            }
        }
        return result
    }
}
