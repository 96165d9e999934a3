import IncidentDomain
import Mustache

/// A template of updates as text: one name in one language.
struct UpdateTemplateText: Hashable, Sendable {
    /// A phase (`mitigate`), a phase and a category of causes (`mitigate-attack`), a part that others include (`part-what`),
    /// or any other name.
    let name: String
    let language: String
    let text: String
    var isOurs = false

    var isPart: Bool { name.hasPrefix(Self.partPrefix) }
    static let partPrefix = "part-"
}

/// What drafts of updates are written from: mustache templates by phase, category of the cause and language. Ours are in the
/// program; an installation's own ones take their places (`updates.templates_directory`).
struct UpdateTemplates: Sendable {
    /// A text that was written from a template.
    struct Written: Hashable, Sendable {
        let template: String
        let language: String
        let body: String
        let steps: [String]
    }

    /// Why a template cannot be used, as the rest of a sentence that begins with its name.
    struct Mistake: Error {
        let template: String
        let reason: String
    }

    /// The name by which the regular template is asked for.
    static let automatic = "auto"

    /// By language and name, in which own ones stand instead of ours.
    let texts: [UpdateTemplateText]
    private let libraries: [String: MustacheLibrary]
    private let names: [String: Set<String>]

    /// - Throws: `Mistake` for the first template that cannot be used.
    init(own: [UpdateTemplateText] = []) throws(Mistake) {
        var byPlace: [[String]: UpdateTemplateText] = [:]
        for text in Self.ours + own { byPlace[[text.language, text.name]] = text }
        texts = byPlace.values.sorted { ($0.language, $0.name) < ($1.language, $1.name) }
        var libraries: [String: MustacheLibrary] = [:]
        var names: [String: Set<String>] = [:]
        for text in texts { names[text.language, default: []].insert(text.name) }
        for text in texts {
            try Self.check(text, among: names[text.language] ?? [])
            do {
                let template = try MustacheTemplate(string: "{{%CONTENT_TYPE:TEXT}}\n" + text.text)
                libraries[text.language, default: MustacheLibrary(templates: [:])].register(template, named: text.name)
            } catch {
                throw Mistake(template: "\(text.name).\(text.language)", reason: "is not a mustache template: \(error)")
            }
        }
        self.libraries = libraries
        self.names = names
    }

    /// Templates include parts, and parts include nothing: so none can include itself.
    private static func check(_ text: UpdateTemplateText, among names: Set<String>) throws(Mistake) {
        func refuse(_ reason: String) -> Mistake { Mistake(template: "\(text.name).\(text.language)", reason: reason) }
        for tag in text.text.split(separator: "{{", omittingEmptySubsequences: false).dropFirst() {
            guard let sign = tag.first(where: { !$0.isWhitespace }) else { continue }
            if "<$=".contains(sign) {
                throw refuse("uses {{\(sign)…}}, which templates of updates do not have")
            }
            guard sign == ">" else { continue }
            let name = tag.drop { $0.isWhitespace || $0 == ">" }.prefix { !$0.isWhitespace && $0 != "}" }
            if text.isPart { throw refuse("is a part and includes \(name); parts include nothing") }
            guard name.hasPrefix(UpdateTemplateText.partPrefix), names.contains(String(name)) else {
                let parts = names.filter { $0.hasPrefix(UpdateTemplateText.partPrefix) }.sorted()
                throw refuse(
                    "includes \(name), which is not a part in \(text.language); there are "
                        + (parts.isEmpty ? "none" : parts.joined(separator: ", ")))
            }
        }
    }

    /// Writes what is known. Of a language without a template, English takes its place.
    ///
    /// - Parameter name: The template; `auto` takes the one of the phase and of the confirmed cause.
    /// - Returns: Nil when there is no template of that name; a part is none.
    func write(_ situation: KnownSituation, name: String, language: String) -> Written? {
        let base = language.split(separator: "-").first.map(String.init) ?? language
        for language in [language, base, LanguageTag.standard] {
            for candidate in name == Self.automatic ? Self.regular(situation) : [name] {
                guard !candidate.hasPrefix(UpdateTemplateText.partPrefix),
                    names[language]?.contains(candidate) ?? false,
                    let library = libraries[language]
                else { continue }
                let text = library.render(Self.facts(situation), withTemplate: candidate) ?? ""
                return Self.split(text, template: candidate, language: language)
            }
        }
        return nil
    }

    /// Whether a draft can have been written from it: `auto`, a name, or a name with its language, as drafts show it.
    func hasTemplate(_ name: String) -> Bool {
        name == Self.automatic
            || texts.contains { !$0.isPart && (name == $0.name || name == "\($0.name).\($0.language)") }
    }

