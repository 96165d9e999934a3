import IncidentDomain

/// One condition of Alertmanager's `filter` parameter: `name="value"`, `!=`, `=~` or `!~`; the regular expressions match
/// the whole value.
struct AlertmanagerMatcher: Sendable {
    let name: String
    let value: String
    let comparison: LabelMatcher.Comparison
    private let pattern: LinearPattern?

    private static let textMax = 1000

    /// - Throws: `Problem` that says what is wrong with it.
    init(_ text: String) throws(Problem) {
        guard text.unicodeScalars.count <= Self.textMax else {
            throw AlertmanagerQuery.wrong("filter", "has more than \(Self.textMax) characters")
        }
        let name = text.prefix { $0.isLetter || $0.isNumber || "_.-:/".contains($0) }
        var rest = text.dropFirst(name.count).drop { $0 == " " }
        let signs: [LabelMatcher.Comparison] = [.matches, .matchesNot, .notEqual, .equal]
        guard !name.isEmpty, let comparison = signs.first(where: { rest.hasPrefix($0.rawValue) }) else {
            throw AlertmanagerQuery.wrong("filter", "should be a matcher as name=\"value\", with =, !=, =~ or !~")
        }
        rest = rest.dropFirst(comparison.rawValue.count).drop { $0 == " " }
        self.name = String(name)
        value = Self.unquoted(rest)
        self.comparison = comparison
        guard comparison == .matches || comparison == .matchesNot else {
            pattern = nil
            return
        }
        do {
            pattern = try LinearPattern(value)
        } catch {
            throw AlertmanagerQuery.wrong("filter", "has a regular expression that \(error.reason)")
        }
    }

    private var isEqual: Bool { comparison == .equal || comparison == .matches }

    /// Whether this is `name="value"` of a label that has to be there: what an index finds.
    var isLookup: Bool { isEqual && pattern == nil && !value.isEmpty }

    /// Operations that all matchers of one request may take together: about 50 ms.
    static let operationsMax = 100_000_000

    /// - Throws: `Problem`, when it takes more operations than are left.
    func matches(_ labels: [String: String], operations left: inout Int) throws(Problem) -> Bool {
        let text = labels[name] ?? ""
        guard let pattern else { return (text == value) == isEqual }
        let match = pattern.match(text, operationsMax: left)
        left -= match.operations
        guard let isFound = match.isMatch else {
            throw .invalid("/filter", "takes too long to match; write the regular expressions shorter")
        }
        return isFound == isEqual
    }

    /// Whether a silence has this very matcher, as Alertmanager asks of each (api/v2, CheckSilenceMatchesFilterLabels): what
    /// the silence would match does not count.
    func isOne(of matchers: [LabelMatcher]) -> Bool {
        matchers.contains { $0.label == "label:\(name)" && $0.comparison == comparison && $0.value == value }
    }

    private static func unquoted(_ text: Substring) -> String {
        guard text.count >= 2, text.first == "\"", text.last == "\"" else { return String(text) }
        return String(text.dropFirst().dropLast()).replacing("\\\"", with: "\"").replacing("\\\\", with: "\\")
    }
}
