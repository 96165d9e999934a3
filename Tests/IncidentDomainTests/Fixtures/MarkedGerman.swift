import FoundationEssentials

@testable import IncidentDomain

/// German in which it can be seen what was not translated, and what was taken for typed.
enum MarkedGerman {
    static let speech: Speech = {
        var speech = Speech(language: .de)
        speech.isMarked = true
        return speech
    }()

    /// Templates that the table does not have.
    static func missing(in text: String) -> [String] { parts(of: text, between: "⟦", and: "⟧") }

    /// What was taken for typed, in the pieces of which lists and names are made.
    static func typed(in text: String) -> [String] {
        parts(of: text, between: "‹", and: "›").flatMap { part in
            part.split { ",;=()→".contains($0) }.map { String($0).onOneLine }
        }.map { $0.hasSuffix(".") ? String($0.dropLast()) : $0 }.filter { $0.contains(where: \.isLetter) }
    }

    /// Everything that events say as text, as it was stored, on one line.
    static func stored(_ events: [IncidentEvent]) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        let texts = try events.map { String(decoding: try encoder.encode($0.payload), as: UTF8.self) }
        return texts.joined(separator: "\n").replacing("\\n", with: " ").replacing("\\\"", with: "\"")
    }

    private static func parts(of text: String, between open: Character, and close: Character) -> [String] {
        var parts: [String] = []
        var rest = text[...]
        while let start = rest.firstIndex(of: open), let end = rest[start...].firstIndex(of: close) {
            parts.append(String(rest[rest.index(after: start)..<end]))
            rest = rest[rest.index(after: end)...]
        }
        return parts
    }
}
