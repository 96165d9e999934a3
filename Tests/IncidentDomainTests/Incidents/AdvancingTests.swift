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
        #expect(given.when(.advance) == entered(next, from: phase))
        #expect(
            given.when(.advance(to: next, reason: "done", override: false))
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
        let overridden = OverriddenRequirement(requirement: .mitigationSucceeded, detail: "no mitigation is recorded")
        #expect(
            given.when(.force("it healed")) == entered(.restore, from: .mitigate, [overridden], reason: "it healed"))
    }

    @Test func `an override that is not needed is none, and anybody's`() throws {
        let given = try Given(.acknowledge)
        #expect(given.when(.force(nil), by: .rita) == entered(.assess, from: .detect))
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
