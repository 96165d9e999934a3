/// People say that alerts belong elsewhere.
extension Incident {
    /// Alerts come from another incident, or from none. What fires is evidence of harm, as when alerts arrive.
    func takeIn(_ move: AlertMove, _ facts: DecisionFacts) throws(IncidentRefusal) -> [any TimelineEvent] {
        guard !move.alerts.isEmpty else { return [] }
        try requirePhase(move.firing.isEmpty ? Phase.open : [.detect, .assess, .mitigate, .restore])
        let news = newsOf(move.said)
        let moved = AlertsMovedIn(
            AlertBatch(move.alerts, saying: news), firing: move.firing, from: move.other, reason: move.reason)
        let firing = move.firing.keys.filter { !$0.isEmpty }.sorted()
        let known = Set(impacts.map(\.component))
        let hit = firing.filter { !known.contains($0) && facts.graph.components[$0] != nil }
        let room = IncidentLimits.impacts - impacts.count
        return [moved] + raisedSeverity(by: news, facts)
            + hit.prefix(Swift.max(0, room)).map {
                impact(of: $0, since: move.since[$0], facts)
            } + regressions(of: firing, reason: "an alert that fires on it was moved here")
    }

    /// Alerts that somebody ended by hand fire after all.
    func reopenAlerts(
        _ alerts: [AlertMention], reason: String, _ facts: DecisionFacts
    ) throws(IncidentRefusal) -> [any TimelineEvent] {
        try requirePhase([.detect, .assess, .mitigate, .restore])
        var batch = AlertBatch(alerts)
        batch.firstSeenAt = nil  // It says when alerts began.
        let known = Set(impacts.map(\.component))
        let hit = Set(alerts.compactMap(\.component)).filter {
            !known.contains($0) && facts.graph.components[$0] != nil
        }
        let room = Swift.max(0, IncidentLimits.impacts - impacts.count)
        return [AlertsReopened(batch: batch, reason: reason)]
            + hit.sorted().prefix(room).map { impact(of: $0, since: nil, facts) }
            + regressions(of: alerts.compactMap(\.component), reason: "an alert on it fires after all")
    }

    /// Alerts leave, in whatever phase the incident is: they are an entry, and what was decided by them stays.
    func giveAway(_ move: AlertMove, _ facts: DecisionFacts) -> [any TimelineEvent] {
        guard !move.alerts.isEmpty else { return [] }
        var batch = AlertBatch(move.alerts)
        batch.firstSeenAt = nil  // It says when alerts began.
        // What people move away has not recovered: the incident does not close itself for it.
        if !move.firing.isEmpty { batch.clearsAll = clearing(without: move.firing, facts).all }
        let moved = AlertsMovedOut(batch, firing: move.firing, to: move.other, reason: move.reason)
        // Harm that only these alerts spoke of is not this incident's.
        let mistaken =
            phase.isOpen ? impacts.map(\.component).filter { move.deserted.contains($0) && isOnlyAlerted($0) } : []
        return [moved] + mistaken.map { ImpactRemoved(component: $0) }
    }

    /// Harm that an alert speaks of, since it fires: never before the incident.
    private func impact(of component: String, since: Timestamp?, _ facts: DecisionFacts) -> ImpactSet {
        let start = since.flatMap { $0 > times.startedAt ? $0 : nil }
        let impact = ComponentImpact(component: component, impact: .degraded, startedAt: start, fromAlert: true)
        return ImpactSet(impact.divided(in: facts.graph))
    }

    /// Whether an impact is what an alert said, and nobody has touched it.
    private func isOnlyAlerted(_ component: String) -> Bool {
        impacts.contains { $0.component == component && $0.fromAlert ?? false }
            && steps(of: component).allSatisfy { $0.state.isStartable && $0.startedAt == nil }
    }
}
