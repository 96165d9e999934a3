import FoundationEssentials
import Testing

@testable import IncidentDomain

/// Which incident takes an alert: the whole ladder, a row for each thing that can decide.
struct PlacementTests {
    /// The catalog: feed -> auth -> db, and dns by itself.
    private static let graph = DependencyGraph([
        Component(slug: "db", name: "Database", tier: 0), Component(slug: "dns", name: "DNS", tier: 0),
        Component(slug: "auth", name: "Auth", tier: 1, dependsOn: [Dependency(component: "db", kind: .hard)]),
        Component(slug: "feed", name: "Feed", tier: 2, dependsOn: [Dependency(component: "auth", kind: .hard)]),
    ])

    /// What is looked up when no incident takes an alert on auth.
    private static let noIncident = "group, affecting [auth], connected"

    private static let ladder: [Row] = [
        // 1. Users' reports are a hint.
        Row("1 reports alone join nothing", "", "hold a: corroboration") { $0.isReportSurge = true },
        Row("1 a surge that is over", "", "nothing") {
            $0.isReportSurge = true
            $0.alerts[0].status = .resolved
        },
        Row(
            "1 reports may open, but an incident is near", "group, beside [auth db feed]", "hold a: corroboration +60 s"
        ) {
            ($0.isReportSurge, $0.conditions.reportsOpenIncidents) = (true, true)
            $0.incidents[1] = try incident(affecting: "db")
        },
        Row(
            "1 reports may open, and nothing is near", "group, beside [auth db feed], affecting [auth], connected",
            "open a"
        ) {
            ($0.isReportSurge, $0.conditions.reportsOpenIncidents) = (true, true)
        },
        // 2. The incident of the group.
        Row("2 the incident of the group", "group, incident 1", "join 1: its group") {
            $0.incidentOfGroup = 1
            $0.incidents[1] = try incident(affecting: "dns")
        },
        Row("2 the one that it was merged into", "group, incident 1, incident 2", "join 2: its group") {
            $0.incidentOfGroup = 1
            $0.incidents[1] = try incident(affecting: "dns") { ($0.phase, $0.mergedInto) = (.merged, 2) }
            $0.incidents[2] = try incident(affecting: "dns")
        },
        Row("2 not one that is being reviewed", "group, incident 1, affecting [auth], connected", "open a") {
            $0.incidentOfGroup = 1
            $0.incidents[1] = try incident(affecting: "dns") { $0.phase = .review }
        },
        // 6. One that closed itself a short while ago is opened again, unless something holds the alert.
        Row("6 it fires again soon", "group, incident 1, affecting [auth], connected", "reopen 1") {
            $0.incidentOfGroup = 1
            $0.incidents[1] = try recovered(until: 60)
        },
        Row("6 it fires again later", "group, incident 1, affecting [auth], connected", "open a") {
            $0.incidentOfGroup = 1
            $0.incidents[1] = try recovered(until: -60)
        },
        Row(
            "6 a silence holds it", "group, incident 1, affecting [auth], connected, silences of a",
            "hold a: silence +600 s"
        ) {
            $0.incidentOfGroup = 1
            $0.incidents[1] = try recovered(until: 60)
            $0.silence(for: 600)
        },
        // 3. The component is affected.
        Row("3 the oldest that affects it", "group, affecting [auth], incident 1", "join 1: affects auth") {
            $0.incidents = [1: try incident(affecting: "auth"), 2: try incident(affecting: "auth")]
        },
        Row("3 not one that takes no alerts", "group, affecting [auth], incident 1, incident 2", "join 2: affects auth")
        {
            $0.incidents[1] = try incident(affecting: "auth") { $0.phase = .review }
            $0.incidents[2] = try incident(affecting: "auth")
        },
        Row("3 what the catalog does not know is not looked for", "group", "open a") {
            $0.alerts[0].facts.component = "ghost"
            $0.incidents[1] = try incident(affecting: "ghost")
        },
        // 4. The catalog connects it.
        Row(
            "4 it depends on what is affected", "\(noIncident), incident 1",
            "join 1: auth depends on db"
        ) {
            $0.incidents[1] = try incident(affecting: "db")
        },
        Row("4 the nearest", "group, affecting [feed], connected, incident 2", "join 2: feed depends on auth") {
            $0.alerts[0].facts.component = "feed"
            $0.incidents = [1: try incident(affecting: "db"), 2: try incident(affecting: "auth")]
        },
        Row("4 what is restored connects nothing", "\(noIncident), incident 1", "open a") {
            $0.incidents[1] = try incident(affecting: "db") { $0.steps[0].state = .restored }
        },
        Row("4 unless it is switched off", "group, affecting [auth]", "open a") {
            $0.conditions.correlates = false
            $0.incidents[1] = try incident(affecting: "db")
        },
        // 5. Something holds it back. Rules and silences also bring along what was held before.
        Row("5 the rule opens none", noIncident, "hold a: rule") {
            $0.rule { $0.opensIncident = false }
            $0.silence(for: 600)
        },
        Row("5 a silence", "\(noIncident), silences of a", "hold a: silence +600 s") {
            $0.silence(for: 600)
        },
        Row("5 its component is under maintenance", noIncident, "hold a: maintenance +600 s") {
            $0.conditions.maintenance = [
                RunningMaintenance(components: ["auth"], until: now.adding(seconds: 60)),
                RunningMaintenance(components: ["auth", "db"], until: now.adding(seconds: 600)),
            ]
        },
        Row("5 maintenance of something else, or that is over", "\(noIncident), held", "open a") {
            $0.conditions.maintenance = [
                RunningMaintenance(components: ["db"], until: now.adding(seconds: 60)),
                RunningMaintenance(components: ["auth"], until: now),
            ]
        },
        Row(
            "5 maintenance of a region holds alerts of that region, and those that name none", noIncident,
            "hold a: maintenance +60 s, b: maintenance +60 s"
        ) {
            $0.alerts.append(alert("b", on: "auth"))
            $0.alerts[1].facts.labels = ["region": "eu"]
            $0.conditions.maintenance = [
                RunningMaintenance(components: ["auth"], regions: ["eu"], until: now.adding(seconds: 60))
            ]
        },
        Row("5 and not those of another region", "\(noIncident), held", "open a") {
            $0.alerts[0].facts.labels = ["region": "us"]
            $0.conditions.maintenance = [
                RunningMaintenance(components: ["auth"], regions: ["eu"], until: now.adding(seconds: 60))
            ]
        },
        Row("5 a firing under maintenance does not count", "\(noIncident), firings", "hold a: maintenance +60 s") {
            $0.rule { $0.threshold = FiringThreshold(count: 1, withinSeconds: 60) }
            $0.conditions.maintenance = [RunningMaintenance(components: ["auth"], until: now.adding(seconds: 60))]
        },
        Row(
            "5 maintenance keeps nothing from an incident that is there", "group, affecting [auth], incident 1, held",
            "join 1: affects auth"
        ) {
            $0.conditions.maintenance = [RunningMaintenance(components: ["auth"], until: now.adding(seconds: 60))]
            $0.incidents[1] = try incident(affecting: "auth")
        },
        Row("5 it has not settled", noIncident, "hold a: settling +20 s") {
            $0.conditions.settleSeconds = 30
        },
        Row("5 it was over before it settled", noIncident, "hold a: settling") {
            $0.conditions.settleSeconds = 5
            $0.alerts[0].status = .resolved
            $0.alerts[0].lastSeenAt = now.adding(seconds: -6)
        },
        Row("5 it was over after it settled", noIncident, "open a") {
            $0.conditions.settleSeconds = 3
            $0.alerts[0].status = .resolved
            $0.alerts[0].lastSeenAt = now.adding(seconds: -6)
        },
        Row("5 too few firings", "\(noIncident), firings", "hold a: count") {
            $0.rule { $0.threshold = FiringThreshold(count: 3, withinSeconds: 60) }
            $0.held = [alert("b", on: "auth")]
        },
        Row(
            "5 enough firings, with those that were held", "\(noIncident), firings, held",
            "open a, b, c"
        ) {
            $0.rule { $0.threshold = FiringThreshold(count: 3, withinSeconds: 60) }
            $0.held = [alert("b", on: "auth"), alert("c", on: "auth")]
        },
        Row(
            "5 a silenced firing does not count", "\(noIncident), silences of a b, firings",
            "hold a: silence +600 s, b: count"
        ) {
            $0.alerts.append(alert("b", on: "auth"))
            $0.rule { $0.threshold = FiringThreshold(count: 2, withinSeconds: 60) }
            $0.silence(for: 600)
        },
        Row("5 it is not the time", noIncident, "hold a: hours +3600 s") {
            let rule = $0.rule { $0.hours = .init(timeZone: "UTC", days: [1], from: 0, to: 60) }
            $0.conditions.opensAt[rule] = now.adding(seconds: 3600)
        },
        Row(
            "5 what waited for the hours was counted then", "\(noIncident), firings, held",
            "open a"
        ) {
            $0.rule { $0.threshold = FiringThreshold(count: 3, withinSeconds: 60) }
            $0.alerts[0].held = .hours
        },
        Row(
            "5 one that is free opens for its group", "\(noIncident), silences of a b, held",
            "open a, b"
        ) {
            $0.alerts.append(alert("b", on: "auth"))
            $0.silence(for: 600)
        },
        Row(
            "5 what is held joins an incident that is there", "group, affecting [auth], incident 1, held",
            "join 1: affects auth"
        ) {
            $0.rule { $0.opensIncident = false }
            $0.incidents[1] = try incident(affecting: "auth")
        },
        // 6. A new incident.
        Row("6 nothing else decides", noIncident, "open a") { _ in },
    ]

