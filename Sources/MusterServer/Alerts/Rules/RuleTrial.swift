import FoundationEssentials
import IncidentDomain
import Postgres

/// What the rules would make of an alert, without an alert.
struct RuleTrial: Sendable {
    let pool: PostgresPool
    let book: RuleBook
    let sources: SourceStore
    /// What the words of senders mean.
    var severities = AlertSeverityTable.builtIn
    let catalog: CatalogCache

    /// An alert as somebody describes it, by a few fields, or by all that `GET /v1/alerts` shows of one.
    struct Example: Sendable {
        let facts: AlertFacts
        /// The source by its id, as alerts are shown.
        let source: UUID?
        let at: Timestamp?

        /// The fields go before what `alert` says.
        init(_ body: inout BodyReader) {
            let alert = body.optionalJSON("alert")
            if let alert, alert.object == nil { body.refuse("alert", "should be an object and is \(alert.kindName)") }
            func text(_ name: String) -> String? { alert?[name]?.string }
            let shown = (alert?["labels"]?.object?.members ?? []).compactMap { member in
                member.value.string.map { (member.name, $0) }
            }
            let labels = Dictionary(shown) { _, last in last }
            let source = body.optionalString("source", 1...200) ?? text("source")
            self.source = source.flatMap(UUID.init(uuidString:))
            facts = AlertFacts(
                source: source ?? "", sourceID: self.source, kind: body.optionalString("kind", 1...64) ?? "",
                identity: body.optionalString("identity", 1...1000) ?? text("identity") ?? "",
                title: body.optionalString("title", 1...2000) ?? text("title") ?? "",
                component: body.optionalString("component", 1...200) ?? text("component"),
                severity: body.optionalString("severity", 1...100) ?? text("severity"),
                labels: labels.merging(body.optionalLabels("labels") ?? [:]) { _, said in said })
            at = body.optionalTime("at")
        }
    }

    /// What would become of it.
    struct Outcome: Sendable {
        let rules: RuleOutcome
        /// What the alert's severity means.
        let severity: Severity?
        /// Whether the catalog has its component.
        let unknown: UnknownComponents
        let hold: AlertHold?
        /// Why it opens none, as a sentence.
        let reason: String?
        /// Rules and silences that were left out, because matching them takes too long.
        let skipped: [UUID]
    }

    func outcome(of example: Example) async throws -> Outcome {
        var facts = example.facts
        if let id = example.source, let source = try await sources.source(id) {
            facts.source = source.name
            facts.kind = source.kind.rawValue
        } else if !facts.source.isEmpty {
            facts.sourceID = try await sources.only(named: facts.source)
        }
        return try await outcome(of: facts, at: example.at)
    }

    /// As if it came at a moment, or now.
    func outcome(of facts: AlertFacts, at time: Timestamp? = nil) async throws -> Outcome {
        let (version, now) = try await RuleStore.moment(in: pool)
        let snapshot = try await book.snapshot(version: version)
        let (outcome, budget) = try await WorkerPool.run {
            var budget = MatchBudget()
            return (RuleOutcome(facts, rules: snapshot.rules, within: &budget), budget)
        }
        let moment = time ?? now
        var known = HoldingFacts(now: moment, firings: 1)
        if let hours = outcome.deciding?.hours {
            known.opensAt = try await RuleStore.opening(of: hours, at: moment, in: pool)
        }
        let graph = try await catalog.current()
        let running = try await OccurrenceStore.running(at: moment, in: pool)
        known.maintenanceUntil = RunningMaintenance.end(of: outcome.alert, among: running, at: moment)
        return try await WorkerPool.run { [known] in
            var (left, known) = (budget, known)
            left.nextAlert()
            if outcome.deciding?.opensIncident != false {
                known.silence = Silence.holding(outcome.alert, of: snapshot.silences, at: moment, within: &left)
            }
            let hold = AlertHold.decide(outcome.deciding, known)
            return Outcome(
                rules: outcome, severity: severities.severity(outcome.alert.severity, kind: outcome.alert.kind),
                unknown: UnknownComponents([outcome.alert.component].compactMap(\.self), in: graph), hold: hold,
                reason: hold.map { Self.sentence($0, outcome.deciding) },
                skipped: left.skipped.keys.sorted { $0.uuidString < $1.uuidString })
        }
    }

    private static func sentence(_ hold: AlertHold, _ rule: RoutingRule?) -> String {
        let name = rule.map { "“\($0.name)”" } ?? "no rule"
        switch hold.reason {
        case .rule: return "The rule \(name) opens no incident."
        case .silence:
            return
                "The silence \(hold.silence?.text ?? "") holds it until \(hold.until?.description ?? "")."
        case .maintenance: return "Its component is under maintenance until \(hold.until?.description ?? "")."
        case .count:
            let threshold = rule?.threshold ?? FiringThreshold(count: 1, withinSeconds: 1)
            return "The rule \(name) opens an incident after \(threshold.count) firings of the group within "
                + "\(threshold.withinSeconds) seconds; this is the first."
        case .hours: return "The rule \(name) opens incidents again from \(hold.until?.description ?? "never")."
        case .corroboration: return "Only users report it; no other source confirms it."
        case .person: return "Somebody said that it belongs to no incident."
        case .settling: return "It opens an incident if it still fires at \(hold.until?.description ?? "the end")."
        }
    }
}

extension RuleTrial.Outcome: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.array("matched", rules.matched) { json, rule in
                json.object { json in
                    json.member("id", rule.id)
                    json.member("name", rule.name)
                }
            }
            json.member("rule", rules.deciding?.id)
            json.member("component", rules.alert.component)
            unknown.write(rules.alert.component, to: &json)
            json.member("severity", rules.alert.severity)
            json.member("incident_severity", severity?.rawValue)
            json.member("group", rules.group.map(RuleBook.groupKey))
            json.member("opens_incident", hold == nil)
            json.member("notify", rules.deciding?.paging?.steps[0].endpoints)
            json.member("held", hold?.reason.rawValue)
            json.member("held_until", hold?.until)
            json.member("silence", hold?.silence)
            json.member("reason", reason)
            json.member("skipped", skipped)
        }
    }
}
