import IncidentDomain

/// Times as monitoring tools write them. What is no time, or none that can be meant (zero, the year 1), is no time.
enum ForeignTime {
    /// A text of RFC 3339 or near it, or a count of seconds, milli-, micro- or nanoseconds since 1970, also as a text.
    static func read(_ value: JSONValue?) -> Timestamp? {
        switch value {
        case .integer(let count)?: counted(Double(count))
        case .number(let count)?: counted(count)
        case .string(let text)?: written(text)
        case .null?, .bool?, .array?, .object?, nil: nil
        }
    }

    /// Which unit is meant shows in the size: seconds of 1973 to 5138, milliseconds of the same years, and so on.
    private static func counted(_ count: Double) -> Timestamp? {
        let milliseconds: Double
        switch count {
        case 1e8..<1e11: milliseconds = count * 1000
        case 1e11..<1e14: milliseconds = count
        case 1e14..<1e17: milliseconds = count / 1000
        case 1e17..<9e18: milliseconds = count / 1_000_000
        default: return nil
        }
        return Timestamp(milliseconds: Int64(milliseconds))
    }

    private static func written(_ text: String) -> Timestamp? {
        guard (9...40).contains(text.utf8.count) else { return nil }
        if let time = Timestamp(text) { return sensible(time) }
        if let count = Double(text) { return counted(count) }
        // "2024/08/14 21:28:56 GMT", "2025-03-24 17:28:40 UTC", "2017-06-30T22:25:43": UTC without its Z.
        var plain = text.replacing("/", with: "-")
        for zone in [" UTC", " GMT"] where plain.hasSuffix(zone) { plain.removeLast(zone.count) }
        return Timestamp(plain + "Z").flatMap(sensible)
    }

    /// Go's zero time and the beginning of 1970 stand for "not yet".
    private static func sensible(_ time: Timestamp) -> Timestamp? {
        time.milliseconds > 0 ? time : nil
    }
}
