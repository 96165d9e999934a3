import FoundationEssentials

/// Base 64 of RFC 4648, section 4.
enum Base64 {
    /// Nil when the text is none.
    static func decode(_ text: String) -> [UInt8]? {
        Data(base64Encoded: text).map { Array($0) }
    }

    static func encode(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString()
    }
}
