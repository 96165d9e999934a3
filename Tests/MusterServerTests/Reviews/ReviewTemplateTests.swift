import FoundationEssentials
import Testing

@testable import IncidentDomain
@testable import MusterServer

/// An installation's own templates of reviews.
struct ReviewTemplateTests {
    private static let customers = """
        ## summary
        ## customers!: What customers noticed
        {{title}}: {{impact}}.
        {{#components}}
        - {{name}}: {{worst}}
        {{/components}}
        ## lessons
        """

    private static func incident(_ severity: Severity?, team: String? = nil, title: String = "Errors") -> Incident {
        var story = Story()
        story.at(
            "10:00",
            .opened(title, startedAt: story.moment("10:00"), labels: team.map { ["team": $0] } ?? [:]),
            .hit("cdn", .majorOutage))
        if let severity { story.at("10:01", IncidentEvent(SeveritySet(severity: severity))) }
        return story.incident
    }

    private static func mistake(_ text: String) -> String? {
        do throws(ReviewTemplates.Mistake) {
            _ = try ReviewTemplates([ReviewTemplates.Text(name: "default", text: text)])
            return nil
        } catch { return error.reason }
    }

    @Test func `the most special template holds`() throws {
        let names = ["default", "sev1", "payments", "sev1-payments"]
        for count in 1...names.count {
            let texts = names.prefix(count).map { ReviewTemplates.Text(name: $0, text: "## \($0)\nx") }
            let templates = try ReviewTemplates(texts)
            func chosen(_ severity: Severity?, _ team: String?) -> String? {
                templates.template(for: Self.incident(severity, team: team))?.sections.first?.id
            }
            #expect(chosen(.sev1, "payments") == names[count - 1])
            #expect(chosen(.sev2, "search") == "default" && chosen(nil, nil) == "default")
            #expect(chosen(.sev1, "search") == (count > 1 ? "sev1" : "default"))
            #expect(chosen(.sev2, "payments") == (count > 2 ? "payments" : "default"))
        }
        #expect(ReviewTemplates.none.template(for: Self.incident(.sev1)) == nil)
    }

    @Test func `what people typed is text in it, and unknown facts are absent`() throws {
        let templates = try ReviewTemplates([ReviewTemplates.Text(name: "default", text: Self.customers)])
        let template = try #require(templates.template(for: Self.incident(nil, title: "*a* {{number}}\n## b")))
        #expect(template.sections.map(\.id) == ["summary", "customers", "lessons"])
        #expect(template.sections.map(\.needsPerson) == [false, true, false])
        #expect(template.sections[0].markdown == nil && template.sections[1].title == "What customers noticed")
        let text = try #require(template.sections[1].markdown)
        #expect(text == "\\*a\\* {{number}} ## b: Major outage ongoing.\n- cdn: major outage")
    }

    @Test func `mistakes are named`() {
        #expect(Self.mistake("## a\n{{#x}}") != nil)
        #expect(Self.mistake("## a\n{{> b}}")?.contains("only variables, sections and comments") == true)
        #expect(Self.mistake("a\n## b")?.contains("before its first section") == true)
        #expect(Self.mistake("")?.contains("no section") == true)
        #expect(Self.mistake("## A B")?.contains("ID: Title") == true)
        #expect(Self.mistake("## a\n## a")?.contains("twice") == true)
        #expect(Self.mistake("## a") == nil)
    }

    @Test func `the configuration reads a directory, and refuses what is wrong in it`() throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "reviews-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        func load() throws -> ServerConfiguration {
            let yaml = "reviews: {templates_directory: \"\(directory.path)\"}"
            return try ServerConfiguration(SettingSource(yaml: yaml, fileName: nil, environment: [:]))
        }
        try Data(Self.customers.utf8).write(to: directory.appending(path: "sev1.mustache"))
        #expect(try load().reviews.templates.template(for: Self.incident(.sev1)) != nil)
        try Data("x".utf8).write(to: directory.appending(path: "sev2.mustache"))
        let error = #expect(throws: ConfigurationError.self) { try load() }
        #expect(error?.description.contains("sev2.mustache has text before its first section") == true)
    }
}
