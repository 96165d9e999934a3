/// One condition on a text of an alert, as Prometheus and Alertmanager have them. A label that is not there is empty.
package struct LabelMatcher: Hashable, Sendable {
    package enum Comparison: String, CaseIterable, Sendable {
        case equal = "="
        case notEqual = "!="
        case matches = "=~"
        case matchesNot = "!~"
    }

    package let label: String
    package let comparison: Comparison
    package let value: String
    /// Compiled once.
    private let pattern: LinearPattern?

    /// - Throws: `PatternFault`, when a regular expression is asked for and the value is none.
    package init(_ label: String, _ comparison: Comparison, _ value: String) throws(PatternFault) {
        self.label = label
        self.comparison = comparison
        self.value = value
        switch comparison {
        case .equal, .notEqual: pattern = nil
        case .matches, .matchesNot: pattern = try LinearPattern(value)
        }
    }

    package func holds(for alert: AlertFacts) -> Bool {
        let text = alert[label]
        return switch comparison {
        case .equal: text == value
        case .notEqual: text != value
        case .matches: pattern?.matches(text) ?? false
        case .matchesNot: !(pattern?.matches(text) ?? false)
        }
    }

    /// As people write it: `severity=~"warning|info"`.
    package var text: String { "\(label)\(comparison.rawValue)\"\(value)\"" }
}

extension [LabelMatcher] {
    /// Whether all of them hold; none at all hold always.
    package func hold(for alert: AlertFacts) -> Bool {
        allSatisfy { $0.holds(for: alert) }
    }
}

/// What matchers look at: the labels of an alert, and beside them what it is called and where it comes from.
package struct AlertFacts: Hashable, Sendable {
    package var source: String
    package var kind: String
    package var identity: String
    package var title: String
    package var component: String?
    package var severity: String?
    package var labels: [String: String]

    package init(
        source: String, kind: String, identity: String, title: String, component: String?, severity: String?,
        labels: [String: String]
    ) {
        self.source = source
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
        case "kind": kind
        case "identity": identity
        case "title": title
        case "component": component ?? labels[name] ?? ""
        case "severity": severity ?? labels[name] ?? ""
        default: labels[name] ?? (name.hasPrefix("label:") ? labels[String(name.dropFirst(6))] ?? "" : "")
        }
    }
}
