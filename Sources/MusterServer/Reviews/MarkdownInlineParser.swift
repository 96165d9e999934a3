import IncidentDomain

/// Reads what stands within a line. Marks that open something wait in frames until they are closed; those that never are
/// become text. The number of frames is bounded, and with it the depth of the tree and the time.
struct MarkdownInlineParser {
    private static let framesMax = 32
    /// Longer runs of `*` and `_` are decoration, and text.
    private static let runMax = 3

    private struct Frame {
        enum Kind {
            case root
            case emphasis(Unicode.Scalar, count: Int)
            case bracket(isOpen: Bool)
        }

        var kind: Kind
        var nodes: [MarkdownInline] = []

        /// What was typed to open it.
        var literal: String {
            switch kind {
            case .root: ""
            case .emphasis(let mark, let count): String(repeating: Character(mark), count: count)
            case .bracket: "["
            }
        }

        var isOpenBracket: Bool {
            if case .bracket(isOpen: true) = kind { true } else { false }
        }
    }

    private let scalars: [Unicode.Scalar]
    private var position = 0
    private var frames = [Frame(kind: .root)]
    private var codeSpans: MarkdownCodeSpans

    static func parse(_ text: String) -> [MarkdownInline] {
        var parser = MarkdownInlineParser(Array(text.unicodeScalars))
        return parser.parse()
    }

    private init(_ scalars: [Unicode.Scalar]) {
        self.scalars = scalars
        codeSpans = MarkdownCodeSpans(scalars)
    }

    private mutating func parse() -> [MarkdownInline] {
        while position < scalars.count {
            switch scalars[position] {
            case "\\": escape()
            case "`": code()
            case "*", "_": run()
            case "[": bracket()
            case "]": closeBracket()
            case "!" where scalar(1) == "[":
                append("![")  // No images: neither this nor the bracket begins anything.
                position += 2
            case "\n": newline()
            default:
                append(String(Character(scalars[position])))
                position += 1
            }
        }
        collapse(to: 0)
        return frames[0].nodes
    }

    private func scalar(_ offset: Int) -> Unicode.Scalar? {
        let index = position + offset
        return scalars.indices.contains(index) ? scalars[index] : nil
    }

    private mutating func escape() {
        guard let next = scalar(1) else {
            append("\\")
            position += 1
            return
        }
        if next == "\n" {
            append(.lineBreak)
        } else {
            append(next.isPunctuationMark ? String(Character(next)) : "\\\(next)")
        }
        position += 2
    }

    /// Two spaces before the end of a line break it, as a backslash does.
    private mutating func newline() {
        position += 1
        var text = ""
        if case .text(let last) = frames[frames.count - 1].nodes.last { text = last }
        let kept = text.trimmedSpacesAtEnd
        if kept.count < text.count { replaceLastText(with: kept) }
        if text.hasSuffix("  ") { append(.lineBreak) } else { append("\n") }
    }

    private mutating func code() {
        let length = codeSpans.runLength(at: position)
        guard let end = codeSpans.end(ofRunAt: position, length: length) else {
            append(String(repeating: "`", count: length))
            position += length
            return
        }
        var content = String(String.UnicodeScalarView(scalars[(position + length)..<end]))
            .split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).joined(separator: " ")
        if content.hasPrefix(" "), content.hasSuffix(" "), content.contains(where: { $0 != " " }) {
            content = String(content.dropFirst().dropLast())
        }
        append(.code(content))
        position = end + length
    }

    private mutating func append(_ text: String) {
        let top = frames.count - 1
        guard case .text(var last) = frames[top].nodes.last else { return frames[top].nodes.append(.text(text)) }
        frames[top].nodes.removeLast()  // So that the text is not copied for every character of it.
        last += text
        frames[top].nodes.append(.text(last))
    }

    private mutating func append(_ node: MarkdownInline) {
        if case .text(let text) = node { return append(text) }
        frames[frames.count - 1].nodes.append(node)
    }

    private mutating func replaceLastText(with text: String) {
        frames[frames.count - 1].nodes.removeLast()
        if !text.isEmpty { append(text) }
    }

    /// Turns every frame above `index` into the text that it was typed as, followed by what it holds.
    private mutating func collapse(to index: Int) {
        while frames.count > index + 1 {
            let frame = frames.removeLast()
            append(frame.literal)
            for node in frame.nodes { append(node) }
        }
    }
}