    @Test(arguments: ladder) func `the first rung that holds decides, and no more is looked up than it needs`(
        row: Row
    ) throws {
        var scene = Scene(conditions: Placement.Conditions(now: Self.now, graph: Self.graph))
        try row.set(&scene)
        let (decision, lookedUp) = scene.decide()
        #expect(lookedUp.joined(separator: ", ") == row.lookedUp)
        #expect(scene.text(decision) == row.decision)
    }

    @Test func `an incident is called by its first alert, and is as bad as the worst rule says`() {
        var scene = Scene(conditions: Placement.Conditions(now: Self.now, graph: Self.graph))
        scene.alerts = [Self.alert("a", on: "auth"), Self.alert("b", on: "db"), Self.alert("c", on: "ghost")]
        scene.rule { _ in }
        for (index, severity) in ["sev3", "SEV2", "sev9"].enumerated() {
            scene.alerts[index].facts.severity = severity
            scene.alerts[index].facts.labels = ["team": "edge", "pod": "\(index)"]
        }
        guard case .open(let opening) = scene.decide().decision else {
            Issue.record("nothing holds these")
            return
        }
        #expect(opening.title == "a (and 2 more)" && opening.severity == .sev2)
        #expect(opening.labels == ["team": "edge"], "what all of them have in common")
        #expect(opening.impacts.map(\.component) == ["auth", "db"], "what the catalog knows")
        #expect(opening.startedAt == Self.now.adding(seconds: -10))
        scene.alerts = scene.alerts.map { alert in
            var alert = alert
            alert.rule = nil
            return alert
        }
        guard case .open(let sendersOwn) = scene.decide().decision else {
            Issue.record("nothing holds these")
            return
        }
        #expect(sendersOwn.severity == .sev2, "the words of senders mean something, too")
    }

