package struct StepStarted: TimelineEvent {
    package var component: String
    /// The closed gates that were overridden, as sentences.
    package var overridden: [String]
    package var reason: String?
    /// How long it was thought to take, so that what came of it can be compared; nil when nobody knew, and in entries of
    /// releases that did not ask.
    package var estimate: StepEstimate?

    package static let kind = "step_started"
    package static let examples = [
        StepStarted(
            component: "cdn", overridden: ["waits for core (restoring)"], reason: "only reads")
    ]

    package var redacted: StepStarted {
        var copy = self
        copy.overridden = overridden.map(\.redacted)
        copy.reason = reason?.redacted
        return copy
    }

    package var sentence: String {
        guard !overridden.isEmpty else { return "Restoring \(component) started.".giving(reason) }
        let gates = overridden.map(\.onOneLine).joined(separator: "; ")
        return "Restoring \(component) started with overrides: \(gates.sentence)".giving(reason)
    }

    package var isKeyMoment: Bool { true }
    package var isAboutOneComponent: Bool { true }
    package var isOffPlan: Bool { !overridden.isEmpty }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.change(component) { $0.start(at: moment, estimate) }
    }
}

package struct StepRamped: TimelineEvent {
    package var component: String
    package var percent: Int

    package static let kind = "step_ramped"
    package static let examples = [
        StepRamped(component: "cdn", percent: 50)
    ]

    package var sentence: String { "\(component) ramped to \(percent) %." }
    package var isAboutOneComponent: Bool { true }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.change(component) { $0.rampPercent = percent }
    }
}

package struct StepVerifying: TimelineEvent {
    package var component: String
    /// When the soak ends, if nothing fires until then.
    package var soakUntil: Timestamp

    private enum CodingKeys: String, CodingKey {
        case component
        case soakUntil = "soak_until"
    }

    package static let kind = "step_verifying"
    package static let examples = [
        StepVerifying(component: "cdn", soakUntil: EventExamples.noon)
    ]

    package var sentence: String { "\(component) is up; soaking until \(soakUntil.toTheSecond)." }
    package var isAboutOneComponent: Bool { true }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.change(component) { $0.verify(from: moment, until: soakUntil) }
    }
}

package struct StepRestored: TimelineEvent {
    package var component: String

    package static let kind = "step_restored"
    package static let examples = [
        StepRestored(component: "cdn")
    ]

    package var sentence: String { "\(component) restored." }
    package var isKeyMoment: Bool { true }
    package var isAboutOneComponent: Bool { true }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.change(component) { $0.restore(at: moment) }
        incident.endImpact(on: component, at: moment)
    }
}

package struct StepWaived: TimelineEvent {
    package var component: String
    package var reason: String

    package static let kind = "step_waived"
    package static let examples = [
        StepWaived(component: "cdn", reason: "is retired tomorrow")
    ]

    package var redacted: StepWaived {
        var copy = self
        copy.reason = reason.redacted
        return copy
    }

    package var sentence: String { "\(component): restoration waived.".giving(reason) }
    package var isKeyMoment: Bool { true }
    package var isAboutOneComponent: Bool { true }
    package var isOffPlan: Bool { true }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.change(component) { $0.waive() }
    }
}

package struct StepFailed: TimelineEvent {
    package var component: String
    package var reason: String?

    package static let kind = "step_failed"
    package static let examples = [
        StepFailed(component: "cdn", reason: "the cache was cold")
    ]

    package var redacted: StepFailed {
        var copy = self
        copy.reason = reason?.redacted
        return copy
    }

    package var sentence: String { "Restoring \(component) failed.".giving(reason) }
    package var isKeyMoment: Bool { true }
    package var isAboutOneComponent: Bool { true }
    package var isOffPlan: Bool { true }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.change(component) { $0.fail() }
        incident.resumeImpact(on: component)
    }
}

package struct StepRegressed: TimelineEvent {
    package var component: String
    package var reason: String

    package static let kind = "step_regressed"
    package static let examples = [
        StepRegressed(component: "cdn", reason: "an alert fires on it again")
    ]

    package var redacted: StepRegressed {
        var copy = self
        copy.reason = reason.redacted
        return copy
    }

    package var sentence: String { "\(component) regressed: \(reason.sentence)" }
    package var isKeyMoment: Bool { true }
    package var isAboutOneComponent: Bool { true }
    package var isOffPlan: Bool { true }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.change(component) { $0.regress() }
        incident.resumeImpact(on: component)
    }
}

