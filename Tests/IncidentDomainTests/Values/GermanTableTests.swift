import FoundationEssentials
import Testing

@testable import IncidentDomain

/// The table of translations fits the code: nothing too much, nothing twice, and the same holes.
struct GermanTableTests {
    @Test func `no template stands there twice`() {
        let counts = Dictionary(GermanTable.pairs.map { ($0.english, 1) }, uniquingKeysWith: +)
        #expect(counts.filter { $0.value > 1 }.keys.sorted() == [])
    }

    @Test func `both sides have the same holes`() {
        for (english, german) in GermanTable.pairs {
            let holes = english.ranges(of: "{}").count
            let places = german.matches(of: /\{(\d?)\}/).map { String($0.output.1) }
            #expect(places.count == holes, "\(english) = \(german)")
            guard places.contains(where: { !$0.isEmpty }) else { continue }
            #expect(Set(places) == Set((1...holes).map(String.init)), "\(english) = \(german)")
        }
    }

    /// Words that the code makes of values, and so has nowhere as a text.
    private static let words: Set<String> = {
        func words<Value: RawRepresentable & CaseIterable>(_ type: Value.Type) -> [String]
        where Value.RawValue == String { type.allCases.map(\.words) }
        let lists = [
            words(Severity.self), words(Phase.self), words(IncidentClock.self), words(ImpactLevel.self),
            words(Audience.self), words(UpdateAudience.self), words(IncidentRole.self), words(CauseCategory.self),
            words(CauseConfidence.self), words(CauseRole.self), words(FactKind.self), words(TimePrecision.self),
            words(MitigationState.self), words(ActionKind.self), words(ActionPriority.self), words(ActionState.self),
            words(ReviewStatus.self), words(RestorationStatus.self), words(RestorationGantt.Activity.self),
            words(RestorationGantt.Mark.Kind.self), words(StepUndone.Deed.self), words(Requirement.self),
            CauseSubcategory.allCases.map(\.words), Phase.allCases.map(\.title),
            Phase.allCases.map { $0.title.lowercased() }, StoredSentences.keys,
            ["none | owner", "none | date", "public | audience", "internal | audience"],
        ]
        return Set(lists.joined())
    }()

    @Test func `every word of an enumeration has a translation`() {
        #expect(Self.words.filter { GermanTable.texts[$0] == nil }.sorted() == [])
    }

    @Test func `no template is there that nobody says`() throws {
        let said = try Self.templates(in: [
            "IncidentDomain", "MusterServer/Reviews", "MusterServer/PublicStatus", "MusterServer/Subscriptions",
        ])
        .values.joined()
        let unused = Set(GermanTable.texts.keys).subtracting(said).subtracting(Self.words)
        #expect(unused.sorted() == [])
    }

    /// Texts of these files that are said nowhere, or are names.
    private static let unsaid: Set<String> = [
        "alert", "maintenance", "not_approved", "too_many_corrections", "musterd", "source:", "owner", "date",
        "{} (INC-{})",
    ]

    /// Also those of branches that no fixture reaches.
    @Test func `every text of an event and of a section has a translation`() throws {
        let files = try Self.templates(in: ["IncidentDomain/Incidents/Events", "IncidentDomain/Reviews"])
        let spoken = files.filter { name, _ in
            name.hasSuffix("Events.swift") || name.hasSuffix("Section.swift") || name.hasSuffix("Sections.swift")
                || ["ReviewHead.swift", "ReviewDraft.swift"].contains(name)
        }
        try #require(spoken.count > 15)
        for (name, texts) in spoken {
            let missing = texts.filter { text in
                text.replacing("{}", with: "").contains(where: \.isLetter) && GermanTable.texts[text] == nil
                    && !Self.unsaid.contains(text) && !text.contains("\\")
            }
            #expect(missing.sorted() == [], "\(name)")
        }
    }

    /// The texts of the code below some folders of `Sources`, by file: holes for what is put in, without examples and coding keys.
    private static func templates(in folders: [String]) throws -> [String: Set<String>] {
        let root = #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
        var found: [String: Set<String>] = [:]
        for folder in folders {
            let path = "/\(root)/Sources/\(folder)"
            for name in try FileManager.default.subpathsOfDirectory(atPath: path) where name.hasSuffix(".swift") {
                let file = String(name.split(separator: "/").last ?? "")
                guard !file.hasPrefix("German"), let data = FileManager.default.contents(atPath: "\(path)/\(name)")
                else { continue }
                var text = String(decoding: data, as: UTF8.self)
                for range in [
                    /(?s)package static let examples.*?\n    \]\n/, /(?s)private enum CodingKeys.*?\n    \}\n/,
                    /(?m)package static let kind = .*$/,
                ] {
                    text = text.replacing(range, with: "")
                }
                var reader = TemplateReader(text)
                found[file, default: []].formUnion(reader.read())
            }
        }
        return found
    }
}

/// Finds the texts in Swift code, each as the template that it is as a phrase.
private struct TemplateReader {
    private let code: [Character]
    private var place = 0
    private var found: Set<String> = []

    init(_ text: String) {
        code = Array(text)
    }

    mutating func read() -> Set<String> {
        readCode(isHole: false)
        return found
    }

    private func sees(_ text: String) -> Bool { code[place...].starts(with: text) }

    private mutating func readCode(isHole: Bool) {
        var depth = 0
        while place < code.count {
            if sees("//") {
                while place < code.count, code[place] != "\n" { place += 1 }
            } else if sees("\"") {
                readText()
            } else {
                if code[place] == "(" { depth += 1 }
                if code[place] == ")" { depth -= 1 }
                place += 1
                if isHole, depth < 0 { return }
            }
        }
    }

    private mutating func readText() {
        let quote = sees("\"\"\"") ? "\"\"\"" : "\""
        place += quote.count
        var text = ""
        while place < code.count, !sees(quote) {
            if sees("\\(") {
                text += "{}"
                place += 2
                readCode(isHole: true)
            } else {
                if code[place] == "\\" {
                    text.append(code[place])
                    place += 1
                }
                text.append(code[place])
                place += 1
            }
        }
        place += quote.count
        found.insert(text)
    }
}
