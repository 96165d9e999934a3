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
            events.append(SeveritySet(severity: severity, updateDueAt: due))
        }
        try checkSize(of: opening.impacts, field: "/components")
        for (index, impact) in opening.impacts.enumerated() {
            try check(impact, startedAt: startedAt, facts, field: "/components/\(index)")
            events.append(ImpactSet(impact.divided(in: facts.graph)))
        }
        if let cause = opening.cause { events.append(CauseStated(try checked(cause, field: "/cause"))) }
        if !opening.alerts.isEmpty { events.append(AlertsAttached(AlertBatch(opening.alerts))) }
        return events
    }

    func acknowledge() throws(IncidentRefusal) -> [any TimelineEvent] {
        guard times.acknowledgedAt == nil else { return [] }
        try requirePhase(Phase.open)
        return [Acknowledged()]
    }

    /// Alerts join. One on a component that was restored, or is being verified, takes that back.
    func attach(
        _ alerts: [AlertMention], affecting component: String?, correlation: AlertCorrelation? = nil
    ) throws(IncidentRefusal) -> [any TimelineEvent] {
        try requirePhase(Phase.open)
        guard !alerts.isEmpty else { return [] }
        return [AlertsAttached(AlertBatch(alerts, affecting: component, correlation: correlation))]
            + regressions(of: alerts.compactMap(\.component), reason: "an alert is firing on it again")
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
    func clear(_ alerts: [AlertMention], atOnce: Bool) -> [any TimelineEvent] {
        var batch = AlertBatch(alerts, atOnce: atOnce ? true : nil)
        batch.firstSeenAt = nil  // It says when alerts began.
        return alerts.isEmpty ? [] : [AlertsCleared(batch)]
    }

    func dismiss(reason: String) throws(IncidentRefusal) -> [any TimelineEvent] {
        if phase == .dismissed { return [] }
        try requirePhase([.detect, .assess])
        return [IncidentDismissed(reason: reason, from: phase)]
    }
}
