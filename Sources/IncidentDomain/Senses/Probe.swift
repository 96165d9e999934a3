/// What the results of a probe add up to.
package struct ProbeState: Hashable, Sendable {
    /// Failures in a row; 0 after a success.
    package var failures: Int
    /// Successes in a row; 0 after a failure.
    package var successes: Int
    /// While it fires: since the first failure of that row.
    package var firingSince: Timestamp?
    /// When the present row of failures began.
    package var failingSince: Timestamp?
    /// When the present row of successes began.
    package var passingSince: Timestamp?

    package init(
        failures: Int = 0, successes: Int = 0, firingSince: Timestamp? = nil, failingSince: Timestamp? = nil,
        passingSince: Timestamp? = nil
    ) {
        self.failures = failures
        self.successes = successes
        self.firingSince = firingSince
        self.failingSince = failingSince
        self.passingSince = passingSince
    }

    /// What somebody has to be told.
    package enum Change: Hashable, Sendable {
        case fires(since: Timestamp)
        case isOver(since: Timestamp)
    }

    /// The state after one more result, and what changed by it.
    ///
    /// - Parameter isPassed: Whether all that was expected was found.
    package mutating func take(isPassed: Bool, at moment: Timestamp, _ thresholds: ProbeThresholds) -> Change? {
        guard isPassed else {
            if failures == 0 { failingSince = moment }
            (failures, successes, passingSince) = (failures + 1, 0, nil)
            guard firingSince == nil, failures >= thresholds.failuresToFire else { return nil }
            let since = failingSince ?? moment
            firingSince = since
            return .fires(since: since)
        }
        if successes == 0 { passingSince = moment }
        (failures, successes, failingSince) = (0, successes + 1, nil)
        guard let since = firingSince, successes >= thresholds.successesToResolve else { return nil }
        firingSince = nil
        return .isOver(since: since)
    }
}

/// How many results in a row it takes.
package struct ProbeThresholds: Hashable, Sendable {
    package let failuresToFire: Int
    package let successesToResolve: Int

    package init(failuresToFire: Int, successesToResolve: Int) {
        self.failuresToFire = failuresToFire
        self.successesToResolve = successesToResolve
    }
}

/// What the last result of one probe says of its component.
package struct ProbeFact: Hashable, Sendable {
    package let name: String
    package let component: String
    /// Nil while there is no result.
    package let isPassed: Bool?
    /// When the last one began.
    package let checkedAt: Timestamp?
    /// Since when every result was good; nil when the last one was not.
    package let passingSince: Timestamp?
    package let detail: String?

    package init(
        name: String, component: String, isPassed: Bool?, checkedAt: Timestamp?, passingSince: Timestamp?,
        detail: String?
    ) {
        self.name = name
        self.component = component
        self.isPassed = isPassed
        self.checkedAt = checkedAt
        self.passingSince = passingSince
        self.detail = detail
    }

    /// What counts for a step that began then. One failure counts at once: firing is for waking people, and these are awake.
    package func status(since start: Timestamp?) -> ProbeStatus {
        guard let isPassed, let checkedAt else { return .pending }
        guard isPassed else { return .failing }
        return start.map { checkedAt < $0 } ?? false ? .pending : .passing
    }
}

/// How a probe stands; `pending` when it has no result that counts.
package enum ProbeStatus: String, CaseIterable, Sendable {
    case passing, failing, pending
}

/// The enabled probes of components, loaded for a decision.
package struct ProbeFacts: Sendable {
    private let byComponent: [String: [ProbeFact]]

    package static let none = ProbeFacts([])

    package init(_ facts: [ProbeFact]) {
        byComponent = Dictionary(grouping: facts, by: \.component)
    }

    /// By name.
    package func of(_ component: String) -> [ProbeFact] {
        byComponent[component]?.sorted { $0.name < $1.name } ?? []
    }
}

extension RestorationStep {
    /// What its probes hold against it.
    ///
    /// - Parameter pendingCounts: Whether a probe without a result since the step began holds it, too.
    func probeGates(_ probes: ProbeFacts, pendingCounts: Bool) -> [RestorationGate] {
        probes.of(slug).compactMap { probe in
            let status = probe.status(since: startedAt)
            switch status {
            case .passing: return nil
            case .pending where !pendingCounts: return nil
            case .pending, .failing:
                return RestorationGate(
                    component: component, kind: .probe(probe, status), remedy: .lookAtProbe(name: probe.name))
            }
        }
    }

    /// When its soak makes it restored: at the soak's end, or when the last of its probes passed, if that was later. Nil
    /// when it does not soak, or a probe holds it.
    package func restoredAfterSoak(_ probes: ProbeFacts) -> Timestamp? {
        guard state == .verifying, let soakUntil, probeGates(probes, pendingCounts: true).isEmpty else { return nil }
        return probes.of(slug).compactMap(\.passingSince).reduce(soakUntil, max)
    }
}

extension Incident {
    /// When the next thing happens by itself: a soak makes a component restored, as its probes stand, or something is to be
    /// published or is late. Nil when nothing does.
    package func nextOccurrence(_ probes: ProbeFacts) -> Timestamp? {
        (steps.compactMap { $0.restoredAfterSoak(probes) } + [nextAnnouncement, closesAt].compactMap(\.self)).min()
    }
}

extension IncidentCommand {
    /// Whether carrying it out can make a component restored, for which its probes are asked.
    package var asksProbes: Bool {
        switch self {
        case .verifyStep, .deadlinePassed: true
        case .open, .amend, .correctTimes, .acknowledge, .acknowledgeNoting, .advance, .revert, .dismiss, .merge,
            .absorb, .reopen,
            .unmerge, .separate, .stateCause, .assignRole,
            .setImpact, .removeImpact, .setAudience, .removeAudience, .addNote, .addFact, .addMitigation,
            .changeMitigation, .addTask,
            .changeTask,
            .startStep, .rampStep, .waiveStep, .failStep, .orderSteps, .setHands, .learnNeeds, .postUpdate,
            .draftUpdate,
            .changeUpdate,
            .setEta, .withdrawEta, .removeRole, .undoStep, .correctStep, .draftReview, .reviseReview, .approveReview,
            .signReview, .remarkOnReview, .attach, .detach,
            .setPublicReview, .approvePublicReview,
            .addAction, .changeAction, .attachAlerts,
            .clearAlerts, .reopenRecovered, .takeInAlerts, .reopenAlerts, .giveAwayAlerts, .countReports, .reviewPlan,
            .redact,
            .strike, .correctEntryTime, .star:
            false
        }
    }
}
