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
        etas = etas.suffix(Self.etasMax)
    }

    /// The newest holds no more.
    mutating func withdrawEta(at moment: Timestamp, by name: String, reason: String?) {
        guard let last = etas.indices.last, etas[last].holds else { return }
        etas[last].withdrawn = EtaStatement.Withdrawal(at: moment, by: name, reason: reason)
    }
}

extension Incident {
    /// Furthest into the future that a time can be expected or promised, in seconds: a year.
    static let foresightSeconds: Double = 365 * 86_400

    /// A person says when it is expected to be over; nil takes what the plan says, and goes on following it.
    func setEta(
        _ eta: Timestamp?, reason: String?, _ facts: DecisionFacts
    ) throws(IncidentRefusal) -> [any TimelineEvent] {
        try requirePhase([.detect, .assess, .mitigate, .restore])
        guard let eta else { return try takeEtaOfPlan(reason: reason) }
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
        try requirePhase([.detect, .assess, .mitigate, .restore])
        guard let eta else { return [] }
        if let said = communication?.etas.last?.saidAt, isPast(said, facts) {
            throw .badValue(
                field: "/occurred_at",
                detail: "The ETA of \(eta) was said at \(said). Give a later time, or leave it out.")
        }
        return [EtaWithdrawn(previous: eta, reason: reason)]
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