    // MARK: - The parts of a row

    private static let now = Timestamp(milliseconds: 1_800_000_000_000)

    private static func recovered(until seconds: Double) throws -> Incident {
        try incident(affecting: "dns") {
            $0.phase = .closed
            $0.recovery = SelfRecovery(clearedAt: now, reopenUntil: now.adding(seconds: seconds))
        }
    }

    private static func alert(_ name: String, on component: String) -> UnplacedAlert {
        UnplacedAlert(
            id: UUID(), group: AlertGroup.Key(source: UUID(), group: "g"),
            facts: AlertFacts(
                source: "prometheus", kind: "alertmanager", identity: name, title: name, component: component,
                severity: nil, labels: [:]),
            status: .firing, startsAt: now.adding(seconds: -10), firstSeenAt: now.adding(seconds: -10), lastSeenAt: now)
    }

    private static func incident(
        affecting component: String, _ change: (inout Incident) -> Void = { _ in }
    ) throws -> Incident {
        var incident = try Given(graph: graph).incident
        incident.impacts = [ComponentImpact(component: component, impact: .majorOutage)]
        incident.steps = [RestorationStep(component: component)]
        change(&incident)
        return incident
    }

    struct Row: CustomTestStringConvertible, Sendable {
        let name: String
        let lookedUp: String
        let decision: String
        /// Changes one alert on auth that nobody knows into what the row is about.
        let set: @Sendable (inout Scene) throws -> Void

