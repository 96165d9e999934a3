/// Where an expected time comes from.
package enum EtaSource: String, CaseIterable, Codable, Sendable {
    /// The restoration plan; the time then follows the plan.
    case plan
    case person
}

/// What was said of when everything is expected to be restored.
package struct EtaStatement: Hashable, Codable, Sendable {
    package var eta: Timestamp
    package var source: EtaSource
    package var saidAt: Timestamp
    /// The name of who said it.
    package var by: String
    package var reason: String?
    /// That it was taken back; nil while it was not.
    package var withdrawn: Withdrawal?

    package struct Withdrawal: Hashable, Codable, Sendable {
        package var at: Timestamp
        package var by: String
        /// Nil where the update that told it was corrected.
        package var reason: String?
    }

    /// Whether it says still what it said.
    var holds: Bool { withdrawn == nil }
}

extension Communication {
    /// The newest statements; the timeline has all.
    static let etasMax = 20

    mutating func say(_ statement: EtaStatement) {
        let place = etas.lastIndex { $0.saidAt <= statement.saidAt }.map { $0 + 1 } ?? 0
        etas.insert(statement, at: place)
        // What was taken back later is what held then.
        if place > 0, let withdrawn = etas[place - 1].withdrawn, withdrawn.at > statement.saidAt {
            etas[place - 1].withdrawn = nil
            etas[place].withdrawn = etas[place].withdrawn ?? withdrawn
        }
        etas = etas.suffix(Self.etasMax)
    }

    /// The newest holds no more, or with `isPast` the one that held then.
    mutating func withdrawEta(at moment: Timestamp, by name: String, reason: String?, isPast: Bool = false) {
        guard let place = isPast ? placeOfEta(at: moment) : etas.indices.last, etas[place].holds else { return }
        etas[place].withdrawn = EtaStatement.Withdrawal(at: moment, by: name, reason: reason)
    }

    /// What was expected at a moment; nil when nothing was.
    func eta(at moment: Timestamp) -> EtaStatement? {
        placeOfEta(at: moment).map { etas[$0] }.flatMap { $0.holds ? $0 : nil }
    }

    private func placeOfEta(at moment: Timestamp) -> Int? { etas.lastIndex { $0.saidAt <= moment } }

    /// What was said by mistake counts no more; where it was taken back by mistake, it was not.
    mutating func strikeEta(_ eta: Timestamp, saidAt: Timestamp, onlyWithdrawal: Bool) {
        guard let place = etas.lastIndex(where: { $0.eta == eta && $0.saidAt == saidAt }) else { return }
        guard !onlyWithdrawal else {
            etas[place].withdrawn = nil
            return
        }
        let struck = etas.remove(at: place)
        // That nobody knew was said of what held then.
        if place > 0, let withdrawn = struck.withdrawn, etas[place - 1].holds {
            etas[place - 1].withdrawn = withdrawn
        }
    }
}

extension Incident {
    /// Furthest into the future that a time can be expected or promised, in seconds: a year.
    static let foresightSeconds: Double = 365 * 86_400

    /// A person says when it is expected to be over; nil takes what the plan says, and goes on following it.
    func setEta(
        _ eta: Timestamp?, reason: String?, _ facts: DecisionFacts
    ) throws(IncidentRefusal) -> [any TimelineEvent] {
        guard let eta else {
            try requirePhase(Self.expecting)
            return try takeEtaOfPlan(reason: reason)
        }
        try requireExpecting(facts)
        try facts.checkAhead(eta, field: "/eta")
        guard let reason else {
            throw .badValue(field: "/reason", detail: "An ETA needs a reason: what is it based on?")
        }
        if let said = communication?.etas.last, said.holds, said.eta == eta, said.source == .person,
            said.reason == reason
        {
            return []
        }
        return [EtaSet(eta: eta, source: .person, reason: reason, previous: self.eta, slipped: slips(to: eta))]
    }

    /// What was said of the end holds no more: nobody knows.
    func withdrawEta(reason: String, _ facts: DecisionFacts) throws(IncidentRefusal) -> [any TimelineEvent] {
        try requireExpecting(facts)
        let etas = communication?.etas ?? []
        // What happened now is about what holds now, also where clocks differ a little.
        let isLate = facts.occurredAt < facts.now
        guard isLate, !etas.isEmpty else { return eta.map { [EtaWithdrawn(previous: $0, reason: reason)] } ?? [] }
        guard let said = communication?.eta(at: facts.occurredAt) else {
            let known = etas.suffix(3).map { "\($0.eta) (said \($0.saidAt)\($0.holds ? "" : ", taken back"))" }
            throw .badValue(
                field: "/occurred_at",
                detail: "No ETA held at \(facts.occurredAt). Said were: \(known.joined(separator: ", ")). "
                    + "Give the time at which one of them was taken back.")
        }
        let isPast = said != etas.last
        return [EtaWithdrawn(previous: said.eta, reason: reason, past: isPast ? true : nil)]
    }

    /// Phases in which people expect that it will be over.
    private static let expecting: [Phase] = [.detect, .assess, .mitigate, .restore]

    /// Afterwards only what was said then is entered.
    private func requireExpecting(_ facts: DecisionFacts) throws(IncidentRefusal) {
        let isLate = facts.occurredAt < facts.now && facts.occurredAt <= clocks.restoredAt ?? facts.occurredAt
        try requirePhase(isLate ? Phase.writable : Self.expecting)
    }

    private func takeEtaOfPlan(reason: String?) throws(IncidentRefusal) -> [any TimelineEvent] {
        guard phase == .restore, let eta = plan?.expected?.median else {
            throw .badValue(
                field: "/source",
                detail: "The restoration plan of INC-\(number) has no expected time"
                    + (phase == .restore
                        ? ": a component has no estimate; GET /v1/incidents/\(number)/restoration shows which."
                        : " before restoring begins. Give an eta and a reason."))
        }
        if let said = communication?.etas.last, said.holds, said.eta == eta, said.source == .plan { return [] }
        return [EtaSet(eta: eta, source: .plan, reason: reason, previous: self.eta, slipped: slips(to: eta))]
    }

    /// What an ETA that was taken from the plan is now that the plan was revised; nil when it still holds.
    package var followedEta: EtaSet? {
        guard phase == .restore, let said = communication?.etas.last, said.holds, said.source == .plan,
            let median = plan?.expected?.median, isMaterial(from: said.eta, to: median)
        else { return nil }
        return EtaSet(eta: median, source: .plan, previous: eta, slipped: slips(to: median))
    }

    private func slips(to later: Timestamp) -> Bool? {
        guard let eta, later > eta, isMaterial(from: eta, to: later) else { return nil }
        return true
    }
}

extension DecisionFacts {
    /// Refuses what should lie ahead and does not, or lies too far ahead.
    func checkAhead(
        _ moment: Timestamp, atMost seconds: Double = Incident.foresightSeconds, field: String
    ) throws(IncidentRefusal) {
        try checkNotPast(moment, field: field)
        guard moment <= now.adding(seconds: seconds) else {
            throw .badValue(
                field: field,
                detail: "\(moment) is more than \(Int(seconds / 86_400)) days ahead; server time is \(now).")
        }
    }

    /// Refuses what lies before it is said. What was expected then may have passed by now.
    func checkNotPast(_ moment: Timestamp, field: String) throws(IncidentRefusal) {
        guard moment > occurredAt else {
            let time = occurredAt == now ? "server time is \(now)" : "occurred_at is \(occurredAt)"
            throw .badValue(field: field, detail: "\(moment) is in the past; \(time).")
        }
    }
}
