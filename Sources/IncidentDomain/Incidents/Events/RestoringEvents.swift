package struct StepStarted: TimelineEvent {
    package var component: String
    /// The closed gates that were overridden, as sentences.
    package var overridden: [String]
    package var reason: String?
    /// How long it was thought to take, so that what came of it can be compared; nil when nobody knew, and in entries of
    /// releases that did not ask.
    package var estimate: StepEstimate?
    /// The dependencies that it was started without, by slug; nil when there were none.
    package var without: [String]?
    /// When whoever started it expects it back; nil when nobody said so.
    package var expectedAt: Timestamp?

    private enum CodingKeys: String, CodingKey {
        case component, overridden, reason, estimate, without
        case expectedAt = "expected_at"
    }

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
        let until = expectedAt.map { " It is expected back at \($0.toTheSecond)." } ?? ""
        guard !overridden.isEmpty else { return "Restoring \(component) started.".giving(reason) + until }
        let gates = overridden.map(\.onOneLine).joined(separator: "; ")
        return "Restoring \(component) started with overrides: \(gates.sentence)".giving(reason) + until
    }

    package var isKeyMoment: Bool { true }
    package var isAboutOneComponent: Bool { true }
    package var concernsRestoration: Bool { true }
    package var isOffPlan: Bool { !overridden.isEmpty }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.change(component) { $0.start(at: moment, estimate, expectedAt: expectedAt, without: without) }
    }
}

package struct StepRamped: TimelineEvent {
    package var component: String
    package var percent: Int
    /// When it is expected back; nil leaves what was said before.
    package var expectedAt: Timestamp?
    /// How much has still to be worked off: messages, jobs, orders. Nil when nobody said.
    package var backlog: Int?

    private enum CodingKeys: String, CodingKey {
        case component, percent, backlog
        case expectedAt = "expected_at"
    }

    package static let kind = "step_ramped"
    package static let examples = [
        StepRamped(component: "cdn", percent: 50)
    ]

    package var sentence: String {
        let left = backlog.map { " Backlog: \($0)." } ?? ""
        let until = expectedAt.map { " It is expected back at \($0.toTheSecond)." } ?? ""
        return "\(component) ramped to \(percent) %.\(left)\(until)"
    }
    package var isAboutOneComponent: Bool { true }
    package var concernsRestoration: Bool { true }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.change(component) {
            $0.rampPercent = percent
            if let expectedAt { $0.expectedAt = expectedAt }
            if let backlog { $0.note(backlog: backlog, at: moment) }
        }
    }
}

/// What whoever restores it says of a component, without a change of its traffic.
package struct StepTold: TimelineEvent {
    package var component: String
    /// When it is expected back; nil leaves what was said before.
    package var expectedAt: Timestamp?
    /// How much has still to be worked off, also after it is restored; nil leaves what was said before.
    package var backlog: Int?

    private enum CodingKeys: String, CodingKey {
        case component, backlog
        case expectedAt = "expected_at"
    }

    package static let kind = "step_told"
    package static let examples = [
        StepTold(component: "cdn", expectedAt: EventExamples.noon, backlog: 800)
    ]

    package var sentence: String {
        let until = expectedAt.map { "\(component) is expected back at \($0.toTheSecond)." }
        let left = backlog.map { "\(component) has a backlog of \($0)." }
        return [until, left].compactMap(\.self).joined(separator: " ")
    }
    package var isAboutOneComponent: Bool { true }
    package var concernsRestoration: Bool { true }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.change(component) {
            if let expectedAt { $0.expectedAt = expectedAt }
            if let backlog { $0.note(backlog: backlog, at: moment) }
        }
    }
}

package struct StepVerifying: TimelineEvent {
    package var component: String
    /// When the soak ends, if nothing fires until then.
    package var soakUntil: Timestamp
    /// The dependencies that it is up without, by slug; nil when there are none.
    package var without: [String]?
    package var reason: String?

    private enum CodingKeys: String, CodingKey {
        case component, without, reason
        case soakUntil = "soak_until"
    }

    package static let kind = "step_verifying"
    package static let examples = [
        StepVerifying(component: "cdn", soakUntil: EventExamples.noon)
    ]

    package var redacted: StepVerifying {
        var copy = self
        copy.reason = reason?.redacted
        return copy
    }

    package var sentence: String {
        let missing = without.map { " without \($0.joined(separator: ", "))" } ?? ""
        return "\(component) is up\(missing); soaking until \(soakUntil.toTheSecond).".giving(reason)
    }

    package var isAboutOneComponent: Bool { true }
    package var concernsRestoration: Bool { true }
    package var isOffPlan: Bool { without != nil }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.change(component) { $0.verify(from: moment, until: soakUntil) }
    }
}

