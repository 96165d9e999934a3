/// What people may write in a section, as a tree: the small part of Markdown that a review needs. Everything else,
/// HTML and images among it, is text.
enum MarkdownBlock: Hashable, Sendable {
    case paragraph([MarkdownInline])
    /// Level 3 to 6: those within a section stand below its title, whatever level they were given.
    case heading(level: Int, [MarkdownInline])
    /// `start` is the first number; nil for a list with bullets.
    case list(start: Int?, items: [[MarkdownBlock]])
    case code(String)
    case table(head: [[MarkdownInline]], rows: [[[MarkdownInline]]])
}

/// A part of a line.
indirect enum MarkdownInline: Hashable, Sendable {
    case text(String)
    case code(String)
    case emphasis([MarkdownInline])
    case strong([MarkdownInline])
    /// The address begins with `http:`, `https:` or `mailto:`.
    case link([MarkdownInline], url: String)
    case lineBreak
}

extension MarkdownBlock {
    static let highestHeading = 3
}
