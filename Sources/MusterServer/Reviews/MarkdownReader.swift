import CMarkdown
import IncidentDomain

/// Reads the Markdown that people typed by md4c (`CMarkdown`; the only file that calls it). There is no wrong Markdown: what is
/// not understood is text, HTML and images among it. Whoever may write a review may send anything, so that what comes out is
/// bounded in size and depth, and reading stops where it would be more.
enum MarkdownReader {
    /// How much of a document may be shown that people typed: bytes as HTML, roughly. The largest review that can be stored
    /// stays below, unless it is written to grow: cells that a table adds, addresses that are named once and used often.
    static let budget = 4 << 20
    /// Quotes, lists and items within each other; what is deeper stands in the deepest.
    static let containersMax = 16
    /// Emphasis and links within each other.
    static let spansMax = 16

    /// What stands at the end of what was cut.
    static let cutNote = "Truncated: too large to show. The review's JSON has the full text."

    /// - Parameters:
    ///   - budget: What may still be shown of the document; less what was shown now.
    ///   - speech: In which language it is said that something was cut.
    static func blocks(
        _ markdown: String, budget: inout Int, in speech: Speech = .standard
    ) -> [DocumentBlock] {
        let builder = Builder(budget: budget)
        // md4c 0.4.8 goes on after a stop within the row of a table, and may answer that all was well.
        let isWhole = parse(Self.text(markdown), builder) && !builder.isStopped
        budget = builder.budget
        var blocks = builder.finish()
        if !isWhole { blocks.append(.paragraph([.emphasis([.text(speech(.template(cutNote, [])))])])) }
        return blocks
    }

    /// Whether the library that was found when the program started does what is relied on: md4c says no version of itself.
    static var isSound: Bool {
        var budget = budget
        let blocks = blocks("| a |\n|---|\n| <b>c |", budget: &budget)
        return blocks == [.table(head: [[.text("a")]], rows: [[[.text("<b>c")]]])]
    }

    /// With line feeds at the ends of lines, and without what would not show.
    private static func text(_ markdown: String) -> String {
        var text = Markdown.visible(markdown).split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            .joined(separator: "\n")
        text.makeContiguousUTF8()
        return text
    }

    /// False when it was not read to its end.
    private static func parse(_ text: String, _ builder: Builder) -> Bool {
        var parser = MD_PARSER()
        parser.flags = UInt32(
            MD_FLAG_TABLES | MD_FLAG_NOHTMLBLOCKS | MD_FLAG_NOHTMLSPANS | MD_FLAG_NOINDENTEDCODEBLOCKS
                | MD_FLAG_PERMISSIVEURLAUTOLINKS)
        parser.enter_block = { type, detail, user in Builder.of(user).enter(type, detail) }
        parser.leave_block = { type, _, user in Builder.of(user).leave(type) }
        parser.enter_span = { type, detail, user in Builder.of(user).enter(type, detail) }
        parser.leave_span = { type, _, user in Builder.of(user).leave(type) }
        parser.text = { type, bytes, size, user in
            Builder.of(user).text(type, UnsafeBufferPointer(start: bytes, count: Int(size)))
        }
        var copy = text
        return withExtendedLifetime(builder) {
            copy.withUTF8 { bytes in
                bytes.withMemoryRebound(to: CChar.self) { characters in
                    md_parse(
                        characters.baseAddress, MD_SIZE(characters.count), &parser,
                        Unmanaged.passUnretained(builder).toOpaque()) == 0
                }
            }
        }
    }
}

/// Makes the tree of what md4c reports. What it returns to md4c is 0 to go on, and 1 to stop.
private final class Builder {
    private struct Container {
        let type: MD_BLOCKTYPE
        var start: Int?
        /// Of a list.
        var items: [[DocumentBlock]] = []
        var blocks: [DocumentBlock] = []
    }

    private struct Span {
        let type: MD_SPANTYPE?
        var address = ""
        var nodes: [DocumentInline] = []
    }

    private struct Table {
        var isHead = true
        var head: [[DocumentInline]] = []
        /// Of the columns of the head.
        var alignments: [DocumentAlignment?] = []
        var rows: [[[DocumentInline]]] = []
        var row: [[DocumentInline]] = []
    }

    /// What a block, a span, a cell costs beside its text: about its tags.
    private static let nodeCost = 40

