/// How far the restoring of one component is. `ready` is not stored: it follows from the gates (`RestorationPlan`).
package enum RestorationState: String, CaseIterable, Codable, Sendable {
    case waiting, restoring, verifying, restored, waived, regressed

    /// Whether what waits for this component may go on.
    package var isDone: Bool {
        switch self {
        case .restored, .waived: true
        case .waiting, .restoring, .verifying, .regressed: false
        }
    }
}

/// The restoring of one affected component.
package struct RestorationStep: Hashable, Codable, Sendable {
    package let component: String
    package var state: RestorationState
    /// Percent of the traffic that is back, 0 to 100; nil while nothing was ramped.
    package var rampPercent: Int?
    package var startedAt: Timestamp?
    /// What was thought when it was started.
    package var estimate: StepEstimate?
    /// While verifying: when the soak began; nil in rows of releases that did not keep it.
    package var verifyingSince: Timestamp?
    /// While verifying: when the soak ends, on database time.
    package var soakUntil: Timestamp?
    package var restoredAt: Timestamp?
    /// How often restoring it failed.
    package var failures: Int

    package init(component: String) {
        self.component = component
        state = .waiting
        failures = 0
    }
}

extension RestorationStep {
    mutating func start(at moment: Timestamp, _ thought: StepEstimate?) {
        state = .restoring
        (startedAt, estimate) = (moment, thought)
        (rampPercent, restoredAt) = (nil, nil)
        endSoak()
    }

    mutating func verify(from moment: Timestamp, until end: Timestamp) {
        state = .verifying
        (verifyingSince, soakUntil) = (moment, end)
    }

    mutating func restore(at moment: Timestamp) {
        state = .restored
        endSoak()
        restoredAt = moment
    }

    mutating func waive() {
        state = .waived
        endSoak()
    }

    mutating func fail() {
        state = .waiting
        failures += 1
        rampPercent = nil
        endSoak()
    }

    mutating func regress() {
        state = .regressed
        restoredAt = nil
        endSoak()
    }

    private mutating func endSoak() {
        (verifyingSince, soakUntil) = (nil, nil)
    }
}
