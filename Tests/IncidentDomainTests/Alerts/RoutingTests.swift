import FoundationEssentials
import Testing

@testable import IncidentDomain

struct RoutingTests {
    static let alert = AlertFacts(
        source: "prometheus", kind: "alertmanager", identity: "fp1", title: "Slow", component: "cdn",
        severity: "critical",
        labels: ["team": "edge", "kind": "StatefulSet", "severity": "page", "region": "eu"])

    static func rule(
        _ name: String = "rule", _ matchers: [LabelMatcher] = [], id: UUID = UUID(), stops: Bool = true,
        _ change: (inout RoutingRule) -> Void = { _ in }
    ) -> RoutingRule {
        var rule = RoutingRule(id: id, name: name, matchers: matchers, stops: stops)
        change(&rule)
        return rule
    }

    static func routing(_ alert: AlertFacts, _ rules: [RoutingRule]) -> RuleOutcome {
        var budget = MatchBudget()
        return RuleOutcome(alert, rules: rules, within: &budget)
    }

    @Test(arguments: [
        ("team", "=", "edge", true), ("team", "!=", "edge", false), ("team", "=~", "e.*", true),
        ("team", "=~", "e", false), ("team", "!~", "e", true), ("nothing", "=", "", true), ("nothing", "!=", "", false),
        ("source", "=", "prometheus", true), ("kind", "=", "alertmanager", true),
        ("label:kind", "=", "StatefulSet", true),
        ("severity", "=", "critical", true), ("label:severity", "=", "page", true), ("title", "=~", "S.*", true),
        ("component", "=", "cdn", true), ("identity", "=", "fp1", true),
    ])
    func `a matcher looks at labels and at what every alert has`(
        label: String, comparison: String, value: String, holds: Bool
    ) throws {
        let matcher = try LabelMatcher(label, try #require(.init(rawValue: comparison)), value)
        var operations = 1_000_000
        let isHolding = matcher.matches(Self.alert, operations: &operations)
        #expect(isHolding == holds)
        #expect(operations < 1_000_000)
    }

    @Test func `the first rule that matches stops, unless it says otherwise`() throws {
        let team = try LabelMatcher("team", .equal, "edge")
        let other = try LabelMatcher("team", .equal, "db")
        let rules = [
            Self.rule("not this", [other]), Self.rule("on", [team], stops: false) { $0.component = .constant("edge") },
            Self.rule("by what was set", [try LabelMatcher("component", .equal, "edge")]) {
                $0.severity = .constant("sev2")
            },
            Self.rule("never reached"),
        ]
        let routing = Self.routing(Self.alert, rules)
        #expect(routing.matched.map(\.name) == ["on", "by what was set"])
        #expect(routing.alert.component == "edge" && routing.alert.severity == "sev2")
        #expect(routing.deciding?.name == "by what was set")
        #expect(Self.routing(Self.alert, []).deciding == nil)
    }

    @Test func `the last rule with a condition decides whether an incident opens`() {
        let rules = [
            Self.rule("quiet", stops: false) { $0.opensIncident = false },
            Self.rule("severity") { $0.severity = .constant("sev3") },
        ]
        #expect(Self.routing(Self.alert, rules).deciding?.name == "quiet")
    }

    @Test func `a text comes from a label, by a table, or stays`() {
        func component(_ text: RoutedText) -> String? {
            Self.routing(Self.alert, [Self.rule { $0.component = text }]).alert.component
        }
        #expect(component(.constant("dns")) == "dns")
        #expect(component(.label("team", table: nil, fallback: nil)) == "edge")
        #expect(component(.label("team", table: ["edge": "gateway"], fallback: nil)) == "gateway")
        #expect(component(.label("team", table: ["db": "user-db"], fallback: "other")) == "other")
        #expect(component(.label("team", table: ["db": "user-db"], fallback: nil)) == "cdn")
        #expect(component(.label("nothing", table: nil, fallback: nil)) == "cdn")
    }

    @Test func `alerts group by labels, and no two groups are one by chance`() {
        let id = UUID()
        func group(_ labels: [String: String]) -> String? {
            var alert = Self.alert
            alert.labels = labels
            return Self.routing(alert, [Self.rule(id: id) { $0.groupBy = ["a", "b"] }]).group
        }
        #expect(group(["a": "1", "b": "2", "c": "3"]) == group(["a": "1", "b": "2"]))
        #expect(group(["a": "12", "b": ""]) != group(["a": "1", "b": "2"]))
        #expect(group(["a": "1/1:2", "b": ""]) != group(["a": "1", "b": "2"]))
        let other = Self.routing(Self.alert, [Self.rule { $0.groupBy = ["a", "b"] }]).group
        #expect(other != Self.routing(Self.alert, [Self.rule { $0.groupBy = ["a", "b"] }]).group, "of another rule")
        #expect(Self.routing(Self.alert, [Self.rule()]).group == nil)
    }
}

struct HoldingTests {
    private static let now = Timestamp(milliseconds: 1_800_000_000_000)

