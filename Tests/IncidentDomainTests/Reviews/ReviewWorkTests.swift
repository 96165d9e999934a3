import Testing

@testable import IncidentDomain

/// What people do with a review: comments, reviewers, the order of its sections, templates, and what changed between revisions.
struct ReviewWorkTests {
    private static func comment(_ text: String, on section: String? = nil, replyTo: Int? = nil) -> IncidentCommand {
        .remarkOnReview(.comment(text: text, section: section, replyTo: replyTo))
    }

    private static func revise(_ texts: [String: String] = [:], layout: ReviewLayout = ReviewLayout())
        -> IncidentCommand
    {
        .reviseReview(
            sections: texts.sorted { $0.key < $1.key }.map { EditedSection(id: $0.key, markdown: $0.value) },
            status: nil, layout: layout)
    }

    @Test func `comments are numbered, answered and resolved, also after closing`() throws {
        let none = try Given.incident(in: .review)
        #expect(none.when(Self.comment("a")).code == "review-state")
        let given = try none.and(.draftReview)
        #expect(given.when(Self.comment("a", replyTo: 1)).field == "/reply_to")
        #expect(given.when(.remarkOnReview(.settle(comment: 1, isResolved: true))).code == "not-found")
        let said = try given.and(Self.comment("Who?", on: "cause"), Self.comment("Ron.", replyTo: 1))
        #expect(said.incident.reviewComments?.open == [1, 2])
        let settled = try said.and(.remarkOnReview(.settle(comment: 1, isResolved: true)))
        #expect(settled.when(.remarkOnReview(.settle(comment: 1, isResolved: true))) == .nothing)
        let comments = settled.review.comments
        #expect(comments.map(\.text) == ["Who?", "Ron."] && comments.map(\.replyTo) == [nil, 1])
        #expect(comments.map(\.resolvedBy) == ["Carla", nil] && comments[0].section == "cause")
        let open = try settled.and(.remarkOnReview(.settle(comment: 1, isResolved: false)))
        #expect(open.incident.reviewComments?.open == [1, 2] && open.review.comments[0].resolvedBy == nil)
        let closed = try open.and(.approveReview(sections: []), .force(), Self.comment("Late."))
        #expect(closed.incident.phase == .closed && closed.timeline.last?.event.payload.isAfterwards == true)
        #expect(closed.incident.review?.status == .approved, "a comment changes nothing of what was approved")
    }

    @Test func `reviewers are asked until they have signed the revision that stands`() throws {
        let given = try Given.incident(in: .review).and(
            .draftReview, .remarkOnReview(.ask(reviewers: ["Carla", "Ron"])))
        #expect(given.when(.remarkOnReview(.ask(reviewers: ["Carla", "Ron"]))) == .nothing)
        #expect(given.review.reviewersText == "Carla, Ron")
        let signed = try given.and(.signReview(role: nil, comment: nil))
        #expect(signed.review.reviewersText == "Ron" && signed.review.reviewers[0].signedRevision == 1)
        #expect(try signed.and(Self.revise(["lessons": "x"])).review.reviewersText == "Carla, Ron")
        #expect(try signed.and(.remarkOnReview(.ask(reviewers: []))).incident.reviewers == nil)
    }

    @Test func `sections are moved and hidden, and what is hidden need not be written`() throws {
        let given = try Given.incident(in: .review).and(.draftReview)
        let prompts = ["what_went_well", "what_went_wrong", "lessons"]
        let arranged = try given.and(
            Self.revise(["customers": "Many."], layout: ReviewLayout(order: ["customers", "cause"], hidden: prompts)))
        #expect(Array(arranged.review.sections.map(\.id).prefix(3)) == ["customers", "cause", "summary"])
        #expect(arranged.review.sections.filter(\.isHidden).map(\.id) == prompts)
        #expect(arranged.when(Self.revise(layout: ReviewLayout(hidden: prompts))) == .nothing)
        let sections = arranged.review.currentSections
        #expect(Array(sections.map(\.id).prefix(2)) == ["customers", "cause"])
        #expect(!sections.contains { prompts.contains($0.id) } && arranged.review.unwritten.isEmpty)
        let approved = try arranged.and(.approveReview(sections: sections, unwritten: arranged.review.unwritten))
        #expect(approved.review.sections.map(\.id) == sections.map(\.id))
        let shown = try approved.and(Self.revise(layout: ReviewLayout(hidden: [])))
        #expect(shown.incident.review?.status == .draft && shown.review.sections.allSatisfy { !$0.isHidden })
        #expect(shown.review.sections.first?.id == "customers", "the order stays")
    }

    @Test func `what the timeline says stays beside what a person wrote`() throws {
        let given = try Given.incident(in: .review).and(.draftReview)
        #expect(given.review.sections.allSatisfy { $0.replaced == nil })
        let written = try given.and(Self.revise(["summary": "All was dark.", "lessons": "x", "customers": "Many."]))
        let facts = written.review.sections.filter { $0.replaced != nil }
        #expect(facts.map(\.id) == ["summary"], "prompts and own sections replace nothing")
        let texts = written.review.currentSections.filter { !["what_went_well", "what_went_wrong"].contains($0.id) }
        let approved = try written.and(.approveReview(sections: texts))
        #expect(approved.review.section("summary")?.replaced == facts.first?.replaced)
        #expect(approved.review.sections.filter { $0.replaced != nil }.count == 1)
    }