package struct RestorationOrdered: TimelineEvent {
    /// What comes first within its wave, as far as dependencies allow; empty gives the order back to the plan.
    package var components: [String]
    package var reason: String?

    package static let kind = "restoration_ordered"
    package static let examples = [
        RestorationOrdered(components: ["core", "cdn"], reason: "the match begins at eight")
    ]

    package var redacted: RestorationOrdered {
        var copy = self
        copy.reason = reason?.redacted
        return copy
    }

    package var sentence: String {
        guard !components.isEmpty else { return "Restoration order reset to the plan.".giving(reason) }
        let names = components.prefix(10).joined(separator: ", ")
        let more = components.count > 10 ? " and \(components.count - 10) more" : ""
        return "Restoration order set: \(names)\(more) first.".giving(reason)
    }

    package var isKeyMoment: Bool { true }
    package var isOffPlan: Bool { true }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.restorationOrder = components.isEmpty ? nil : components
    }
}

/// A revision of the plan, as the timeline has it: what the order and the expected time became, and why.
package struct PlanRevised: TimelineEvent {
    /// Counts from 1.
    package var revision: Int
    /// What changed since the revision before; the first one only has `began`.
    package var changes: [Change]
    /// Components that are affected now and were not before, and the other way round.
    package var joined: [String]
    package var left: [String]
    /// Everything affected, wave by wave, in the order of restoration.
    package var waves: [[String]]
    /// When it will be over; nil while something cannot be estimated.
    package var expected: ExpectedRestoration?
    /// What was thought before.
    package var previous: ExpectedRestoration?
    /// When each remaining component was planned to be worked on, in the plan's order: at most `spansMax`.
    package var spans: [PlannedSpan]

    /// More could not be shown, and would swell the timeline.
    package static let spansMax = 200

    /// What can change in a plan.
    package enum Change: String, CaseIterable, Codable, Sendable {
        case began
        case components
        case order
        case expected
    }

    package static let kind = "plan_revised"
    package static let examples = [
        PlanRevised(
            revision: 3, changes: [.components, .order, .expected], joined: ["cdn"], left: ["ads"],
            waves: [["core"], ["cdn", "edge"]],
            expected: ExpectedRestoration(median: EventExamples.noon, p90: EventExamples.noon.adding(seconds: 600)),
            previous: ExpectedRestoration(median: EventExamples.before, p90: EventExamples.noon),
            spans: [PlannedSpan(component: "core", begin: EventExamples.before, end: EventExamples.noon)])
    ]

    package var sentence: String {
        var clauses: [String] = []
        if changes.contains(.began) {
            let count = waves.reduce(0) { $0 + $1.count }
            clauses.append(
                "\(count) component\(count == 1 ? "" : "s") in \(waves.count) wave\(waves.count == 1 ? "" : "s")")
        }
        if !joined.isEmpty { clauses.append("added \(Self.names(joined))") }
        if !left.isEmpty { clauses.append("removed \(Self.names(left))") }
        if changes.contains(.order) { clauses.append("order changed") }
        clauses.append(forecast)
        return "Restoration plan, revision \(revision): \(clauses.joined(separator: "; "))."
    }

    private var forecast: String {
        guard let expected else { return "no expected time: not every component has an estimate" }
        var text = "expected done \(expected.median.toTheSecond) (90 % by \(expected.p90.toTheSecond))"
        if let previous, changes.contains(.expected) {
            let shift = expected.median.seconds(since: previous.median)
            let by = DurationText.human(abs(shift))
            text += shift > 0 ? ", slipped \(by)" : ", \(by) earlier than before"
        }
        return text
    }

    private static func names(_ components: [String]) -> String {
        components.prefix(5).joined(separator: ", ")
            + (components.count > 5 ? " and \(components.count - 5) more" : "")
    }

    package var isKeyMoment: Bool { true }

    /// A time that slipped: what became earlier can wait for the next message.
    package var isNotified: Bool {
        guard let expected, let previous, changes.contains(.expected) else { return false }
        return expected.median > previous.median
    }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.plan = RecordedPlan(self)
    }
}
