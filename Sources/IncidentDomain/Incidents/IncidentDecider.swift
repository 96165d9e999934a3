/// What a decision looks at besides the incident: loaded before, so that deciding needs no I/O and no clock.
package struct DecisionFacts: Sendable {
    /// Who asks.
    package let principal: Principal
    /// The database's time.
    package let now: Timestamp
    /// When it happened, if not now; a clock that is a little ahead of the database's means now.
    package let occurredAt: Timestamp
    /// How exactly that is known; nil for exactly.
    package let precision: TimePrecision?
    package let policy: PhasePolicy
    package let graph: DependencyGraph
    package let soak: SoakPolicy
    package let waves: WavePolicy
    /// When hard dependencies that do not say it themselves let what needs them begin; nil when they are restored.
    package let opensAt: DependencyOpening?
    /// What past forecasts teach about the next.
    package let calibration: ForecastCalibration
    /// The steps of other incidents that the plan has to do with.
    package let others: OtherRestorations
    /// How long components took in past incidents; only what the incident's steps need.
    package let measured: MeasuredDurations
    /// What probes say of the components being restored; only for commands that ask.
    package let probes: ProbeFacts
    /// Of what its timeline holds.
    package let timelineBytes: Int
    package let updates: UpdatePolicy
    /// What becomes of incidents whose alerts have cleared.
    package let clearing: ClearingPolicy

    package init(
        principal: Principal, now: Timestamp, occurredAt: Timestamp? = nil, precision: TimePrecision? = nil,
        policy: PhasePolicy, graph: DependencyGraph, soak: SoakPolicy, measured: MeasuredDurations = .none,
        probes: ProbeFacts = .none,
        timelineBytes: Int = 0, updates: UpdatePolicy = .none, waves: WavePolicy = .advise,
        opensAt: DependencyOpening? = nil, calibration: ForecastCalibration = .none, others: OtherRestorations = .none,
        clearing: ClearingPolicy = .keep
    ) {
        self.principal = principal
        self.now = now
        self.occurredAt = Self.withoutSkew(occurredAt ?? now, now: now)
        self.precision = precision == .exact ? nil : precision
        self.policy = policy
        self.graph = graph
        self.soak = soak
        self.measured = measured
        self.probes = probes
        self.timelineBytes = timelineBytes
        self.updates = updates
        self.waves = waves
        self.opensAt = opensAt
        self.calibration = calibration
        self.others = others
        self.clearing = clearing
    }

    /// Seconds by which a client's clock may be ahead of the database's.
    private static let clockTolerance: Double = 5

    /// A moment that only a clock running ahead made future is now. Taken as it stands, it would forbid everything that
    /// happens in the seconds until it comes: an incident that starts in three seconds cannot be acknowledged yet.
    func withoutSkew(_ moment: Timestamp) -> Timestamp {
        Self.withoutSkew(moment, now: now)
    }

    private static func withoutSkew(_ moment: Timestamp, now: Timestamp) -> Timestamp {
        moment > now && moment <= now.adding(seconds: clockTolerance) ? now : moment
    }

    /// Refuses what has not happened yet.
    func checkNotInFuture(_ moment: Timestamp, field: String) throws(IncidentRefusal) {
        guard withoutSkew(moment) <= now else {
            throw .badValue(field: field, detail: "\(moment) is in the future; server time is \(now).")
        }
    }
}

extension Incident {
    /// The rules' table of contents: which events a command leads to. No events means that what was asked already holds.
    ///
    /// - Throws: `IncidentRefusal`, when a rule says no; nothing happened then.
    package static func decide(
        _ command: IncidentCommand, on incident: Incident?, facts: DecisionFacts
    ) throws(IncidentRefusal) -> [any TimelineEvent] {
        guard let incident else {
            guard case .open(let opening) = command else { throw .notFound("No such incident.") }
            let events = try open(opening, facts: facts)
            return events + [try qualification(of: events.count, after: nil, facts)].compactMap(\.self)
        }
        try incident.checkOccurredAt(facts, command)
        try incident.checkRoom(for: command, facts)
        var events = try incident.events(of: command, facts)
        if !command.saysPrecision, let said = try qualification(of: events.count, after: incident, facts) {
            events.append(said)
        }
        return incident.phase == .closed ? events.map { $0.doneAfterwards } : events
    }