    /// The most special one first.
    private static func regular(_ situation: KnownSituation) -> [String] {
        let phase = situation.phase.isOpen ? situation.phase : .review
        let phases = phase == .detect ? [phase, .assess] : [phase]
        return phases.flatMap { phase in
            [situation.cause.map { "\(phase.rawValue)-\($0.category.rawValue)" }, phase.rawValue].compactMap(\.self)
        }
    }

    /// The steps stand below a line of three hyphens, one on each line.
    private static func split(_ text: String, template: String, language: String) -> Written {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map {
            ForeignText.trimmed(String($0))
        }
        let mark = lines.firstIndex(of: "---") ?? lines.endIndex
        var body: [String] = []
        for line in lines[..<mark] where !(line.isEmpty && (body.last?.isEmpty ?? true)) { body.append(line) }
        return Written(
            template: template, language: language, body: ForeignText.trimmed(body.joined(separator: "\n")),
            steps: lines[mark...].dropFirst().filter { !$0.isEmpty })
    }
}

// MARK: - What templates are given

extension UpdateTemplates {
    /// The names that templates use; docs/updates.md lists them.
    private static func facts(_ situation: KnownSituation) -> [String: Any] {
        var facts: [String: Any] = [
            "number": situation.number, "is_\(situation.audience.rawValue)": true,
            "is_\(situation.phase.rawValue)": true,
            "since": time(situation.since), "affected": situation.affected.map(facts),
            "has_unnamed": situation.unnamed > 0, "unnamed": situation.unnamed,
            "has_problem": !situation.affected.isEmpty || situation.unnamed > 0,
        ]
        facts["severity"] = situation.severity?.rawValue
        facts["title"] = situation.title
        facts["restored_at"] = situation.restoredAt.map(time)
        facts["cause"] = situation.cause.map { ["is_\($0.category.rawValue)": true, "name": $0.name] as [String: Any] }
        facts["suspected"] = situation.suspected?.name
        facts["eta"] = situation.eta.map(time)
        facts["next_update_at"] = situation.nextUpdateAt.map(time)
        return facts
    }

    private static func facts(_ affected: KnownSituation.Affected) -> [String: Any] {
        var facts: [String: Any] = [
            "name": affected.name, "is_outage": affected.impact == .majorOutage,
            "is_partial": affected.impact == .partialOutage, "is_degraded": affected.impact == .degraded,
        ]
        if !affected.regions.isEmpty { facts["regions"] = affected.regions.joined(separator: ", ") }
        return facts
    }

    /// To the minute, as in `2026-11-22 21:37 UTC`: readers are everywhere.
    private static func time(_ moment: Timestamp) -> String {
        "\(moment.dateAndTime.prefix(16)) UTC"
    }
}

// MARK: - Ours

extension UpdateTemplates {
    private static let ours: [UpdateTemplateText] = [
        ours("assess", "en", PackageResources.assess_en_mustache),
        ours("mitigate", "en", PackageResources.mitigate_en_mustache),
        ours("mitigate-attack", "en", PackageResources.mitigate_attack_en_mustache),
        ours("mitigate-connectivity", "en", PackageResources.mitigate_connectivity_en_mustache),
        ours("restore", "en", PackageResources.restore_en_mustache),
        ours("review", "en", PackageResources.review_en_mustache),
        ours("part-what", "en", PackageResources.part_what_en_mustache),
        ours("part-cause", "en", PackageResources.part_cause_en_mustache),
        ours("part-next", "en", PackageResources.part_next_en_mustache),
        ours("assess", "de", PackageResources.assess_de_mustache),
        ours("mitigate", "de", PackageResources.mitigate_de_mustache),
        ours("mitigate-attack", "de", PackageResources.mitigate_attack_de_mustache),
        ours("mitigate-connectivity", "de", PackageResources.mitigate_connectivity_de_mustache),
        ours("restore", "de", PackageResources.restore_de_mustache),
        ours("review", "de", PackageResources.review_de_mustache),
        ours("part-what", "de", PackageResources.part_what_de_mustache),
        ours("part-cause", "de", PackageResources.part_cause_de_mustache),
        ours("part-next", "de", PackageResources.part_next_de_mustache),
    ]

    private static func ours(_ name: String, _ language: String, _ text: [UInt8]) -> UpdateTemplateText {
        UpdateTemplateText(name: name, language: language, text: String(decoding: text, as: UTF8.self), isOurs: true)
    }

    /// Parsed once. Their text is part of the program: one that does not parse is a mistake of ours, which the tests find.
    static let builtIn: UpdateTemplates = {
        do throws(Mistake) { return try UpdateTemplates() } catch {
            preconditionFailure("\(error.template) \(error.reason)")
        }
    }()
}
