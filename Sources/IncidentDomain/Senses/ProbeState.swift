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
