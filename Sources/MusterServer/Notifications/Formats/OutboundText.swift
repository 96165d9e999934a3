import IncidentDomain

/// How texts that people typed are made fit for a channel: cleaned, escaped and cut.
enum OutboundText {
    /// What a channel's limit counts.
    enum Unit: Sendable { case scalars, utf16, bytes }

    /// Replaces what has a meaning in a channel; what it gives for a scalar is never cut.
    typealias Escape = @Sendable (Unicode.Scalar) -> String

    private static let ellipsis = "…"
    /// A character of more scalars than that is not kept together: accents have no end.
    private static let characterScalarsMax = 16

    /// On one line, without controls, and with the marks that turn the direction of writing made visible.
    static func line(_ text: String) -> String { Markdown.visible(text).onOneLine }

    /// The text on one line, escaped. What is longer than the limit ends with `…`, which counts; it is cut between characters and
    /// never within an escape.
    static func fit(_ text: String, _ limit: Int, _ unit: Unit, escape: Escape = plain) -> String {
        var result = ""
        var length = 0
        // The longest beginning that has room for the ellipsis behind it.
        var end = 0
        for character in line(text) {
            for piece in pieces(character, escape) {
                length += count(piece, unit)
                guard length <= limit else {
                    let kept = String(decoding: Array(result.utf8.prefix(end)), as: UTF8.self)
                    return count(ellipsis, unit) <= limit ? kept + ellipsis : ""
                }
                result += piece
                if length + count(ellipsis, unit) <= limit { end = result.utf8.count }
            }
        }
        return result
    }

    static func count(_ text: String, _ unit: Unit) -> Int {
        switch unit {
        case .scalars: text.unicodeScalars.count
        case .utf16: text.utf16.count
        case .bytes: text.utf8.count
        }
    }

    /// What is kept together.
    private static func pieces(_ character: Character, _ escape: Escape) -> [String] {
        let scalars = character.unicodeScalars.map(escape)
        return scalars.count > characterScalarsMax ? scalars : [scalars.joined()]
    }
}

// MARK: - Escapes

extension OutboundText {
    static let plain: Escape = { String($0) }

    /// Slack's: exactly these three, so that nothing of `<!channel>`, `<@U1>` and `<url|text>` remains.
    static let slack: Escape = { scalar in
        switch scalar {
        case "&": "&amp;"
        case "<": "&lt;"
        case ">": "&gt;"
        default: String(scalar)
        }
    }

    /// Slack's for a text that Mattermost may show, where a bare `@channel` pings: nothing that can be seen stands behind the `@`.
    static let slackOrMattermost: Escape = { scalar in
        scalar == "@" ? "@\u{200B}" : slack(scalar)
    }

    private static let markdownMarks = Set(#"\`*_{}[]()#+-.!>~|"#.unicodeScalars)

    /// Mattermost's: its Markdown takes a backslash before these marks and no others.
    static let mattermost: Escape = { scalar in
        if scalar == "@" { return "@\u{200B}" }
        return markdownMarks.contains(scalar) ? "\\\(scalar)" : String(scalar)
    }

    /// Discord's: its Markdown takes a backslash before every mark. `<`, `@` and `:` begin mentions, times, emojis and links.
    static let discord: Escape = { scalar in
        markdownMarks.contains(scalar) || scalar == "<" || scalar == "@" || scalar == ":"
            ? "\\\(scalar)" : String(scalar)
    }
}
