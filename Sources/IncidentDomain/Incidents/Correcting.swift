/// What people say of clocks: a moment, or nil for what the facts say.
package struct TimesCorrection: Hashable, Sendable {
    package struct Statement: Hashable, Sendable {
        package let clock: IncidentClock
        package let moment: Timestamp?

        package init(_ clock: IncidentClock, _ moment: Timestamp?) {
            self.clock = clock
            self.moment = moment
        }
    }

    package var statements: [Statement]
    package var reason: String

    package init(_ statements: [Statement], reason: String) {
        self.statements = statements
        self.reason = reason
    }

    /// The start that it gives the incident, if it gives one.
    var start: Timestamp? { statements.first { $0.clock == .started }?.moment }
}

extension Incident {
    /// Clocks are set to what really was, also after closing. They stay in order.
    func correctTimes(_ correction: TimesCorrection, _ facts: DecisionFacts) throws(IncidentRefusal)
        -> [any TimelineEvent]
    {
        try requirePhase(Phase.writable)
        guard !correction.statements.isEmpty else {
            let names = IncidentClock.allCases.map(\.field).joined(separator: ", ")
            throw .badValue(field: "", detail: "Name at least one clock: \(names).")
        }
        let before = clocks
        var changes: [TimesCorrected.Change] = []
        for statement in correction.statements {
            let clock = statement.clock
            let moment = statement.moment.map(facts.withoutSkew)
            try check(clock, moment, facts)
            let known = corrections?.first { $0.clock == clock }
            guard moment == nil ? known != nil : moment != before[clock] else { continue }
            changes.append(TimesCorrected.Change(clock: clock, at: moment, previous: before[clock]))
        }
        guard !changes.isEmpty else { return [] }
        let corrected = TimesCorrected(changes: changes, reason: correction.reason)
        var after = self
        corrected.apply(to: &after, at: facts.occurredAt, by: facts.principal)
        // What the facts say is never refused: a correction can always be taken back.
        try checkOrder(after.clocks, of: changes.filter { $0.at != nil }.map(\.clock))
        return [corrected]
    }

    private func check(
        _ clock: IncidentClock, _ moment: Timestamp?, _ facts: DecisionFacts
    ) throws(IncidentRefusal) {
        let field = "/\(clock.field)"
        if let moment { try facts.checkNotInFuture(moment, field: field) }
        switch clock {
        case .started:
            guard moment != nil else {
                throw .badValue(field: field, detail: "The start cannot be cleared; give the time at which it began.")
            }
        case .reviewed, .closed:
            guard clocks[clock] != nil else {
                throw .badValue(field: field, detail: "INC-\(number) was not \(clock.rawValue) yet.")
            }
        case .detected, .acknowledged, .assessed, .mitigated, .restored: break
        }
    }

    /// Refuses a correction that brings the clocks out of order. What was so before, and is not touched, stays a warning.
    private func checkOrder(_ clocks: IncidentTimes, of changed: [IncidentClock]) throws(IncidentRefusal) {
        let wrong = clocks.outOfOrder().first { changed.contains($0.earlier) || changed.contains($0.later) }
        guard let wrong else { return }
        let clock = changed.contains(wrong.later) ? wrong.later : wrong.earlier
        let beside = clocks.neighbours(of: clock).joined(separator: ", ")
        throw .badValue(
            field: "/\(clock.field)",
            detail:
                "\(clock.rawValue) \(clocks[clock]?.toTheSecond ?? "") would be out of order; beside it: \(beside). "
                + "Correct these in the same call if they are wrong, too.")
    }
}
