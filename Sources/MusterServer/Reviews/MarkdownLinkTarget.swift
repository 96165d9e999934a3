/// The part of a link in parentheses. Only addresses that a reader may follow without harm are any: the rest is text.
struct MarkdownLinkTarget {
    let url: String
    /// Behind the closing parenthesis.
    let end: Int

    private static let lengthMax = 2000
    private static let schemes = ["http://", "https://", "mailto:"]

    /// Nil when what begins at `start` is no such part.
    init?(_ scalars: [Unicode.Scalar], at start: Int) {
        guard start < scalars.count, scalars[start] == "(" else { return nil }
        var url = String.UnicodeScalarView()
        var depth = 0
        var index = start + 1
        while index < scalars.count, index - start <= Self.lengthMax {
            let scalar = scalars[index]
            if scalar == ")", depth == 0 { break }
            if scalar == "(" { depth += 1 }
            if scalar == ")" { depth -= 1 }
            guard Self.isAllowed(scalar) else { return nil }
            url.append(scalar)
            index += 1
        }
        guard index < scalars.count, scalars[index] == ")" else { return nil }
        let text = String(url)
        let lower = text.lowercased()
        guard let scheme = Self.schemes.first(where: lower.hasPrefix), text.count > scheme.count else { return nil }
        self.url = text
        end = index + 1
    }

    /// Neither white space, nor what could end an attribute or an address.
    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.properties.isWhitespace || scalar.value < 0x21 || scalar == "\u{FFFD}" { return false }
        return !"<>\"'`\\{}|^".unicodeScalars.contains(scalar)
    }
}
