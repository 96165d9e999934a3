import Testing

@testable import IncidentDomain

extension Given {
    /// The review as it reads now.
    var review: ReviewDocument {
        ReviewDraft.make(for: incident, timeline: timeline, graph: graph, policy: policy, now: now)
    }

    func section(_ id: ReviewSectionID) -> String { review.section(id.rawValue)?.markdown ?? "" }
}

struct ReviewDraftTests {
    private static let lessons = EditedSection(id: "lessons", markdown: "Test the **filters**.")
    private static let extra = EditedSection(id: "carrier_view", markdown: "They saw nothing.")

    private func revise(_ sections: EditedSection...) -> IncidentCommand {
        .reviseReview(sections: sections, status: .inReview)
    }

    @Test func `what is not recorded is not invented`() throws {
        let given = try Given()
        #expect(given.review.revision == 0)
        #expect(given.review.sections.map(\.id) == ReviewSectionID.allCases.map(\.rawValue))
        #expect(given.section(.summary).contains("; not restored."))
        #expect(given.section(.summary).contains("- **Commander:** not recorded"))
        #expect(given.section(.impact).contains("No component impact recorded."))
        #expect(given.section(.impact).contains("No audience impact recorded."))
        #expect(given.section(.cause) == "No cause recorded.")
        #expect(given.section(.mitigations) == "No mitigation recorded.")
        #expect(given.section(.restoration) == "No component had to be restored.")
        #expect(given.section(.overrides).hasPrefix("Nothing was overridden"))
        #expect(given.section(.actions) == "No action items.")
        #expect(given.section(.durations).contains("| restored | not reached | – | – |"))
    }

    @Test func `only a person can write what no timeline knows`() throws {
        let given = try Given()
        let missing = given.review.sections.filter(\.needsPerson)
        #expect(missing.map(\.id) == ["what_went_well", "what_went_wrong", "lessons"])
        #expect(missing.allSatisfy { $0.generated && $0.markdown.contains("Not written yet.") })
    }

