import FoundationEssentials
import IncidentDomain
import Testing

@testable import MusterServer

/// Drafts say what is known in plain words, in the language that was asked for, and nothing else.
struct UpdateTemplateTests {
    private static let graph = DependencyGraph([
        Component(slug: "feed-svc", name: "Your feed", tier: 1), Component(slug: "db-7", name: "db-7", tier: 0),
    ])

    private static let start = Timestamp(milliseconds: 1_795_348_800_000)

    /// What is known of an incident after these events.
    private static func situation(
        _ events: [any TimelineEvent], _ audience: UpdateAudience = .users, eta: Timestamp? = nil,
        next: Timestamp? = nil
    ) throws -> KnownSituation {
        let all = [try opening] + events
        let incident = all.enumerated().reduce(Incident?.none) { incident, item in
            Incident.evolve(
                incident,
                RecordedEvent(
                    sequence: item.offset + 1, event: IncidentEvent(item.element), actor: .mia, occurredAt: start,
                    recordedAt: start), number: 42)
        }
        return KnownSituation(
            of: try #require(incident), in: graph, for: audience, eta: eta, nextUpdateAt: next)
    }

    private static var opening: any TimelineEvent {
        get throws {
            try event(
                "incident_opened",
                #"{"labels":{},"origin":"alert","started_at":"2026-11-22T12:00:00.000Z","title":"<b>HighErrors</b> db-7"}"#
            )
        }
    }

    private static func event(_ kind: String, _ payload: String) throws -> any TimelineEvent {
        try EventCodec.decode(kind: kind, version: 1, payload: Array(payload.utf8)).payload
    }

    private static func hit(_ component: String) -> any TimelineEvent {
        ImpactSet(ComponentImpact(component: component, impact: .majorOutage))
    }

    private static func entered(_ phase: Phase) throws -> any TimelineEvent {
        try event("phase_entered", #"{"from":"assess","overridden":[],"phase":"\#(phase.rawValue)"}"#)
    }

    private static func body(
        _ situation: KnownSituation, _ language: String = "en", name: String = "auto",
        _ templates: UpdateTemplates = .builtIn
    ) -> String {
        templates.write(situation, name: name, language: language)?.body ?? "no template"
    }

    @Test func `a first draft says what is down, since when, and that the rest is not known`() throws {
        #expect(
            Self.body(try Self.situation([Self.hit("feed-svc")])) == """
                Your feed is unavailable.
                It began at 2026-11-22 12:00 UTC.
                We do not know the cause yet.
                We are working on it.
                We cannot say yet when it will work again.
                """)
        #expect(
            Self.body(try Self.situation([])) == """
                We have a problem and are finding out what is affected.
                It began at 2026-11-22 12:00 UTC.
                We do not know the cause yet.
                We are working on it.
                We cannot say yet when it will work again.
                """)
    }

