import Testing

@testable import IncidentDomain

/// Every requirement that a phase can have: what is said while it does not hold, and what makes it hold.
struct PhaseRequirementTests {
    /// A requirement, what has to be done beforehand, and the commands that meet it.
    struct Example: CustomTestStringConvertible, Sendable {
        let requirement: Requirement
        var before: [IncidentCommand] = []
        let detail: String
        var subject: String?
        var step = UnmetRequirement.NextStep.begin
        let meeting: [IncidentCommand]

        var testDescription: String { "\(requirement.rawValue): \(detail)" }
    }

    static let examples: [Example] = [
        Example(requirement: .acknowledged, detail: "not acknowledged", meeting: [.acknowledge]),
        Example(requirement: .severitySet, detail: "no severity set", meeting: [.set(.sev3)]),
        Example(
            requirement: .commanderAssigned, detail: "no one assigned as commander",
            meeting: [.assignRole(.commander, person: "Carla")]),
        Example(
            requirement: .operationsAssigned, detail: "no one assigned as operations",
            meeting: [.assignRole(.operations, person: "Olaf")]),
        Example(
            requirement: .communicationsAssigned, detail: "no one assigned as communications",
            meeting: [.assignRole(.communications, person: "Cleo")]),
        Example(
            requirement: .impactRecorded, before: [.hit("feed", .none), .hit("auth", .maintenance)],
            detail: "no component impact recorded", meeting: [.hit("feed", .degraded)]),
        Example(
            requirement: .audienceImpactRecorded, detail: "no audience impact recorded",
            meeting: [.setAudience(AudienceImpact(audience: .users, description: "Empty feeds"))]),
        Example(
            requirement: .causeGiven,
            detail:
                "no cause stated, or all were refuted; category unknown with a reason says that it is not known yet",
            meeting: [.technical]),
        Example(
            requirement: .causeConfirmed, before: [.technical], detail: "cause not confirmed",
            meeting: [.stateCause(CauseHypothesis(category: .technical, confidence: .confirmed))]),
        Example(
            requirement: .updatePosted, detail: "no update posted",
            meeting: [.postUpdate(UpdateContent(audience: .staff, body: "We look"))]),
        Example(
            requirement: .mitigationSucceeded, detail: "no mitigation recorded", meeting: [.mitigate(.succeeded)]),
        Example(
            requirement: .mitigationSucceeded, before: [.mitigate(.running), .mitigate(.failed)],
            detail: "no mitigation has succeeded or is marked as not needed", subject: "1",
            meeting: [.changeMitigation(id: 1, MitigationPatch(state: .succeeded))]),
        Example(
            requirement: .mitigationSucceeded, before: [.mitigate(.failed)],
            detail: "no mitigation has succeeded or is marked as not needed", meeting: [.mitigate(.notNeeded)]),
        Example(
            requirement: .noMitigationRunning, before: [.mitigate(.succeeded), .mitigate(.running)],
            detail: "mitigation 2 is still running: Roll back", subject: "2",
            meeting: [.changeMitigation(id: 2, MitigationPatch(state: .rolledBack))]),
        Example(
            requirement: .mitigationsLifted,
            before: [.addMitigation(MitigationDraft(description: "Shed load", inForce: true))],
            detail: "mitigation 1 is still in force: Shed load", subject: "1",
            meeting: [.changeMitigation(id: 1, MitigationPatch(inForce: false))]),
        Example(
            requirement: .componentsRestored, before: [.hit("feed"), .hit("auth")],
            detail: "not restored or waived: auth, feed", subject: "auth", step: .look,
            meeting: [.removeImpact(component: "auth"), .hit("feed", .none)]),
        Example(
            requirement: .componentsRestored, before: [.hit("feed")], detail: "not restored or waived: feed",
            subject: "feed", meeting: [.hit("feed", .none)]),
        Example(
            requirement: .componentsRestored, before: Way.toRestore(["feed", "auth"]) + [.start("auth")],
            detail: "not restored or waived: auth, feed", subject: "auth", step: .finish,
            meeting: [.waive("auth"), .waive("feed")]),
        Example(
            requirement: .noFiringAlert, before: [.hit("feed"), .fires("feed", nil)],
            detail: "2 alerts are still firing on feed", subject: "feed", meeting: [.clears("feed", nil)]),
        Example(
            requirement: .noFiringAlert, before: [.fires("archive")],
            detail: "1 alert is still firing on archive", meeting: [.clears("archive")]),
        Example(
            requirement: .tasksDone, before: [.addTask(text: "Call the carrier", owner: nil)],
            detail: "task 1 is not done: Call the carrier", subject: "1",
            meeting: [.changeTask(id: 1, text: nil, owner: nil, done: true)]),
        Example(
            requirement: .reviewApproved, before: Way.toReview, detail: "review not started",
            meeting: [.draftReview, .approveReview(sections: [])]),
        Example(
            requirement: .reviewApproved, before: Way.toReview + [.draftReview], detail: "review not approved",
            step: .finish, meeting: [.approveReview(sections: [])]),
        Example(
            requirement: .actionsAssigned, before: [.addAction(ActionDraft(title: "Alert on lag", kind: .detective))],
            detail: "required action item 42-1 has no owner", subject: "42-1",
            meeting: [.changeAction(ordinal: 1, ActionPatch(owner: "Olaf", due: "2026-12-24"))]),
        Example(
            requirement: .actionsAssigned,
            before: [.addAction(ActionDraft(title: "Alert on lag", kind: .detective, owner: "Olaf"))],
            detail: "required action item 42-1 has no due date", subject: "42-1",
            meeting: [.changeAction(ordinal: 1, ActionPatch(state: .dropped))]),
    ]

    @Test(arguments: examples) func `a requirement says what is missing until it is met`(_ example: Example) throws {
        let given = try Given().and(example.before)
        let expected = UnmetRequirement(
            example.requirement, example.detail, subject: example.subject, step: example.step)
        #expect(given.incident.unmet(example.requirement) == expected)
        #expect(try given.and(example.meeting).incident.unmet(example.requirement) == nil)
    }

    @Test func `every requirement has an example`() {
        #expect(Set(Self.examples.map(\.requirement)) == Set(Requirement.allCases))
    }

    @Test(arguments: Phase.open, Requirement.allCases)
    func `a policy can ask for any requirement in any phase, and an unmet one blocks`(
        _ phase: Phase, _ requirement: Requirement
    ) throws {
        var given = try Given.incident(in: phase)
        given.policy = PhasePolicy(general: [phase: [requirement]])
        switch given.incident.unmet(requirement) {
        case let unmet?: #expect(given.when(.advance) == .refused(.requirementsUnmet(phase, [unmet])))
        case nil: #expect(given.when(.advance).isAccepted)
        }
    }

    @Test func `a long list of what is down is cut`() throws {
        let slugs = (10..<25).map { "c\($0)" }
        let graph = DependencyGraph(slugs.map { Component(slug: $0, name: $0, tier: 1) })
        let given = try Given(graph: graph).and(slugs.map { .hit($0) })
        #expect(
            given.incident.unmet(.componentsRestored)?.detail
                == "not restored or waived: c10, c11, c12, c13, c14, c15, c16, c17, c18, c19 and 5 more")
    }
}
