import IncidentDomain

/// The query of Alertmanager's lists (prometheus/alertmanager, api/v2/openapi.yaml): each parameter is honoured, or the
/// request is refused. What is listed may be ended next, so nothing that narrows a list is passed over. Names that
/// Alertmanager does not know are ignored, as it does.
struct AlertmanagerQuery: Sendable {
    var matchers: [AlertmanagerMatcher] = []
    /// Whether alerts are wanted that no silence holds, and those that one holds.
    var wantsActive = true
    var wantsSilenced = true
    private var receiver: LinearPattern?

    /// - Throws: `Problem` 400 with the parameter that is wrong.
    init(_ target: RequestTarget) throws(Problem) {
        for parameter in try target.parameters() {
            let (name, value) = (parameter.name, parameter.value)
            switch name {
            case "filter": matchers.append(try AlertmanagerMatcher(value))
            case "active": wantsActive = try Self.flag(name, value)
            case "silenced": wantsSilenced = try Self.flag(name, value)
            // No alert here is inhibited, muted or waits to be looked at: there is nothing to leave out.
            case "inhibited", "muted", "unprocessed": _ = try Self.flag(name, value)
            case "receiver" where !value.isEmpty:
                do {
                    receiver = try LinearPattern(value)
                } catch {
                    throw Self.wrong(name, "is not a valid regular expression: it \(error.reason)")
                }
            case _: break
            }
        }
    }

    /// Whether what goes to a receiver of that name is wanted; the pattern has to match all of it.
    ///
    /// - Throws: `Problem` when finding out takes too long.
    func wants(receiver name: String) throws(Problem) -> Bool {
        guard let receiver else { return true }
        guard let isMatch = receiver.match(name, operationsMax: AlertmanagerMatcher.operationsMax).isMatch else {
            throw Self.wrong("receiver", "takes too long to match; shorten the regular expression")
        }
        return isMatch
    }

    private static func flag(_ name: String, _ value: String) throws(Problem) -> Bool {
        switch value.lowercased() {
        case "true", "1": return true
        case "false", "0": return false
        case _: throw wrong(name, "should be true or false")
        }
    }

    /// A parameter that cannot be honoured: 400, as Alertmanager has it.
    static func wrong(_ name: String, _ detail: String) -> Problem {
        Problem(
            .malformedRequest, "/\(name): \(detail)", errors: [FieldError(pointer: "/\(name)", detail: detail)])
    }
}

/// One condition of Alertmanager's `filter` parameter: `name="value"`, `!=`, `=~` or `!~`; the regular expressions match
/// the whole value.
struct AlertmanagerMatcher: Sendable {
    let name: String
    private let matcher: LabelMatcher

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
        do throws(PatternFault) {
            matcher = try LabelMatcher("label:\(name)", comparison, Self.unquoted(rest))
        } catch {
            throw AlertmanagerQuery.wrong("filter", "has a regular expression that is not valid: it \(error.reason)")
        }
    }

    var value: String { matcher.value }

    /// Whether this is `name="value"` of a label that has to be there: what an index finds.
    var isLookup: Bool { matcher.isEqual && !matcher.isPattern && !value.isEmpty }

    /// Operations that all matchers of one request may take together: about 50 ms.
    static let operationsMax = 100_000_000

    /// - Throws: `Problem`, when it takes more operations than are left.
    func matches(_ labels: [String: String], operations left: inout Int) throws(Problem) -> Bool {
        guard let isMatch = matcher.matches(text: labels[name] ?? "", operations: &left) else {
            throw .invalid("/filter", "takes too long to match; shorten the regular expressions")
        }
        return isMatch
    }

    /// Whether a silence has this very matcher, as Alertmanager asks of each (api/v2, CheckSilenceMatchesFilterLabels): what
    /// the silence would match does not count.
    func isOne(of matchers: [LabelMatcher]) -> Bool { matchers.contains(matcher) }

    private static func unquoted(_ text: Substring) -> String {
        guard text.count >= 2, text.first == "\"", text.last == "\"" else { return String(text) }
        return String(text.dropFirst().dropLast()).replacing("\\\"", with: "\"").replacing("\\\\", with: "\\")
    }
}