    @Test func `in German, with the time and the next update`() throws {
        let written = UpdateTemplates.builtIn.write(
            try Self.situation(
                [
                    Self.hit("feed-svc"), try Self.entered(.mitigate),
                    CauseStated(CauseHypothesis(category: .attack, subcategory: .ddos, confidence: .confirmed)),
                ], eta: Self.start.adding(seconds: 3600), next: Self.start.adding(seconds: 1800)),
            name: "auto", language: "de-AT")
        #expect(written?.template == "mitigate-attack" && written?.language == "de")
        #expect(
            written?.body == """
                Your feed: nicht erreichbar.
                Beginn: 2026-11-22 12:00 UTC.
                Die Ursache ist ein Angriff auf unseren Dienst.
                Wir wehren den Angriff ab.
                Voraussichtlich funktioniert alles wieder bis 2026-11-22 13:00 UTC.
                Nächste Meldung bis 2026-11-22 12:30 UTC.
                """)
        #expect(written?.steps.count == 1 && written?.steps[0].hasPrefix("Antworten Sie nicht") == true)
    }

    @Test(arguments: CauseCategory.allCases, Phase.allCases)
    func `no cause that is only suspected, and no inner name, is told to anybody outside`(
        category: CauseCategory, phase: Phase
    ) throws {
        for audience in UpdateAudience.allCases where audience != .staff {
            for language in ["en", "de"] {
                let unsure = try Self.situation(
                    [
                        Self.hit("feed-svc"), Self.hit("db-7"), try Self.entered(phase),
                        CauseStated(CauseHypothesis(category: category, evidence: "hunter2")),
                    ], audience)
                let none = try Self.situation(
                    [Self.hit("feed-svc"), Self.hit("db-7"), try Self.entered(phase)], audience)
                let text = Self.body(unsure, language)
                #expect(text == Self.body(none, language))
                #expect(!text.contains("db-7") && !text.contains("feed-svc") && !text.contains("HighErrors"))
                #expect(!text.contains("{") && !text.contains("\n\n\n") && text.count > 20)
            }
        }
    }

    @Test func `staff hear everything, and nothing is escaped`() throws {
        let known = try Self.situation(
            [Self.hit("db-7"), CauseStated(CauseHypothesis(category: .technical, subcategory: .databaseFault))], .staff)
        let text = Self.body(known)
        #expect(text.hasPrefix("INC-42: <b>HighErrors</b> db-7\ndb-7 is unavailable."))
        #expect(text.contains("Suspected, not confirmed: database fault (technical)."))
    }

    @Test func `after the end, it is said that all works again`() throws {
        let known = try Self.situation([Self.hit("feed-svc"), try Self.entered(.review)])
        #expect(Self.body(known).hasPrefix("Everything works again."))
        #expect(Self.body(known, "fr").hasPrefix("Everything works again."), "English, where a language has none")
    }

    // MARK: An installation's own

    private static func own(_ name: String, _ language: String, _ text: String) -> UpdateTemplateText {
        UpdateTemplateText(name: name, language: language, text: text)
    }

    @Test func `own templates take the place of ours, and can be asked for by name`() throws {
        let templates = try UpdateTemplates(own: [
            Self.own("assess", "en", "Down: {{#affected}}{{name}}{{/affected}}\n---\n- Wait.\n"),
            Self.own("statement", "fr", "Nous enquêtons."),
        ])
        let known = try Self.situation([Self.hit("feed-svc")])
        let written = templates.write(known, name: "auto", language: "en")
        #expect(written?.body == "Down: Your feed" && written?.steps == ["- Wait."])
        #expect(Self.body(known, "fr", name: "statement", templates) == "Nous enquêtons.")
        #expect(templates.write(known, name: "statement", language: "en") == nil)
    }

    @Test(arguments: [
        ("{{> part-what", "is not a mustache template"), ("{{#affected}}", "is not a mustache template"),
        ("{{> assess}}", "is not a part"), ("{{> part-none}}", "is not a part"),
        ("{{<part-what}}{{/part-what}}", "{{<"),
        ("{{=<% %>=}}", "{{="),
    ]) func `a template that cannot work is refused with the reason`(_ text: String, _ reason: String) {
        let mistake = #expect(throws: UpdateTemplates.Mistake.self) {
            try UpdateTemplates(own: [Self.own("x", "en", text)])
        }
        #expect(mistake?.template == "x.en" && mistake?.reason.contains(reason) == true, "\(mistake?.reason ?? "")")
    }

    @Test func `parts include nothing, so that none includes itself`() {
        #expect(throws: UpdateTemplates.Mistake.self) {
            try UpdateTemplates(own: [Self.own("part-what", "en", "{{> part-what}}")])
        }
    }

    @Test func `own templates are files of a directory`() throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "updates-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        func put(_ name: String, _ text: String) throws {
            try Data(text.utf8).write(to: directory.appending(path: name))
        }
        func load() throws -> ServerConfiguration {
            let yaml = "updates: {templates_directory: \"\(directory.path)\"}"
            return try ServerConfiguration(SettingSource(yaml: yaml, fileName: nil, environment: [:]))
        }
        try put("restore.fr.mustache", "Nous restaurons.")
        try put("notes.txt", "not one")
        #expect(try load().updates.templates.texts.contains { $0.name == "restore" && $0.language == "fr" })
        try put("broken.mustache", "no language")
        let error = #expect(throws: ConfigurationError.self) { try load() }
        #expect(error?.description.contains("broken.mustache cannot be read: its name should be") == true)
    }

    @Test func `a wrong setting is named`() {
        func errors(_ yaml: String) -> String {
            let error = #expect(throws: ConfigurationError.self) {
                try ServerConfiguration(SettingSource(yaml: yaml, fileName: nil, environment: [:]))
            }
            return error?.description ?? ""
        }
        #expect(errors("updates: {every_minutes: {sev1: -1}}").contains("updates.every_minutes.sev1"))
        #expect(errors("updates: {review_due_days: {sev1: 1000}}").contains("updates.review_due_days.sev1"))
        #expect(
            errors("updates: {approval: {sev1: [everybody]}}").contains("\"everybody\" is no audience; there are users")
        )
        #expect(errors("updates: {templates_directory: /nowhere}").contains("cannot be read"))
    }

    @Test func `settings are read by severity, and a default holds for the others`() throws {
        let yaml = "updates: {every_minutes: {sev3: 15}, approval: {default: [regulators], sev1: [users]}}"
        let policy = try ServerConfiguration(SettingSource(yaml: yaml, fileName: nil, environment: [:])).updates.policy
        #expect(policy.nextUpdate(after: Self.start, severity: .sev3) == Self.start.adding(seconds: 900))
        #expect(policy.nextUpdate(after: Self.start, severity: .sev1) == Self.start.adding(seconds: 1800))
        #expect(policy.nextUpdate(after: Self.start, severity: .sev4) == nil)
        #expect(
            policy.asksApproval(of: .users, severity: .sev1) && !policy.asksApproval(of: .regulators, severity: .sev1))
        #expect(
            policy.asksApproval(of: .regulators, severity: .sev2) && policy.asksApproval(of: .regulators, severity: nil)
        )
    }
}
