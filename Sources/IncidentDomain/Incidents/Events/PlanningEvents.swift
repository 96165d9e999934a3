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

    package var phrase: Phrase {
        guard !components.isEmpty else { return Phrase("Restoration order reset to the plan.").giving(reason) }
        return Phrase("Restoration order set: \(.names(components, max: 10)) first.").giving(reason)
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

    package var phrase: Phrase {
        guard !hands.isEmpty else { return Phrase("Hands: as many as are needed.").giving(reason) }
        return Phrase("Hands: \(RestorationHands.phrase(hands)).").giving(reason)
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

    package var concernsRestoration: Bool { true }

    package var phrase: Phrase {
        guard !needs.isEmpty else { return Phrase("\(component) needs only what the catalog says.").giving(reason) }
        return Phrase("\(component) was found to need \(needs.joined(separator: ", ")).").giving(reason)
    }

    package var isKeyMoment: Bool { true }
    package var isAboutOneComponent: Bool { true }
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

    package var phrase: Phrase {
        var clauses: [Phrase] = []
        if changes.contains(.began) {
            let count = waves.reduce(0) { $0 + $1.count }
            let components: Phrase = count == 1 ? "1 component" : "\(count) components"
            clauses.append("\(components) in \(waves.count == 1 ? "1 wave" : "\(waves.count) waves")")
        }
        if !joined.isEmpty { clauses.append("added \(.names(joined, max: 5))") }
        if !left.isEmpty { clauses.append("removed \(.names(left, max: 5))") }
        if changes.contains(.order) { clauses.append("order changed") }
        clauses.append(forecast)
        return "Restoration plan, revision \(revision): \(clauses.joined(separator: "; "))."
    }

    private var forecast: Phrase {
        guard let expected else { return "no expected time: no component has an estimate" }
        let except: Phrase = without.map { "without \(.names($0, max: 5)): " } ?? ""
        var shifted: Phrase = ""
        if let previous, changes.contains(.expected) {
            let shift = expected.median.seconds(since: previous.median)
            let by = Phrase.duration(abs(shift))
            shifted = shift > 0 ? ", slipped \(by)" : ", \(by) earlier than before"
        }
        return "\(except)expected done \(expected.median.told) (90 % by \(expected.p90.told))\(shifted)"
    }

    /// A time that slipped: what became earlier can wait for the next message.
    package var isNotified: Bool {
        guard let expected, let previous, changes.contains(.expected) else { return false }
        return expected.median > previous.median
    }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.plan = RecordedPlan(self, at: moment)
    }
}
