import Testing

@testable import IncidentDomain

/// Which steps are told, and what a book may not have.
struct HelpBookTests {
    private static func text(_ text: String) -> HelpBook.Text { HelpBook.Text(en: text, de: "\(text) (de)") }

    static let book = HelpBook(
        symptoms: [
            HelpBook.Symptom(id: "slow", name: text("It is slow"), components: ["feed", "upload"]),
            HelpBook.Symptom(id: "errors", name: HelpBook.Text(en: "I see errors")),
        ],
        platforms: [
            HelpBook.Platform(id: "web", name: text("Browser")), HelpBook.Platform(id: "tv", name: text("Television")),
        ],
        steps: [
            HelpBook.Step(id: "restart", text: text("Restart")),
            HelpBook.Step(id: "restart", platforms: ["web"], text: text("Reload")),
            HelpBook.Step(id: "update", platforms: ["tv"], text: text("Update")),
        ],
        guides: [
            HelpBook.Guide(steps: ["restart", "update"]), HelpBook.Guide(platforms: ["tv"], steps: ["update"]),
            HelpBook.Guide(symptoms: ["slow"], steps: ["update", "restart"]),
            HelpBook.Guide(symptoms: ["slow"], platforms: ["web"], steps: ["restart", "restart"]),
        ])

    private func told(_ symptom: String?, _ platform: String?, _ language: Language = .en) -> [String] {
        Self.book.steps(for: symptom, on: platform).map { $0.text(language) }
    }

    @Test func `the guide that fits best holds, and each step as the platform does it`() {
        #expect(told(nil, nil) == ["Restart"], "a step that only one platform has is left out elsewhere")
        #expect(told("errors", "web") == ["Reload"])
        #expect(told("errors", "tv") == ["Update"], "a guide for the platform goes before one for everything")
        #expect(
            told("slow", "tv") == ["Update", "Restart"], "a guide for the symptom goes before one for the platform")
        #expect(told("slow", "web") == ["Reload", "Reload"])
        #expect(told("slow", "web", .de) == ["Reload (de)", "Reload (de)"])
        #expect(told("unheard of", "nothing") == ["Restart"])
        #expect(HelpBook().steps(for: "slow", on: "web") == [])
    }

    @Test func `a text without German is shown in English`() {
        #expect(Self.book.symptoms.map { $0.name(.de) } == ["It is slow (de)", "I see errors"])
    }

    @Test func `what is public has public ids, and nothing of what is inside`() {
        let outside = Self.book.outside(PublicIncidentTests.catalog)
        #expect(outside.symptoms.map(\.components) == [["id-feed"], []])
        #expect(outside.guides == Self.book.guides && outside.steps == Self.book.steps)
    }

    @Test func `everything that is named and not there, or there twice, is told with its place`() {
        let name = HelpBook.Text(en: "x")
        let book = HelpBook(
            symptoms: [HelpBook.Symptom(id: "a", name: name), HelpBook.Symptom(id: "a", name: name)],
            platforms: [HelpBook.Platform(id: "p", name: name), HelpBook.Platform(id: "p", name: name)],
            steps: [
                HelpBook.Step(id: "s", platforms: ["p", "q"], text: name),
                HelpBook.Step(id: "s", platforms: ["p"], text: name), HelpBook.Step(id: "t", text: name),
                HelpBook.Step(id: "t", text: name),
            ],
            guides: [HelpBook.Guide(symptoms: ["b"], platforms: ["r"], steps: ["s", "u"])])
        #expect(
            Set(book.mistakes.map(\.pointer)) == [
                "/symptoms/1/id", "/platforms/1/id", "/steps/0/platforms/1", "/steps/1/id", "/steps/3/id",
                "/guides/0/symptoms/0", "/guides/0/platforms/0", "/guides/0/steps/1", "/guides",
            ])
        #expect(Self.book.mistakes == [])
    }
}
