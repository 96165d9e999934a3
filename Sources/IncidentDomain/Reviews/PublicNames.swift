/// What stands in a public text in the place of people, tools and components: who reads it is to learn what happened, and not who did it or
/// what things are called inside.
package struct PublicNames: Hashable, Sendable {
    /// Words, in lower case, and what stands in their place; by the first word of each.
    private var names: [String: [(words: [String], other: String)]] = [:]
    /// What people said is to be replaced, in lower case, exactly as it is written; the longest first.
    private let replacements: [(text: [Character], other: String)]

    static let engineer = "an engineer"
    static let tool = "monitoring"

    /// - Parameters:
    ///   - people: Names of people and of their tokens.
    ///   - tools: Names of what sends alerts.
    ///   - components: What a component is called in public, by slug.
    package init(
        people: some Sequence<String>, tools: some Sequence<String>, components: [String: String],
        replacements: [TextReplacement]
    ) {
        self.replacements = replacements.filter { !$0.text.isEmpty }.sorted { $0.text.count > $1.text.count }
            .map { (Array($0.text.lowercased()), $0.other) }
        for (slug, name) in components { add(slug, name == slug ? "a component" : name) }
        for tool in tools { add(tool, Self.tool) }
        for person in people { add(person, Self.engineer) }
    }

    private mutating func add(_ name: String, _ other: String) {
        let words = Self.pieces(name.lowercased()).filter(\.isWord).map { String($0.text) }
        guard let first = words.first else { return }
        names[first, default: []].removeAll { $0.words == words }
        names[first, default: []].append((words, other))
        names[first]?.sort { $0.words.count > $1.words.count }
    }

    package static func == (one: Self, other: Self) -> Bool {
        one.names.mapValues { $0.map { [$0.other] + $0.words } }
            == other.names.mapValues { $0.map { [$0.other] + $0.words } }
            && one.replacements.map(\.text) == other.replacements.map(\.text)
            && one.replacements.map(\.other) == other.replacements.map(\.other)
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(names.count) }

    /// The text as the public may read it.
    package func text(_ text: String) -> String {
        let replaced = replacements.isEmpty ? text.withoutAddresses : withReplacements(text.withoutAddresses)
        return names.isEmpty ? replaced : withNames(replaced)
    }

    private func withReplacements(_ text: String) -> String {
        let characters = Array(text)
        let lower = characters.map { Character($0.lowercased()) }
        var result = ""
        var place = 0
        while place < characters.count {
            if let found = replacements.first(where: { lower[place...].starts(with: $0.text) }) {
                result += found.other
                place += found.text.count
            } else {
                result.append(characters[place])
                place += 1
            }
        }
        return result
    }

    private func withNames(_ text: String) -> String {
        let pieces = Self.pieces(text)
        var result = ""
        var place = 0
        while place < pieces.count {
            guard pieces[place].isWord, let found = match(pieces, at: place) else {
                result += pieces[place].text
                place += 1
                continue
            }
            // `Sign-in (auth)` has the name already.
            if result.hasSuffix("\(found.other) ("), found.next < pieces.count, pieces[found.next].text.hasPrefix(")") {
                result.removeLast(2)
                result += pieces[found.next].text.dropFirst()
                place = found.next + 1
            } else {
                result += found.other
                place = found.next
            }
        }
        return result
    }

    private func match(_ pieces: [Piece], at place: Int) -> (other: String, next: Int)? {
        for (words, other) in names[pieces[place].text.lowercased()] ?? [] {
            var next = place
            let isThere = words.enumerated().allSatisfy { index, word in
                if index > 0 { next += 1 }
                guard next < pieces.count, pieces[next].isWord, pieces[next].text.lowercased() == word else {
                    return false
                }
                next += 1
                return true
            }
            if isThere { return (other, next) }
        }
        return nil
    }

    /// A word, or what stands between two words.
    private struct Piece {
        let text: Substring
        let isWord: Bool
    }

    private static func pieces(_ text: String) -> [Piece] {
        var pieces: [Piece] = []
        var start = text.startIndex
        while start < text.endIndex {
            let isWord = isOfWord(text[start])
            let end = text[start...].firstIndex { isOfWord($0) != isWord } ?? text.endIndex
            pieces.append(Piece(text: text[start..<end], isWord: isWord))
            start = end
        }
        return pieces
    }

    /// Names of components have `-` and `_` in them, and those of people an apostrophe.
    private static func isOfWord(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || character == "-" || character == "_" || character == "'"
    }
}

/// A text that is not to be read in public, and what stands in its place.
package struct TextReplacement: Hashable, Codable, Sendable {
    package var text: String
    package var other: String

    private enum CodingKeys: String, CodingKey {
        case text
        case other = "with"
    }

    package init(text: String, with other: String) {
        self.text = text
        self.other = other
    }
}

extension DocumentBlock {
    /// The same with other texts; links keep their words only, as their addresses name what is inside.
    package func changingTexts(_ change: (String) -> String) -> DocumentBlock {
        func inlines(_ nodes: [DocumentInline]) -> [DocumentInline] {
            nodes.flatMap { node -> [DocumentInline] in
                switch node {
                case .text(let text): [.text(change(text))]
                case .code(let text): [.code(change(text))]
                case .emphasis(let inner): [.emphasis(inlines(inner))]
                case .strong(let inner): [.strong(inlines(inner))]
                case .link(let inner, _): inlines(inner)
                case .lineBreak: [.lineBreak]
                }
            }
        }
        return switch self {
        case .paragraph(let text): .paragraph(inlines(text))
        case .heading(let level, let text): .heading(level: level, inlines(text))
        case .list(let start, let items):
            .list(start: start, items: items.map { $0.map { $0.changingTexts(change) } })
        case .quote(let blocks): .quote(blocks.map { $0.changingTexts(change) })
        case .code(let text): .code(change(text))
        case .table(let head, let rows, let alignments):
            .table(head: head.map(inlines), rows: rows.map { $0.map(inlines) }, alignments: alignments)
        case .rule: .rule
        }
    }
}

extension String {
    /// The same without the addresses of pages, which name what is inside.
    fileprivate var withoutAddresses: String {
        guard contains("://") else { return self }
        var result = ""
        var rest = self[...]
        while let mark = rest.firstRange(of: "://") {
            let before = rest[..<mark.lowerBound]
            let scheme = before.reversed().prefix { $0.isLetter || $0.isNumber || "+-.".contains($0) }.count
            result += before.dropLast(scheme)
            rest = rest[mark.upperBound...].drop { !$0.isWhitespace && !")]>\"'".contains($0) }
            result += "(link)"
        }
        return result + rest
    }
}
