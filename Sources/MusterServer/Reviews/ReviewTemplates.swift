import FoundationEssentials
import IncidentDomain

/// An installation's own templates of reviews, by severity and team: the files `NAME.mustache` of `reviews.templates_directory`, where NAME
/// is `default`, a severity (`sev1`), a team (`payments`: the incident's label `team`), or both (`sev1-payments`). The most special one
/// holds; without any, reviews have our sections.
///
/// A file has a line `## ID` or `## ID: Title` for each section, in their order, and below it what the section says, as Markdown with
/// mustache tags. Nothing below it leaves a section of ours as it is generated. `## ID!` is a section that a person has to write.
struct ReviewTemplates: Sendable {
    /// One template as it was read.
    struct Text: Hashable, Sendable {
        let name: String
        let text: String
    }

    /// Why a template cannot be used, as the rest of a sentence that begins with its file.
    struct Mistake: Error {
        let name: String
        let reason: String
    }

    private struct Section: Sendable {
        let id: String
        let title: String?
        let needsPerson: Bool
        let text: TextTemplate?
    }

    private let templates: [String: [Section]]

    static let filesMax = 100
    static let bytesMax = 65_536
    private static let sectionsMax = IncidentLimits.reviewSections
    /// Bytes of a section as it is written.
    private static let sectionMax = 100_000

    /// None: reviews have our sections.
    static let none = ReviewTemplates()

    private init() {
        templates = [:]
    }

    /// - Throws: `Mistake` for the first template that cannot be used.
    init(_ texts: [Text]) throws(Mistake) {
        var templates: [String: [Section]] = [:]
        for text in texts { templates[text.name] = try Self.sections(of: text) }
        self.templates = templates
    }
}

// MARK: - Reading

extension ReviewTemplates {
    private static func sections(of template: Text) throws(Mistake) -> [Section] {
        func refuse(_ reason: String) -> Mistake { Mistake(name: template.name, reason: reason) }
        var sections: [Section] = []
        var heading: (id: String, title: String?, needsPerson: Bool)?
        var lines: [Substring] = []
        func finish() throws(Mistake) {
            let body = ForeignText.trimmed(lines.joined(separator: "\n"))
            lines = []
            guard let found = heading else {
                guard body.isEmpty || body.hasPrefix("{{!") else {
                    throw refuse("has text before its first section; sections begin with a line \"## ID: Title\"")
                }
                return
            }
            sections.append(
                Section(
                    id: found.id, title: found.title, needsPerson: found.needsPerson,
                    text: try body.isEmpty ? nil : compile(body, refuse)))
        }
        for line in template.text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            guard line.hasPrefix("## ") else {
                lines.append(line)
                continue
            }
            try finish()
            heading = try read(heading: String(line.dropFirst(3)), refuse)
        }
        try finish()
        let ids = sections.map(\.id)
        if let twice = ids.first(where: { id in ids.count(where: { $0 == id }) > 1 }) {
            throw refuse("has section \(twice) twice")
        }
        guard !sections.isEmpty else { throw refuse("has no section; one begins with a line \"## ID: Title\"") }
        guard sections.count <= sectionsMax else {
            throw refuse("has \(sections.count) sections; the limit is \(sectionsMax)")
        }
        return sections
    }

    private static func read(
        heading: String, _ refuse: (String) -> Mistake
    ) throws(Mistake) -> (id: String, title: String?, needsPerson: Bool) {
        let parts = heading.split(separator: ":", maxSplits: 1).map { ForeignText.trimmed(String($0)) }
        var id = parts.first ?? ""
        let needsPerson = id.hasSuffix("!")
        if needsPerson { id.removeLast() }
        let title = parts.count > 1 && !parts[1].isEmpty ? parts[1] : nil
        guard Identifiers.isSlug(id), (title ?? "").count <= 200 else {
            throw refuse("has the section \"\(heading)\"; write \"## ID: Title\", with an id of a-z, 0-9, - and _")
        }
        return (id, title, needsPerson)
    }

    private static func compile(_ text: String, _ refuse: (String) -> Mistake) throws(Mistake) -> TextTemplate {
        do throws(TextTemplate.Mistake) {
            return try TextTemplate(text, escaping: .markdown)
        } catch {
            throw refuse(error.reason)
        }
    }
}

// MARK: - Writing

extension ReviewTemplates {
    /// What the review of an incident looks like from the start; nil for ours.
    func template(for incident: Incident, in speech: Speech = .standard) -> ReviewTemplate? {
        let team = incident.labels["team"]
        let severity = incident.severity?.rawValue
        let names = [severity.flatMap { severity in team.map { "\(severity)-\($0)" } }, team, severity, "default"]
        guard let sections = names.compactMap(\.self).lazy.compactMap({ templates[$0] }).first else { return nil }
        let facts = Self.facts(of: incident, in: speech)
        return ReviewTemplate(
            sections: sections.map { section in
                ReviewTemplate.Section(
                    id: section.id, title: section.title,
                    markdown: section.text.map { Self.written($0, facts) },
                    needsPerson: section.needsPerson)
            })
    }

