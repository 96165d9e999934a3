import Testing

@testable import IncidentDomain

struct AdvancingTests {
    private func entered(
        _ phase: Phase, from: Phase, _ overridden: [OverriddenRequirement] = [], reason: String? = nil
    ) -> Answer {
        .events([PhaseEntered(phase: phase, from: from, overridden: overridden, reason: reason)])
    }

    @Test(arguments: [
        (Phase.detect, [IncidentCommand.acknowledge]),
        (.assess, [.hit("feed"), .set(.sev2), .assignRole(.commander, person: "Carla"), .technical]),
        (.mitigate, [.mitigate(.succeeded)]),
        (.restore, [.start("feed"), .verify("feed")]),
        (.review, [.draftReview, .approveReview(sections: [])]),
    ])
    func `a phase is left when everything it asks for holds, and not before`(
        _ phase: Phase, _ work: [IncidentCommand]
    ) throws {
        let next = try #require(phase.next)
        for done in work.indices {
            let given = try Given.incident(in: phase).and(Array(work[..<done]))
            #expect(given.when(.advance).code == "requirements-unmet", "after \(done) of \(work.count)")
        }
        let given = try Given.incident(in: phase).and(work)
        #expect(given.when(.advance).asLeft == entered(next, from: phase))
        #expect(
            given.when(.advance(to: next, reason: "done", override: false)).asLeft
                == entered(next, from: phase, reason: "done"))
    }

    @Test func `everything that is unmet is named, in the policy's order`() throws {
        let given = try Given.incident(in: .assess)
        guard case .refused(.requirementsUnmet(.assess, let unmet)) = given.when(.advance) else {
            Issue.record("not refused")
            return
        }
        #expect(unmet.map(\.requirement) == [.severitySet, .commanderAssigned, .impactRecorded, .causeGiven])
    }

    @Test func `the phase one is in already is no error`() throws {
        let given = try Given.incident(in: .mitigate)
        #expect(given.when(.advance(to: .mitigate, reason: nil, override: false)) == .nothing)
    }

    @Test func `no phase can be jumped over, override or not`() throws {
        let given = try Given.incident(in: .assess)
        #expect(
            given.when(.advance(to: .restore, reason: "hurry", override: true))
                == .refused(.noSuchTransition(from: .assess, to: .restore, possible: [.mitigate])))
        #expect(
            given.when(.advance(to: .detect, reason: nil, override: false)).code == "no-such-transition",
            "the way back is revert")
    }

    @Test(arguments: [Phase.closed, .dismissed, .merged])
    func `an incident at its end does not advance`(_ phase: Phase) throws {
        #expect(try Given.incident(in: phase).when(.advance) == .refused(.wrongPhase(phase, wanted: Phase.open)))
    }

    @Test func `an override is for commanders, with a reason, and what it passed over is recorded`() throws {
        let given = try Given.incident(in: .mitigate)
        #expect(given.when(.force(), by: .rita).code == "role-required")
        #expect(given.when(.force(nil)).field == "/reason")
        let overridden = OverriddenRequirement(requirement: .mitigationSucceeded, detail: "no mitigation recorded")
        #expect(
            given.when(.force("it healed")).asLeft
                == entered(.restore, from: .mitigate, [overridden], reason: "it healed"))
    }

    @Test func `an override that is not needed is none, and anybody's`() throws {
        let given = try Given(.acknowledge)
        #expect(given.when(.force(nil), by: .rita).asLeft == entered(.assess, from: .detect))
    }

    @Test func `a severity can have its own requirements, and the rest stay general`() throws {
        let policy = PhasePolicy(
            general: [.detect: []], special: [.sev1: [.detect: [.communicationsAssigned]], .sev4: [.assess: []]])
        let given = try Given(policy: policy)
        #expect(given.when(.advance).isAccepted)
        #expect(try given.and(.set(.sev1)).when(.advance).code == "requirements-unmet")
        #expect(try given.and(.set(.sev1), .assignRole(.communications, person: "Cleo")).when(.advance).isAccepted)
        #expect(try given.and(.set(.sev2)).when(.advance).isAccepted)
        #expect(try given.and(.set(.sev4), .advance).when(.advance).isAccepted)
        #expect(
            policy.requirements(leaving: .mitigate, severity: .sev1) == [.mitigationSucceeded, .noMitigationRunning])
    }

    @Test func `two policies never have the same stamp`() {
        let policies = [
            PhasePolicy(), PhasePolicy(general: [.detect: []]), PhasePolicy(special: [.sev1: [.detect: []]]),
            PhasePolicy(special: [.sev1: [.detect: [.acknowledged]]]), PhasePolicy(special: [.sev2: [.detect: []]]),
            PhasePolicy(general: [.assess: [.severitySet, .causeGiven]]),
            PhasePolicy(general: [.assess: [.causeGiven, .severitySet]]),
        ]
        #expect(Set(policies.map(\.stamp)).count == policies.count)
        #expect(PhasePolicy(general: PhasePolicy.builtIn).stamp == PhasePolicy().stamp)
    }
}

