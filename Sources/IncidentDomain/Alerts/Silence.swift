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
}

extension [LabelMatcher] {
    /// Whether none of them asks for anything, as `job=~".*"`: each matches the empty text, and so every alert. As in
    /// Alertmanager, what excludes something counts as asking.
    package var holdForEverything: Bool {
        allSatisfy { matcher in
            switch matcher.comparison {
            case .equal, .matches:
                matcher.holds(
                    for: AlertFacts(
                        source: "", kind: "", identity: "", title: "", component: nil, severity: nil, labels: [:]))
            case .notEqual, .matchesNot: false
            }
        }
    }
}
