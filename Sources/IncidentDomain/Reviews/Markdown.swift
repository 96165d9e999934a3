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
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x09, 0x0A, 0x0D, 0x85, 0x2028, 0x2029: scalars.append(scalar)
            case 0...0x1F, 0x7F...0x9F, 0xFEFF, 0xFFF9...0xFFFB: continue
            case 0x202A...0x202E, 0x2066...0x2069: scalars.append("\u{FFFD}")
            case 0xE0000...0xE007F: continue  // Tags: invisible copies of ASCII.
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
