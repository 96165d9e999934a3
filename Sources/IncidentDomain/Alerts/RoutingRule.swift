package import FoundationEssentials

/// What becomes of alerts that match: where they belong, how bad they are, and whether they open an incident.
package struct RoutingRule: Hashable, Sendable {
    package var id: UUID
    package var name: String
    /// All have to hold; none matches everything.
    package var matchers: [LabelMatcher]
    package var component: RoutedText?
    package var severity: RoutedText?
    /// Alerts in which these labels are the same belong together, whatever their sender says; nil leaves it to the sender.
    package var groupBy: [String]?
    package var opensIncident: Bool
    package var threshold: FiringThreshold?
    package var hours: OpeningHours?
    /// Who is paged when such an alert opens or joins an incident that nobody has acknowledged. It holds of the rule that decides.
    package var paging: EscalationPlan?
    /// What becomes of an incident that nobody attends to when its alerts have cleared; nil leaves it to the configuration. It holds of
    /// the rule that decides.
    package var whenCleared: WhenCleared?
    /// Whether no later rule is asked.
    package var stops: Bool

    package init(
        id: UUID, name: String, matchers: [LabelMatcher], component: RoutedText? = nil, severity: RoutedText? = nil,
        groupBy: [String]? = nil, opensIncident: Bool = true, threshold: FiringThreshold? = nil,
        hours: OpeningHours? = nil, paging: EscalationPlan? = nil, whenCleared: WhenCleared? = nil,
        stops: Bool = true
    ) {
        self.id = id
        self.name = name
        self.matchers = matchers
        self.component = component
        self.severity = severity
        self.groupBy = groupBy
        self.opensIncident = opensIncident
        self.threshold = threshold
        self.hours = hours
        self.paging = paging
        self.whenCleared = whenCleared
        self.stops = stops
    }

    /// Whether it says anything about when an incident opens.
    package var limitsOpening: Bool { !opensIncident || threshold != nil || hours != nil }
}

/// A text that a rule sets.
package enum RoutedText: Hashable, Sendable {
    case constant(String)
    /// What a label says, by a table if there is one; what the table does not have becomes `fallback`, or stays as it was.
    case label(String, table: [String: String]?, fallback: String?)

    func value(for alert: AlertFacts) -> String? {
        switch self {
        case .constant(let text): return text
        case .label(let name, let table, let fallback):
            let text = alert[name]
            guard let table else { return text.isEmpty ? fallback : text }
            return table[text].flatMap { $0.isEmpty ? nil : $0 } ?? fallback
        }
    }
}

/// An incident opens only after so many firings of a group within a while.
package struct FiringThreshold: Hashable, Sendable {
    package var count: Int
    package var withinSeconds: Int

    package init(count: Int, withinSeconds: Int) {
        self.count = count
        self.withinSeconds = withinSeconds
    }
}

/// When incidents open: on some days, from one time of the day to another, which may lie after midnight.
package struct OpeningHours: Hashable, Sendable {
    /// As the IANA database names it.
    package var timeZone: String
    /// The days on which it begins; 1 is Monday.
    package var days: [Int]
    /// Minutes since midnight. The end is not after the beginning when it lies on the next day.
    package var from: Int
    package var to: Int

    package static let dayNames = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

    package init(timeZone: String, days: [Int], from: Int, to: Int) {
        self.timeZone = timeZone
        self.days = days
        self.from = from
        self.to = to
    }
}

/// What the rules make of an alert: every rule sees what those before it have set.
package struct RuleOutcome: Sendable {
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
        for rule in rules where budget.matches(rule.matchers, for: self.alert, of: rule.id) {
            matched.append(rule)
            apply(rule)
            if rule.stops { break }
        }
    }

    private mutating func apply(_ rule: RoutingRule) {
        if let component = rule.component?.value(for: alert) { alert.component = component }
        // In the words of incidents it is written as they are: that is how it is told from the sender's own `Sev1`.
        if let severity = rule.severity?.value(for: alert) {
            alert.severity = Severity(rawValue: severity.lowercased())?.rawValue ?? severity
        }
        guard let labels = rule.groupBy else { return }
        // With their lengths, so that "a" and "bc" are not "ab" and "c".
        group = labels.reduce(into: rule.id.uuidString.lowercased()) { text, label in
            let value = alert[label]
            text += "/\(value.utf8.count):\(value)"
        }
    }
}
