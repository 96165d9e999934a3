import Testing

@testable import IncidentDomain
@testable import MusterServer

/// What the public reads of a review: chosen sections, and nobody's name.
struct PublicReviewTests {
    private static let graph = DependencyGraph([
        Component(slug: "zq-ledger-7", name: "Payments", tier: 0),
        Component(slug: "zq-nameless", name: "zq-nameless", tier: 1),
    ])
    /// Words that nobody outside may read, planted in all places where people, tools and components stand.
    private static let planted = [
        "zork", "quux", "blarg", "frobnitz", "zq-ledger-7", "zq-nameless", "hushhush", "secret.example",
    ]

    private static var story: Story {
        var story = Story()
        story.at("10:00", by: "Zork Quux", .opened("Payments fail on hushhush", startedAt: story.moment("09:58")))
        story.at("10:01", by: "Blarg", .acknowledged)
        story.at("10:02", by: "Zork Quux", .hit("zq-ledger-7", .majorOutage), .hit("zq-nameless", .degraded))
        story.at(
            "10:03", by: "Blarg",
            IncidentEvent(RoleAssigned(role: .commander, person: "Frobnitz", previous: "Blarg")),
            IncidentEvent(
                CauseStated(
                    CauseHypothesis(
                        category: .technical, confidence: .confirmed,
                        evidence: "Zork Quux saw zq-ledger-7 swap and told frobnitz"))))
        story.at(
            "10:04", by: "Blarg",
            IncidentEvent(
                ActionAdded(
                    ordinal: 1, title: "Let [FROBNITZ](https://secret.example/x) see zq-nameless", kind: .preventive,
                    owner: "Blarg", due: "2026-12-24", required: true)))
        story.at(
            "10:05", by: "Zork Quux",
            IncidentEvent(ReviewDrafted(revision: 1)),
            IncidentEvent(
                PublicReviewSet(
                    sections: ["summary", "impact", "cause", "actions"],
                    replacements: [TextReplacement(text: "HushHush", with: "the main system")], title: nil)))
        return story
    }

    private static func texts(_ page: PublicReviewPage) -> [String] {
        [ReviewForm.markdown, .html, .json].map { String(decoding: page.bytes(as: $0), as: UTF8.self) }
    }

