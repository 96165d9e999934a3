import Testing

@testable import IncidentDomain
@testable import MusterServer

struct RestorationGanttSVGTests {
    /// The outage with a plan: each wave begins when the one before was to be back.
    private static func planned(_ story: Story = VideoOutage.closed) throws -> ReviewDocument {
        let document = story.review(now: "2026-12-01T09:00:00Z", graph: VideoOutage.graph)
        let rows = try #require(document.gantt).rows
        let start = story.moment("10:53")
        let spans = rows.map { row in
            let begin = start.adding(seconds: Double(row.wave - 1) * 1200)
            return (row.component, RestorationGantt.Span(begin: begin, end: begin.adding(seconds: 1200)))
        }
        return try Self.document(document, story, planned: Dictionary(uniqueKeysWithValues: spans))
    }

    private static func document(
        _ document: ReviewDocument, _ story: Story, planned: [String: RestorationGantt.Span]
    ) throws -> ReviewDocument {
        let rows = try #require(document.gantt).rows
        let gantt = RestorationGantt.make(
            of: story.incident, timeline: story.timeline,
            waves: Dictionary(uniqueKeysWithValues: rows.map { ($0.component, $0.wave) }), planned: planned,
            asOf: document.asOf)
        return ReviewDocument(
            incident: document.incident, sections: document.sections, unmet: document.unmet, phases: document.phases,
            gantt: gantt, reports: nil, impacts: document.impacts, comments: [], updates: [], facts: document.facts,
            publicSummary: document.publicSummary,
            named: document.named,
            publicApproved: nil, entries: document.entries, wholeTimeline: [],
            asOf: document.asOf, speech: .standard, keptZone: "UTC")
    }

    private static func svg(_ document: ReviewDocument) throws -> String {
        RestorationGanttSVG(try #require(document.gantt), phases: document.phases).svg
    }

    @Test func `planned beside actual is the golden picture`() throws {
        try Golden.expect(Self.svg(try Self.planned()) + "\n", equals: "gantt-planned.svg")
    }

    @Test func `it is well formed, within its bounds, and tells everything in words`() throws {
        let document = try Self.planned()
        let outline = HTMLOutline(try Self.svg(document))
        #expect(outline.problems.isEmpty, "\(outline.problems)")
        for rect in outline.elements where rect.name == "rect" {
            let left = rect.attributes["x"].flatMap(Double.init) ?? -1
            let width = rect.attributes["width"].flatMap(Double.init) ?? -1
            #expect(left >= 176 && width >= 0 && left + width <= 960)
        }
        for text in [
            "waiting", "restoring", "verifying", "regressed", "failed", "forced", "restored", "waived", "planned",
        ] {
            #expect(outline.text.contains(text), "\(text)")
        }
        #expect(outline.text.contains("−11 min") && outline.text.contains("+27 min"))
        #expect(HTMLOutline(ReviewHTML.render(document)).problems.isEmpty)
    }

    @Test func `without a plan there is the course alone, and before anything was begun no picture`() throws {
        let closed = VideoOutage.closed.review(graph: VideoOutage.graph)
        let html = ReviewHTML.render(closed)
        #expect(html.contains("Actual times per component."))
        #expect(!html.contains("class=\"gantt-planned\""))
        #expect(!ReviewHTML.render(VideoOutage.underWay.review(graph: VideoOutage.graph)).contains("gantt-title"))
    }

    @Test func `of many components those with trouble and those that came back last are shown`() throws {
        var story = Story()
        story.at("10:00", .opened("Everything", startedAt: story.moment("10:00")))
        for number in 100..<300 { story.at("10:00", .hit("c-\(number)", .majorOutage)) }
        story.at("10:10", .entered(.restore, from: .mitigate))
        for number in 100..<300 {
            story.at("11:00", .started("c-\(number)"))
            if number == 101 { story.at("11:01", IncidentEvent(StepFailed(component: "c-101")), .started("c-101")) }
            story.at("1\(number / 100):30", .restored("c-\(number)"))
        }
        let document = story.review()
        let picture = RestorationGanttSVG(try #require(document.gantt), phases: document.phases)
        #expect(picture.hidden == 200 - RestorationGanttSVG.rowsMax)
        #expect(picture.svg.contains(">c-101<") && !picture.svg.contains(">c-102<") && picture.svg.contains(">c-200<"))
        #expect(ReviewHTML.render(document).contains("of 200 components"))
    }

    @Test func `a review that goes on for days does not press the restoring into a corner`() throws {
        let document = try Self.planned()
        let bars = HTMLOutline(try Self.svg(document)).elements.filter { $0.attributes["class"] == "gantt-restoring" }
        let widest = bars.compactMap { $0.attributes["width"].flatMap(Double.init) }.max() ?? 0
        #expect(widest > 100)
    }
}
