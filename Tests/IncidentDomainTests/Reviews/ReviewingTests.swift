import Testing

@testable import IncidentDomain

struct ReviewingTests {
    private static let section = EditedSection(id: "summary", markdown: "It was the disk.")

    private func revise(_ status: ReviewStatus = .draft) -> IncidentCommand {
        .reviseReview(sections: [Self.section], status: status)
    }

    @Test func `a review is drafted once`() throws {
        let given = try Given.incident(in: .review)
        #expect(given.when(.draftReview, by: .rita) == .events([ReviewDrafted(revision: 1)]))
        #expect(try given.and(.draftReview).when(.draftReview) == .nothing)
    }

    @Test func `every revision has the next number`() throws {
        let given = try Given.incident(in: .review)
        func revised(_ revision: Int, _ status: ReviewStatus) -> Answer {
            .events([ReviewRevised(revision: revision, status: status, sections: [Self.section])])
        }
        #expect(given.when(revise(), by: .rita) == revised(1, .draft), "revising starts it as well")
        let drafted = try given.and(.draftReview)
        #expect(drafted.when(revise(.inReview)) == revised(2, .inReview))
        let inReview = try drafted.and(revise(.inReview))
        #expect(inReview.incident.review == ReviewProgress(revision: 2, status: .inReview))
        let statusAlone = ReviewRevised(revision: 3, status: .draft, sections: [])
        #expect(inReview.when(revise()) == .events([statusAlone]), "the section is there already")
        #expect(inReview.when(revise(.inReview)) == .nothing)
        #expect(drafted.when(revise(.approved)).field == "/status", "approving is a command of its own")
    }

    @Test func `a review is approved by a commander, in its phase, and once it exists`() throws {
        let given = try Given.incident(in: .review)
        let approve = IncidentCommand.approveReview(sections: [Self.section])
        #expect(given.when(approve).code == "review-state")
        let drafted = try given.and(.draftReview)
        #expect(drafted.when(approve, by: .rita).code == "role-required")
        #expect(
            drafted.when(approve)
                == .events([
                    ReviewApproved(revision: 1, sections: [Self.section], order: ["summary"])
                ]))
        let approved = try drafted.and(approve)
        #expect(approved.incident.review == ReviewProgress(revision: 1, status: .approved, approvedBy: "Carla"))
        #expect(approved.incident.times.reviewedAt == approved.timeline.last?.occurredAt)
        #expect(approved.when(approve) == .nothing)
        #expect(try Given.incident(in: .restore).and(.draftReview).when(approve).code == "wrong-phase")
    }

    @Test func `a revision that says no status keeps the one there is`() throws {
        let drafted = try Given.incident(in: .review).and(.draftReview)
        let keeps = IncidentCommand.reviseReview(sections: [Self.section], status: nil)
        #expect(try drafted.and(keeps).incident.review?.status == .draft)
        let inReview = try drafted.and(.reviseReview(sections: [], status: .inReview), keeps)
        #expect(inReview.incident.review == ReviewProgress(revision: 3, status: .inReview))
        #expect(inReview.when(keeps) == .nothing)
        let approved = try inReview.and(.approveReview(sections: []))
        #expect(approved.when(keeps) == .nothing)
        let other = EditedSection(id: "summary", markdown: "It was the cable.")
        let changed = try approved.and(.reviseReview(sections: [other], status: nil))
        #expect(changed.incident.review?.status == .draft, "what is changed has to be approved again")
    }

    @Test func `what is revised after the approval has to be approved again`() throws {
        let given = try Given.incident(in: .review).and(.draftReview, .approveReview(sections: []), revise())
        #expect(given.incident.review == ReviewProgress(revision: 2, status: .draft))
        #expect(given.incident.times.reviewedAt == nil)
        #expect(given.when(.advance).code == "requirements-unmet")
    }

    @Test func `an approved review that nobody changed is reviewed when it was approved, not when it was closed`()
        throws
    {
        let given = try Given.incident(in: .review).and(.draftReview)
            .and(.approveReview(sections: []), at: clock("10:11")).and(.advance, at: clock("10:12"))
        #expect(given.incident.times.reviewedAt == clock("10:11"))
        #expect(given.incident.times.closedAt == clock("10:12"))
    }

    // MARK: Follow-up work

    private let action = ActionDraft(title: "Alert on lag", kind: .detective, owner: "Olaf", due: "2026-12-24")

    @Test(arguments: Phase.allCases)
    func `follow-up work is recorded while the incident is open and after it is closed`(
        _ phase: Phase
    ) throws {
        let given = try Given.incident(in: phase)
        switch phase {
        case .dismissed, .merged: #expect(given.when(.addAction(action)).code == "wrong-phase")
        case .detect, .assess, .mitigate, .restore, .review, .closed:
            let added = try given.and(.addAction(action), .addAction(action), by: .rita)
            #expect(added.incident.actions.map { added.incident.id(of: $0) } == ["42-1", "42-2"])
            let done = try added.and(.changeAction(ordinal: 2, ActionPatch(state: .done)), by: .rita)
            #expect(done.incident.actions.map(\.state) == [.open, .done])
        }
    }

    @Test func `only what differs is recorded`() throws {
        let given = try Given(.addAction(action))
        let same = ActionPatch(
            title: "Alert on lag", kind: .detective, owner: "Olaf", due: "2026-12-24", required: true, state: .open)
        #expect(given.when(.changeAction(ordinal: 1, same)) == .nothing)
        #expect(given.when(.changeAction(ordinal: 2, same)).code == "not-found")
        #expect(
            given.when(.changeAction(ordinal: 1, ActionPatch(kind: .preventive, owner: "Olaf", required: false)))
                == .events([ActionChanged(ordinal: 1, kind: .preventive, required: false)]))
    }

    @Test func `a follow-up that is not required or was dropped holds nothing up`() throws {
        let open = ActionDraft(title: "Nice to have", kind: .corrective, required: false)
        let dropped = ActionDraft(title: "No use", kind: .corrective)
        let given = try Given.incident(in: .review).and(
            .draftReview, .approveReview(sections: []), .addAction(open), .addAction(dropped))
        #expect(given.when(.advance).code == "requirements-unmet")
        #expect(try given.and(.changeAction(ordinal: 2, ActionPatch(state: .dropped))).when(.advance).isAccepted)
    }
}
