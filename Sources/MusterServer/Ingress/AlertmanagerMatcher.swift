import IncidentDomain

/// One condition of Alertmanager's `filter` parameter: `name="value"`, `!=`, `=~` or `!~`; the regular expressions match
/// the whole value.
struct AlertmanagerMatcher: Sendable {
    let name: String
    let value: String
    let isEqual: Bool
    private let pattern: LinearPattern?

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
        do {
            pattern = try LinearPattern(value)
        } catch {
            throw .invalid("/filter", "has a regular expression that \(error.reason)")
        }
    }

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

    private static func unquoted(_ text: Substring) -> String {
        guard text.count >= 2, text.first == "\"", text.last == "\"" else { return String(text) }
        return String(text.dropFirst().dropLast()).replacing("\\\"", with: "\"").replacing("\\\\", with: "\\")
    }
}
