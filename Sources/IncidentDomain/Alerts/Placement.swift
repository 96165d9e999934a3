package import FoundationEssentials

/// Which incident takes a group of alerts that no incident takes yet. The first rung that holds decides:
///
/// 1. A surge of users' reports that nobody else confirms joins no incident. It is shown beside incidents.
/// 2. The incident that takes the group.
/// 3. The oldest open incident in which one of its components is affected.
/// 4. The open incident that the catalog connects with it: the nearest one, of these the oldest.
/// 5. What holds each of its alerts back. A group of which every alert is held waits.
/// 6. The group's incident that closed itself a short while ago: it is opened again.
/// 7. A new incident.
///
/// Pure. What a rung has to know is a statement or a lock, and mostly the first rungs decide. So `decide` says what to
/// look up next (`Question`), the caller puts the answer into `known` and asks again. The same answers give the same
/// decision.
package struct Placement: Sendable {
    package enum Decision: Hashable, Sendable {
        /// The incident takes the alerts, and those of `allAlerts`.
        case join(Int, because: JoinReason)
        /// Why each alert waits. Alerts that are not named are over, and nothing has to be done about them.
        case hold([UUID: AlertHold])
        case open(OpenIncident)
    }

    package enum JoinReason: Hashable, Sendable {
        case group
        /// The group's incident closed itself a short while ago, and is opened again.
        case again
        /// The affected component that they fire on.
        case affects(String)
        case connected(AlertCorrelation)
    }

    /// What has to be looked up before it can be decided.
    package enum Question: Error, Sendable {
        /// Answered by `Known.incidentsOfGroup`.
        case incidentOfGroup
        /// Open incidents that name one of these components: `Known.incidentsBeside`.
        case incidentsBeside([String])
        /// The same, the oldest first: `Known.incidentsAffecting`.
        case incidentsAffecting([String])
        /// Open incidents that name one of these components and heard of an alert lately: `Known.connected`.
        case incidentsConnected(Correlation, naming: [String])
        /// One incident, locked from now on: `Known.incidents`.
        case incident(Int)
        /// Which of these alerts a silence matches: `Known.silencing`.
        case silences(of: [UnplacedAlert])
        /// How many firings of the group a rule has held since a moment: `Known.heldFirings`.
        case heldFirings(rule: UUID, since: Timestamp)
        /// The alerts of the group that are held, and those that are over and were counted since a moment: `Known.heldAlerts`.
        case heldAlerts(countedSince: Timestamp)
    }

    /// What was looked up; nil or missing until then.
    package struct Known: Sendable {
        /// The incident that took the group last: one or none. It may be closed or merged by now.
        package var incidentsOfGroup: [Int]?
        package var incidentsBeside: [Int]?
        package var incidentsAffecting: [Int]?
        package var connected: Connected?
        /// By number; a nil inside says that there is no such incident.
        package var incidents: [Int: Incident?] = [:]
        /// By alert: of the silences that match it, the one that ends last.
        package var silencing: [UUID: Silence]?
        /// By rule.
        package var heldFirings: [UUID: Int] = [:]
        package var heldAlerts: [UnplacedAlert]?

        package init() {}
    }

    /// Incidents that the catalog connects with a group.
    package struct Connected: Sendable {
        let correlation: Correlation
        /// The nearest first, of equally near ones the oldest.
        let numbers: [Int]

        /// - Parameter incidents: Each with the components that it names.
        package init(_ correlation: Correlation, among incidents: [(number: Int, components: [String])]) {
            self.correlation = correlation
            let near = incidents.compactMap { incident in
                correlation.nearest(to: incident.components).map { (distance: $0.distance, number: incident.number) }
            }
            numbers = near.sorted { ($0.distance, $0.number) < ($1.distance, $1.number) }.map(\.number)
        }
    }

    /// What is the same for all groups that are placed together.
    package struct Conditions: Sendable {
        package var now: Timestamp
        package var graph: DependencyGraph
        package var rules: [RoutingRule]
        package var silences: [Silence]
        package var maintenance: [RunningMaintenance]
        /// When the hours of a rule begin, where they are not now.
        package var opensAt: [UUID: Timestamp]
        /// How long an alert has to fire until it opens an incident, in seconds; 0 asks for nothing.
        package var settleSeconds: Double
        /// Whether the catalog connects alerts with incidents.
        package var correlates: Bool
        /// Whether users' reports open an incident when there is none to show them beside.
        package var reportsOpenIncidents: Bool
        /// What the words of senders mean.
        package var severities: AlertSeverityTable

        package init(
            now: Timestamp, graph: DependencyGraph, rules: [RoutingRule] = [], silences: [Silence] = [],
            maintenance: [RunningMaintenance] = [], opensAt: [UUID: Timestamp] = [:], settleSeconds: Double = 0,
            correlates: Bool = true, reportsOpenIncidents: Bool = false, severities: AlertSeverityTable = .builtIn
        ) {
            self.now = now
            self.graph = graph
            self.rules = rules
            self.silences = silences
            self.maintenance = maintenance
            self.opensAt = opensAt
            self.settleSeconds = settleSeconds
            self.correlates = correlates
            self.reportsOpenIncidents = reportsOpenIncidents
            self.severities = severities
        }

        func rule(_ id: UUID?) -> RoutingRule? {
            id.flatMap { id in rules.first { $0.id == id } }
        }
    }

    package let group: AlertGroup
    package let conditions: Conditions
    package var known = Known()

    package init(of group: AlertGroup, under conditions: Conditions) {
        self.group = group
        self.conditions = conditions
    }

    /// - Throws: What has to be looked up first.
    package func decide() throws(Question) -> Decision {
        if let holds = try holdsBeside() { return .hold(holds) }
        if let number = try incidentOfGroup() { return try join(number, because: .group) }
        if let (number, component) = try incidentAffecting() { return try join(number, because: .affects(component)) }
        if let (number, found) = try incidentConnected() { return try join(number, because: .connected(found)) }
        let holds = try holds()
        guard holds.count < group.alerts.count else { return .hold(holds) }
        if let number = try incidentReopened() { return try join(number, because: .again) }
        return .open(
            try withHeldAlerts().opening(
                now: conditions.now, graph: conditions.graph, severities: conditions.severities, rules: conditions.rules
            ))
    }

    /// The group with those of its alerts that were held until now, as far as they are known: all that an incident takes.
    package var allAlerts: AlertGroup {
        guard let held = known.heldAlerts, !held.isEmpty else { return group }
        return AlertGroup(key: group.key, alerts: group.alerts + held, isReportSurge: group.isReportSurge)
    }
}