    private func events(of command: IncidentCommand, _ facts: DecisionFacts) throws(IncidentRefusal)
        -> [any TimelineEvent]
    {
        switch command {
        case .open: throw .badValue(field: "", detail: "The incident is already open.")
        case .amend(let amendment): try amend(amendment, facts)
        case .correctTimes(let correction): try correctTimes(correction, facts)
        case .acknowledge: try acknowledge()
        case .acknowledgeNoting(let note): try acknowledge() + addNote(note, false)
        case .advance(let to, let reason, let override):
            try advance(to: to, reason: reason, override: override, facts)
        case .revert(let to, let reason): try revert(to: to, reason: reason, facts)
        case .dismiss(let reason): try dismiss(reason: reason)
        case .merge(let into, let reason): try merge(into: into, reason: reason)
        case .absorb(let other, let notes): try absorbing(other, notes, facts)
        case .reopen(let reason): try reopen(reason: reason, facts)
        case .unmerge(let target, let alerts, let reason):
            try unmerge(from: target, alerts, reason: reason, facts)
        case .separate(let other, let alerts, let reason):
            try separate(from: other, alerts, reason: reason, facts)
        case .stateCause(let hypothesis): try stateCause(hypothesis, facts)
        case .assignRole(let role, let person): try assign(role, to: person, facts)
        case .removeRole(let role, let reason): try remove(role, reason: reason, facts)
        case .setImpact(let impact): try decideImpact(impact, facts)
        case .removeImpact(let component): try removeImpact(component, facts)
        case .setAudience(let impact): try setAudience(impact, facts)
        case .removeAudience(let audience, let reason): try removeAudience(audience, reason: reason, facts)
        case .addNote(let text, let key, let by, let precision): try addNote(text, key, by, precision)
        case .addFact(let fact): try addFact(fact, facts)
        case .addMitigation(let draft): try addMitigation(draft)
        case .changeMitigation(let id, let patch): try changeMitigation(id, patch, facts)
        case .addTask(let text, let owner): try addTask(text, owner: owner)
        case .changeTask(let id, let text, let owner, let done):
            try changeTask(id, text: text, owner: owner, done: done)
        case .startStep(let component, let override, let without, let reason, let expectedAt):
            try startStep(
                component, override: override, without: without, reason: reason, expectedAt: expectedAt, facts)
        case .rampStep(let component, let percent, let expectedAt, let backlog):
            try rampStep(component, to: percent, expectedAt: expectedAt, backlog: backlog, facts)
        case .verifyStep(let component, let without, let reason):
            try verifyStep(component, without: without, reason: reason, facts)
        case .waiveStep(let component, let reason): try waiveStep(component, reason: reason, facts)
        case .failStep(let component, let reason): try failStep(component, reason: reason, facts)
        case .undoStep(let component, let restoration, let reason):
            try undoStep(component, restoration: restoration, reason: reason, facts)
        case .correctStep(let component, let startedAt, let restoredAt, let reason):
            try correctStep(component, startedAt: startedAt, restoredAt: restoredAt, reason: reason, facts)
        case .learnNeeds(let component, let needs, let reason):
            try learnNeeds(of: component, needs, reason: reason, facts)
        case .setHands(let hands, let reason): try setHands(hands, reason: reason, facts)
        case .orderSteps(let components, let reason): try orderSteps(components, reason: reason, facts)
        case .postUpdate(let content): try postUpdate(content, facts)
        case .draftUpdate(let request): try draftUpdate(request, facts)
        case .changeUpdate(let id, let change): try changeUpdate(id, change, facts)
        case .setEta(let eta, let reason): try setEta(eta, reason: reason, facts)
        case .withdrawEta(let reason): try withdrawEta(reason: reason, facts)
        case .draftReview: try draftReview()
        case .reviseReview(let sections, let status, let layout, let dropped):
            try reviseReview(sections, status, layout, dropped)
        case .approveReview(let sections, let unwritten): try approveReview(sections, unwritten, facts)
        case .setPublicReview(let sections, let replacements, let title, let offered):
            try setPublicReview(sections: sections, replacements: replacements, title: title, offered: offered)
        case .approvePublicReview(let sections, let title):
            try approvePublicReview(sections, title: title, facts)
        case .signReview(let role, let comment): try signReview(as: role, comment: comment, facts)
        case .remarkOnReview(let made): try remark(made)
        case .attach(let draft): try attach(draft)
        case .detach(let attachment, let reason): try detach(attachment, reason: reason)
        case .addAction(let draft): try addAction(draft)
        case .changeAction(let ordinal, let patch): try changeAction(ordinal, patch)
        case .attachAlerts(let alerts, let component, let correlation, let said):
            try attach(alerts, affecting: component, correlation: correlation, saying: said, facts)
        case .clearAlerts(let alerts, let atOnce): clear(alerts, atOnce: atOnce, facts)
        case .reopenRecovered(let components): try reopen(firingOn: components, facts)
        case .reopenAlerts(let alerts, let reason): try reopenAlerts(alerts, reason: reason, facts)
        case .takeInAlerts(let move): try takeIn(move, facts)
        case .giveAwayAlerts(let move): giveAway(move, facts)
        case .countReports(let series, let changedAt): countReports(series, changedAt: changedAt, facts)
        case .deadlinePassed: passDeadline(facts)
        case .reviewPlan: reviewPlan(facts)
        case .strike(let sequence, let entry, let reason): try strike(sequence, entry, reason: reason)
        case .correctEntryTime(let sequence, let entry, let moment, let reason):
            try correctTime(of: sequence, entry, to: moment, reason: reason, facts)
        case .star(let sequence, let entry, let key): try star(sequence, entry, key: key)
        case .redact(let sequence, let reason, let digest):
            try redact(sequence, reason: reason, digest: digest, facts)
        }
    }

