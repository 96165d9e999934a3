package import FoundationEssentials

/// One condition on a text of an alert, as Prometheus and Alertmanager have them. A label that is not there is empty.
package struct LabelMatcher: Hashable, Sendable {
    package enum Comparison: String, CaseIterable, Sendable {
        case equal = "="
        case notEqual = "!="
        case matches = "=~"
        case matchesNot = "!~"
    }

    /// The name by which matchers ask for a source itself, whatever it is called: its id in lower case.
    package static let sourceIDName = "source:id"

    package let label: String
    package let comparison: Comparison
    package let value: String
    /// Compiled once.
    private let pattern: LinearPattern?

    /// - Parameter compile: Makes a pattern of its text, or knows it already.
    /// - Throws: `PatternFault`, when a regular expression is asked for and the value is none.
    package init(
        _ label: String, _ comparison: Comparison, _ value: String,
        compile: (String) throws(PatternFault) -> LinearPattern = { text throws(PatternFault) in
            try LinearPattern(text)
        }
    ) throws(PatternFault) {
        self.label = label
        self.comparison = comparison
        self.value = value
        switch comparison {
        case .equal, .notEqual: pattern = nil
        case .matches, .matchesNot: pattern = try compile(value)
        }
    }

    /// All that a source sends, also after it was renamed, and nothing of another source of the same name.
    package init(source id: UUID) {
        label = Self.sourceIDName
        comparison = .equal
        value = id.uuidString.lowercased()
        pattern = nil
    }

    /// Whether it matches; nil when finding out takes more operations than are left.
    package func matches(_ alert: AlertFacts, operations left: inout Int) -> Bool? {
        matches(text: alert[label], operations: &left)
    }

    /// The same for what the label says; empty when there is no such label.
    package func matches(text: String, operations left: inout Int) -> Bool? {
        left -= Self.lookupCost
        guard let pattern else {
            left -= value.utf8.count / 8
            return (text == value) == isEqual
        }
        let match = pattern.match(text, operationsMax: left)
        left -= match.operations
        return match.isMatch.map { $0 == isEqual }
    }

    /// Whether it asks for what it names: `=` and `=~`.
    package var isEqual: Bool { comparison == .equal || comparison == .matches }
    package var isPattern: Bool { pattern != nil }

    /// Whether it matches an alert that lacks the label.
    package var matchesEmptyText: Bool {
        let isMatch = pattern.map { $0.match("", operationsMax: .max).isMatch == true } ?? value.isEmpty
        return isMatch == isEqual
    }

    /// What its compiled pattern takes in memory.
    package var patternBytes: Int { pattern?.bytes ?? 0 }

    /// What it costs to find the text of a label.
    private static let lookupCost = 50

    /// Operations on machine words that it takes at most for a text of so many characters.
    package func operationsMax(forCharacters count: Int) -> Int {
        Self.lookupCost + (pattern.map { $0.stepCost * min(count, LinearPattern.valueMax) } ?? value.utf8.count / 8)
    }

    /// As people write it: `severity=~"warning|info"`.
    package var text: String { "\(label)\(comparison.rawValue)\"\(value)\"" }
}

/// How much matching an alert may cost, over all rules and silences: what takes more is left out and named. A rule or
/// silence of patterns that are made to take long then does nothing, in place of keeping every alert waiting.
///
/// Alerts that come together share one budget, each with its own share: what took too long for one of them is not tried for
/// the others.
package struct MatchBudget: Sendable {
    /// Operations on machine words for one alert: about 5 ms.
    package static let alertMax = 10_000_000
    /// For one rule or silence, so that one of them does not take what the others need.
    package static let itemMax = 2_000_000

    /// For all alerts that come together, about 100 ms; then each has little more than nothing.
    package static let batchMax = 200_000_000
    private static let alertMin = 500_000

    private var left = alertMax
    private var batchLeft = batchMax
    private var exceeding: Set<UUID> = []
    /// Rules and silences that were left out, each with the number of alerts for which it was.
    package private(set) var skipped: [UUID: Int] = [:]

    package init() {}

    /// Begins with another alert.
    package mutating func nextAlert() {
        left = max(min(Self.alertMax, batchLeft), Self.alertMin)
    }

    /// Forgets what was left out and returns it.
    package mutating func removeSkipped() -> [UUID: Int] {
        defer { skipped = [:] }
        return skipped
    }

    /// Whether all matchers of a rule or silence hold for an alert; none at all hold always. False when it is left out.
    package mutating func matches(_ matchers: [LabelMatcher], for alert: AlertFacts, of id: UUID) -> Bool {
        guard !exceeding.contains(id) else {
            skipped[id, default: 0] += 1
            return false
        }
        var itemLeft = min(left, Self.itemMax)
        let given = itemLeft
        defer {
            let used = given - max(itemLeft, 0)
            left -= used
            batchLeft -= used
        }
        for matcher in matchers {
            switch matcher.matches(alert, operations: &itemLeft) {
            case true?: continue
            case false?: return false
            case nil:
                // Short of its own share it would be again; short of what others left of the alert's it may do better.
                if given == Self.itemMax { exceeding.insert(id) }
                skipped[id, default: 0] += 1
                return false
            }
        }
        return true
    }
}

/// What matchers look at: the labels of an alert, and beside them what it is called and where it comes from.
package struct AlertFacts: Hashable, Sendable {
    /// What the source is called; several may have one name.
    package var source: String
    /// Which source it is; nil where somebody only describes an alert.
    package var sourceID: UUID?
    package var kind: String
    package var identity: String
    package var title: String
    package var component: String?
    package var severity: String?
    package var labels: [String: String]

    package init(
        source: String, sourceID: UUID? = nil, kind: String, identity: String, title: String, component: String?,
        severity: String?,
        labels: [String: String]
    ) {
        self.source = source
        self.sourceID = sourceID
        self.kind = kind
        self.identity = identity
        self.title = title
        self.component = component
        self.severity = severity
        self.labels = labels
    }

    /// The text of a name, empty when there is none. What every alert has goes before a label of the same name;
    /// `label:kind` means the label.
    package subscript(name: String) -> String {
        switch name {
        case "source": source
        case LabelMatcher.sourceIDName: sourceID?.uuidString.lowercased() ?? ""
        case "kind": kind
        case "identity": identity
        case "title": title
        case "component": component ?? labels[name] ?? ""
        case "severity": severity ?? labels[name] ?? ""
        default: labels[name] ?? (name.hasPrefix("label:") ? labels[String(name.dropFirst(6))] ?? "" : "")
        }
    }
}
