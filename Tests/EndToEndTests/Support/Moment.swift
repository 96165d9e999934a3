import FoundationEssentials

/// Times as the API writes them.
enum Moment {
    /// With milliseconds, in UTC.
    static func text(_ date: Date) -> String {
        let milliseconds = Int((date.timeIntervalSince1970 * 1000).rounded())
        return text(milliseconds: milliseconds)
    }

    /// From milliseconds since 1970.
    static func text(milliseconds: Int) -> String {
        let whole = Date(timeIntervalSince1970: Double(milliseconds / 1000))
        let digits = String(milliseconds % 1000 + 1000).dropFirst()
        return whole.formatted(.iso8601).dropLast() + ".\(digits)Z"
    }

    /// Nil for what is not written so.
    static func date(_ text: String?) -> Date? {
        guard let text else { return nil }
        if let date = try? Date(text, strategy: .iso8601) { return date }
        return try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }
}
