import Testing

@testable import IncidentDomain
@testable import MusterServer

/// A whole incident, as each renderer writes it.
struct ReviewRenderingTests {
    /// When the outage's review is read.
    enum Moment: String, CaseIterable {
        case underWay = "video-outage-under-way"
        case inReview = "video-outage-in-review"
        case closed = "video-outage-closed"

        var document: ReviewDocument {
            switch self {
            case .underWay: VideoOutage.underWay.review(now: "10:55", graph: VideoOutage.graph)
            case .inReview: VideoOutage.inReview.review(now: "2026-11-23T12:00:00Z", graph: VideoOutage.graph)
            case .closed: VideoOutage.closed.review(now: "2026-12-01T09:00:00Z", graph: VideoOutage.graph)
            }
        }
    }

    @Test(arguments: Moment.allCases)
    func `the Markdown is the golden one`(_ moment: Moment) throws {
        try Golden.expect(ReviewMarkdown.render(moment.document), equals: "\(moment.rawValue).md")
    }

    @Test(arguments: Moment.allCases)
    func `the HTML is the golden one, and well formed`(_ moment: Moment) throws {
        let html = ReviewHTML.render(moment.document)
        try Golden.expect(page: html, equals: "\(moment.rawValue).html")
        #expect(HTMLOutline(html).problems.isEmpty)
    }

    @Test(arguments: Moment.allCases)
    func `the JSON is the golden one`(_ moment: Moment) throws {
        let json = String(decoding: ReviewJSON.bytes(moment.document), as: UTF8.self)
        try Golden.expect(json.replacing("},{", with: "},\n{") + "\n", equals: "\(moment.rawValue).json")
    }

    @Test(arguments: Moment.allCases)
    func `what is generated means to whoever reads its Markdown what it means in the page`(_ moment: Moment) {
        for section in moment.document.sections {
            guard case .blocks(let blocks) = section.content else { continue }
            #expect(MarkdownTests.blocks(section.markdown) == blocks, "\(section.id)")
        }
    }

    @Test(arguments: Moment.allCases)
    func `the page needs nothing from outside`(_ moment: Moment) {
        let html = ReviewHTML.render(moment.document)
        let outline = HTMLOutline(html)
        let links = outline.elements.filter { $0.name == "a" }.compactMap { $0.attributes["href"] }
        #expect(links.allSatisfy { $0.hasPrefix("#") || $0 == "https://wiki.example/edge" })
        #expect(!html.contains("url(") && !html.contains("@import") && !html.contains("src="))
        let policy = outline.elements.first { $0.attributes["http-equiv"] == "Content-Security-Policy" }
        #expect(policy?.attributes["content"] == "default-src 'none'; style-src 'unsafe-inline'; img-src data:")
        #expect(outline.elements.first { $0.name == "html" }?.attributes["lang"] == "en")
        #expect(outline.elements.contains { $0.attributes["charset"] == "utf-8" })
    }

    @Test func `an incident of which nothing is known but that it was opened has a review as well`() {
        var story = Story()
        story.at("10:00", .opened("Something", startedAt: story.moment("10:00")))
        let document = story.review()
        #expect(HTMLOutline(ReviewHTML.render(document)).problems.isEmpty)
        let markdown = ReviewMarkdown.render(document)
        #expect(markdown.contains("# INC-42: Something"))
        #expect(markdown.contains("No cause recorded."))
        #expect(markdown.contains("generated from the timeline, review not started"))
    }

    @Test func `the page of the largest review costs little more than what stands on it`() {
        var story = VideoOutage.inReview
        // Each mark is six bytes of HTML.
        let marks = String(repeating: "\"", count: IncidentLimits.reviewBytes / IncidentLimits.reviewSections)
        let sections = (0..<IncidentLimits.reviewSections).map { EditedSection(id: "s\($0)", markdown: marks) }
        story.at("2026-11-23T11:00:00Z", IncidentEvent(ReviewRevised(revision: 3, status: .draft, sections: sections)))
        let document = story.review()
        let clock = ContinuousClock()
        var (content, page) = ("", "")
        let alone = clock.measure { content = document.shownSections.map { DocumentHTML.render($0.blocks) }.joined() }
        let whole = clock.measure { page = ReviewHTML.render(document) }
        #expect(content.utf8.count > MarkdownReader.budget / 2)
        #expect(page.utf8.count < content.utf8.count + 100_000)
        #expect(whole < alone * 2 + .seconds(2), "\(whole) for what takes \(alone)")
    }

    @Test func `a section on the action items that somebody wrote stands above the items themselves`() {
        var story = VideoOutage.inReview
        let section = EditedSection(id: "actions", markdown: "We agreed on *two*.")
        story.at(
            "2026-11-23T11:00:00Z", IncidentEvent(ReviewRevised(revision: 3, status: .draft, sections: [section])))
        let document = story.review()
        for text in [ReviewMarkdown.render(document), ReviewHTML.render(document)] {
            #expect(text.contains("We agreed on"))
            #expect(text.contains("Players back off between retries"))
        }
        #expect(document.section("actions")?.markdown == "We agreed on *two*.", "a client edits what it was given")
    }
}