    @Test func `no planted word is in any form of it`() {
        let page = PublicReviewPage(Self.story.review(graph: Self.graph))
        for text in Self.texts(page) {
            for word in Self.planted { #expect(!text.lowercased().contains(word), "\(word) in \(text)") }
            #expect(text.contains("Payments") && text.contains("an engineer"))
            #expect(text.contains("the main system"))
        }
        #expect(page.sections.map(\.id) == ["summary", "impact", "cause", "actions"])
        // The review inside has them all.
        let inside = ReviewMarkdown.render(Self.story.review(graph: Self.graph)).lowercased()
        for word in ["zork", "blarg", "frobnitz", "zq-ledger-7"] { #expect(inside.contains(word)) }
    }

    @Test func `what was approved stays as it was, and says when the review is another`() {
        var story = Self.story
        let draft = PublicReviewPage(story.review(graph: Self.graph))
        #expect(!draft.isApproved && !draft.isOutdated)
        story.at("10:06", IncidentEvent(ReviewApproved(revision: 1, sections: [], order: nil)))
        story.at("10:07", IncidentEvent(PublicReviewApproved(revision: 1, title: draft.title, sections: draft.texts)))
        let approved = PublicReviewPage(story.review(graph: Self.graph))
        #expect(approved.isApproved && !approved.isOutdated && approved.texts == draft.texts)
        story.at("10:08", by: "Blarg", .note("x"), IncidentEvent(IncidentDescribed(title: "Blarg did it")))
        let later = PublicReviewPage(story.review(graph: Self.graph))
        #expect(later.isOutdated && later.texts == draft.texts && !later.title.contains("Blarg"))
    }

    @Test func `a name that somebody says may stay, stays`() {
        let names = PublicNames(
            people: ["Firewall", "Zoë"], tools: [], components: ["pages": "Pages of users"],
            replacements: [
                TextReplacement(text: "firewall", with: "firewall"), TextReplacement(text: "pages", with: "pages"),
            ])
        let text = names.text("A firewall rule stopped pages, says Zoë")
        #expect(text == "A firewall rule stopped pages, says an engineer")
        #expect(names.text("FIREWALL rules, Pagesize") == "FIREWALL rules, Pagesize")
    }

    @Test func `once the catalog lists what is public, nothing else of it is named`() {
        let graph = DependencyGraph([
            Component(
                slug: "zq-ledger-7", name: "Blockbook ledger", tier: 0,
                publicListing: PublicListing(name: "Payments")),
            Component(slug: "zq-nameless", name: "Quiet Vault", tier: 1, regions: ["zz-north-9"]),
        ])
        var story = Self.story
        story.at(
            "10:06", by: "Blarg",
            IncidentEvent(
                ImpactSet(ComponentImpact(component: "zq-nameless", impact: .majorOutage, regions: ["zz-north-9"]))))
        let page = PublicReviewPage(story.review(graph: graph))
        for text in Self.texts(page).map({ $0.lowercased() }) {
            for word in ["blockbook", "quiet vault", "zz-north-9", "zq-ledger-7", "zq-nameless"] {
                #expect(!text.contains(word), "\(word) in \(text)")
            }
            #expect(text.contains("payments") && text.contains("a component"))
        }
    }

    @Test func `what is put into a text has no characters that do not show, also in code`() {
        let names = PublicNames(
            people: [], tools: [], components: ["auth": "Sign\u{1}-in"],
            replacements: [TextReplacement(text: "db-7", with: "a\u{7F}\u{1B}database\nof ours")])
        #expect(names.text("auth reads db-7") == "Sign-in reads adatabase of ours")
        let code = DocumentMarkdown.render([DocumentBlock.code("db-7").changingTexts(names.text)])
        #expect(code.contains("adatabase of ours"))
    }

    @Test func `names that Markdown splits, and links, do not get out`() {
        let names = PublicNames(people: ["Zoë Müller", "Groß"], tools: [], components: [:], replacements: [])
        let budget = MarkdownReader.budget
        for text in [
            "**Zoë** Müller", "Zo**ë** Müller", "[Zoë](https://secret.example/x) Müller", "`Zoë` Müller",
            "Zoë  \nMüller",
            "ZOË MÜLLER’s", "zoë\u{2011}müller", "GROSS", "![x](https://secret.example/z.png)",
            "<https://secret.example/a>",
        ] {
            var left = budget
            let blocks = MarkdownReader.blocks(text, budget: &left).map { $0.changingTexts(names.text) }
            let shown = DocumentMarkdown.render(blocks).lowercased()
            for word in ["zoë", "müller", "gross", "secret.example"] {
                #expect(!shown.contains(word), "\(text): \(shown)")
            }
        }
    }

    @Test func `a public version is bounded, whatever is replaced by what`() {
        var story = Self.story
        story.at(
            "10:06",
            IncidentEvent(
                ReviewRevised(
                    revision: 2, status: .draft,
                    sections: [EditedSection(id: "lessons", markdown: String(repeating: "a", count: 100_000))])),
            IncidentEvent(
                PublicReviewSet(
                    sections: ["lessons", "lessons"],
                    replacements: [TextReplacement(text: "a", with: String(repeating: "q", count: 200))], title: nil)))
        let page = PublicReviewPage(story.review(graph: Self.graph))
        #expect(page.sections.count == 1 && page.bytes(as: .json).count < 400_000)
    }

    @Test func `a page of it is well formed, and a draft says that it is one`() {
        let page = PublicReviewPage(Self.story.review(graph: Self.graph))
        #expect(HTMLOutline(String(decoding: page.bytes(as: .html), as: UTF8.self)).problems.isEmpty)
        #expect(Self.texts(page)[0].contains("draft, not approved"))
    }

    @Test(arguments: [
        ("Ada Lovelace called.", "an engineer called."), ("ada lovelace, Ada", "an engineer, an engineer"),
        ("Adam stays", "Adam stays"), ("Sign-in (auth) fails", "Sign-in fails"), ("auth-proxy", "Sign-in-proxy"),
        ("Ada's laptop, ada-box, @ada", "an engineer's laptop, an engineer-box, @an engineer"),
        ("ada.lovelace@example.org", "an engineer@example.org"),
        ("auth, the auth", "Sign-in, the Sign-in"), ("from Prometheus", "from monitoring"),
        ("see https://wiki.example/ada, ok", "see (link) ok"),
        ("(SSH://a.b/c) x", "((link)) x"), ("a://b://c d://e", "(link) (link)"),
        ("db-7 and DB-7", "X and X"),
        ("Ada Lovelace-King", "an engineer-King"), ("", ""),
    ])
    func `names are replaced as whole words`(_ text: String, _ expected: String) {
        let names = PublicNames(
            people: ["Ada Lovelace", "Ada"], tools: ["prometheus"], components: ["auth": "Sign-in"],
            replacements: [TextReplacement(text: "db-7", with: "X")])
        #expect(names.text(text) == expected)
    }
}
