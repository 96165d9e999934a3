/// Blocks as Markdown, in CommonMark with GitHub's tables: in any reader they mean no more than here, so that HTML which
/// somebody typed stays text, and no heading of theirs poses as one of the document's.
package enum DocumentMarkdown {
    package static func render(_ document: [DocumentBlock]) -> String {
        blocks(document)
    }

    private static func blocks(_ blocks: [DocumentBlock]) -> String {
        var texts: [String] = []
        var isAlternate = false
        for (index, current) in blocks.enumerated() {
            // Two lists in a row would be one, if they had the same marks.
            isAlternate = index > 0 && isList(current) && isList(blocks[index - 1]) && !isAlternate
            texts.append(block(current, isAlternate))
        }
        return texts.joined(separator: "\n\n")
    }

    private static func isList(_ block: DocumentBlock) -> Bool {
        if case .list = block { true } else { false }
    }

    private static func block(_ block: DocumentBlock, _ isAlternate: Bool) -> String {
        switch block {
        case .paragraph(let text): return inlines(text, atLineStart: true)
        case .heading(let level, let text):
            return "\(String(repeating: "#", count: level)) \(inlines(text, atLineStart: false))"
        case .list(let start, let items): return list(start, items, isAlternate)
        case .quote(let inner):
            return blocks(inner).split(separator: "\n", omittingEmptySubsequences: false)
                .map { $0.isEmpty ? ">" : "> \($0)" }.joined(separator: "\n")
        // Not of dashes or stars, with which it would be an item of a list at the beginning of one.
        case .rule: return "___"
        case .code(let text):
            let fence = String(repeating: "`", count: max(3, longestRun(in: text) + 1))
            return "\(fence)\n\(text)\n\(fence)"
        case .table(let head, let rows, let alignments):
            let rule = head.indices.map { index in
                Self.rule(alignments.indices.contains(index) ? alignments[index] : nil)
            }
            return ([row(head), "| \(rule.joined(separator: " | ")) |"] + rows.map(row)).joined(separator: "\n")
        }
    }

    private static func list(_ start: Int?, _ items: [[DocumentBlock]], _ isAlternate: Bool) -> String {
        items.enumerated().map { index, item in
            let marker = start.map { "\($0 + index)\(isAlternate ? ")" : ".") " } ?? (isAlternate ? "* " : "- ")
            let indentation = String(repeating: " ", count: marker.count)
            let lines = blocks(item).split(separator: "\n", omittingEmptySubsequences: false)
            return lines.enumerated().map { number, line in
                number == 0 ? "\(marker)\(line)" : line.isEmpty ? "" : "\(indentation)\(line)"
            }.joined(separator: "\n")
        }.joined(separator: "\n")
    }

    private static func rule(_ alignment: DocumentAlignment?) -> String {
        switch alignment {
        case nil: "---"
        case .left?: ":---"
        case .center?: ":---:"
        case .right?: "---:"
        }
    }

    private static func row(_ cells: [[DocumentInline]]) -> String {
        let texts = cells.map { inlines($0, atLineStart: false, isCell: true) }
        return "| \(texts.joined(separator: " | ")) |"
    }

    private static func inlines(_ nodes: [DocumentInline], atLineStart: Bool, isCell: Bool = false) -> String {
        var result = ""
        for node in nodes {
            let starts = atLineStart && (result.isEmpty || result.last == "\n")
            switch node {
            case .text(let text): result += lines(text, atLineStart: starts, isCell: isCell)
            case .code(let text): result += code(text, isCell: isCell)
            case .emphasis(let inner): result += "*\(inlines(inner, atLineStart: false, isCell: isCell))*"
            case .strong(let inner): result += "**\(inlines(inner, atLineStart: false, isCell: isCell))**"
            case .link(let inner, let url):
                result += "[\(inlines(inner, atLineStart: false, isCell: isCell))](\(address(url)))"
            case .lineBreak: result += "\\\n"
            }
        }
        return result
    }

    private static func lines(_ text: String, atLineStart: Bool, isCell: Bool) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().map { index, line in
            Markdown.span(String(line), atLineStart: !isCell && (index > 0 || atLineStart))
        }.joined(separator: "\n")
    }

    private static func code(_ text: String, isCell: Bool) -> String {
        let fence = String(repeating: "`", count: longestRun(in: text) + 1)
        let gap = text.hasPrefix("`") || text.hasSuffix("`") || (text.hasPrefix(" ") && text.hasSuffix(" ")) ? " " : ""
        let content =
            isCell ? text.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|") : text
        return "\(fence)\(gap)\(content)\(gap)\(fence)"
    }

    /// What could end the address or the cell is written in percents.
    private static func address(_ url: String) -> String {
        url.map { character in
            switch character {
            case "(": "%28"
            case ")": "%29"
            default: String(character)
            }
        }.joined()
    }

    private static func longestRun(in text: String) -> Int {
        var longest = 0
        var current = 0
        for byte in text.utf8 {
            current = byte == UInt8(ascii: "`") ? current + 1 : 0
            longest = max(longest, current)
        }
        return longest
    }
}