// MARK: - The rungs

extension Placement {
    /// For how long a surge of users' reports waits before it is looked at again, where it may open an incident.
    private static let corroborationSeconds: Double = 60

    /// Users' reports are a hint: anybody can send them. They join no incident, so that no impact comes of them and no phase
    /// waits for them. Where reports may open incidents, a surge is placed like other alerts if no incident is there that
    /// it can be shown beside. Nil when the next rungs decide.
    private func holdsBeside() throws(Question) -> [UUID: AlertHold]? {
        guard group.isReportSurge else { return nil }
        let firing = group.alerts.filter { !$0.isResolved }
        guard !firing.isEmpty else { return [:] }
        var until: Timestamp?
        if conditions.reportsOpenIncidents {
            if try incidentOfGroup() != nil { return nil }
            if try incidentsBeside(firing).isEmpty { return nil }
            until = conditions.now.adding(seconds: Self.corroborationSeconds)
        }
        let hold = AlertHold(.corroboration, until: until)
        return Dictionary(uniqueKeysWithValues: firing.map { ($0.id, hold) })
    }

    /// Open incidents that name a component of a surge, or what that needs or is needed by.
    private func incidentsBeside(_ firing: [UnplacedAlert]) throws(Question) -> [Int] {
        if let found = known.incidentsBeside { return found }
        var related: Set<String> = []
        for component in firing.compactMap(\.facts.component) {
            related.formUnion(conditions.graph.related(to: component))
        }
        throw .incidentsBeside(related.sorted())
    }

    /// The open incident that takes the group. While its lock was waited for, it may have been merged: then the group is
    /// where its incident went.
    private func incidentOfGroup() throws(Question) -> Int? {
        var next = try require(known.incidentsOfGroup, else: .incidentOfGroup).first
        while let number = next {
            guard let incident = try incident(number) else { return nil }
            if incident.takesAlerts { return number }
            next = incident.mergedInto
        }
        return nil
    }

