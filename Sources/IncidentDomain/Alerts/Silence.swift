package import FoundationEssentials

/// For a while, alerts of some kind open no incident: work is being done, or somebody knows.
package struct Silence: Hashable, Sendable {
    /// Where a silence stands in time.
    package enum State: String, CaseIterable, Sendable {
        case pending, active, expired
    }

    package var id: UUID
    /// At least one, and all have to hold.
    package var matchers: [LabelMatcher]
    package var startsAt: Timestamp
    package var endsAt: Timestamp

    package static let secondsMax: Double = 30 * 86_400

    package init(id: UUID, matchers: [LabelMatcher], startsAt: Timestamp, endsAt: Timestamp) {
        self.id = id
        self.matchers = matchers
        self.startsAt = startsAt
        self.endsAt = endsAt
    }

    package func state(at now: Timestamp) -> State {
        if endsAt <= now { return .expired }
        return startsAt <= now ? .active : .pending
    }

    /// Of those that are active at a moment and match an alert, the one that ends last: no other end releases the alert.
    ///
    /// - Parameter budget: Says what the matchers may cost, and afterwards which silences were left out.
    package static func holding(
        _ alert: AlertFacts, of silences: [Silence], at now: Timestamp, within budget: inout MatchBudget
    ) -> Silence? {
        silences.filter { $0.state(at: now) == .active && budget.matches($0.matchers, for: alert, of: $0.id) }
            .max { ($0.endsAt, $0.id.uuidString) < ($1.endsAt, $1.id.uuidString) }
    }

    /// Those first whose matchers are cheap: when all of them are too much for an alert, the dear ones are left out.
    package static func cheapFirst(_ silences: [Silence]) -> [Silence] {
        let priced = silences.map { silence in
            (cost: silence.matchers.reduce(0) { $0 + $1.operationsMax(forCharacters: 100) }, silence: silence)
        }
        return priced.sorted { $0.cost < $1.cost }.map(\.silence)
    }
}

extension [LabelMatcher] {
    /// Whether none of them asks for anything, as `job=~".*"`: each matches the empty text, and so every alert. As in
    /// Alertmanager, what excludes something counts as asking.
    package var matchEverything: Bool {
        allSatisfy { $0.isEqual && $0.matchesEmptyText }
    }
}
