extension Incident {
    /// An incident begins, from a person or from alerts.
    static func open(_ opening: OpenIncident, facts: DecisionFacts) throws(IncidentRefusal) -> [any TimelineEvent] {
        try facts.checkNotInFuture(facts.occurredAt, field: "/occurred_at")
        let startedAt = opening.startedAt.map(facts.withoutSkew) ?? facts.occurredAt
        guard startedAt <= facts.occurredAt else {
            throw .badValue(
                field: "/started_at",
                detail: "\(startedAt) is after the incident was detected (\(facts.occurredAt)); "
                    + "leave it out or correct it.")
        }
        var events: [any TimelineEvent] = [
            IncidentOpened(
                title: opening.title, summary: opening.summary, startedAt: startedAt, labels: opening.labels,
                origin: opening.origin.rawValue)
        ]
        if let severity = opening.severity {
            let due = facts.updates.nextUpdate(after: facts.now, severity: severity)
            let origin = opening.origin == .alert ? SeverityOrigin.alert : nil
            events.append(SeveritySet(severity: severity, updateDueAt: due, origin: origin))
        }
        try checkSize(of: opening.impacts, field: "/components")
        for (index, impact) in opening.impacts.enumerated() {
            try check(impact, startedAt: startedAt, facts, field: "/components/\(index)")
            events.append(ImpactSet(impact.divided(in: facts.graph)))
        }
        if let cause = opening.cause { events.append(CauseStated(try checked(cause, facts, field: "/cause"))) }
        if !opening.alerts.isEmpty {
            // What a person moves alerts into is that person's.
            let batch = AlertBatch(opening.alerts, saying: opening.said, opening: opening.move == nil)
            if let move = opening.move {
                events.append(AlertsMovedIn(batch, firing: move.firing, from: move.other, reason: move.reason))
            } else {
                events.append(AlertsAttached(batch))
            }
        }
        return events
    }

    func acknowledge() throws(IncidentRefusal) -> [any TimelineEvent] {
        guard times.acknowledgedAt == nil else { return [] }
        try requirePhase(Phase.open)
        return [Acknowledged()]
    }

    /// Alerts join. One on a component that was restored, or is being verified, takes that back.
    func attach(
        _ alerts: [AlertMention], affecting component: String?, correlation: AlertCorrelation? = nil,
        saying said: AlertsSay = .nothing, _ facts: DecisionFacts
    ) throws(IncidentRefusal) -> [any TimelineEvent] {
        try requirePhase(Phase.open)
        guard !alerts.isEmpty else { return [] }
        let news = newsOf(said)
        return [AlertsAttached(AlertBatch(alerts, affecting: component, correlation: correlation, saying: news))]
            + raisedSeverity(by: news, facts)
            + regressions(of: alerts.compactMap(\.component), reason: "an alert is firing on it again")
    }

    /// What alerts say without what the incident knows already: an entry does not repeat it.
    func newsOf(_ said: AlertsSay) -> AlertsSay {
        let known = links ?? []
        let new = said.links.adding(to: known, max: IncidentLimits.links).dropFirst(known.count)
        let isWorse = said.severity.map { severity in alertSeverity.map { severity < $0 } ?? true } ?? false
        let ruled = said.whenCleared.flatMap { rule in
            (ruledClearing?.stricter(rule) ?? rule) == ruledClearing ? nil : rule
        }
        return AlertsSay(links: Array(new), severity: isWorse ? said.severity : nil, whenCleared: ruled)
    }

    /// Alerts set the severity as long as no person has: it is that of the worst one. It is never lowered by them.
    func raisedSeverity(by said: AlertsSay, _ facts: DecisionFacts) -> [any TimelineEvent] {
        guard let worst = said.severity, phase != .review else { return [] }
        guard let severity else { return [severitySet(worst, origin: .alert, facts)] }
        guard severityOrigin == .alert, worst < severity else { return [] }
        return [severitySet(worst, origin: .alert, facts)]
    }

    /// What was restored, or about to be, and turns out not to be.
    func regressions(of components: some Sequence<String>, reason: String) -> [any TimelineEvent] {
        Set(components).sorted().flatMap(steps).compactMap { step in
            switch step.state {
            case .verifying, .restored: StepRegressed(component: step.component, reason: reason)
            case .waiting, .restoring, .waived, .regressed: nil
            }
        }
    }

    /// Alerts were resolved: always recorded, in whatever phase the incident is.
    func clear(_ alerts: [AlertMention], atOnce: Bool, _ facts: DecisionFacts) -> [any TimelineEvent] {
        guard !alerts.isEmpty else { return [] }
        var batch = AlertBatch(alerts, atOnce: atOnce ? true : nil)
        batch.firstSeenAt = nil  // It says when alerts began.
        (batch.clearsAll, batch.closesAt) = clearing(without: batch.counts, facts)
        return [AlertsCleared(batch)]
    }

    func dismiss(reason: String) throws(IncidentRefusal) -> [any TimelineEvent] {
        if phase == .dismissed { return [] }
        try requirePhase([.detect, .assess])
        return [IncidentDismissed(reason: reason, from: phase)]
    }
}
