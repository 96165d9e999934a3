import FoundationEssentials
import IncidentDomain
import Synchronization

/// Routing rules as requests write them, which is also how they are stored and answered.
enum RuleBodies {
    private static let secondsMax = 86_400

    /// A rule of a request or row, as far as `finish()` finds nothing wrong.
    static func rule(_ body: inout BodyReader, id: UUID) -> RoutingRule {
        var rule = RoutingRule(
            id: id, name: body.string("name", 1...200), matchers: MatcherBodies.matchers(&body))
        rule.stops = body.optionalBool("stop") ?? true
        var saysSomething = true
        // A rule that only keeps later ones away says so: it is seldom meant, and matchers may match everything.
        _ = body.object("then") { then in
            rule.component = text(&then, "component", 1...200)
            rule.severity = text(&then, "severity", 1...100)
            rule.groupBy = then.optionalStrings("group_by", max: 20, 1...200)
            rule.opensIncident = then.optionalBool("opens_incident") ?? true
            rule.threshold = then.optionalObject("after") { after in
                FiringThreshold(
                    count: after.integer("count", 1...1000),
                    withinSeconds: after.integer("within_seconds", 1...secondsMax))
            }
            rule.hours = then.optionalObject("hours", hours)
            rule.paging = paging(&then)
            rule.whenCleared = whenCleared(&then)
            saysSomething = then.saysSomething
        }
        if !saysSomething {
            body.refuse(
                "then",
                "should set something, such as {\"severity\": \"sev3\"}; for a rule that only stops later rules, send "
                    + "{\"opens_incident\": true}")
        }
        return rule
    }

    /// `notify` names endpoints, `escalate` those that hear next: `[{"after_seconds": 300, "endpoints": ["lead"]}]`.
    private static func paging(_ then: inout BodyReader) -> EscalationPlan? {
        let max = EscalationPlan.endpointsMax
        let notify = then.optionalStrings("notify", max: max, 1...100)
        let steps = then.optionalArray("escalate", max: EscalationPlan.stepsMax - 1) { step in
            EscalationPlan.Step(
                afterSeconds: step.integer("after_seconds", 1...EscalationPlan.secondsMax),
                endpoints: step.strings("endpoints", max: max, 1...100))
        }
        guard notify?.isEmpty == false || steps?.isEmpty == false else { return nil }
        return EscalationPlan(notify: notify ?? [], escalate: steps ?? [])
    }

    /// `when_cleared` is `keep` or `close`, with `after_seconds` for the latter.
    private static func whenCleared(_ then: inout BodyReader) -> WhenCleared? {
        let word: ClearedWord? = then.optionalEnumeration("when_cleared")
        let seconds = then.optionalInteger("after_seconds", 0...WhenCleared.secondsMax)
        switch word {
        case .close?: return .close(afterSeconds: seconds ?? WhenCleared.secondsStandard)
        case .keep?, nil:
            // Of what does not close, no time makes sense: `fault` says so.
            if seconds != nil { return .close(afterSeconds: -1) }
            return word.map { _ in .keep }
        }
    }

    /// Reads what is stored.
    static func stored(_ bytes: [UInt8], id: UUID) throws(Problem) -> RoutingRule {
        guard let json = try? JSONParser.parse(bytes) else { throw .invalid("", "is not JSON") }
        var body = try BodyReader(json)
        let rule = rule(&body, id: id)
        try body.finish()
        if let fault = fault(rule) { throw fault }
        return rule
    }

    /// What is wrong with a rule beyond its fields, where its bodies' readers do not look.
    static func fault(_ rule: RoutingRule) -> Problem? {
        if let paging = rule.paging {
            if paging.steps.contains(where: \.endpoints.isEmpty) {
                return .invalid("/then/notify", "should name endpoints, and so should each step of escalate")
            }
            if let complaint = paging.complaint { return .invalid("/then/escalate", complaint) }
        }
        if rule.whenCleared == .close(afterSeconds: -1) {
            return .invalid("/then/after_seconds", "needs \"when_cleared\": \"close\"")
        }
        guard let hours = rule.hours else { return nil }
        if hours.days.isEmpty || hours.days.contains(0) {
            return .invalid(
                "/then/hours/days", "should be one or more of \(OpeningHours.dayNames.joined(separator: ", "))")
        }
        return nil
    }

    private static func text(
        _ body: inout BodyReader, _ field: String, _ length: ClosedRange<Int>
    ) -> RoutedText? {
        guard let value = body.optionalJSON(field) else { return nil }
        guard value.object != nil else { return body.optionalString(field, length).map(RoutedText.constant) }
        return body.optionalObject(field) { item in
            .label(
                item.string("label", 1...200, trims: false), table: item.optionalLabels("table"),
                fallback: item.optionalString("default", length))
        }
    }

