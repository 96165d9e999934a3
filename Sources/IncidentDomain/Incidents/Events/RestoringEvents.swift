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

    package var phrase: Phrase {
        let until: Phrase = expectedAt.map { " It is expected back at \($0.told)." } ?? ""
        guard !overridden.isEmpty else { return Phrase("Restoring \(component) started.").giving(reason) + until }
        let gates = overridden.map { Phrase.stored($0.onOneLine, .gate) }.joined(separator: "; ")
        return Phrase("Restoring \(component) started with overrides: \(gates.sentence)").giving(reason) + until
    }

    /// A start is told with its end; what was begun against the plan was decided then.
    package var isKeyMoment: Bool { !overridden.isEmpty }
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

    package var phrase: Phrase {
        let left: Phrase = backlog.map { " Backlog: \($0)." } ?? ""
        let until: Phrase = expectedAt.map { " It is expected back at \($0.told)." } ?? ""
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

    package var phrase: Phrase {
        let until: Phrase? = expectedAt.map { "\(component) is expected back at \($0.told)." }
        let left: Phrase? = backlog.map { "\(component) has a backlog of \($0)." }
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

    package var phrase: Phrase {
        let missing: Phrase = without.map { " without \($0.joined(separator: ", "))" } ?? ""
        return Phrase("\(component) is up\(missing); soaking until \(soakUntil.told).").giving(reason)
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

    package var phrase: Phrase {
        let missing: Phrase = without.map { " without \($0.joined(separator: ", "))" } ?? ""
        let elsewhere: Phrase = incident.map { ", in INC-\($0)" } ?? ""
        return Phrase("\(component) restored\(missing)\(elsewhere).").giving(reason)
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

    package var phrase: Phrase { Phrase("\(component): restoration waived.").giving(reason) }
    package var isKeyMoment: Bool { true }
    package var isAboutOneComponent: Bool { true }
    package var concernsRestoration: Bool { true }
    package var isOffPlan: Bool { true }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.change(component) { $0.waive(at: moment) }
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

    package var phrase: Phrase { Phrase("Restoring \(component) failed.").giving(reason) }
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

    package var phrase: Phrase { "\(component) regressed: \(Phrase.stored(reason, .reason).sentence)" }
    package var isKeyMoment: Bool { true }
    package var isAboutOneComponent: Bool { true }
    package var concernsRestoration: Bool { true }
    package var isOffPlan: Bool { true }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.change(component) { $0.regress(at: moment) }
        incident.resumeImpact(on: component)
    }
}
