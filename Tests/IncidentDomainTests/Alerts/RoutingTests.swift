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
        #expect(matcher.holds(for: Self.alert) == holds)
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
        let routing = Routing(Self.alert, rules: rules)
        #expect(routing.matched.map(\.name) == ["on", "by what was set"])
        #expect(routing.alert.component == "edge" && routing.alert.severity == "sev2")
        #expect(routing.deciding?.name == "by what was set")
        #expect(Routing(Self.alert, rules: []).deciding == nil)
    }

    @Test func `the last rule with a condition decides whether an incident opens`() {
        let rules = [
            Self.rule("quiet", stops: false) { $0.opensIncident = false },
            Self.rule("severity") { $0.severity = .constant("sev3") },
        ]
        #expect(Routing(Self.alert, rules: rules).deciding?.name == "quiet")
    }

    @Test func `a text comes from a label, by a table, or stays`() {
        func component(_ text: RoutedText) -> String? {
            Routing(Self.alert, rules: [Self.rule { $0.component = text }]).alert.component
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
            return Routing(alert, rules: [Self.rule(id: id) { $0.groupBy = ["a", "b"] }]).group
        }
        #expect(group(["a": "1", "b": "2", "c": "3"]) == group(["a": "1", "b": "2"]))
        #expect(group(["a": "12", "b": ""]) != group(["a": "1", "b": "2"]))
        #expect(group(["a": "1/1:2", "b": ""]) != group(["a": "1", "b": "2"]))
        let other = Routing(Self.alert, rules: [Self.rule { $0.groupBy = ["a", "b"] }]).group
        #expect(other != Routing(Self.alert, rules: [Self.rule { $0.groupBy = ["a", "b"] }]).group, "of another rule")
        #expect(Routing(Self.alert, rules: [Self.rule()]).group == nil)
    }
}

struct HoldingTests {
    private static let now = Timestamp(milliseconds: 1_800_000_000_000)

    private func hold(
        _ rule: RoutingRule?, silences: [Silence] = [], firings: Int? = nil, opensAt: Timestamp? = nil,
        before: AlertHold.Reason? = nil
    ) -> AlertHold? {
        let facts = HoldingFacts(
            now: Self.now, silences: silences, firings: firings, opensAt: opensAt, before: before)
        return AlertHold.decide(RoutingTests.alert, rule: rule, facts)
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