    /// The incident that took the group and closed itself; nil when that was too long ago, or a person closed it.
    private func incidentReopened() throws(Question) -> Int? {
        guard let number = try require(known.incidentsOfGroup, else: .incidentOfGroup).first,
            let incident = try incident(number)
        else { return nil }
        return incident.isReopened(at: conditions.now) ? number : nil
    }

    /// The oldest open incident in which a component is affected that alerts of the group fire on: they are its evidence, not
    /// another outage.
    private func incidentAffecting() throws(Question) -> (number: Int, component: String)? {
        // What the catalog does not know is affected in no incident, though a thousand may name it.
        let components = group.components.filter { conditions.graph.components[$0] != nil }
        guard !components.isEmpty else { return nil }
        for number in try require(known.incidentsAffecting, else: .incidentsAffecting(components.sorted())) {
            guard let incident = try incident(number), incident.takesAlerts else { continue }
            let affected = incident.steps.map(\.slug).filter(components.contains).min()
            if let affected { return (number, affected) }
        }
        return nil
    }

    /// The open incident that the catalog connects with the group: its alerts fire on what depends on something that is
    /// affected there, or on what something affected there depends on.
    private func incidentConnected() throws(Question) -> (number: Int, correlation: AlertCorrelation)? {
        guard conditions.correlates, let connected = try connected() else { return nil }
        for number in connected.numbers {
            guard let incident = try incident(number), incident.takesAlerts else { continue }
            // What was restored connects nothing any more.
            if let found = connected.correlation.nearest(to: incident.unrestored) { return (number, found.correlation) }
        }
        return nil
    }

    private func connected() throws(Question) -> Connected? {
        if let connected = known.connected { return connected }
        let correlation = Correlation(of: group.components, in: conditions.graph)
        let reached = correlation.reached
        guard !reached.isEmpty else { return nil }
        throw .incidentsConnected(correlation, naming: reached)
    }

    /// What keeps each alert of the group from opening an incident; alerts that nothing keeps are not among them.
    private func holds() throws(Question) -> [UUID: AlertHold] {
        let silencing = try silencing()
        var holds: [UUID: AlertHold] = [:]
        for alert in group.alerts {
            let rule = conditions.rule(alert.rule)
            var facts = HoldingFacts(now: conditions.now, silence: silencing[alert.id], before: alert.held)
            if let rule, rule.opensIncident, let threshold = rule.threshold {
                facts.firings = try firings(of: rule, threshold, silencing)
            }
            facts.maintenanceUntil = maintenanceEnd(alert)
            facts.opensAt = rule.flatMap { conditions.opensAt[$0.id] }
            if conditions.settleSeconds > 0 {
                facts.settlesAt = alert.firstSeenAt.adding(seconds: conditions.settleSeconds)
            }
            facts.overAt = alert.isResolved ? alert.lastSeenAt : nil
            holds[alert.id] = AlertHold.decide(rule, facts)
        }
        return holds
    }

    private func silencing() throws(Question) -> [UUID: Silence] {
        let alerts = group.alerts.filter { conditions.rule($0.rule)?.opensIncident != false }
        guard !conditions.silences.isEmpty, !alerts.isEmpty else { return [:] }
        return try require(known.silencing, else: .silences(of: alerts))
    }

    private func maintenanceEnd(_ alert: UnplacedAlert) -> Timestamp? {
        RunningMaintenance.end(of: alert.facts, among: conditions.maintenance, at: conditions.now)
    }

    /// How many firings of the group a rule has seen within its time. What is silenced or under maintenance does not count.
    private func firings(
        of rule: RoutingRule, _ threshold: FiringThreshold, _ silencing: [UUID: Silence]
    ) throws(Question) -> Int {
        let start = conditions.now.adding(seconds: -Double(threshold.withinSeconds))
        let held = try require(known.heldFirings[rule.id], else: .heldFirings(rule: rule.id, since: start))
        return held
            + group.alerts.count {
                $0.rule == rule.id && $0.firstSeenAt > start && silencing[$0.id] == nil && maintenanceEnd($0) == nil
            }
    }

    private func join(_ number: Int, because reason: JoinReason) throws(Question) -> Decision {
        _ = try withHeldAlerts()
        return .join(number, because: reason)
    }