    private static func hours(_ body: inout BodyReader) -> OpeningHours {
        let zone = body.string("time_zone", 1...64)
        let names = body.optionalStrings("days", max: 7, 3...3) ?? OpeningHours.dayNames
        // What is no day is 0 here, and `fault` says so.
        let days = Set(names.map { (OpeningHours.dayNames.firstIndex(of: $0.lowercased()) ?? -1) + 1 })
        return OpeningHours(
            timeZone: zone, days: days.sorted(), from: minutes(&body, "from", max: 1439),
            to: minutes(&body, "to", max: 1440))
    }

    /// `09:30` as minutes since midnight.
    private static func minutes(_ body: inout BodyReader, _ field: String, max: Int) -> Int {
        let text = body.string(field, 5...5)
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ $0.count == 2 && $0.allSatisfy { $0.isASCII && $0.isNumber } }),
            let hour = Int(parts[0]), let minute = Int(parts[1]), minute < 60, hour * 60 + minute <= max
        else {
            if !text.isEmpty { body.refuse(field, "should be a time of day such as 09:30") }
            return 0
        }
        return hour * 60 + minute
    }
}

// MARK: - Writing

extension RuleBodies {
    /// The members of a rule but its id and place.
    static func write(_ rule: RoutingRule, to json: inout JSONWriter) {
        json.member("name", rule.name)
        MatcherBodies.write(rule.matchers, to: &json)
        json.object("then") { json in
            write(rule.component, "component", to: &json)
            write(rule.severity, "severity", to: &json)
            if let labels = rule.groupBy { json.member("group_by", labels) }
            json.member("opens_incident", rule.opensIncident)
            if let after = rule.threshold {
                json.object("after") { json in
                    json.member("count", after.count)
                    json.member("within_seconds", after.withinSeconds)
                }
            }
            if let hours = rule.hours { write(hours, to: &json) }
            if let paging = rule.paging { write(paging, to: &json) }
            switch rule.whenCleared {
            case .keep?: json.member("when_cleared", ClearedWord.keep.rawValue)
            case .close(let seconds)?:
                json.member("when_cleared", ClearedWord.close.rawValue)
                json.member("after_seconds", seconds)
            case nil: break
            }
        }
        json.member("stop", rule.stops)
    }

    static func body(of rule: RoutingRule) -> [UInt8] {
        var json = JSONWriter()
        json.object { write(rule, to: &$0) }
        return json.bytes
    }

    private static func write(_ text: RoutedText?, _ name: String, to json: inout JSONWriter) {
        switch text {
        case .constant(let value)?: json.member(name, value)
        case .label(let label, let table, let fallback)?:
            json.object(name) { json in
                json.member("label", label)
                if let table {
                    json.object("table") { json in
                        for (key, value) in table.sorted(by: { $0.key < $1.key }) { json.member(key, value) }
                    }
                }
                if let fallback { json.member("default", fallback) }
            }
        case nil: break
        }
    }

    private static func write(_ hours: OpeningHours, to json: inout JSONWriter) {
        json.object("hours") { json in
            json.member("time_zone", hours.timeZone)
            json.member("days", hours.days.map { OpeningHours.dayNames[$0 - 1] })
            json.member("from", clock(hours.from))
            json.member("to", clock(hours.to))
        }
    }

    private static func write(_ paging: EscalationPlan, to json: inout JSONWriter) {
        json.member("notify", paging.steps[0].endpoints)
        guard paging.steps.count > 1 else { return }
        json.array("escalate", paging.steps.dropFirst()) { json, step in
            json.object { json in
                json.member("after_seconds", step.afterSeconds)
                json.member("endpoints", step.endpoints)
            }
        }
    }

    private static func clock(_ minutes: Int) -> String {
        let (hour, minute) = minutes.quotientAndRemainder(dividingBy: 60)
        return "\(hour < 10 ? "0" : "")\(hour):\(minute < 10 ? "0" : "")\(minute)"
    }
}

/// What becomes of an incident whose alerts have cleared, as rules and the configuration write it.
enum ClearedWord: String, CaseIterable, Sendable {
    case keep, close
}

// MARK: - Matchers

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
                item.refuse("value", "is not a valid regular expression: “\(value)” \(error.reason)")
                return nil
            }
        }
        let matchers = found.compactMap { $0 }
        if matchers.reduce(0, { $0 + $1.patternBytes }) > patternBytesMax {
            body.refuse(field, "has regular expressions that are too large in total; shorten them")
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
        guard let list = try? JSONParser.parse(bytes) else { throw .invalid("/matchers", "is not JSON") }
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