    @Test func `the whole timeline has every entry in the order of time, and what was struck says so`() throws {
        let given = try Given().later("12:00").and(.note("later")).and(.note("sooner"), at: clock("10:30"))
            .and(.strike(2, IncidentEvent(NoteAdded(text: "later", key: false)), reason: "a mistake"))
        guard case .table(_, let rows, _)? = given.review.wholeTimeline.first else {
            Issue.record("no table: \(given.review.wholeTimeline)")
            return
        }
        let texts = rows.map { DocumentMarkdown.render([.table(head: [], rows: [$0])]) }
        #expect(rows.count == given.timeline.count)
        #expect(texts[1].contains("sooner") && texts[2].contains("Struck out") && texts[2].contains("later"))
    }

    @Test func `a start is told with its end, and by itself while nothing has ended it`() throws {
        let given = try Given.restoring("feed", "auth").later("10:20").and(.start("auth"))
        #expect(given.section(.timeline).contains("Restoring Sign-in (auth) started."))
        let waived = try given.later("10:30").and(.waive("auth"))
        let text = waived.section(.timeline)
        #expect(!text.contains("Restoring Sign-in (auth) started."))
        #expect(text.contains("Begun 2026-11-22 10:20:00, 10 min before."))
    }

    @Test func `a template says what a review looks like until people change it`() throws {
        let given = try Given.incident(in: .review).and(.draftReview)
        let template = ReviewTemplate(sections: [
            .init(id: "customers", title: "What customers noticed", markdown: "Ask them.", needsPerson: true),
            .init(id: "summary"), .init(id: "cause", title: "Why"),
        ])
        func review(_ given: Given) -> ReviewDocument {
            ReviewDraft.make(
                for: given.incident, timeline: given.timeline, graph: given.graph, policy: given.policy,
                template: template, now: given.now)
        }
        let document = review(given)
        let shown = document.sections.filter { !$0.isHidden }
        #expect(shown.map(\.id) == ["customers", "summary", "cause"])
        #expect(shown.map(\.title) == ["What customers noticed", "Summary", "Why"])
        #expect(shown[0].markdown == "Ask them." && shown.allSatisfy(\.generated))
        #expect(document.unwritten == ["customers"])
        let unfinished = given.when(
            .approveReview(sections: document.currentSections, unwritten: document.unwritten))
        #expect(unfinished.code == "review-unfinished")
        let written = try given.and(Self.revise(["customers": "Nothing at all."]))
        #expect(review(written).unwritten.isEmpty)
        let approved = try written.and(.approveReview(sections: review(written).currentSections))
        #expect(review(approved).sections.map(\.id) == ["customers", "summary", "cause"])
        #expect(review(approved).sections.map(\.generated) == [false, true, true])
        let all = try written.and(Self.revise(layout: ReviewLayout(hidden: [])))
        #expect(review(all).sections.allSatisfy { !$0.isHidden })
    }

    @Test func `revisions tell who changed what, and lines that left and came`() throws {
        let given = try Given.incident(in: .review).and(
            .draftReview, Self.revise(["lessons": "One.\nTwo.\nThree."]),
            Self.revise(["lessons": "One.\nThree.\nFour.", "cause": "A disk."]),
            .approveReview(sections: []))
        let revisions = ReviewRevision.all(of: given.timeline)
        #expect(revisions.map(\.revision) == [1, 2, 3] && revisions.map(\.status) == [.draft, .draft, .approved])
        #expect(revisions.map(\.sections) == [[], ["lessons"], ["cause", "lessons"]])
        let found = try #require(ReviewRevision.difference(from: 2, to: 3, in: revisions))
        #expect(found.sections.map(\.id) == ["cause", "lessons"] && found.sections[0].before == nil)
        let lines = try #require(found.sections[1].lines)
        #expect(lines.map(\.text) == ["One.", "Two.", "Three.", "Four."])
        #expect(lines.map(\.kind) == [.same, .removed, .same, .added])
        #expect(ReviewRevision.difference(from: 0, to: 2, in: revisions)?.sections.map(\.id) == ["lessons"])
        #expect(ReviewRevision.difference(from: 2, to: 4, in: revisions) == nil)
        #expect(ReviewRevision.difference(from: 5, to: 3, in: revisions) == nil)
    }

    @Test func `long texts are not compared line by line`() throws {
        let long = Array(repeating: "a", count: 1_001).joined(separator: "\n")
        let given = try Given.incident(in: .review).and(.draftReview, Self.revise(["lessons": long]))
        let found = ReviewRevision.difference(from: 1, to: 2, in: ReviewRevision.all(of: given.timeline))
        #expect(found?.sections.map(\.lines) == [nil] && found?.sections[0].after?.markdown == long)
    }

    /// 2026-11-27 was a Friday.
    @Test(
        arguments: [
            ("2026-11-27T10:00:00Z", 1, "2026-11-30T10:00:00Z"), ("2026-11-28T10:00:00Z", 1, "2026-11-30T10:00:00Z"),
            ("2026-11-27T23:59:59Z", 5, "2026-12-04T23:59:59Z"), ("2026-11-25T00:00:00Z", 5, "2026-12-02T00:00:00Z"),
            ("1969-12-31T12:00:00Z", 3, "1970-01-05T12:00:00Z"), ("2026-11-27T10:00:00Z", 0, "2026-11-27T10:00:00Z"),
        ])
    func `weekends are no working days`(_ from: String, _ days: Int, _ to: String) throws {
        let (start, end) = (try #require(Timestamp(from)), try #require(Timestamp(to)))
        #expect(start.adding(workingDays: days) == end)
    }
}