        init(
            _ name: String, _ lookedUp: String, _ decision: String,
            _ set: @escaping @Sendable (inout Scene) throws -> Void
        ) {
            (self.name, self.lookedUp, self.decision, self.set) = (name, lookedUp, decision, set)
        }

        var testDescription: String { name }
    }

    /// What there is, and what looking it up finds.
    struct Scene {
        var alerts = [PlacementTests.alert("a", on: "auth")]
        var isReportSurge = false
        var conditions: Placement.Conditions
        var incidentOfGroup: Int?
        var incidents: [Int: Incident] = [:]
        /// What a rule held before.
        var held: [UnplacedAlert] = []

        /// One rule, which took all alerts.
        @discardableResult
        mutating func rule(_ change: (inout RoutingRule) -> Void) -> UUID {
            var rule = RoutingRule(id: UUID(), name: "rule", matchers: [])
            change(&rule)
            conditions.rules = [rule]
            for index in alerts.indices { alerts[index].rule = rule.id }
            return rule.id
        }

        /// Silences the alert that is called a.
        mutating func silence(for seconds: Double) {
            let matchers = (try? LabelMatcher("title", .equal, "a")).map { [$0] } ?? []
            conditions.silences = [
                Silence(
                    id: UUID(), matchers: matchers, startsAt: conditions.now,
                    endsAt: conditions.now.adding(seconds: seconds))
            ]
        }

        func decide() -> (decision: Placement.Decision, lookedUp: [String]) {
            let group = AlertGroup(
                key: AlertGroup.Key(source: UUID(), group: "g"), alerts: alerts, isReportSurge: isReportSurge)
            var placement = Placement(of: group, under: conditions)
            var lookedUp: [String] = []
            while true {
                do throws(Placement.Question) {
                    return (try placement.decide(), lookedUp)
                } catch {
                    lookedUp.append(answer(error, &placement.known))
                }
            }
        }

        private func answer(_ question: Placement.Question, _ known: inout Placement.Known) -> String {
            switch question {
            case .incidentOfGroup:
                known.incidentsOfGroup = incidentOfGroup.map { [$0] } ?? []
                return "group"
            case .incidentsBeside(let components):
                known.incidentsBeside = naming(components)
                return "beside [\(components.joined(separator: " "))]"
            case .incidentsAffecting(let components):
                known.incidentsAffecting = naming(components)
                return "affecting [\(components.joined(separator: " "))]"
            case .incidentsConnected(let correlation, let components):
                let found = naming(components).map { ($0, incidents[$0]?.steps.map(\.component) ?? []) }
                known.connected = Placement.Connected(correlation, among: found)
                return "connected"
            case .incident(let number):
                known.incidents.updateValue(incidents[number], forKey: number)
                return "incident \(number)"
            case .silences(let alerts):
                var budget = MatchBudget()
                known.silencing = [:]
                for alert in alerts {
                    budget.nextAlert()
                    known.silencing?[alert.id] = Silence.holding(
                        alert.facts, of: conditions.silences, at: conditions.now, within: &budget)
                }
                return "silences of \(alerts.map(\.facts.title).joined(separator: " "))"
            case .heldFirings(let rule, _):
                known.heldFirings[rule] = held.count
                return "firings"
            case .heldAlerts:
                known.heldAlerts = held
                return "held"
            }
        }

        /// Open incidents, the oldest first.
        private func naming(_ components: [String]) -> [Int] {
            incidents.filter { $0.value.steps.contains { components.contains($0.component) } }.keys.sorted()
        }

        func text(_ decision: Placement.Decision) -> String {
            switch decision {
            case .join(let number, .group): return "join \(number): its group"
            case .join(let number, .again): return "reopen \(number)"
            case .join(let number, .affects(let component)): return "join \(number): affects \(component)"
            case .join(let number, .connected(let found)): return "join \(number): \(found.phrase.english)"
            case .open(let opening): return "open \(opening.alerts.map(\.title).joined(separator: ", "))"
            case .hold(let holds):
                let texts = alerts.compactMap { alert -> String? in
                    guard let hold = holds[alert.id] else { return nil }
                    let until = hold.until.map { " +\(Int($0.seconds(since: conditions.now))) s" } ?? ""
                    return "\(alert.facts.title): \(hold.reason.rawValue)\(until)"
                }
                return texts.isEmpty ? "nothing" : "hold \(texts.joined(separator: ", "))"
            }
        }
    }
}
