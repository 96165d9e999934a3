import Testing

@testable import IncidentDomain

struct ReviewingTests {
    @Test func `any number of people sign a review, each once a revision`() throws {
        let sign = IncidentCommand.signReview(role: "head of operations", comment: "I have read it")
        #expect(try Given().when(sign).code == "review-state")
        let given = try Given.incident(in: .review).and(.draftReview, sign).and([sign], by: .rita)
        #expect(given.incident.signatures?.map(\.by) == ["Carla", "Rita"])
        #expect(given.when(sign) == .nothing)
        #expect(given.incident.review?.status == .draft, "that is no approval")
        #expect(given.review.signaturesText == "Carla (head of operations), Rita (head of operations)")
        let revised = try given.and(
            .reviseReview(sections: [EditedSection(id: "lessons", markdown: "Test it.")], status: nil))
        #expect(revised.review.signaturesText?.hasPrefix("Carla (head of operations, revision 1)") == true)
        #expect(revised.when(sign).isAccepted)
    }

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
        #expect(
            approved.incident.review
                == ReviewProgress(
                    revision: 1, status: .approved, approvedBy: "Carla", approvedEntry: approved.incident.version))
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

/// What has to be there before a review is approved.
struct ReviewApprovalTests {
    private static let own = ["what_went_well", "what_went_wrong", "lessons"]

    private func write(_ ids: [String]) -> IncidentCommand {
        .reviseReview(sections: ids.map { EditedSection(id: $0, markdown: "Text.") }, status: .draft)
    }

    private func approve(_ given: Given) -> Answer {
        given.when(.approveReview(sections: given.review.currentSections))
    }

    @Test func `what only a person can write has to be written`() throws {
        let given = try Given.incident(in: .review).and(.draftReview)
        #expect(approve(given) == .refused(.reviewUnfinished(sections: Self.own, actions: [])))
        let part = try given.and(write(["lessons"]))
        #expect(
            approve(part) == .refused(.reviewUnfinished(sections: ["what_went_well", "what_went_wrong"], actions: [])))
        // What was given out and comes back unchanged says nothing.
        let prompt = given.section(.lessons)
        let back = try given.and(
            write(["what_went_well", "what_went_wrong"]),
            .reviseReview(sections: [EditedSection(id: "lessons", markdown: prompt)], status: .draft))
        #expect(approve(back) == .refused(.reviewUnfinished(sections: ["lessons"], actions: [])))
        let whole = try given.and(write(Self.own))
        #expect(approve(whole).isAccepted)
    }

    @Test func `each required action item has to have an owner`() throws {
        let written = try Given.incident(in: .review).and(
            .draftReview, write(Self.own), .addAction(ActionDraft(title: "a", kind: .detective)),
            .addAction(ActionDraft(title: "b", kind: .detective, owner: "Olaf")),
            .addAction(ActionDraft(title: "c", kind: .detective, required: false)),
            .addAction(ActionDraft(title: "d", kind: .detective)),
            .changeAction(ordinal: 4, ActionPatch(state: .dropped)))
        let refused = approve(written)
        #expect(refused == .refused(.reviewUnfinished(sections: [], actions: ["42-1"])))
        #expect(approve(try written.and(.changeAction(ordinal: 1, ActionPatch(owner: "Ada")))).isAccepted)
    }

    @Test func `the refusal names all that is missing`() {
        let refusal = IncidentRefusal.reviewUnfinished(sections: ["lessons"], actions: ["42-1", "42-3"])
        #expect(
            refusal.description
                == "The review cannot be approved yet: section lessons is not written yet; required action item 42-1 has no "
                + "owner; required action item 42-3 has no owner.")
    }
}

/// What is late, and what the words mean.
struct ActionDueTests {
    @Test(
        arguments: [
            ("2026-12-23", ActionState.open, true), ("2026-12-23", .inProgress, true), ("2026-12-23", .done, false),
            ("2026-12-23", .dropped, false), ("2026-12-24", .open, false), ("2026-12-25", .open, false),
            (nil, .open, false),
        ] as [(String?, ActionState, Bool)])
    func `what was due before today and is still to be done is late`(due: String?, state: ActionState, isLate: Bool)
        throws
    {
        let draft = ActionDraft(title: "Alert on lag", kind: .detective, owner: "Olaf", due: due)
        let given = try Given(.addAction(draft)).and(.changeAction(ordinal: 1, ActionPatch(state: state)))
        let action = try #require(given.incident.actions.first)
        #expect(action.isOverdue(on: "2026-12-24") == isLate)
        #expect(action.id(in: 42) == "42-1")
    }