    private func reviewPlan(_ facts: DecisionFacts) -> [any TimelineEvent] {
        let handedOver = handedOver(facts)
        guard handedOver.isEmpty else { return handedOver }
        return restoresLate ?? false ? [] : [planRevision(facts)].compactMap(\.self)
    }

    /// Nothing happens in the future, and nothing that people do about an incident before its impact began; what led up to it is told by
    /// notes and facts.
    private func checkOccurredAt(_ facts: DecisionFacts, _ command: IncidentCommand) throws(IncidentRefusal) {
        try facts.checkNotInFuture(facts.occurredAt, field: "/occurred_at")
        let start = min(times.startedAt, command.correctedStart ?? times.startedAt)
        // Now is never too early, even when another database server, with a clock a little behind, has taken over.
        guard facts.occurredAt < start, facts.occurredAt != facts.now, !command.isOfTheDaemon else { return }
        guard command.mayPrecede else {
            throw .badValue(
                field: "/occurred_at",
                detail: "\(facts.occurredAt) is before the incident started (\(times.startedAt)); "
                    + "PATCH started_at first if it began earlier.")
        }
        guard facts.occurredAt >= start.adding(seconds: -IncidentLimits.leadUpSeconds) else {
            throw .badValue(
                field: "/occurred_at",
                detail: "\(facts.occurredAt) is more than ten years before the incident started (\(times.startedAt)); "
                    + "say in the text when that was.")
        }
    }

    func requirePhase(_ wanted: [Phase]) throws(IncidentRefusal) {
        guard wanted.contains(phase) else { throw .wrongPhase(phase, wanted: wanted) }
    }
}
