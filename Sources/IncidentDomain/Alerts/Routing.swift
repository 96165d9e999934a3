import FoundationEssentials

/// What the rules make of an alert: every rule sees what those before it have set.
package struct Routing: Sendable {
    /// The alert with its component and severity as they are now.
    package private(set) var alert: AlertFacts
    /// The rules that matched, in their order.
    package private(set) var matched: [RoutingRule] = []
    /// Names the group, for the rule that said how to group; not yet hashed, and never the same for two rules.
    package private(set) var group: String?

    /// The rule whose conditions hold for opening: the last one that has any, else the last one.
    package var deciding: RoutingRule? {
        matched.last(where: \.limitsOpening) ?? matched.last
    }

    /// - Parameter budget: Says what the matchers may cost, and afterwards which rules were left out.
    package init(_ alert: AlertFacts, rules: [RoutingRule], within budget: inout MatchBudget) {
        self.alert = alert
        for rule in rules where budget.hold(rule.matchers, for: self.alert, of: rule.id) {
            matched.append(rule)
            apply(rule)
            if rule.stops { break }
        }
    }

    private mutating func apply(_ rule: RoutingRule) {
        if let component = rule.component?.value(for: alert) { alert.component = component }
        if let severity = rule.severity?.value(for: alert) { alert.severity = severity }
        guard let labels = rule.groupBy else { return }
        // With their lengths, so that "a" and "bc" are not "ab" and "c".
        group = labels.reduce(into: rule.id.uuidString.lowercased()) { text, label in
            let value = alert[label]
            text += "/\(value.utf8.count):\(value)"
        }
    }
}
