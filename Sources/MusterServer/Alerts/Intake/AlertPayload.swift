/// What the sender sent of an alert, for people to look at.
enum AlertPayload: Hashable, Sendable {
    /// All of a message about one alert, as it came.
    case whole([UInt8])
    /// The part of a message about several alerts that is about this one: written out only if it is kept.
    case part(JSONValue)

    /// Bytes that are kept.
    static let bytesMax = 16_384

    /// What is kept; a character of several bytes is not cut in two.
    var kept: [UInt8] {
        let bytes =
            switch self {
            case .whole(let bytes): bytes
            case .part(let value): value.bytes
            }
        guard bytes.count > Self.bytesMax else { return bytes }
        var end = Self.bytesMax
        while end > 0, bytes[end] & 0xC0 == 0x80 { end -= 1 }
        return Array(bytes[..<end])
    }
}