    /// What goes into an incident: the group, what of it was held and still fires, and what was counted towards a threshold
    /// and is over.
    private func withHeldAlerts() throws(Question) -> AlertGroup {
        // What a rule, silence or maintenance that is gone now has held is released by itself.
        guard !conditions.rules.isEmpty || !conditions.silences.isEmpty || !conditions.maintenance.isEmpty else {
            return group
        }
        let window = group.alerts.compactMap { conditions.rule($0.rule)?.threshold?.withinSeconds }.max() ?? 0
        let start = conditions.now.adding(seconds: -Double(window))
        _ = try require(known.heldAlerts, else: .heldAlerts(countedSince: start))
        return allAlerts
    }

    private func incident(_ number: Int) throws(Question) -> Incident? {
        try require(known.incidents[number], else: .incident(number))
    }

    private func require<Answer>(_ answer: Answer?, else question: @autoclosure () -> Question) throws(Question)
        -> Answer
    {
        guard let answer else { throw question() }
        return answer
    }
}

// MARK: - What holds an alert back

/// Why an alert opens no incident. It is recorded all the same, joins an incident that is there, and its end counts.
package struct AlertHold: Hashable, Sendable {
    /// The reason, as it is stored and shown.
    package enum Reason: String, CaseIterable, Sendable {
        /// The rule says that it opens none.
        case rule
        /// A silence matches it.
        case silence
        /// Its component is under maintenance.
        case maintenance
        /// Fewer firings than the rule asks for.
        case count
        /// It is not the time at which the rule opens incidents.
        case hours
        /// Users report something that nothing else confirms.
        case corroboration
        /// It has not fired for as long as `alert.settle_seconds` asks.
        case settling
        /// Somebody said that it belongs to no incident.
        case person
    }

    package var reason: Reason
    /// When to look again; nil when time alone changes nothing.
    package var until: Timestamp?
    package var silence: UUID?

    package init(_ reason: Reason, until: Timestamp? = nil, silence: UUID? = nil) {
        self.reason = reason
        self.until = until
        self.silence = silence
    }
}

/// What is known when it is decided whether an alert opens an incident.
package struct HoldingFacts: Sendable {
    package var now: Timestamp
    /// Of the silences that match it, the one that ends last: no other end releases it.
    package var silence: Silence?
    /// When the maintenance of its component is over; nil while there is none.
    package var maintenanceUntil: Timestamp?
    /// How many firings of its group there were in the time that its rule names; nil where no rule asks.
    package var firings: Int?
    /// When the hours of its rule begin; nil when they are now, or there are none.
    package var opensAt: Timestamp?
    /// Why it was held until now: what waited for the hours had been counted before.
    package var before: AlertHold.Reason?
    /// When it has fired long enough; nil where nothing is asked.
    package var settlesAt: Timestamp?
    /// When it was over; nil while it goes on.
    package var overAt: Timestamp?

    package init(
        now: Timestamp, silence: Silence? = nil, firings: Int? = nil, opensAt: Timestamp? = nil,
        before: AlertHold.Reason? = nil
    ) {
        self.now = now
        self.silence = silence
        self.firings = firings
        self.opensAt = opensAt
        self.before = before
    }
}

extension AlertHold {
    /// Decides whether something keeps an alert from opening an incident; nil when nothing does.
    package static func decide(_ rule: RoutingRule?, _ facts: HoldingFacts) -> AlertHold? {
        if let rule, !rule.opensIncident { return AlertHold(.rule) }
        if let silence = facts.silence { return AlertHold(.silence, until: silence.endsAt, silence: silence.id) }
        if let end = facts.maintenanceUntil { return AlertHold(.maintenance, until: end) }
        // What ended too soon opens none; whether it did is decided by when it ended, not by who looked when.
        if let settlesAt = facts.settlesAt, (facts.overAt ?? facts.now) < settlesAt {
            return AlertHold(.settling, until: facts.overAt == nil ? settlesAt : nil)
        }
        if let threshold = rule?.threshold, facts.before != .hours, (facts.firings ?? 0) < threshold.count {
            return AlertHold(.count)
        }
        if let opensAt = facts.opensAt { return AlertHold(.hours, until: opensAt) }
        return nil
    }
}
