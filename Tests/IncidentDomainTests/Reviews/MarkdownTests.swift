import Testing

@testable import IncidentDomain

struct MarkdownTests {
    @Test(arguments: [
        ("plain text, with a dash - and 1. and # in it", "plain text, with a dash - and 1. and # in it"),
        ("# heading", "\\# heading"), ("- item", "\\- item"), ("+ item", "\\+ item"), ("12) item", "12\\) item"),
        ("1. item", "1\\. item"), ("--- ", "\\---"), ("===", "\\==="), ("> quote", "\\> quote"),
        ("a | b", "a \\| b"), ("<b>&amp;", "\\<b\\>\\&amp;"), ("`*_~[]\\", "\\`\\*\\_\\~\\[\\]\\\\"),
        ("one\ntwo\r\n\r\n  three", "one two three"), ("see https://x.example", "see https\\://x.example"),
        ("www.x.example", "www\\.x.example"), ("nul\u{0}\u{7}\u{1B}x", "nulx"),
        ("\u{202E}x\u{2066}", "\u{FFFD}x\u{FFFD}"),
        ("", ""), (" \n ", ""),
    ])
    func `what people typed is nothing but text`(_ text: String, _ markdown: String) {
        #expect(Markdown.inline(text) == markdown)
    }

    @Test func `paragraphs stay, and so do lines`() {
        let blocks = DocumentBlock.paragraphs("a\n# b\n\n\n\n- c\n")
        #expect(DocumentMarkdown.render(blocks) == "a\\\n\\# b\n\n\\- c")
    }

    @Test func `a cell without text is a dash`() {
        var table = DocumentTable("a", "b")
        #expect(table.isEmpty)
        table.add(.typed("1"), "")
        #expect(DocumentMarkdown.render([table.block(in: .standard)]) == "| a | b |\n| --- | --- |\n| 1 | – |")
    }
}