    @Test func `every word says in a sentence what it means`() {
        let meanings =
            IncidentRole.allCases.map(\.meaning) + Audience.allCases.map(\.meaning)
            + UpdateAudience.allCases.map(\.meaning) + CauseCategory.allCases.map(\.meaning)
            + CauseConfidence.allCases.map(\.meaning) + Requirement.allCases.map(\.meaning)
        #expect(meanings.allSatisfy { $0.hasSuffix(".") && $0.count > 10 })
    }

    @Test func `the table of severities tells all of its words`() {
        var table = AlertSeverityTable.builtIn
        table.set("Armageddon", to: .sev1)
        table.set("info", to: nil)
        #expect(table.words.contains { $0.word == "armageddon" && $0.severity == .sev1 && $0.kind == nil })
        #expect(table.words.contains { $0.word == "info" && $0.severity == nil })
        for line in table.words where Severity(rawValue: line.word) == nil {
            #expect(table.severity(line.word, kind: line.kind ?? "none") == line.severity, "\(line)")
        }
    }
}

/// Revisions and approvals store what changed; the document is put together from all of them.
struct ReviewRevisionTests {
    private func revise(_ sections: EditedSection...) -> IncidentCommand {
        .reviseReview(sections: sections, status: .draft)
    }

    private func section(_ id: String, _ text: String, title: String? = nil) -> EditedSection {
        EditedSection(id: id, title: title, markdown: text)
    }

    private func revisions(_ given: Given) -> [[String]] {
        given.timeline.compactMap { $0.event.as(ReviewRevised.self)?.sections.map(\.id) }
    }

    @Test func `a revision stores the sections that it changes, and no others`() throws {
        let given = try Given.incident(in: .review).and(
            revise(section("lessons", "one"), section("extra", "two")), revise(section("lessons", "three")),
            revise(section("lessons", "three"), section("extra", "two", title: "More")))
        #expect(revisions(given) == [["lessons", "extra"], ["lessons"], ["extra"]])
        #expect(given.section(.lessons) == "three")
        #expect(given.review.section("extra")?.markdown == "two" && given.review.section("extra")?.title == "More")
        #expect(given.when(revise(section("lessons", "three"))) == .nothing)
    }

    @Test func `of two sections with one id the last counts`() throws {
        let given = try Given.incident(in: .review).and(revise(section("lessons", "one"), section("lessons", "two")))
        #expect(revisions(given) == [["lessons"]])
        #expect(given.section(.lessons) == "two")
    }

    @Test func `revisions that hold everything are read for ever, before and among those that hold changes`() {
        let sections = [section("lessons", "old"), section("extra", "kept")]
        let whole = ReviewRevised(revision: 1, status: .draft, sections: sections, scope: .whole)
        let change = ReviewRevised(revision: 2, status: .draft, sections: [section("lessons", "new")])
        let fewer = ReviewRevised(revision: 3, status: .draft, sections: [section("lessons", "only")], scope: .whole)
        func written(_ revisions: ReviewRevised...) -> [String] {
            let timeline = revisions.enumerated().map { index, revision in
                RecordedEvent(
                    sequence: index + 1, event: IncidentEvent(revision), actor: .carla, occurredAt: Given.start,
                    recordedAt: Given.start)
            }
            return ReviewHistory(timeline).written.map { "\($0.id) \($0.markdown)" }
        }
        #expect(written(whole, change) == ["lessons new", "extra kept"])
        #expect(written(whole, change, fewer) == ["lessons only"])
    }

    @Test func `an approval stores what the timeline has not, and again only what became different`() throws {
        func approve(_ given: Given) throws -> (Given, [String]) {
            let approved = try given.and(.approveReview(sections: given.review.currentSections))
            guard let approval = approved.timeline.last?.event.as(ReviewApproved.self) else { return (approved, []) }
            #expect(approval.order == given.review.sections.map(\.id))
            return (approved, approval.sections.map(\.id))
        }
        let own = ["lessons", "what_went_well", "what_went_wrong"]
        let written = try Given.incident(in: .review).and(
            .draftReview, .reviseReview(sections: own.map { section($0, "one") }, status: .draft))
        let (first, stored) = try approve(written)
        #expect(stored == written.review.sections.map(\.id).filter { !own.contains($0) })
        #expect(first.section(.lessons) == "one" && first.section(.cause) == written.section(.cause))
        let (second, again) = try approve(try first.and(revise(section("lessons", "two"))))
        #expect(Set(again).isSubset(of: ["timeline", "unmet"]), "\(again)")
        #expect(second.section(.lessons) == "two" && second.section(.cause) == written.section(.cause))
        #expect(second.review.sections.map(\.id) == written.review.sections.map(\.id))
    }

