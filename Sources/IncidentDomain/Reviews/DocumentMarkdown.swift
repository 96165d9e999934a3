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
                // With a mark before it, it would be a picture.
                if result.last == "!" { result = "\(result.dropLast())\\!" }
                result += "[\(inlines(inner, atLineStart: false, isCell: isCell))](\(address(url)))"
            case .lineBreak: result += "\\\n"
            }
        }
        return result
    }

    private static func lines(_ text: String, atLineStart: Bool, isCell: Bool) -> String {
        // A cell is one line, whatever stands in it.
        guard !isCell else {
            return Markdown.span(text.contains(where: \.isNewline) ? text.onOneLine : text, atLineStart: false)
        }
        return text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().map { index, line in
            Markdown.span(String(line), atLineStart: index > 0 || atLineStart)
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

/// Puts what people typed into Markdown so that it reads as they typed it and is nothing but text: no HTML, no link, no
/// emphasis, no new line of a table, no heading. The escapes are CommonMark's, a backslash before punctuation.
package enum Markdown {
    /// For within a line or a cell of a table: on one line, whatever it was.
    package static func inline(_ text: String) -> String {
        escape(visible(text).onOneLine, atLineStart: true)
    }

    /// Text that stands within a line already, its white space kept: what a Markdown reader gives back.
    package static func span(_ text: String, atLineStart: Bool) -> String {
        escape(visible(text), atLineStart: atLineStart)
    }

    /// Without what would not show, or would make the text around it read otherwise: controls are left out, and the
    /// marks that turn the direction of writing become visible.
    package static func visible(_ text: String) -> String {
        guard !text.isPlain else { return text }
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x85: scalars.append("\n")
            case 0x09, 0x0A, 0x0D, 0x2028, 0x2029: scalars.append(scalar)
            case 0...0x1F, 0x7F...0x9F, 0xFEFF, 0xFFF9...0xFFFB: continue
            case 0x202A...0x202E, 0x2066...0x2069: scalars.append("\u{FFFD}")
            case 0xE0000...0xE007F: continue  // Tags: invisible copies of ASCII.
            case 0xFDD0...0xFDEF: continue  // No characters, for ever.
            case let value where value & 0xFFFE == 0xFFFE: continue
            default: scalars.append(scalar)
            }
        }
        return String(scalars)
    }

    /// What has a meaning anywhere within a line, in CommonMark, in GitHub's tables and in common extensions.
    private static let special = Set(#"\`*_[]<>&|~$"#.unicodeScalars)

    private static func escape(_ line: String, atLineStart: Bool) -> String {
        var result = String.UnicodeScalarView()
        let scalars = Array(line.unicodeScalars)
        let startMark = atLineStart ? startMark(scalars) : nil
        for (index, scalar) in scalars.enumerated() {
            if special.contains(scalar) || index == startMark || beginsLink(scalars, index) { result.append("\\") }
            result.append(scalar)
        }
        return String(result)
    }

    /// Where the mark is that would begin a heading, a list, a quote, a rule or the like, if the line begins with one.
    private static func startMark(_ line: [Unicode.Scalar]) -> Int? {
        guard let first = line.firstIndex(where: { !$0.properties.isWhitespace }) else { return nil }
        if "#+-=:".unicodeScalars.contains(line[first]) { return first }
        let digits = line[first...].prefix { ("0"..."9").contains($0) }
        guard !digits.isEmpty, digits.endIndex < line.count else { return nil }
        return line[digits.endIndex] == "." || line[digits.endIndex] == ")" ? digits.endIndex : nil
    }

    /// Addresses become links by themselves in many readers; what people typed becomes none.
    private static func beginsLink(_ line: [Unicode.Scalar], _ index: Int) -> Bool {
        switch line[index] {
        case ":": index + 2 < line.count && line[index + 1] == "/" && line[index + 2] == "/"
        case ".": index >= 3 && line[(index - 3)..<index].allSatisfy { $0 == "w" || $0 == "W" }
        default: false
        }
    }
}