    private func hold(
        _ rule: RoutingRule?, silences: [Silence] = [], firings: Int? = nil, opensAt: Timestamp? = nil,
        before: AlertHold.Reason? = nil
    ) -> AlertHold? {
        var budget = MatchBudget()
        let silence = Silence.holding(RoutingTests.alert, of: silences, at: Self.now, within: &budget)
        let facts = HoldingFacts(
            now: Self.now, silence: silence, firings: firings, opensAt: opensAt, before: before)
        return AlertHold.decide(rule, facts)
    }

    private func silence(_ team: String, from start: Double, to end: Double) throws -> Silence {
        Silence(
            id: UUID(), matchers: [try LabelMatcher("team", .equal, team)], startsAt: Self.now.adding(seconds: start),
            endsAt: Self.now.adding(seconds: end))
    }

    @Test func `nothing holds an alert that no rule and no silence is about`() throws {
        #expect(hold(nil) == nil)
        #expect(hold(RoutingTests.rule()) == nil)
        #expect(hold(nil, silences: [try silence("db", from: -10, to: 10)]) == nil)
    }

    @Test func `the silence that ends last holds, from its start until its end`() throws {
        let (short, long) = (try silence("edge", from: -10, to: 10), try silence("edge", from: -5, to: 60))
        #expect(hold(nil, silences: [short, long]) == AlertHold(.silence, until: long.endsAt, silence: long.id))
        #expect(hold(nil, silences: [try silence("edge", from: 1, to: 10)]) == nil, "it has not begun")
        #expect(hold(nil, silences: [try silence("edge", from: -10, to: 0)]) == nil, "it is over")
    }

    @Test func `a threshold counts, and is not asked again of what waited for the hours`() {
        let rule = RoutingTests.rule { $0.threshold = FiringThreshold(count: 3, withinSeconds: 60) }
        #expect(hold(rule, firings: 2) == AlertHold(.count))
        #expect(hold(rule, firings: 3) == nil)
        #expect(hold(rule, firings: 1, before: .hours) == nil)
        let later = Self.now.adding(seconds: 60)
        #expect(hold(rule, firings: 3, opensAt: later) == AlertHold(.hours, until: later))
    }

    @Test func `a rule that opens nothing holds for good`() throws {
        let rule = RoutingTests.rule { $0.opensIncident = false }
        #expect(hold(rule, silences: [try silence("edge", from: -10, to: 10)]) == AlertHold(.rule))
    }
}

/// What matching may cost.
struct MatchBudgetTests {
    /// Fifty patterns that are as dear as any may be, each of which matches.
    private static func heavy(_ id: UUID) throws -> Silence {
        let text = "(.?[a-z]{0,100}){12}.*"
        let matchers = try (0..<50).map { try LabelMatcher("label\($0)", .matches, text) }
        return Silence(
            id: id, matchers: matchers, startsAt: Timestamp(milliseconds: 0), endsAt: Timestamp(milliseconds: 10))
    }