    private(set) var budget: Int
    /// From then on nothing is taken any more.
    private(set) var isStopped = false
    private var containers = [Container(type: MD_BLOCK_DOC)]
    /// Lists, items and quotes that are open and too deep to be kept.
    private var skippedContainers = 0
    private var spans = [Span(type: nil)]
    private var skippedSpans = 0
    /// Text that is not yet a node.
    private var pending = ""
    private var headingLevel = DocumentBlock.highestHeading
    private var isCodeBlock = false
    private var table: Table?

    init(budget: Int) {
        self.budget = budget
    }

    static func of(_ user: UnsafeMutableRawPointer?) -> Builder {
        // md4c hands back what `parse` gave it.
        Unmanaged<Builder>.fromOpaque(user!).takeUnretainedValue()
    }

    private func pay(_ cost: Int) -> Bool {
        budget -= cost
        if budget < 0 { isStopped = true }
        return !isStopped
    }
}

// MARK: - Blocks

extension Builder {
    func enter(_ type: MD_BLOCKTYPE, _ detail: UnsafeMutableRawPointer?) -> CInt {
        guard pay(Self.nodeCost) else { return 1 }
        switch type {
        case MD_BLOCK_QUOTE, MD_BLOCK_UL: open(Container(type: type))
        case MD_BLOCK_OL:
            let start = detail?.assumingMemoryBound(to: MD_BLOCK_OL_DETAIL.self).pointee.start ?? 1
            open(Container(type: type, start: Int(start)))
        case MD_BLOCK_LI: open(Container(type: type))
        case MD_BLOCK_HR: append(.rule)
        case MD_BLOCK_H:
            endLine()
            let level = detail?.assumingMemoryBound(to: MD_BLOCK_H_DETAIL.self).pointee.level ?? 1
            headingLevel = max(Int(level), DocumentBlock.highestHeading)
        case MD_BLOCK_CODE:
            endLine()
            isCodeBlock = true
        case MD_BLOCK_TABLE:
            endLine()
            table = Table()
        case MD_BLOCK_THEAD: table?.isHead = true
        case MD_BLOCK_TBODY: table?.isHead = false
        case MD_BLOCK_TH:
            let column = detail?.assumingMemoryBound(to: MD_BLOCK_TD_DETAIL.self).pointee.align
            table?.alignments.append(column.flatMap(Self.alignment))
        default: endLine()
        }
        return 0
    }

    func leave(_ type: MD_BLOCKTYPE) -> CInt {
        guard !isStopped else { return 1 }
        switch type {
        case MD_BLOCK_QUOTE, MD_BLOCK_UL, MD_BLOCK_OL, MD_BLOCK_LI: closeContainer()
        case MD_BLOCK_H: append(.heading(level: headingLevel, takeLine()))
        case MD_BLOCK_CODE: endCode()
        case MD_BLOCK_TH, MD_BLOCK_TD: table?.row.append(takeLine())
        case MD_BLOCK_TR: endRow()
        case MD_BLOCK_TABLE: endTable()
        default: endLine()
        }
        return 0
    }

    private static func alignment(_ column: MD_ALIGN) -> DocumentAlignment? {
        switch column {
        case MD_ALIGN_LEFT: .left
        case MD_ALIGN_CENTER: .center
        case MD_ALIGN_RIGHT: .right
        default: nil
        }
    }

    /// An item is kept exactly if its list is.
    private func open(_ container: Container) {
        endLine()
        let isTooDeep = container.type != MD_BLOCK_LI && containers.count >= MarkdownReader.containersMax
        if skippedContainers > 0 || isTooDeep { skippedContainers += 1 } else { containers.append(container) }
    }

    private func closeContainer() {
        endLine()
        guard skippedContainers == 0 else {
            skippedContainers -= 1
            return
        }
        guard containers.count > 1 else { return }
        let closed = containers.removeLast()
        switch closed.type {
        case MD_BLOCK_LI: containers[containers.count - 1].items.append(closed.blocks)
        case MD_BLOCK_QUOTE: append(.quote(closed.blocks))
        default: append(.list(start: closed.start, items: closed.items))
        }
    }

    private func append(_ block: DocumentBlock) {
        endLine()
        containers[containers.count - 1].blocks.append(block)
    }

    /// Text that stands in an item, a quote or the document itself is a paragraph.
    private func endLine() {
        let line = takeLine()
        if !line.isEmpty { containers[containers.count - 1].blocks.append(.paragraph(line)) }
    }