// MARK: - Emphasis

extension MarkdownInlineParser {
    private mutating func run() {
        let mark = scalars[position]
        let end = scalars[position...].firstIndex { $0 != mark } ?? scalars.count
        let count = end - position
        let (canOpen, canClose) = flanks(position..<end, mark)
        position = end
        guard count <= Self.runMax else { return append(String(repeating: Character(mark), count: count)) }
        var rest = count
        if canClose {
            while rest > 0, let index = opener(mark) { rest -= close(index, upTo: rest) }
        }
        guard rest > 0 else { return }
        if canOpen, frames.count < Self.framesMax {
            frames.append(Frame(kind: .emphasis(mark, count: rest)))
        } else {
            append(String(repeating: Character(mark), count: rest))
        }
    }

    private func opener(_ mark: Unicode.Scalar) -> Int? {
        frames.lastIndex { frame in
            if case .emphasis(mark, _) = frame.kind { true } else { false }
        }
    }

    /// Wraps what a frame holds, and tells how many marks that took.
    private mutating func close(_ index: Int, upTo rest: Int) -> Int {
        collapse(to: index)
        guard case .emphasis(let mark, let count) = frames[index].kind else { return rest }
        let used = min(rest, count, 2)
        let node: MarkdownInline = used == 2 ? .strong(frames[index].nodes) : .emphasis(frames[index].nodes)
        if count == used {
            frames.removeLast()
            append(node)
        } else {
            frames[index] = Frame(kind: .emphasis(mark, count: count - used), nodes: [node])
        }
        return used
    }

    /// CommonMark's rule: a mark opens before text and closes after it, and `_` does neither within a word.
    private func flanks(_ range: Range<Int>, _ mark: Unicode.Scalar) -> (canOpen: Bool, canClose: Bool) {
        let before = range.lowerBound > 0 ? scalars[range.lowerBound - 1] : " "
        let after = range.upperBound < scalars.count ? scalars[range.upperBound] : " "
        let isSpaceBefore = before.properties.isWhitespace
        let isSpaceAfter = after.properties.isWhitespace
        let left = !isSpaceAfter && (!after.isPunctuationMark || isSpaceBefore || before.isPunctuationMark)
        let right = !isSpaceBefore && (!before.isPunctuationMark || isSpaceAfter || after.isPunctuationMark)
        guard mark == "_" else { return (left, right) }
        return (left && (!right || before.isPunctuationMark), right && (!left || after.isPunctuationMark))
    }
}

// MARK: - Links

extension MarkdownInlineParser {
    private mutating func bracket() {
        position += 1
        guard frames.count < Self.framesMax else { return append("[") }
        frames.append(Frame(kind: .bracket(isOpen: true)))
    }

    private mutating func closeBracket() {
        position += 1
        guard let index = frames.lastIndex(where: \.isOpenBracket) else { return append("]") }
        guard let target = MarkdownLinkTarget(scalars, at: position) else {
            if index == frames.count - 1 {
                collapse(to: index - 1)
            } else {
                frames[index].kind = .bracket(isOpen: false)
            }
            return append("]")
        }
        collapse(to: index)
        let text = frames.removeLast().nodes
        append(.link(text, url: target.url))
        position = target.end
        // A link holds no link.
        for outer in frames.indices where frames[outer].isOpenBracket { frames[outer].kind = .bracket(isOpen: false) }
    }
}

extension Unicode.Scalar {
    /// What a backslash can escape, and what counts as punctuation beside a mark.
    fileprivate var isPunctuationMark: Bool {
        switch value {
        case 0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: true
        default: false
        }
    }
}

extension String {
    fileprivate var trimmedSpacesAtEnd: String {
        var rest = self[...]
        while rest.last == " " { rest = rest.dropLast() }
        return String(rest)
    }
}