package struct StepRestored: TimelineEvent {
    package var component: String
    /// The other incident in which that was done; nil when it was done in this one.
    package var incident: Int?
    /// The dependencies that it is up without, by slug; nil when there are none.
    package var without: [String]?
    package var reason: String?

    package static let kind = "step_restored"
    package static let examples = [
        StepRestored(component: "cdn")
    ]

    package var redacted: StepRestored {
        var copy = self
        copy.reason = reason?.redacted
        return copy
    }

    package var sentence: String {
        let missing = without.map { " without \($0.joined(separator: ", "))" } ?? ""
        let elsewhere = incident.map { ", in INC-\($0)" } ?? ""
        return "\(component) restored\(missing)\(elsewhere).".giving(reason)
    }

    package var isKeyMoment: Bool { true }
    package var isAboutOneComponent: Bool { true }
    package var concernsRestoration: Bool { true }
    package var isOffPlan: Bool { without != nil }

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
    package var concernsRestoration: Bool { true }
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
    package var concernsRestoration: Bool { true }
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
    package var concernsRestoration: Bool { true }
    package var isOffPlan: Bool { true }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.change(component) { $0.regress(at: moment) }
        incident.resumeImpact(on: component)
    }
}

package struct RestorationOrdered: TimelineEvent {
    /// What comes first, as far as dependencies allow; empty gives the order back to the plan.
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

    package var concernsRestoration: Bool { true }

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

/// How many steps each owner can work on at a time.
package struct HandsSet: TimelineEvent {
    /// By owner; `default` is for those that are not named. Empty: as many as are needed.
    package var hands: [String: Int]
    package var reason: String?

    package static let kind = "restoration_hands_set"
    package static let examples = [
        HandsSet(hands: ["default": 4, "storage": 1], reason: "the night shift")
    ]

    package var redacted: HandsSet {
        var copy = self
        copy.reason = reason?.redacted
        return copy
    }

    package var concernsRestoration: Bool { true }

    package var sentence: String {
        guard !hands.isEmpty else { return "Hands: as many as are needed.".giving(reason) }
        return "Hands: \(RestorationHands.text(hands)).".giving(reason)
    }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.hands = hands.isEmpty ? nil : hands
    }
}

/// What a component needs was found while it was restored. It holds for this incident; the review proposes it for the catalog.
package struct NeedsLearnt: TimelineEvent {
    package var component: String
    /// The affected components that it cannot work without, beside those of the catalog, by slug; empty takes it back.
    package var needs: [String]
    package var reason: String?

    package static let kind = "restoration_needs_learnt"
    package static let examples = [
        NeedsLearnt(component: "cdn", needs: ["core"], reason: "it asks the core for its keys")
    ]

    package var redacted: NeedsLearnt {
        var copy = self
        copy.reason = reason?.redacted
        return copy
    }

    package var sentence: String {
        guard !needs.isEmpty else { return "\(component) needs only what the catalog says.".giving(reason) }
        return "\(component) was found to need \(needs.joined(separator: ", ")).".giving(reason)
    }

    package var isKeyMoment: Bool { true }
    package var isAboutOneComponent: Bool { true }
    package var concernsRestoration: Bool { true }
    package var isOffPlan: Bool { true }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        var learnt = incident.learntNeeds ?? [:]
        learnt[component] = needs.isEmpty ? nil : needs
        incident.learntNeeds = learnt.isEmpty ? nil : learnt
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
    /// When the longest path ends, if every step takes what it does in half of the cases.
    package var pathEnd: Timestamp?
    /// What the expected time leaves out, because nobody can estimate it or what it waits for; at most `spansMax`.
    package var without: [String]?
    /// What past forecasts taught about the expected time.
    package var calibration: ForecastCalibration?

    private enum CodingKeys: String, CodingKey {
        case revision, changes, joined, left, waves, expected, previous, spans, without, calibration
        case pathEnd = "path_end"
    }

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
        guard let expected else { return "no expected time: no component has an estimate" }
        let except = without.map { "without \(Self.names($0)): " } ?? ""
        var text = "\(except)expected done \(expected.median.toTheSecond) (90 % by \(expected.p90.toTheSecond))"
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