    private func endCode() {
        isCodeBlock = false
        let code = pending.hasSuffix("\n") ? String(pending.dropLast()) : pending
        pending = ""
        append(.code(code))
    }

    private func endRow() {
        guard let row = table?.row, !row.isEmpty else { return }
        table?.row = []
        if table?.isHead == true { table?.head = row } else { table?.rows.append(row) }
    }

    private func endTable() {
        guard let finished = table, !finished.head.isEmpty else { return }
        table = nil
        let alignments = finished.alignments.contains { $0 != nil } ? finished.alignments : []
        append(.table(head: finished.head, rows: finished.rows, alignments: alignments))
    }

    /// What was read, also when reading stopped in the middle of something.
    func finish() -> [DocumentBlock] {
        while spans.count > 1 { closeSpan() }
        if isCodeBlock {
            endCode()
        } else if table != nil {
            let cell = takeLine()
            if !cell.isEmpty { table?.row.append(cell) }
            let width = table?.head.count ?? 0
            let missing = width - (table?.row.count ?? 0)
            if table?.row.isEmpty == false, missing > 0 { table?.row += Array(repeating: [], count: missing) }
            endRow()
            endTable()
        }
        endLine()
        skippedContainers = 0
        while containers.count > 1 { closeContainer() }
        return containers[0].blocks
    }
}

// MARK: - What stands within a line

extension Builder {
    func enter(_ type: MD_SPANTYPE, _ detail: UnsafeMutableRawPointer?) -> CInt {
        guard pay(Self.nodeCost) else { return 1 }
        endText()
        guard spans.count <= MarkdownReader.spansMax else {
            skippedSpans += 1
            return 0
        }
        var span = Span(type: type)
        if type == MD_SPAN_A {
            let link = detail?.assumingMemoryBound(to: MD_SPAN_A_DETAIL.self).pointee.href
            guard let address = address(link) else { return 1 }
            span.address = address
        } else if type == MD_SPAN_IMG {
            let source = detail?.assumingMemoryBound(to: MD_SPAN_IMG_DETAIL.self).pointee.src
            guard let address = address(source) else { return 1 }
            span.address = address
        }
        spans.append(span)
        return 0
    }

    func leave(_ type: MD_SPANTYPE) -> CInt {
        guard !isStopped else { return 1 }
        if skippedSpans > 0 {
            endText()
            skippedSpans -= 1
        } else {
            closeSpan()
        }
        return 0
    }

    func text(_ type: MD_TEXTTYPE, _ bytes: UnsafeBufferPointer<CChar>) -> CInt {
        switch type {
        case MD_TEXT_BR:
            guard pay(Self.nodeCost) else { return 1 }
            endText()
            add(.lineBreak)
        case MD_TEXT_SOFTBR:
            guard pay(1) else { return 1 }
            pending += "\n"
        case MD_TEXT_NULLCHAR: break
        default:
            let raw = UnsafeRawBufferPointer(bytes)
            // Marks are escaped in what is written: `"` takes six bytes in HTML.
            guard pay(raw.reduce(raw.count) { $0 + (Self.isMark($1) ? 5 : 0) }) else { return 1 }
            let said = String(decoding: raw, as: UTF8.self)
            pending += type == MD_TEXT_ENTITY ? CharacterReference.character(said) ?? said : said
        }
        return 0
    }

