import Testing

@testable import IncidentDomain
@testable import MusterServer

/// What people typed stays what they typed: nothing of it becomes markup, in HTML or in Markdown.
struct HostileInputTests {
    private static let inputs = [
        "<script>alert(1)</script>", "</title></style></svg><img src=x onerror=alert(1)>", "](javascript:alert(1))",
        "[click](javascript:alert(1))", "[click](data:text/html,x)", "![pixel](https://evil.example/x.png)",
        "a | b | c |", "`code` ``` ~~~", "line one\nline two\r\n\r\n# heading\n- item\n1. one\n> quote\n---\n===",
        "&lt;script&gt; &#60;b&#62; &amp; &", "\u{202E}gnp.exe\u{202C} \u{2066}x\u{2069}",
        "nul\u{0}bell\u{7}esc\u{1B}[31m",
        "*bold* _it_ **b** __u__ ~~s~~ $x$", "\\", "ends with \\", "\" onmouseover=\"x\" '",
        "<!-- comment --> <![CDATA[x]]>",
        "http://evil.example www.evil.example <https://evil.example>", "    indented code", "| --- |", "* * *", "\t- x",
        "$(id) {{x}} {% x %} <%= x %>", "\u{FEFF}\u{E0041}tags", "{.class #id onclick=x}", "12. twelve", "1) one",
        "{{title}} {{{svg}}} {{>review}} {{=<% %>=}}",
    ]

    /// The same text everywhere where somebody can type one.
    static func story(_ text: String) -> Story {
        var story = Story()
        let noon = story.moment("12:00")
        story.at(
            "10:00", by: text,
            .opened(text, summary: text, startedAt: noon.adding(seconds: -8000), labels: [text: text]),
            IncidentEvent(IncidentDescribed(title: text, summary: text, labels: [text: text])),
            IncidentEvent(RoleAssigned(role: .commander, person: text)),
            IncidentEvent(ImpactSet(ComponentImpact(component: "cdn", impact: .majorOutage, regions: [text]))),
            IncidentEvent(ImpactSet(ComponentImpact(component: text, impact: .degraded))),
            IncidentEvent(ImpactSet(ComponentImpact(component: "gone", impact: .degraded))),
            IncidentEvent(
                AudienceImpactSet(AudienceImpact(audience: .users, description: text, money: 1, currency: text))),
            IncidentEvent(
                CauseStated(
                    CauseHypothesis(
                        category: .technical, evidence: text, role: .root, component: text, change: text))),
            .note(text),
            IncidentEvent(MitigationAdded(id: 1, description: text, kind: text, owner: text, state: .running)),
            IncidentEvent(TaskAdded(id: 1, text: text, owner: text)),
            IncidentEvent(UpdatePosted(audience: text, body: text, eta: noon, steps: [text])),
            IncidentEvent(IncidentAbsorbed(number: 7, title: text, impacts: [], firing: [:], alerts: 0)),
            IncidentEvent(AlertsAttached(AlertBatch([AlertMention(id: "1", title: text, component: text)]))))
        let kinds = FactKind.allCases + [.measure, .measure]
        for (index, kind) in kinds.enumerated() {
            let fact = IncidentFact(
                kind: kind, text: text, value: kind == .measure ? Double(index) : nil, unit: text, reason: text,
                source: text, by: text, component: text, detection: .missing, incident: kind == .related ? 7 : nil)
            story.at("10:1\(index)", by: text, IncidentEvent(FactAdded(fact)))
        }
        story.at(
            "11:00", by: text,
            IncidentEvent(
                PhaseEntered(
                    phase: .assess, from: .detect,
                    overridden: [OverriddenRequirement(requirement: .acknowledged, detail: text)], reason: text)),
            .reverted(.detect, from: .assess, reason: text), .started("cdn", overridden: [text], reason: text),
            IncidentEvent(StepFailed(component: "cdn", reason: text)),
            IncidentEvent(StepRegressed(component: "cdn", reason: text)),
            IncidentEvent(StepWaived(component: "gone", reason: text)),
            IncidentEvent(
                ActionAdded(ordinal: 1, title: text, kind: .preventive, owner: text, due: text, required: true)),
            IncidentEvent(
                ReviewRevised(
                    revision: 1, status: .draft,
                    sections: [
                        EditedSection(id: "lessons", title: text, markdown: text),
                        EditedSection(
                            id: "x", title: text, markdown: "- \(text)\n\n| a |\n|---|\n| \(text) |\n\n# \(text)"),
                        EditedSection(id: text, markdown: text),
                    ])),
            IncidentEvent(ReviewApproved(revision: 1, sections: [])))
        story.at("11:10", by: text, IncidentEvent(ReviewSigned(revision: 1, role: text, comment: text)))
        return story
    }