    private static func alert() -> AlertFacts {
        var alert = RoutingTests.alert
        for number in 0..<50 { alert.labels["label\(number)"] = String(repeating: "x", count: 4000) }
        return alert
    }

    @Test func `a silence that takes too long is left out and named, and the others count`() throws {
        let (heavy, cheap) = (UUID(), UUID())
        let silences = Silence.cheapFirst([
            try Self.heavy(heavy),
            Silence(
                id: cheap, matchers: [try LabelMatcher("team", .equal, "edge")],
                startsAt: Timestamp(milliseconds: 0), endsAt: Timestamp(milliseconds: 10)),
        ])
        #expect(silences.map(\.id) == [cheap, heavy])
        var budget = MatchBudget()
        let now = Timestamp(milliseconds: 5)
        for _ in 0..<3 {
            budget.nextAlert()
            let holding = Silence.holding(Self.alert(), of: silences.reversed(), at: now, within: &budget)
            #expect(holding?.id == cheap)
        }
        let (skipped, none) = (budget.removeSkipped(), budget.removeSkipped())
        #expect(skipped == [heavy: 3] && none.isEmpty)
    }

    @Test func `what took too long for one alert is not tried for the next of its batch`() throws {
        let silence = try Self.heavy(UUID())
        var budget = MatchBudget()
        budget.nextAlert()
        let first = budget.matches(silence.matchers, for: Self.alert(), of: silence.id)
        // This one it could match within the budget.
        budget.nextAlert()
        let second = budget.matches(silence.matchers, for: RoutingTests.alert, of: silence.id)
        #expect(!first && !second && budget.skipped == [silence.id: 2])
        var other = MatchBudget()
        let alone = other.matches(silence.matchers, for: RoutingTests.alert, of: silence.id)
        #expect(alone)
    }

    @Test func `all rules of an alert share its budget, and none of a reasonable size is left out`() throws {
        let heavy = try Self.heavy(UUID()).matchers
        var budget = MatchBudget()
        let rules = (0..<20).map { _ in RoutingTests.rule("heavy", heavy, stops: false) }
        _ = RuleOutcome(Self.alert(), rules: rules, within: &budget)
        #expect(budget.skipped.count == 20)
        budget = MatchBudget()
        let many = try (0..<500).map { number in
            RoutingTests.rule(
                "\(number)",
                [
                    try LabelMatcher("team", .matches, "(core|edge|mobile)-?[a-z]*"),
                    try LabelMatcher("region", .matches, ".*(eu|us).*"),
                ],
                stops: false)
        }
        let matched = RuleOutcome(RoutingTests.alert, rules: many, within: &budget).matched.count
        #expect(matched == 500)
        #expect(budget.skipped.isEmpty)
    }

    @Test func `many alerts together cost no more than a batch may, and each can still be matched by what is cheap`()
        throws
    {
        let text = "(.?[a-z]{0,100}){12}.*"
        let dear = try (0..<6).map { _ in
            RoutingTests.rule("dear", [try LabelMatcher("title", .matches, text)], stops: false)
        }
        var alert = RoutingTests.alert
        let cost = try LinearPattern(text).stepCost
        // Each takes a little less than its share, or as much as a pattern may.
        let length = min(MatchBudget.itemMax / cost - 10, LinearPattern.valueMax)
        alert.title = String(repeating: "x", count: length)
        let expected = MatchBudget.batchMax / (length * cost)
        let cheap = RoutingTests.rule("cheap", [try LabelMatcher("team", .equal, "edge")])
        var budget = MatchBudget()
        var matched = 0
        for _ in 0..<400 {
            budget.nextAlert()
            let routing = RuleOutcome(alert, rules: [cheap], within: &budget)
            #expect(routing.deciding?.name == "cheap")
            matched += RuleOutcome(alert, rules: dear, within: &budget).matched.count
        }
        #expect((expected - 12...expected + 12).contains(matched), "\(matched) matches, not \(expected)")
        #expect(budget.skipped.values.reduce(0, +) == 400 * 6 - matched)
    }
}
