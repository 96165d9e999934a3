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
    case table(head: [[DocumentInline]], rows: [[[DocumentInline]]])
    case rule
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

    static func heading(_ text: String) -> DocumentBlock {
        .heading(level: highestHeading, [.line(text)])
    }

    /// A list of lines.
    static func bullets(_ lines: [String]) -> DocumentBlock {
        .list(start: nil, items: lines.map { [.line($0)] })
    }

    /// A list of facts, each with its name before it.
    static func bullets(_ facts: [(label: String, text: String)]) -> DocumentBlock {
        .list(
            start: nil,
            items: facts.map { label, text in
                [.paragraph([.strong([.line("\(label):")]), .text(" \(Markdown.visible(text).onOneLine)")])]
            })
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

/// A table whose cells are plain text.
struct DocumentTable {
    private let head: [String]
    private var rows: [[String]] = []

    init(_ head: String...) {
        self.head = head
    }

    mutating func add(_ cells: String...) {
        rows.append(cells)
    }

    var isEmpty: Bool { rows.isEmpty }

    /// A cell without text is a dash.
    var block: DocumentBlock {
        .table(
            head: head.map { [.line($0)] },
            rows: rows.map { row in row.map { [.line($0.isEmpty ? "–" : $0)] } })
    }
}