    static let graph = DependencyGraph([Component(slug: "cdn", name: "<b>[x](y)|", tier: 1)])

    static let texts = inputs + [inputs.joined(separator: " "), inputs.joined(separator: "\n")]
    /// Every text alone, and all of them at once; by number, since they would garble the report of a test.
    private static let all = texts.indices

    @Test(arguments: all)
    func `a page holds no element and no attribute but our own`(_ index: Int) {
        let text = Self.texts[index]
        let html = ReviewHTML.render(Self.story(text).review(graph: Self.graph))
        let outline = HTMLOutline(html)
        #expect(outline.problems.isEmpty, "\(outline.problems)")
        let plain = HTMLOutline(ReviewHTML.render(Self.story("plain").review()))
        let names = Set(outline.elements.map(\.name))
        let known = Set(plain.elements.map(\.name)).union([
            "em", "strong", "code", "pre", "br", "h3", "ul", "ol", "li", "a", "blockquote", "hr",
        ])
        #expect(names.isSubset(of: known), "\(names.subtracting(known))")
        for element in outline.elements where element.name == "a" {
            let href = element.attributes["href"] ?? ""
            #expect(["#section-", "https://", "http://"].contains { href.hasPrefix($0) }, "\(href)")
        }
        #expect(
            !html.unicodeScalars.contains { (0x202A...0x202E).contains($0.value) || $0.value == 0 || $0.value == 0x1B })
    }

    @Test(arguments: all)
    func `the Markdown has the structure of a harmless document`(_ index: Int) {
        let text = Self.texts[index]
        let hostile = Self.structure(ReviewMarkdown.render(Self.generated(text)))
        #expect(hostile == Self.structure(ReviewMarkdown.render(Self.generated("plain"))))
    }

    @Test(arguments: all)
    func `what was typed is shown as it was typed`(_ index: Int) {
        let text = Self.texts[index]
        let html = HTMLOutline(ReviewHTML.render(Self.story(text).review(graph: Self.graph))).text
        let shown = Markdown.visible(text).onOneLine
        #expect(html.onOneLine.contains("“\(shown)”"), "the title within the summary")
    }

    @Test(arguments: all)
    func `Markdown that people wrote is the same once it was normalised`(_ index: Int) {
        let text = Self.texts[index]
        let read = MarkdownTests.blocks(text)
        let once = DocumentMarkdown.render(read)
        #expect(MarkdownTests.blocks(once) == read, "\(once)")
        #expect(!DocumentHTML.render(read).contains("<script"))
    }

    /// Swift takes a mark with an accent on it for one character, which is not the mark; a browser does not.
    @Test func `a mark is escaped also with an accent on it`() {
        func marks(_ title: String) -> Int {
            var story = Story()
            story.at("10:00", by: title, .opened(title, summary: title, startedAt: story.moment("10:00")))
            return ReviewHTML.render(story.review()).unicodeScalars.count { "<>\"'".unicodeScalars.contains($0) }
        }
        #expect(marks("\"\u{301} onmouseover=x <\u{301}b>\u{301} '\u{301}") == marks("plain"))
    }

    /// To be looked at with other readers than our own.
    @Test func `everything at once is the golden document`() throws {
        let text = Self.texts[Self.texts.count - 1]
        let document = Self.story(text).review(graph: Self.graph)
        try Golden.expect(page: ReviewHTML.render(document), equals: "hostile.html")
        try Golden.expect(ReviewMarkdown.render(document), equals: "hostile.md")
    }

    /// Without what people wrote as Markdown, where structure is theirs to choose.
    private static func generated(_ text: String) -> ReviewDocument {
        var story = Story()
        for recorded in Self.story(text).timeline {
            if recorded.event.as(ReviewRevised.self) != nil { continue }
            story.at(recorded.occurredAt.description, by: recorded.actor.name, recorded.event)
        }
        return story.review(graph: graph)
    }

    /// The blocks of a document and the number of cells and items, without its texts.
    private static func structure(_ markdown: String) -> [String] {
        MarkdownTests.blocks(markdown).map { block in
            switch block {
            case .paragraph: "paragraph"
            case .heading(let level, _): "heading \(level)"
            case .list(_, let items): "list \(items.map(\.count))"
            case .quote(let inner): "quote \(inner.count)"
            case .rule: "rule"
            case .code: "code"
            case .table(let head, let rows, _): "table \(head.count) \(rows.map(\.count))"
            }
        }.reduce(into: []) { result, block in
            // The summary may be several paragraphs.
            if block != "paragraph" || result.last != "paragraph" { result.append(block) }
        }
    }
}
