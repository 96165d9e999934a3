/// What stands in a public text in the place of people, tools and components: who reads it is to learn what happened, and not who did it or
/// what things are called inside.
package struct PublicNames: Sendable {
    /// Words, in lower case, and what stands in their place; by the first word of each.
    private var names: [String: [(words: [String], other: String)]] = [:]
    /// What people said is to be replaced, in lower case, exactly as it is written; the longest first.
    private let replacements: [(text: [Character], other: String)]

    private static let engineer: Phrase = "an engineer"
    private static let tool: Phrase = "monitoring"
    private static let component: Phrase = "a component"
    private static let region: Phrase = "a region"
    private static let link: Phrase = "(link)"

    private let speech: Speech

    /// - Parameters:
    ///   - people: Names of people and of their tokens.
    ///   - tools: Names of what sends alerts.
    ///   - components: What a component is called in public, by slug or name; the same where it is called nothing.
    ///   - regions: Where components run.
    package init(
        people: some Sequence<String>, tools: some Sequence<String>, components: [String: String],
        regions: some Sequence<String> = [] as [String], replacements: [TextReplacement], in speech: Speech = .standard
    ) {
        self.speech = speech
        self.replacements = replacements.filter { !$0.text.isEmpty && $0.text != $0.other }.sorted {
            $0.text.count > $1.text.count
        }
        .map { (text: $0.text.map { Character($0.lowercased()) }, other: Self.shown($0.other)) }
        for place in regions { add(place, speech(Self.region)) }
        for (slug, name) in components { add(slug, name == slug ? speech(Self.component) : Self.shown(name)) }
        for tool in tools { add(tool, speech(Self.tool)) }
        for person in people { add(person, speech(Self.engineer)) }
        // What somebody said stays, stays.
        for kept in replacements where kept.text == kept.other { forget(kept.text) }
    }

    /// What is put into a text, also into code, which is shown as it is.
    private static func shown(_ other: String) -> String { Markdown.visible(other).onOneLine }

    private mutating func forget(_ name: String) {
        let words = Self.pieces(name).filter(\.isWord).map { Self.folded($0.text) }
        guard let first = words.first else { return }
        names[first]?.removeAll { $0.words == words }
    }

    private mutating func add(_ name: String, _ other: String) {
        let words = Self.pieces(name).filter(\.isWord).map { Self.folded($0.text) }
        guard let first = words.first else { return }
        names[first, default: []].removeAll { $0.words == words }
        names[first, default: []].append((words, other))
        names[first]?.sort { $0.words.count > $1.words.count }
    }

    /// The text as the public may read it: first without names, so that nothing that is replaced takes one apart.
    package func text(_ text: String) -> String {
        let visible = String(
            String.UnicodeScalarView(text.unicodeScalars.filter { $0.properties.generalCategory != .format }))
        let plain = visible.replacingAddresses(by: speech(Self.link))
        let named = names.isEmpty ? plain : withNames(plain)
        return replacements.isEmpty ? named : withReplacements(named)
    }

    private func withReplacements(_ text: String) -> String {
        let characters = Array(text)
        let lower = characters.map { Character($0.lowercased()) }
        let starts = Set(replacements.compactMap(\.text.first))
        var result = ""
        var place = 0
        while place < characters.count {
            // What a replacement makes of a text is bounded as the text is.
            guard result.utf8.count <= PublicReview.bytesMax else { return result + "…" }
            if starts.contains(lower[place]),
                let found = replacements.first(where: { lower[place...].starts(with: $0.text) })
            {
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
                result += Self.fitted(found.other, after: result)
                place = found.next
            }
        }
        return result
    }

    /// `the auth` becomes `the component`, and not `the a component`.
    private static func fitted(_ other: String, after text: String) -> String {
        guard let own = articles.first(where: { other.hasPrefix("\($0) ") }), text.last == " " else { return other }
        let before = text.dropLast().reversed().prefix { isOfWord($0) }.reversed()
        return determiners.contains(String(before).lowercased()) ? String(other.dropFirst(own.count + 1)) : other
    }

    private static let articles = ["an", "a", "eine", "ein"]
    private static let determiners: Set<String> = [
        "a", "an", "the", "this", "that", "our", "your", "its", "each", "every", "no", "der", "die", "das", "den",
        "dem", "des",
        "ein", "eine", "einer", "einem", "einen", "unsere", "unserer", "diese", "dieser", "jede", "jeder", "keine",
    ]

    private func match(_ pieces: [Piece], at place: Int) -> (other: String, next: Int)? {
        for (words, other) in names[Self.folded(pieces[place].text)] ?? [] {
            var next = place
            let isThere = words.enumerated().allSatisfy { index, word in
                if index > 0 { next += 1 }
                guard next < pieces.count, pieces[next].isWord, Self.folded(pieces[next].text) == word else {
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

    /// As people type a name in upper and lower case, in languages that have their own.
    private static func folded(_ word: Substring) -> String {
        let folded = word.uppercased().lowercased()
        return String(String.UnicodeScalarView(folded.unicodeScalars.filter { $0 != "\u{307}" }))
    }

    /// Nothing else: `Ada's` and `ada-laptop` name Ada, and to replace too much does no harm.
    private static func isOfWord(_ character: Character) -> Bool { character.isLetter || character.isNumber }
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
    /// The same with other texts. A line that changes is one text then, without bold parts and links: a name that stands in two of them is one
    /// all the same, and the addresses of links name what is inside.
    package func changingTexts(_ change: (String) -> String) -> DocumentBlock {
        func inlines(_ nodes: [DocumentInline]) -> [DocumentInline] {
            let whole = DocumentInline.words(nodes)
            let changed = change(whole)
            return changed == whole && !nodes.contains(where: \.hasLink) ? nodes : [.text(changed)]
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

extension DocumentInline {
    /// The words of a line, one after the other.
    fileprivate static func words(_ nodes: [DocumentInline]) -> String {
        nodes.map { node in
            switch node {
            case .text(let text), .code(let text): text
            case .emphasis(let inner), .strong(let inner), .link(let inner, _): words(inner)
            case .lineBreak: " "
            }
        }.joined()
    }

    fileprivate var hasLink: Bool {
        switch self {
        case .link: true
        case .emphasis(let inner), .strong(let inner): inner.contains(where: \.hasLink)
        case .text, .code, .lineBreak: false
        }
    }
}

extension String {
    /// The same without the addresses of pages, which name what is inside.
    fileprivate func replacingAddresses(by link: String) -> String {
        guard contains("://") else { return self }
        var result = ""
        var rest = self[...]
        while let mark = rest.firstRange(of: "://") {
            let before = rest[..<mark.lowerBound]
            let scheme = before.reversed().prefix { $0.isLetter || $0.isNumber || "+-.".contains($0) }.count
            result += before.dropLast(scheme)
            let isBracketed = before.dropLast(scheme).last == "<"
            rest = rest[mark.upperBound...].drop {
                isBracketed ? $0 != ">" : !$0.isWhitespace && !")]>\"'".contains($0)
            }
            result += link
        }
        return result + rest
    }
}