    private static func isMark(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: true
        default: false
        }
    }

    /// Nil when it costs too much: one that is defined once can be used many times.
    private func address(_ attribute: MD_ATTRIBUTE?) -> String? {
        guard let attribute, let text = attribute.text else { return "" }
        guard pay(2 * Int(attribute.size)) else { return nil }
        let address = String(decoding: UnsafeRawBufferPointer(start: text, count: Int(attribute.size)), as: UTF8.self)
        // The one that stands in many addresses; any other could hide what an address is.
        return address.split(separator: "&amp;", omittingEmptySubsequences: false).joined(separator: "&")
    }

    /// Text joins the text before it.
    private func add(_ node: DocumentInline) {
        let top = spans.count - 1
        guard case .text(let text) = node, case .text(var before) = spans[top].nodes.last else {
            spans[top].nodes.append(node)
            return
        }
        spans[top].nodes.removeLast()  // So that it is not copied for every piece of it.
        before += text
        spans[top].nodes.append(.text(before))
    }

    private func endText() {
        guard !pending.isEmpty, !isCodeBlock else { return }
        var text = pending
        pending = ""
        if spans[spans.count - 1].type == MD_SPAN_CODE {
            // Within a table a bar is escaped in code as well, as GitHub's tables have it.
            if table != nil {
                text = text.split(separator: "\\|", omittingEmptySubsequences: false).joined(separator: "|")
            }
            return add(.code(text))
        }
        add(.text(text))
    }

    private func closeSpan() {
        endText()
        guard spans.count > 1 else { return }
        let span = spans.removeLast()
        switch span.type {
        case MD_SPAN_CODE: span.nodes.forEach(add)
        case MD_SPAN_EM where !span.nodes.isEmpty: add(.emphasis(span.nodes))
        case MD_SPAN_STRONG where !span.nodes.isEmpty: add(.strong(span.nodes))
        case MD_SPAN_A where LinkAddress.isSafe(span.address): add(.link(span.nodes, url: span.address))
        case MD_SPAN_A, MD_SPAN_IMG:
            // No image, and no link that could do harm: what it says, and where it leads, as text.
            span.nodes.forEach(add)
            let isSaid = span.address.isEmpty || span.nodes == [.text(span.address)]
            pending = isSaid ? "" : " (\(LinkAddress.shown(span.address)))"
            if !pending.isEmpty { endText() }
        default: span.nodes.forEach(add)
        }
    }

    private func takeLine() -> [DocumentInline] {
        guard !isCodeBlock else { return [] }
        endText()
        let nodes = spans[0].nodes
        spans[0].nodes = []
        return nodes
    }
}

/// Characters by name or number, as in `&amp;` and `&#8212;`: those that people write. Any other stays as it was typed.
enum CharacterReference {
    private static let named: [String: String] = [
        "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'", "nbsp": "\u{A0}", "copy": "\u{A9}",
        "reg": "\u{AE}", "trade": "\u{2122}", "deg": "\u{B0}", "plusmn": "\u{B1}", "micro": "\u{B5}",
        "middot": "\u{B7}", "times": "\u{D7}", "divide": "\u{F7}", "sect": "\u{A7}", "para": "\u{B6}",
        "euro": "\u{20AC}", "pound": "\u{A3}", "ndash": "\u{2013}", "mdash": "\u{2014}", "hellip": "\u{2026}",
        "bull": "\u{2022}", "laquo": "\u{AB}", "raquo": "\u{BB}", "lsquo": "\u{2018}", "rsquo": "\u{2019}",
        "ldquo": "\u{201C}", "rdquo": "\u{201D}", "larr": "\u{2190}", "rarr": "\u{2192}", "uarr": "\u{2191}",
        "darr": "\u{2193}", "le": "\u{2264}", "ge": "\u{2265}", "ne": "\u{2260}", "asymp": "\u{2248}",
    ]

    /// What a reference stands for, with its `&` and `;`; nil when it is none of ours, or would be white space or a control.
    static func character(_ reference: String) -> String? {
        let name = reference.dropFirst().dropLast()
        guard name.first == "#" else { return named[String(name)] }
        let digits = name.dropFirst()
        let isHexadecimal = digits.first == "x" || digits.first == "X"
        let number = isHexadecimal ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
        guard let scalar = number.flatMap(Unicode.Scalar.init), !scalar.properties.isWhitespace,
            Markdown.visible(String(scalar)) == String(scalar)
        else { return nil }
        return String(scalar)
    }
}

/// Which addresses a reader may follow without harm.
enum LinkAddress {
    private static let bytesMax = 2000
    private static let shownMax = 200
    private static let schemes = ["http://", "https://", "mailto:"]

    /// Whether it begins with one of the schemes, in any case, goes on, and has neither white space nor what could end an
    /// attribute or an address.
    static func isSafe(_ address: String) -> Bool {
        guard address.utf8.count <= bytesMax else { return false }
        let start = String(address.prefix(8)).lowercased()
        guard let scheme = schemes.first(where: start.hasPrefix), address.utf8.count > scheme.utf8.count else {
            return false
        }
        return address.unicodeScalars.allSatisfy { scalar in
            !scalar.properties.isWhitespace && scalar.value >= 0x21 && scalar != "\u{FFFD}"
                && !"<>\"'`\\{}|^".unicodeScalars.contains(scalar)
        }
    }

    /// As text, shortened when it is very long.
    static func shown(_ address: String) -> String {
        address.count > shownMax ? "\(address.prefix(shownMax))…" : address
    }
}
