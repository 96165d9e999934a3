/// The part of a link in parentheses. Only addresses that a reader may follow without harm are any: the rest is text.
struct MarkdownLinkTarget {
    let url: String
    /// Behind the closing parenthesis.
    let end: Int

    private static let lengthMax = 2000
    /// Parentheses within an address.
    private static let depthMax = 8
    private static let schemes = ["http://", "https://", "mailto:"]

    /// Nil when what begins at `start` is no such part.
    init?(_ scalars: [Unicode.Scalar], at start: Int) {
        guard start < scalars.count, scalars[start] == "(", let scheme = Self.scheme(scalars[(start + 1)...])
        else { return nil }
        var url = String.UnicodeScalarView()
        var depth = 0
        var index = start + 1
        while index < scalars.count, index - start <= Self.lengthMax {
            let scalar = scalars[index]
            if scalar == ")", depth == 0 { break }
            if scalar == "(" { depth += 1 }
            if depth > Self.depthMax { return nil }
            if scalar == ")" { depth -= 1 }
            guard Self.isAllowed(scalar) else { return nil }
            url.append(scalar)
            index += 1
        }
        guard index < scalars.count, scalars[index] == ")" else { return nil }
        guard url.count > scheme.count else { return nil }
        self.url = String(url)
        end = index + 1
    }

    /// What the address begins with, in any case; looked at first, since most parentheses are no address.
    private static func scheme(_ rest: ArraySlice<Unicode.Scalar>) -> String? {
        schemes.first { scheme in
            rest.count > scheme.utf8.count
                && zip(rest, scheme.unicodeScalars).allSatisfy { $0.properties.lowercaseMapping == String($1) }
        }
    }

    /// Neither white space, nor what could end an attribute or an address.
    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.properties.isWhitespace || scalar.value < 0x21 || scalar == "\u{FFFD}" { return false }
        return !"<>\"'`\\{}|^".unicodeScalars.contains(scalar)
    }
}
