package import FoundationEssentials

/// Why an alert opens no incident. It is recorded all the same, joins an incident that is there, and its end counts.
package struct AlertHold: Hashable, Sendable {
    /// The reason, as it is stored and shown.
    package enum Reason: String, CaseIterable, Sendable {
        /// The rule says that it opens none.
        case rule
        /// A silence matches it.
        case silence
        /// Fewer firings than the rule asks for.
        case count
        /// It is not the time at which the rule opens incidents.
        case hours
        /// Users report something that nothing else says.
        case corroboration
        /// It has not fired for as long as `alert.settle_seconds` asks.
        case settling
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
    package var silences: [Silence]
    /// How many firings of its group there were in the time that its rule names; nil where no rule asks.
    package var firings: Int?
    /// When the hours of its rule begin; nil when they are now, or there are none.
    package var opensAt: Timestamp?
    /// Why it was held until now: who waited for the hours had been counted before.
    package var before: AlertHold.Reason?
    /// When it has fired long enough; nil where nothing is asked.
    package var settlesAt: Timestamp?
    /// When it was over; nil while it goes on.
    package var overAt: Timestamp?

    package init(
        now: Timestamp, silences: [Silence], firings: Int? = nil, opensAt: Timestamp? = nil,
        before: AlertHold.Reason? = nil, settlesAt: Timestamp? = nil, overAt: Timestamp? = nil
    ) {
        self.settlesAt = settlesAt
        self.overAt = overAt
        self.now = now
        self.silences = silences
        self.firings = firings
        self.opensAt = opensAt
        self.before = before
    }
}

extension AlertHold {
    /// Decides whether something keeps an alert from opening an incident; nil when nothing does.
    ///
    /// - Parameter budget: Says what the matchers of the silences may cost, and afterwards which were left out.
    package static func decide(
        _ alert: AlertFacts, rule: RoutingRule?, _ facts: HoldingFacts, within budget: inout MatchBudget
    ) -> AlertHold? {
        if let rule, !rule.opensIncident { return AlertHold(.rule) }
        let matching = Silence.matching(alert, of: facts.silences, at: facts.now, within: &budget)
        // The one that ends last: no other end lets it go.
        if let silence = matching.max(by: { ($0.endsAt, $0.id.uuidString) < ($1.endsAt, $1.id.uuidString) }) {
            return AlertHold(.silence, until: silence.endsAt, silence: silence.id)
        }
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