    @Test func `a review has so many sections and bytes, and then says so`() throws {
        let given = try Given.incident(in: .review)
        let hundred = (0..<100).map { section("s\($0)", "x") }
        let full = try given.and(.reviseReview(sections: hundred, status: .draft))
        let tooMany = full.when(revise(section("one_more", "x")))
        #expect(tooMany.field == "/sections")
        #expect(full.when(revise(section("s7", "changed"))).isAccepted)
        let large = String(repeating: "x", count: 100_000)
        let ten = (0..<10).map { section("s\($0)", large) }
        let heavy = try given.and(.reviseReview(sections: ten, status: .draft))
        guard case .refused(.badValue(_, let detail)) = heavy.when(revise(section("s10", large))) else {
            Issue.record("the size is not limited")
            return
        }
        #expect(detail.contains("at most 1,048,576 bytes in total; this would make 1,100,0"), "\(detail)")
        #expect(heavy.when(revise(section("s0", "short"))).isAccepted)
    }

    @Test func `all revisions together have a limit, too`() throws {
        var given = try Given.incident(in: .review)
        let large = String(repeating: "x", count: 100_000)
        for round in 0..<33 {
            let sections = (0..<10).map { section("s\($0)", "\(round)\(large)") }
            given = try given.and(.reviseReview(sections: sections, status: .draft))
        }
        let more = (0..<10).map { section("s\($0)", "more\(large)") }
        #expect(given.when(.reviseReview(sections: more, status: .draft)).field == "/sections")
        let written = given.review.currentSections.filter { !$0.isPrompt }
        #expect(given.when(.approveReview(sections: written)).isAccepted)
    }

    @Test func `the public version rests on an approved review, and takes who may publish`() throws {
        let given = try Given.incident(in: .review).and(.draftReview)
        let texts = [EditedSection(id: "summary", title: "Summary", markdown: "It was down.")]
        let approve = IncidentCommand.approvePublicReview(sections: texts, title: "Down")
        #expect(given.when(approve).code == "review-state")
        let reviewed = try given.and(.approveReview(sections: []))
        #expect(reviewed.when(approve, by: .rita).code == "role-required")
        let set = IncidentCommand.setPublicReview(sections: ["summary"], replacements: [], title: nil)
        let approved = try reviewed.and(set, approve)
        #expect(
            approved.incident.publicReview?.status == .approved
                && approved.incident.publicReview?.approvedEntry == approved.incident.version
        )
        #expect(approved.incident.review?.status == .approved)
        let again = try approved.and(set)
        #expect(again.incident.publicReview?.status == .draft && again.when(set) == .nothing)
        let own = { (offered: [String]) in
            IncidentCommand.setPublicReview(
                sections: ["customers"], replacements: [], title: nil, offered: offered)
        }
        #expect(again.when(own([])).field == "/sections/0" && again.when(own(["customers"])).isAccepted)
    }

    @Test(arguments: [
        IncidentCommand.amend(IncidentAmendment(title: "Another")),
        .stateCause(CauseHypothesis(category: .attack, confidence: .confirmed)), .set(.sev4),
        .assignRole(.scribe, person: "Zoe"), .setAudience(AudienceImpact(audience: .users, description: "all of them")),
    ])
    func `what the review says takes its approval back when it changes`(_ command: IncidentCommand) throws {
        let reviewed = try Given.incident(in: .review).and(.draftReview, .approveReview(sections: []))
        #expect(reviewed.incident.review?.status == .approved)
        #expect(try reviewed.and(command).incident.review?.status == .draft)
    }

    @Test func `a closed incident says that its review is not approved any more`() throws {
        let reviewed = try Given.incident(in: .review).and(.draftReview)
        #expect(reviewed.incident.warnings.allSatisfy { $0.code != .reviewNotApproved })
        let closed = try reviewed.and(.approveReview(sections: []), .force())
        #expect(closed.incident.phase == .closed)
        #expect(closed.incident.warnings.allSatisfy { $0.code != .reviewNotApproved })
        let changed = try closed.and(.reviseReview(sections: [], status: .draft))
        let warning = try #require(changed.incident.warnings.first { $0.code == .reviewNotApproved })
        #expect(warning.detail.contains("POST /v1/incidents/42/review/approve"))
        let again = try changed.and(.approveReview(sections: []))
        #expect(again.incident.warnings.allSatisfy { $0.code != .reviewNotApproved })
    }
}