    private static func written(_ template: TextTemplate, _ facts: JSONValue) -> String {
        do throws(TextTemplate.Mistake) {
            let text = ForeignText.trimmed(try template.render(facts))
            return text.utf8.count <= sectionMax ? text : String(decoding: text.utf8.prefix(sectionMax), as: UTF8.self)
        } catch {
            return "The template of this section \(error.reason)."
        }
    }

    /// The names that templates use; docs/reviews.md lists them. What people typed is escaped when it is put in.
    private static func facts(of incident: Incident, in speech: Speech) -> JSONValue {
        let impacts = ImpactHistory(incident)
        let head = ReviewHead(of: incident, impacts: impacts, in: speech)
        let clocks = incident.clocks
        let components = impacts.stretches.keys.sorted().prefix(100).map { slug -> JSONValue in
            [
                "name": .string(slug), "worst": .string(impacts.worst(of: slug).map { speech($0.phrase) } ?? ""),
                "duration": .string(speech.text(seconds: impacts.length(of: slug).seconds)),
            ]
        }
        var facts = JSONObject()
        func tell(_ name: String, _ value: JSONValue?) {
            facts[name] = value
        }
        func tell(_ name: String, _ text: String?) { tell(name, text.map(JSONValue.string)) }
        tell("number", .integer(incident.number))
        tell("title", incident.title)
        tell("summary", incident.summary)
        tell("severity", incident.severity?.rawValue)
        tell("phase", incident.phase.rawValue)
        tell("is_\(incident.severity?.rawValue ?? "unrated")", .bool(true))
        tell("impact", head.impact)
        tell("people", head.people)
        tell("money", head.money)
        tell("cause", head.cause)
        tell("commander", incident.roles[.commander])
        tell("actions", .array(head.actions.map(JSONValue.string)))
        tell("has_actions", .bool(!head.actions.isEmpty))
        tell("components", .array(components))
        for (name, moment) in [
            ("started_at", clocks.startedAt), ("detected_at", clocks.detectedAt),
            ("acknowledged_at", clocks.acknowledgedAt), ("mitigated_at", clocks.mitigatedAt),
            ("restored_at", clocks.restoredAt), ("closed_at", clocks.closedAt),
        ] { tell(name, moment.map { speech($0.told) }) }
        for (name, seconds) in [
            ("time_to_detect", clocks.timeToDetect), ("time_to_acknowledge", clocks.timeToAcknowledge),
            ("time_to_mitigate", clocks.timeToMitigate), ("time_to_restore", clocks.timeToRestore),
        ] { tell(name, seconds.map { speech.text(seconds: $0) }) }
        let labels = incident.labels.sorted { $0.key < $1.key }.map {
            JSONObject.Member(name: $0.key, value: .string($0.value))
        }
        tell("labels", .object(JSONObject(labels)))
        return .object(facts)
    }
}

// MARK: - Files

extension ReviewTemplates {
    /// Those of the directory that a key names, none without it; what is wrong with them stays with the reader.
    static func reading(_ key: String, _ reader: inout SettingReader) -> ReviewTemplates {
        guard let directory = reader.string(key) else { return .none }
        do {
            let files = try FileManager.default.contentsOfDirectory(atPath: directory).filter {
                $0.hasSuffix(".mustache")
            }
            if files.count <= filesMax {
                return try ReviewTemplates(files.sorted().map { try text(of: $0, in: directory) })
            }
            reader.refuse(key, "\(directory) has \(files.count) templates; the limit is \(filesMax)")
        } catch let mistake as Mistake {
            reader.refuse(key, "\(mistake.name).mustache \(mistake.reason)")
        } catch {
            reader.refuse(key, "the directory \(directory) cannot be read: \(error)")
        }
        return .none
    }

    private static func text(of file: String, in directory: String) throws -> Text {
        let name = String(file.dropLast(".mustache".count))
        guard Identifiers.isSlug(name) else {
            throw Mistake(name: name, reason: "should be named default, a severity, a team, or SEVERITY-TEAM")
        }
        do throws(ConfigurationFile.Failure) {
            let text = try ConfigurationFile.text("\(directory)/\(file)")
            guard text.utf8.count <= bytesMax else {
                throw ConfigurationFile.Failure("has more than \(bytesMax) bytes")
            }
            return Text(name: name, text: text)
        } catch {
            throw Mistake(name: name, reason: error.reason)
        }
    }
}
