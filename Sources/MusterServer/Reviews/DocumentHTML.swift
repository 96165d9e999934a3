import IncidentDomain

/// Blocks as HTML. Nothing that a person typed becomes an element or an attribute but those below, and of attributes only the
/// address of a link.
enum DocumentHTML {
    static func render(_ blocks: [DocumentBlock]) -> String {
        blocks.map(block).joined(separator: "\n")
    }

    private static func block(_ block: DocumentBlock) -> String {
        switch block {
        case .paragraph(let text): return "<p>\(inlines(text))</p>"
        case .heading(let level, let text):
            return "<h\(level)>\(inlines(text))</h\(level)>"
        case .list(let start, let items):
            let name = start == nil ? "ul" : "ol"
            let first = start.map { $0 == 1 ? "" : " start=\"\($0)\"" } ?? ""
            return "<\(name)\(first)>\n\(items.map(item).joined(separator: "\n"))\n</\(name)>"
        case .quote(let inner): return "<blockquote>\n\(render(inner))\n</blockquote>"
        case .rule: return "<hr>"
        case .code(let text): return "<pre><code>\(HTMLText.escape(text))</code></pre>"
        case .table(let head, let rows, let alignments): return table(head, rows, alignments)
        }
    }

    /// An item that is one line is written as one.
    private static func item(_ blocks: [DocumentBlock]) -> String {
        guard case .paragraph(let text) = blocks.first else {
            return "<li>\(blocks.map(block).joined(separator: "\n"))</li>"
        }
        let rest = blocks.dropFirst().map { "\n\(block($0))" }.joined()
        return "<li>\(inlines(text))\(rest)</li>"
    }

    private static func table(
        _ head: [[DocumentInline]], _ rows: [[[DocumentInline]]], _ alignments: [DocumentAlignment?]
    ) -> String {
        let styles = alignments.map { alignment in alignment.map { " style=\"text-align: \($0.rawValue)\"" } ?? "" }
        func style(_ column: Int) -> String { styles.indices.contains(column) ? styles[column] : "" }
        let cells = head.enumerated().map { "<th scope=\"col\"\(style($0))>\(inlines($1))</th>" }.joined()
        let body = rows.map { row in "<tr>\(row.enumerated().map { cell($1, style($0)) }.joined())</tr>" }
        return """
            <div class="table"><table>
            <thead><tr>\(cells)</tr></thead>
            <tbody>
            \(body.joined(separator: "\n"))
            </tbody>
            </table></div>
            """
    }

    /// A moment, and nothing else, is kept on one line.
    private static func cell(_ content: [DocumentInline], _ style: String) -> String {
        guard case .text(let text) = content.first, content.count == 1, isMoment(text) else {
            return "<td\(style)>\(inlines(content))</td>"
        }
        return "<td class=\"when\"\(style)>\(text)</td>"
    }

    /// As `2026-11-22 10:05:00` or `22.11.2026 10:05:00`.
    private static func isMoment(_ text: String) -> Bool {
        guard text.utf8.count == Self.momentShapes.iso.count else { return false }
        let shape = text.map { $0.isWholeNumber ? "0" : $0 }
        return shape == Self.momentShapes.iso || shape == Self.momentShapes.german
    }

    private static let momentShapes = (iso: Array("0000-00-00 00:00:00"), german: Array("00.00.0000 00:00:00"))

    private static func inlines(_ nodes: [DocumentInline]) -> String {
        nodes.map { node in
            switch node {
            case .text(let text): HTMLText.escape(text.withUnbrokenUnits)
            case .code(let text): "<code>\(HTMLText.escape(text))</code>"
            case .emphasis(let inner): "<em>\(inlines(inner))</em>"
            case .strong(let inner): "<strong>\(inlines(inner))</strong>"
            case .link(let inner, let url):
                "<a href=\"\(HTMLText.escape(url))\" rel=\"noopener noreferrer nofollow\">\(inlines(inner))</a>"
            case .lineBreak: "<br>\n"
            }
        }.joined()
    }
}
