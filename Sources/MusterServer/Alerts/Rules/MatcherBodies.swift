import IncidentDomain
import Synchronization

/// Matchers as requests and rows write them: `{"label": "severity", "operator": "=~", "value": "warning|info"}`.
enum MatcherBodies {
    static let matchersMax = 50
    /// What the compiled patterns of one rule or silence may take.
    private static let patternBytesMax = 128 << 10
    private static let patterns = PatternCache()

    /// The matchers of a field; a pattern that is none is refused with its name.
    static func matchers(_ body: inout BodyReader, _ field: String = "matchers") -> [LabelMatcher] {
        let found = body.array(field, max: matchersMax) { item -> LabelMatcher? in
            let label = item.string("label", 1...200)
            let comparison: LabelMatcher.Comparison = item.optionalEnumeration("operator") ?? .equal
            let value = item.string("value", 0...LinearPattern.Use.label.lengthMax, trims: false)
            do throws(PatternFault) {
                return try LabelMatcher(label, comparison, value, compile: patterns.pattern)
            } catch {
                item.refuse("value", "is no regular expression: “\(value)” \(error.reason)")
                return nil
            }
        }
        let matchers = found.compactMap { $0 }
        if matchers.reduce(0, { $0 + $1.patternBytes }) > patternBytesMax {
            body.refuse(field, "has regular expressions that are too large together; write them shorter")
        }
        return matchers
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

/// Patterns that were compiled not long ago: rules and silences are read again whenever one of them changes, and most have
/// stayed as they were.
final class PatternCache: Sendable {
    /// Two generations: when the younger one is full, the elder is forgotten.
    private struct State {
        var young: [String: LinearPattern] = [:]
        var old: [String: LinearPattern] = [:]
        var youngBytes = 0
    }

    private static let generationBytesMax = 16 << 20
    private let state = Mutex(State())

    /// - Throws: `PatternFault`, when a text is no pattern.
    func pattern(_ text: String) throws(PatternFault) -> LinearPattern {
        if let known = state.withLock({ $0.young[text] ?? $0.old[text] }) { return known }
        let pattern = try LinearPattern(text)
        state.withLock { state in
            state.young[text] = pattern
            state.youngBytes += pattern.bytes + text.utf8.count + 200
            guard state.youngBytes > Self.generationBytesMax else { return }
            state.old = state.young
            state.young = [:]
            state.youngBytes = 0
        }
        return pattern
    }
}
