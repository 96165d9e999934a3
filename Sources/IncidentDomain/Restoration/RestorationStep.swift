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
    mutating func start(at moment: Timestamp) {
        state = .restoring
        startedAt = moment
        (rampPercent, soakUntil, restoredAt) = (nil, nil, nil)
    }

    mutating func verify(until end: Timestamp) {
        state = .verifying
        soakUntil = end
    }

    mutating func restore(at moment: Timestamp) {
        state = .restored
        soakUntil = nil
        restoredAt = moment
    }

    mutating func waive() {
        state = .waived
        soakUntil = nil
    }

    mutating func fail() {
        state = .waiting
        failures += 1
        (rampPercent, soakUntil) = (nil, nil)
    }

    mutating func regress() {
        state = .regressed
        (soakUntil, restoredAt) = (nil, nil)
    }
}
