import Postgres

/// What `GET /v2/alerts` and `/v2/alerts/count` are asked for. Of Opsgenie's search language (support.atlassian.com, "Search
/// queries for alerts") it is what filters by fields: `field: value`, joined by `AND`. Whatever else is asked is refused: a list
/// that is wider than it was asked for is worse than none.
struct OpsgenieSearch: Sendable {
    /// What of the stored alerts has to hold.
    private(set) var conditions: [SQL] = []
    /// Only those that are open, or only those that are over; nil for both.
    private(set) var isOpen: Bool?
    private(set) var limit = 20
    private(set) var offset = 0

    private static let fields =
        "status, acknowledged, isSeen, snoozed, message, description, alias, source, entity, owner, priority and tag"
    private static let textMax = 1000
    private static let termsMax = 20

    /// - Throws: `Problem` 422 with the parameter that cannot be honoured.
    init(_ target: RequestTarget) throws(Problem) {
        for parameter in try target.parameters() {
            let value = parameter.value
            switch parameter.name {
            case "query": try read(value)
            case "limit": limit = try Self.number("limit", value, 1...100)
            case "offset": offset = try Self.number("offset", value, 0...20_000)
            case "sort" where !["", "createdAt"].contains(value): throw Self.refused("sort", "can only be createdAt")
            case "order" where !["", "desc"].contains(value.lowercased()):
                throw Self.refused("order", "can only be desc")
            case "searchIdentifier" where !value.isEmpty:
                throw Self.refused("searchIdentifier", "names a saved search, of which there are none; use query")
            case _: break
            }
        }
    }

    private static func number(_ name: String, _ value: String, _ range: ClosedRange<Int>) throws(Problem) -> Int {
        guard let number = Int(value) else { throw refused(name, "should be a number") }
        return min(max(number, range.lowerBound), range.upperBound)
    }

    private static func refused(_ name: String, _ detail: String) -> Problem {
        .invalid("/\(name)", detail)
    }

    private mutating func read(_ query: String) throws(Problem) {
        guard query.unicodeScalars.count <= Self.textMax else {
            throw Self.refused("query", "has more than \(Self.textMax) characters")
        }
        guard query.contains(where: { !$0.isWhitespace }) else { return }
        let terms = try Self.terms(query)
        guard terms.count <= Self.termsMax else { throw Self.refused("query", "has more than \(Self.termsMax) terms") }
        for term in terms {
            guard let sign = term.firstIndex(where: { ":=".contains($0) }) else { throw Self.notUnderstood(term) }
            let name = String(term[..<sign]).filter { !$0.isWhitespace }
            try add(name, Self.unquoted(String(term[term.index(after: sign)...])), term)
        }
    }

    /// The texts between the words AND that stand outside of quotes.
    private static func terms(_ query: String) throws(Problem) -> [String] {
        var terms = [""]
        var isQuoted = false
        for word in query.split(omittingEmptySubsequences: true, whereSeparator: \.isWhitespace) {
            if !isQuoted {
                if word == "AND" {
                    terms.append("")
                    continue
                }
                guard word != "OR", word != "NOT", !word.contains(where: { "()<>".contains($0) }), !word.hasPrefix("-")
                else { throw notUnderstood(String(word)) }
            }
            if word.count(where: { $0 == "\"" }) % 2 == 1 { isQuoted.toggle() }
            terms[terms.count - 1] += (terms[terms.count - 1].isEmpty ? "" : " ") + word
        }
        return terms
    }

    private static func unquoted(_ text: String) -> String {
        let text = text.drop(while: \.isWhitespace)
        guard text.count >= 2, text.first == "\"", text.last == "\"" else { return String(text) }
        return String(text.dropFirst().dropLast())
    }

    private static func notUnderstood(_ term: String) -> Problem {
        refused(
            "query",
            "is not understood at \"\(ForeignText.cut(ForeignText.clean(term), bytes: 64))\"; it takes field: value, joined by AND, of the fields "
                + "\(fields)")
    }

    private mutating func add(_ name: String, _ value: String, _ term: String) throws(Problem) {
        guard !value.isEmpty, !value.utf8.contains(0) else { throw Self.notUnderstood(term) }
        func flag() throws(Problem) -> Bool {
            switch value.lowercased() {
            case "true": return true
            case "false": return false
            case _: throw Self.refused("query", "has \(name): \(value), which should be true or false")
            }
        }
        switch name.lowercased() {
        case "status":
            switch value.lowercased() {
            case "open" where isOpen != false: isOpen = true
            case "closed" where isOpen != true: isOpen = false
            case "open", "closed": conditions.append("false")
            case _: throw Self.refused("query", "has status: \(value), which should be open or closed")
            }
        case "acknowledged": conditions.append("(status = 'acknowledged') = \(try flag())")
        case "isseen": conditions.append("(status <> 'firing') = \(try flag())")
        case "snoozed": conditions.append("\(try !flag())")
        case "message": conditions.append("title ILIKE \(Self.pattern(value, isPart: true))")
        case "description":
            conditions.append("annotations->>'description' ILIKE \(Self.pattern(value, isPart: true))")
        case "alias" where !value.contains("*"):
            conditions.append("identity = \(OpsgenieName.identity(value))")
        case "alias": conditions.append("identity LIKE \(Self.pattern(value))")
        case "source", "entity":
            conditions.append("labels->>\(name.lowercased()) ILIKE \(Self.pattern(value))")
        case "owner": conditions.append("acknowledged_by ILIKE \(Self.pattern(value))")
        case "priority": conditions.append("coalesce(severity, 'P3') ILIKE \(Self.pattern(value))")
        case "tag", "tags":
            conditions.append(
                """
                EXISTS (SELECT 1 FROM unnest(string_to_array(labels->>'tags', ',')) AS tag
                    WHERE tag ILIKE \(Self.pattern(value)))
                """)
        case _: throw Self.notUnderstood(term)
        }
    }

    /// What SQL compares with: `*` stands for anything.
    private static func pattern(_ value: String, isPart: Bool = false) -> String {
        let escaped = value.replacing("\\", with: "\\\\").replacing("%", with: "\\%").replacing("_", with: "\\_")
            .replacing("*", with: "%")
        return isPart ? "%\(escaped)%" : escaped
    }
}