    @Test func `impacts come most critical first, with the catalog's names, and those taken back are told`() throws {
        let given = try Given(
            .setImpact(ComponentImpact(component: "upload", impact: .degraded, regions: ["eu-west"])), .hit("auth"),
            .hit("archive"), .removeImpact(component: "archive"),
            .setImpact(
                ComponentImpact(
                    component: "feed", impact: .partialOutage, startedAt: clock("10:01"), endedAt: clock("10:02"))))
        let rows = given.section(.impact).split(separator: "\n").filter { $0.hasPrefix("| ") }.dropFirst(2)
        #expect(
            Array(rows) == [
                "| Sign-in (auth) | 0 | all | major outage | ongoing | major outage 2026-11-22 10:00:00 | ongoing |",
                "| Feed (feed) | 1 | all | partial outage | 1 min | partial outage 2026-11-22 10:01:00 → over 10:02:00 | 1 min |",
                "| Upload (upload) | 2 | eu-west | degraded | ongoing | degraded 2026-11-22 10:00:00 | ongoing |",
            ])
        #expect(given.section(.impact).contains("later removed: Archive (archive)."))
    }

    @Test func `every hypothesis about the cause is kept`() throws {
        let given = try Given(
            .stateCause(CauseHypothesis(category: .attack, evidence: "traffic")),
            .stateCause(CauseHypothesis(category: .attack, confidence: .refuted)))
        #expect(given.section(.cause).hasPrefix("All suspected causes were refuted."))
        #expect(given.section(.cause).contains("| attack | – | – | suspected | traffic | Carla |"))
        #expect(given.section(.cause).contains("| attack | – | – | refuted | not recorded | Carla |"))
    }

    @Test func `the short timeline is in the order of what happened, and says how long the whole is`() throws {
        let given = try Given.incident(in: .assess).and(.note("not key"), .addNote(text: "key", key: true))
            .and(.addNote(text: "came to light later", key: true), at: clock("10:00:30"))
        let text = given.section(.timeline)
        #expect(text.contains("Key moments: 5."))
        #expect(!text.contains("not key"))
        let late = try #require(text.ranges(of: "came to light later").first)
        let acknowledged = try #require(text.ranges(of: "Acknowledged").first)
        #expect(late.lowerBound < acknowledged.lowerBound)
    }

    @Test func `a storm of components leaves the phases in the short timeline`() throws {
        let many = (0..<130).map { "c\($0)" }
        let graph = DependencyGraph(many.map { Component(slug: $0, name: $0, tier: 1) })
        let given = try Given(graph: graph).and(Way.toRestore(many)).and(many.map { .start($0) })
            .and(many.map { .verify($0) }).and(.advance)
        let text = given.section(.timeline)
        #expect(text.split(separator: "\n").count < 260)
        #expect(text.contains("Review started."))
        #expect(given.section(.restoration).split(separator: "\n").count > 130)
    }

    @Test func `components are listed as they came back, with waves, and what went wrong`() throws {
        let given = try Given.restoring("feed", "auth", "upload", "archive").enforcing().and(
            .startStep(component: "feed", override: true, reason: "half of it is enough"), .verify("feed"),
            .start("auth"), .failStep(component: "auth", reason: "the disk"), .start("auth"), .verify("auth"),
            .fires("feed"), .clears("feed"), .waive("archive"))
        let order = given.section(.restoration).split(separator: "###").first ?? ""
        let lines = order.split(separator: "\n").filter { $0.hasPrefix("| ") }.dropFirst(2)
        let cells = lines.map { $0.split(separator: " | ").map(String.init) }
        #expect(cells.map { $0[1] } == ["Sign-in (auth)", "Archive (archive)", "Feed (feed)", "Upload (upload)"])
        #expect(cells.map { $0[3] } == ["1", "4", "2", "3"])
        let text = given.section(.restoration)
        #expect(
            text.contains(
                "with overrides: wave 1 is not complete (restoration.waves: enforce): auth is ready"))
        #expect(text.contains("Restoring auth failed. Reason: the disk."))
        #expect(text.contains("feed regressed: an alert is firing on it again."))
        #expect(text.contains("archive: restoration waived. Reason: not worth it."))
        #expect(
            given.section(.overrides).contains(
                "| Started feed early: wave 1 is not complete (restoration.waves: enforce): auth is ready | Carla | half of it is enough |"
            ))
        #expect(given.section(.summary).contains("- **Restoration waived:** Archive (archive)"))
    }

    @Test func `an overridden requirement stands there with who and why`() throws {
        let given = try Given.incident(in: .mitigate).and(.force("it healed"))
        #expect(
            given.section(.overrides).contains(
                "| Left mitigation without “mitigation succeeded”: no mitigation recorded | Carla | it healed |"))
    }

    @Test func `expected times are compared with what came true`() throws {
        let given = try Given.incident(in: .restore).and(
            .postUpdate(UpdateContent(audience: .users, body: "soon", eta: clock("10:30"))), .start("feed"),
            .verify("feed")
        ).and(.advance)
        let restored = try #require(given.incident.times.restoredAt)
        let early = DurationText.human(clock("10:30").seconds(since: restored))
        #expect(given.section(.restoration).contains("| users | 2026-11-22 10:30:00 | \(early) early |"))
    }

    @Test func `what people wrote takes the place of what was generated, and what they added is appended`() throws {
        let summary = EditedSection(id: "summary", title: "In short", markdown: "It was the disk.")
        let given = try Given.incident(in: .review).and(.draftReview, revise(Self.lessons, summary, Self.extra))
        let review = given.review
        #expect(review.revision == 2 && review.status == .inReview && review.approvedBy == nil)
        #expect(review.section("summary")?.title == "In short")
        #expect(review.section("summary")?.generated == false)
        #expect(review.section("lessons")?.needsPerson == false)
        #expect(review.section("impact")?.generated == true)
        #expect(review.sections.last?.id == "carrier_view" && review.sections.last?.title == "Carrier view")
        #expect(review.sections.count == ReviewSectionID.allCases.count + 1)
    }

    @Test(arguments: ["", " \n\t"])
    func `a prompt that was only emptied is still a prompt`(_ text: String) throws {
        let given = try Given.incident(in: .review).and(revise(EditedSection(id: "lessons", markdown: text)))
        #expect(given.review.section("lessons")?.needsPerson == true)
        let prompt = given.section(.lessons)
        let sentBack = try given.and(revise(EditedSection(id: "lessons", markdown: prompt)))
        #expect(sentBack.review.section("lessons")?.needsPerson == true, "a client may send back what it was given")
    }

    @Test func `approval keeps the document as it was, but for the work that follows`() throws {
        let written = try Given.incident(in: .review).and(
            .draftReview,
            revise(
                Self.lessons, Self.extra, EditedSection(id: "what_went_well", markdown: "The alert."),
                EditedSection(id: "what_went_wrong", markdown: "The page.")),
            .addAction(ActionDraft(title: "Add an alert", kind: .detective, owner: "Ron", due: "2026-12-24")))
        let approved = try written.and(.approveReview(sections: written.review.currentSections))
        let later = try approved.and(.advance, .changeAction(ordinal: 1, ActionPatch(state: .done)))
        let review = later.review
        #expect(review.status == .approved && review.approvedBy == "Carla")
        #expect(review.sections.map(\.id) == written.review.sections.map(\.id))
        for section in review.sections where !["durations", "actions", "unmet"].contains(section.id) {
            let before = written.review.section(section.id)
            #expect(section.markdown == before?.markdown && section.title == before?.title, "\(section.id)")
            #expect(section.generated == before?.generated && section.needsPerson == before?.needsPerson)
        }
        #expect(review.section("actions")?.markdown.contains("| done |") == true)
        #expect(review.section("durations")?.markdown.contains("| Review | 1 |") == true)
        #expect(review.section("durations")?.markdown.contains("since") == false, "ended phases have an end")
        #expect(review.section("unmet")?.markdown == "No more requirements: the incident is closed.")
        #expect(review.actions.map(\.state) == [.done])
    }

    @Test func `a reopened incident's review is generated anew, and keeps what people wrote`() throws {
        let written = try Given.incident(in: .review).and(.draftReview, revise(Self.lessons))
        let frozen = [EditedSection(id: "summary", markdown: "Frozen."), Self.lessons]
        let approved = try written.and(.approveReview(sections: frozen), .advance)
        #expect(approved.section(.summary) == "Frozen.")
        let reopened = try approved.and(.revert(to: .mitigate, reason: "it is back"))
        #expect(reopened.review.status == .draft)
        #expect(reopened.section(.summary) != "Frozen.")
        #expect(reopened.section(.lessons) == Self.lessons.markdown)
        #expect(reopened.section(.durations).contains("from closed to mitigation, by Carla. Reason: it is back."))
    }

    @Test func `a generated table or list ends somewhere, and says how much is left out`() throws {
        let many = (0..<2_500).map { ["\($0)"] }
        var table = DocumentTable("No.")
        for row in many { table.add(.typed(row[0])) }
        let blocks = table.block(in: .standard).bounded(in: .standard)
        guard case .table(_, let rows, _) = blocks[0] else { return }
        #expect(rows.count == 2_000)
        #expect(DocumentMarkdown.render([blocks[1]]) == "500 more not shown; the full timeline has them.")
        let speech = Speech.standard
        let lines = [Phrase](repeating: .typed(String(repeating: "x", count: 100_000)), count: 9)
        let long = speech.bullets(lines).bounded(in: speech)
        guard case .list(_, let items) = long[0] else { return }
        #expect(items.count == 5 && long.count == 2)
        #expect(speech.bullets(["a"]).bounded(in: speech) == [speech.bullets(["a"])])
    }

    @Test func `what is unmet is named until nothing is`() throws {
        let given = try Given.incident(in: .review)
        #expect(given.review.unmet.map(\.requirement) == [.reviewApproved])
        #expect(given.section(.unmet).contains("- Review not started."))
        let closed = try Given.incident(in: .closed)
        #expect(closed.review.unmet.isEmpty)
    }

    @Test func `the same timeline reads the same, whenever it is read`() throws {
        let given = try Given.incident(in: .restore)
        let later = ReviewDraft.make(
            for: given.incident, timeline: given.timeline, graph: given.graph, policy: given.policy, now: .latest)
        #expect(later.sections == given.review.sections)
    }
}
