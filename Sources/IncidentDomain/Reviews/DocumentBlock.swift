/// A document as a tree, from which it is written as Markdown and as HTML: both what was generated and what was read from the
/// Markdown that people typed. Texts in it are nothing but text; whoever writes them escapes them.
package enum DocumentBlock: Hashable, Sendable {
    case paragraph([DocumentInline])
    /// Level 3 to 6: those within a section stand below its title.
    case heading(level: Int, [DocumentInline])
    /// `start` is the first number; nil for a list with bullets.
    case list(start: Int?, items: [[DocumentBlock]])
    case quote([DocumentBlock])
    case code(String)
    /// `alignments` has one for each column, or none at all when no column says how it stands.
    case table(head: [[DocumentInline]], rows: [[[DocumentInline]]], alignments: [DocumentAlignment?] = [])
    case rule
}

/// How the cells of a column stand.
package enum DocumentAlignment: String, Hashable, Sendable {
    case left, center, right
}

/// A part of a line.
package indirect enum DocumentInline: Hashable, Sendable {
    /// A line break in it is one of the source, and means no more than a space.
    case text(String)
    case code(String)
    case emphasis([DocumentInline])
    case strong([DocumentInline])
    /// The address was checked: it begins with `http:`, `https:` or `mailto:`.
    case link([DocumentInline], url: String)
    case lineBreak
}

extension DocumentInline {
    /// Text on one line, whatever it was.
    static func line(_ text: String) -> DocumentInline {
        .text(Markdown.visible(text).onOneLine)
    }
}

extension DocumentBlock {
    package static let highestHeading = 3

    static func line(_ text: String) -> DocumentBlock {
        .paragraph([.line(text)])
    }

    /// What somebody typed in several lines: paragraphs stay paragraphs and lines stay lines.
    static func paragraphs(_ text: String) -> [DocumentBlock] {
        let lines = Markdown.visible(text).split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            .map { String($0).onOneLine }
        return lines.split { $0.isEmpty }.map { paragraph in
            .paragraph(Array(paragraph.map { [DocumentInline.text($0)] }.joined(separator: [.lineBreak])))
        }
    }
}

// MARK: - Size

extension DocumentBlock {
    /// Lines of a list and rows of a table that is generated, and their bytes.
    static let linesMax = 2_000
    static let bytesMax = 512 << 10

    /// The block, or its beginning and a line that says how much is left out.
    ///
    /// - Parameter omitted: Lines or rows that were left out before, and are counted with it.
    func bounded(in speech: Speech, omitted: Int = 0) -> [DocumentBlock] {
        switch self {
        case .table(let head, let rows, let alignments):
            let kept = Self.kept(rows.map { row in row.reduce(0) { $0 + Self.bytes($1) } })
            let left = rows.count - kept + omitted
            guard left > 0 else { return [self] }
            let shown = DocumentBlock.table(head: head, rows: Array(rows.prefix(kept)), alignments: alignments)
            return [shown, Self.leftOut(left, speech)]
        case .list(let start, let items):
            let kept = Self.kept(items.map { item in item.reduce(0) { $0 + $1.textBytes } })
            let left = items.count - kept + omitted
            guard left > 0 else { return [self] }
            return [.list(start: start, items: Array(items.prefix(kept))), Self.leftOut(left, speech)]
        case .paragraph, .heading, .quote, .code, .rule: return [self]
        }
    }

    private static func leftOut(_ count: Int, _ speech: Speech) -> DocumentBlock {
        speech.line("\(.number(count)) more not shown; the full timeline has them.")
    }

    private static func kept(_ sizes: [Int]) -> Int {
        var bytes = 0
        let kept = sizes.prefix(linesMax).prefix { size in
            bytes += size
            return bytes <= bytesMax
        }
        return kept.count
    }

    private var textBytes: Int {
        switch self {
        case .paragraph(let text), .heading(_, let text): Self.bytes(text)
        case .code(let text): text.utf8.count
        case .list, .quote, .table, .rule: 0
        }
    }

    private static func bytes(_ nodes: [DocumentInline]) -> Int {
        nodes.reduce(0) { sum, node in
            switch node {
            case .text(let text), .code(let text): sum + text.utf8.count
            case .emphasis(let inner), .strong(let inner), .link(let inner, _): sum + bytes(inner)
            case .lineBreak: sum + 1
            }
        }
    }
}

// MARK: - What is said, as blocks

extension Speech {
    func line(_ phrase: Phrase) -> DocumentBlock { .line(phrase.text(in: self)) }

    func heading(_ phrase: Phrase) -> DocumentBlock {
        .heading(level: DocumentBlock.highestHeading, [.line(phrase.text(in: self))])
    }

    /// A list of lines.
    func bullets(_ lines: [Phrase]) -> DocumentBlock {
        .list(start: nil, items: lines.map { [line($0)] })
    }

    /// A list of facts, each with its name before it.
    func bullets(_ facts: [(label: Phrase, text: Phrase)]) -> DocumentBlock {
        .list(
            start: nil,
            items: facts.map { label, text in
                let text = Markdown.visible(text.text(in: self)).onOneLine
                return [.paragraph([.strong([.line("\(label.text(in: self)):")]), .text(" \(text)")])]
            })
    }
}

/// A table whose cells are plain text.
struct DocumentTable {
    private let head: [Phrase]
    private var rows: [[Phrase]] = []

    init(_ head: Phrase...) {
        self.head = head
    }

    mutating func add(_ cells: Phrase...) {
        rows.append(cells)
    }

    var isEmpty: Bool { rows.isEmpty }

    /// A cell without text is a dash.
    func block(in speech: Speech) -> DocumentBlock {
        func cell(_ phrase: Phrase) -> [DocumentInline] {
            let text = phrase.text(in: speech)
            return [.line(text.isEmpty ? "–" : text)]
        }
        return .table(head: head.map(cell), rows: rows.map { $0.map(cell) })
    }
}
