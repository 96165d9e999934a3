import Testing

@testable import IncidentDomain

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
        let written = try Given.incident(in: .review).and(.draftReview, revise(section("lessons", "one")))
        let (first, stored) = try approve(written)
        #expect(stored == written.review.sections.map(\.id).filter { $0 != "lessons" })
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
        #expect(detail.contains("at most 1,048,576 bytes together, and would have 1,100,0"), "\(detail)")
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
        #expect(given.when(.approveReview(sections: given.review.currentSections)).isAccepted)
    }
}
