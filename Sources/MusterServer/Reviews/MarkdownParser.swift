import IncidentDomain

/// Reads sections. There is no wrong Markdown: what is not understood is text. Time and depth are bounded, since anybody
/// who may write a review may send anything.
struct MarkdownParser {
    private static let depthMax = 6

    private let lines: [Substring]
    private let depth: Int
    private var position = 0

    static func parse(_ markdown: String) -> [MarkdownBlock] {
        let text = Markdown.visible(markdown)
        var parser = MarkdownParser(lines: text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline))
        return parser.blocks()
    }

    private init(lines: [Substring], depth: Int = 0) {
        self.lines = lines
        self.depth = depth
    }

    private mutating func blocks() -> [MarkdownBlock] {
        var blocks: [MarkdownBlock] = []
        while position < lines.count {
            if lines[position].isBlank {
                position += 1
            } else if let fence = MarkdownFence(lines[position]) {
                blocks.append(code(fence))
            } else if let heading = Self.heading(lines[position]) {
                blocks.append(heading)
                position += 1
            } else if let marker = marker(lines[position]) {
                blocks.append(list(marker))
            } else if let table = table() {
                blocks.append(table)
            } else {
                blocks.append(paragraph())
            }
        }
        return blocks
    }

    /// Up to the closing fence, or to the end when there is none.
    private mutating func code(_ fence: MarkdownFence) -> MarkdownBlock {
        position += 1
        let start = position
        while position < lines.count, !fence.isClosed(by: lines[position]) { position += 1 }
        let text = lines[start..<position].joined(separator: "\n")
        position += 1
        return .code(text)
    }

    private static func heading(_ line: Substring) -> MarkdownBlock? {
        guard line.indentation < 4 else { return nil }
        let trimmed = line.trimmed
        let level = trimmed.prefix { $0 == "#" }.count
        let rest = trimmed.dropFirst(level)
        guard (1...6).contains(level), rest.first.map({ $0 == " " || $0 == "\t" }) ?? true else { return nil }
        return .heading(
            level: max(level, MarkdownBlock.highestHeading), MarkdownInlineParser.parse(String(rest.trimmed)))
    }

    /// A list may be within a list, but not without end.
    private func marker(_ line: Substring) -> MarkdownListMarker? {
        depth < Self.depthMax ? MarkdownListMarker(line) : nil
    }

    private mutating func list(_ first: MarkdownListMarker) -> MarkdownBlock {
        var items: [[MarkdownBlock]] = []
        while position < lines.count, let marker = marker(lines[position]), marker.kind == first.kind {
            items.append(item(marker))
            // Items may stand apart from each other.
            if let next = lines[position...].firstIndex(where: { !$0.isBlank }),
                self.marker(lines[next])?.kind == first.kind
            {
                position = next
            }
        }
        return .list(start: first.number, items: items)
    }

    /// What is indented under the marker belongs to the item, and so does a line that goes on with its text.
    private mutating func item(_ first: MarkdownListMarker) -> [MarkdownBlock] {
        var own = [first.rest]
        position += 1
        while position < lines.count {
            let line = lines[position]
            if line.isBlank {
                let next = lines[position...].firstIndex { !$0.isBlank } ?? lines.count
                guard next < lines.count, lines[next].indentation >= first.width else { break }
                own.append("")
                position = next
                continue
            } else if line.indentation >= first.width {
                own.append(line.withoutIndentation(first.width))
            } else if own.last?.isBlank == false, !begins(line), marker(line) == nil {
                own.append(line.trimmed)
            } else {
                break
            }
            position += 1
        }
        var parser = MarkdownParser(lines: own, depth: depth + 1)
        return parser.blocks()
    }

    private mutating func table() -> MarkdownBlock? {
        guard position + 1 < lines.count, lines[position].contains("|"), MarkdownRow.isRule(lines[position + 1])
        else { return nil }
        let head = MarkdownRow.cells(lines[position])
        guard head.count == MarkdownRow.cells(lines[position + 1]).count else { return nil }
        position += 2
        var rows: [[[MarkdownInline]]] = []
        while position < lines.count, !lines[position].isBlank, lines[position].contains("|") {
            let cells = MarkdownRow.cells(lines[position]).prefix(head.count)
            let padding = Array(repeating: "", count: head.count - cells.count)
            rows.append((cells + padding).map(MarkdownInlineParser.parse))
            position += 1
        }
        return .table(head: head.map(MarkdownInlineParser.parse), rows: rows)
    }

    private mutating func paragraph() -> MarkdownBlock {
        var own = [lines[position].trimmedAtStart]
        position += 1
        while position < lines.count, !lines[position].isBlank, !begins(lines[position]) {
            own.append(lines[position].trimmedAtStart)
            position += 1
        }
        return .paragraph(MarkdownInlineParser.parse(own.joined(separator: "\n")))
    }

    /// Whether a line begins something else than text.
    private func begins(_ line: Substring) -> Bool {
        MarkdownFence(line) != nil || Self.heading(line) != nil || marker(line)?.interruptsText == true
    }
}