extension Answer {
    /// Without when phases ended by the facts, for tests that are about leaving them.
    fileprivate var asLeft: Answer {
        guard case .events(let events) = self else { return self }
        return .events(
            events.map { event in
                guard var entered = event as? PhaseEntered else { return event }
                entered.reachedAt = nil
                return entered
            })
    }
}

struct RevertingTests {
    @Test(arguments: Phase.allCases, Phase.allCases)
    func `the ways back are those of the product, and no others`(_ from: Phase, _ to: Phase) throws {
        let possible: [Phase] =
            switch from {
            case .detect, .assess, .dismissed, .merged: []
            case .mitigate: [.assess]
            case .restore: [.mitigate]
            case .review: [.mitigate, .restore]
            case .closed: [.mitigate, .review]
            }
        let answer = try Given.incident(in: from).when(.revert(to: to, reason: "it is back"))
        if from == to {
            #expect(answer == .nothing)
        } else if possible.contains(to) {
            guard case .events(let events) = answer, let reverted = events.first as? PhaseReverted else {
                Issue.record("not reverted: \(answer)")
                return
            }
            #expect(events.count == 1)
            #expect(reverted.phase == to && reverted.from == from && reverted.reason == "it is back")
            // While restoring, the harm goes on: nothing is measured yet.
            #expect((reverted.measured == nil) == (to == .review || from == .restore), "what is measured anew is kept")
        } else {
            #expect(answer == .refused(.noSuchTransition(from: from, to: to, possible: possible)))
        }
    }

    @Test func `a phase that is left at a moment that somebody names ended then at the latest`() throws {
        let given = try Given().and(.acknowledge, at: clock("10:00:30")).and(.advance)
            .and(Way.toMitigate().dropFirst(2).dropLast()).and(.advance, at: clock("10:05"))
            .and(.mitigate(.succeeded)).and(.advance, at: clock("10:06"))
            .and(.start("feed"), .verify("feed")).and(.advance, at: clock("10:07"))
            .and(.draftReview).and(.approveReview(sections: []), at: clock("10:08")).and(.advance, at: clock("10:09"))
        var times = IncidentTimes(startedAt: Given.start, detectedAt: Given.start)
        times.acknowledgedAt = clock("10:00:30")
        times.assessedAt = clock("10:05")
        times.mitigatedAt = clock("10:06")
        times.restoredAt = clock("10:07")
        times.reviewedAt = clock("10:08")
        times.closedAt = clock("10:09")
        #expect(given.incident.times == times)
        #expect(given.incident.times.timeToAcknowledge == 30)
        #expect(given.incident.times.timeToMitigate == 360)
        #expect(given.incident.times.timeToRestore == 420)
    }

    @Test func `going back takes back the clocks after it, and the way forward sets them anew`() throws {
        let review = try Given.incident(in: .review)
        let mitigate = try review.and(.revert(to: .mitigate, reason: "still down"))
        #expect(mitigate.incident.times.assessedAt == review.incident.times.assessedAt)
        #expect(mitigate.incident.times.acknowledgedAt == review.incident.times.acknowledgedAt)
        #expect(mitigate.incident.times.mitigatedAt == nil)
        #expect(mitigate.incident.times.restoredAt == nil)
        let assess = try mitigate.and(.revert(to: .assess, reason: "wrong cause"))
        #expect(assess.incident.times.assessedAt == nil)
        let again = try assess.and(.advance)
        #expect(again.incident.times.assessedAt == review.incident.times.assessedAt, "nothing was found out anew")
        let restore = try review.and(.revert(to: .restore, reason: "too early"))
        #expect(restore.incident.times.mitigatedAt == review.incident.times.mitigatedAt)
        #expect(restore.incident.times.restoredAt == nil)
    }

    @Test func `a closed incident that is reopened has to be mitigated, restored and reviewed again`() throws {
        let given = try Given.incident(in: .closed).and(.revert(to: .mitigate, reason: "it is back"))
        #expect(given.incident.phase == .mitigate)
        #expect(given.incident.times.closedAt == nil)
        #expect(given.incident.times.reviewedAt == nil)
        #expect(given.incident.review?.status == .draft)
        let down = try given.and(.hit("feed"))
        #expect(down.incident.unrestored == ["feed"])
        let review = try down.and(.advance, .start("feed"), .verify("feed"), .advance)
        #expect(review.incident.unmet(.reviewApproved)?.detail == "review not approved")
        #expect(try review.and(.approveReview(sections: []), .advance).incident.phase == .closed)
    }
}
