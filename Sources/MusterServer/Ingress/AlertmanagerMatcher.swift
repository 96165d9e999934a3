import IncidentDomain

/// One condition of Alertmanager's `filter` parameter: `name="value"`, `!=`, `=~` or `!~`; the regular expressions match
/// the whole value.
struct AlertmanagerMatcher: Sendable {
    let name: String
    let value: String
    let isEqual: Bool
    private let pattern: Pattern?

    private static let textMax = 1000

    /// - Throws: `Problem` that says what is wrong with it.
    init(_ text: String) throws(Problem) {
        guard text.unicodeScalars.count <= Self.textMax else { throw .invalid("/filter", "is too long") }
        let name = text.prefix { $0.isLetter || $0.isNumber || "_.-:/".contains($0) }
        var rest = text.dropFirst(name.count).drop { $0 == " " }
        guard !name.isEmpty, let sign = ["=~", "!~", "!=", "="].first(where: { rest.hasPrefix($0) }) else {
            throw .invalid("/filter", "should be a matcher as name=\"value\", with =, !=, =~ or !~")
        }
        rest = rest.dropFirst(sign.count).drop { $0 == " " }
        self.name = String(name)
        value = Self.unquoted(rest)
        isEqual = sign.hasPrefix("=")
        guard sign.hasSuffix("~") else {
            pattern = nil
            return
        }
        pattern = try Pattern(value)
    }

    /// Whether this is `name="value"` of a label that has to be there: what an index finds.
    var isLookup: Bool { isEqual && pattern == nil && !value.isEmpty }

    func matches(_ labels: [String: String]) -> Bool {
        let text = labels[name] ?? ""
        let found = pattern.map { $0.matches(text) } ?? (text == value)
        return found == isEqual
    }

    private static func unquoted(_ text: Substring) -> String {
        guard text.count >= 2, text.first == "\"", text.last == "\"" else { return String(text) }
        return String(text.dropFirst().dropLast()).replacing("\\\"", with: "\"").replacing("\\\\", with: "\\")
    }
}

extension AlertmanagerMatcher {
    /// A regular expression over a whole text. Compiled once; its length and that of the text are bounded, so that no
    /// expression computes for long.
    struct Pattern: @unchecked Sendable {
        // A compiled regular expression is only read; the type lacks the word for it.
        private let regex: Regex<AnyRegexOutput>
        private static let patternMax = 200
        private static let textMax = 1000

        init(_ text: String) throws(Problem) {
            guard text.utf8.count <= Self.patternMax else {
                throw .invalid("/filter", "has a regular expression of more than \(Self.patternMax) bytes")
            }
            do {
                regex = try Regex("(?:\(text))")
            } catch {
                throw .invalid("/filter", "has no regular expression that can be read")
            }
        }

        func matches(_ text: String) -> Bool {
            text.utf8.count <= Self.textMax && (try? regex.wholeMatch(in: text)) != nil
        }
    }
}
