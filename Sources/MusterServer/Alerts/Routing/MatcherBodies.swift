import IncidentDomain

/// Matchers as requests and rows write them: `{"label": "severity", "operator": "=~", "value": "warning|info"}`.
enum MatcherBodies {
    static let matchersMax = 50

    /// The matchers of a field; a pattern that is none is refused with its name.
    static func matchers(_ body: inout BodyReader, _ field: String = "matchers") -> [LabelMatcher] {
        let found = body.array(field, max: matchersMax) { item -> LabelMatcher? in
            let label = item.string("label", 1...200)
            let comparison: LabelMatcher.Comparison = item.optionalEnumeration("operator") ?? .equal
            let value = item.string("value", 0...LinearPattern.Use.label.lengthMax, trims: false)
            do throws(PatternFault) {
                return try LabelMatcher(label, comparison, value)
            } catch {
                item.refuse("value", "is no regular expression: “\(value)” \(error.reason)")
                return nil
            }
        }
        return found.compactMap { $0 }
    }

    /// As they are stored: a list.
    static func bytes(_ matchers: [LabelMatcher]) -> [UInt8] {
        var json = JSONWriter()
        json.array(matchers, write)
        return json.bytes
    }

    /// Reads what is stored; also asked before anything is, so that nothing is kept that cannot be read again.
    static func stored(_ bytes: [UInt8]) throws(Problem) -> [LabelMatcher] {
        guard let list = try? JSONParser.parse(bytes) else { throw .invalid("/matchers", "is no JSON") }
        var body = try BodyReader(["matchers": list])
        let found = matchers(&body)
        try body.finish()
        return found
    }

    static func write(_ matchers: [LabelMatcher], to json: inout JSONWriter) {
        json.array("matchers", matchers, write)
    }

    private static func write(_ json: inout JSONWriter, _ matcher: LabelMatcher) {
        json.object { json in
            json.member("label", matcher.label)
            json.member("operator", matcher.comparison.rawValue)
            json.member("value", matcher.value)
        }
    }
}
