/// Who is paged for an incident, and who next as long as nobody acknowledges it.
///
/// Endpoints are named: who is on call stays with the on-call tool behind an endpoint.
package struct EscalationPlan: Hashable, Codable, Sendable {
    package struct Step: Hashable, Codable, Sendable {
        /// Since the first step; 0 for the first.
        package var afterSeconds: Int
        /// Names of endpoints.
        package var endpoints: [String]

        package init(afterSeconds: Int, endpoints: [String]) {
            self.afterSeconds = afterSeconds
            self.endpoints = endpoints
        }
    }

    /// In the order of their times, at least one.
    package var steps: [Step]

    package static let stepsMax = 10
    package static let endpointsMax = 20
    package static let secondsMax = 86_400

    /// - Parameters:
    ///   - notify: Who hears at once.
    ///   - escalate: Who hears next, in the order of their times.
    package init(notify: [String], escalate: [Step]) {
        steps = [Step(afterSeconds: 0, endpoints: notify)] + escalate
    }

    /// What is wrong with it, as the rest of a sentence; nil when nothing is.
    package var complaint: String? {
        guard steps.count <= Self.stepsMax else {
            return "has \(steps.count) steps; at most \(Self.stepsMax) are allowed"
        }
        let times = steps.map(\.afterSeconds)
        guard zip(times, times.dropFirst()).allSatisfy({ $0 < $1 }) else {
            return "should have steps in the order of their after_seconds, each later than the one before and after 0"
        }
        return nil
    }
}

/// How far an escalation has come.
package struct Escalation: Hashable, Sendable {
    /// Why it ended.
    package enum End: String, CaseIterable, Codable, Sendable {
        /// Somebody acknowledged the incident.
        case acknowledged
        /// The incident is over: reviewed, closed, dismissed or merged.
        case over
        /// Everybody was told.
        case exhausted
    }

    /// What has to be done now.
    package enum Decision: Hashable, Sendable {
        case end(End)
        /// The step of this number, from 0, is told; then nothing is due until the moment, or for ever.
        case tell(step: Int, next: Timestamp?)
        /// Nothing before the moment.
        case wait(until: Timestamp)
    }

    package var plan: EscalationPlan
    package var begunAt: Timestamp
    /// How many steps were told.
    package var told: Int

    package init(plan: EscalationPlan, begunAt: Timestamp, told: Int) {
        self.plan = plan
        self.begunAt = begunAt
        self.told = told
    }

    /// - Parameter skips: Whether nobody could be told of the step before: then the next one does not wait.
    package func decide(
        at now: Timestamp, phase: Phase, isAcknowledged: Bool, skips: Bool = false
    ) -> Decision {
        guard phase.isOpen, phase != .review else { return .end(.over) }
        guard !isAcknowledged else { return .end(.acknowledged) }
        guard plan.steps.indices.contains(told) else { return .end(.exhausted) }
        let due = moment(of: told)
        guard skips || due <= now else { return .wait(until: due) }
        let next = plan.steps.indices.contains(told + 1) ? moment(of: told + 1) : nil
        return .tell(step: told, next: next)
    }

    private func moment(of step: Int) -> Timestamp {
        begunAt.adding(seconds: Double(plan.steps[step].afterSeconds))
    }
}
