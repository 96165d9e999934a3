import Testing

@testable import IncidentDomain
@testable import MusterServer

struct MarkdownTests {
    private static let rel = "rel=\"noopener noreferrer nofollow\""

    /// What is read of a section that stands alone in its document.
    static func blocks(_ markdown: String) -> [DocumentBlock] {
        var budget = MarkdownReader.budget
        return MarkdownReader.blocks(markdown, budget: &budget)
    }

    private static func html(_ markdown: String) -> String { DocumentHTML.render(blocks(markdown)) }

    @Test(arguments: [
        ("one\ntwo\n\nthree", "<p>one\ntwo</p>\n<p>three</p>"),
        ("# A\n## B\n#### C\n#no", "<h3>A</h3>\n<h3>B</h3>\n<h4>C</h4>\n<p>#no</p>"),
        (
            "a *b* **c** ***d*** _e_ __f__ g_h_i",
            "<p>a <em>b</em> <strong>c</strong> <em><strong>d</strong></em> <em>e</em> <strong>f</strong> g_h_i</p>"
        ),
        ("5 * 3 * 2 and *open", "<p>5 * 3 * 2 and *open</p>"),
        ("`a<b` and ``c`d`` and `open", "<p><code>a&lt;b</code> and <code>c`d</code> and `open</p>"),
        ("a\\\nb  \nc", "<p>a<br>\nb<br>\nc</p>"),
        ("\\*a\\* \\a \\", "<p>*a* \\a \\</p>"),
        ("- a\n- b\n  more\n\n  own\n- c", "<ul>\n<li>a</li>\n<li>b\nmore\n<p>own</p></li>\n<li>c</li>\n</ul>"),
        (
            "- a\n  - b\n    1. c\n- d",
            "<ul>\n<li>a\n<ul>\n<li>b\n<ol>\n<li>c</li>\n</ol></li>\n</ul></li>\n<li>d</li>\n</ul>"
        ),
        ("3. a\n4. b", "<ol start=\"3\">\n<li>a</li>\n<li>b</li>\n</ol>"),
        ("```swift\nlet a = 1 < 2\n\n- b\n```\nc", "<pre><code>let a = 1 &lt; 2\n\n- b</code></pre>\n<p>c</p>"),
        ("~~~\nopen", "<pre><code>open</code></pre>"),
        ("    indented is text", "<p>indented is text</p>"),
        (
            "[a *b*](https://x.example/(c)?d=e&f) g",
            "<p><a href=\"https://x.example/(c)?d=e&amp;f\" \(rel)>a <em>b</em></a> g</p>"
        ),
        ("[mail](mailto:a@b.example)", "<p><a href=\"mailto:a@b.example\" \(rel)>mail</a></p>"),
        ("<https://x.example/a>", "<p><a href=\"https://x.example/a\" \(rel)>https://x.example/a</a></p>"),
        ("[a][b]\n\n[b]: HTTPS://x.example", "<p><a href=\"HTTPS://x.example\" \(rel)>a</a></p>"),
        ("*a [b*](http://c) d*", "<p><em>a <a href=\"http://c\" \(rel)>b*</a> d</em></p>"),
        ("[a [b](https://c) d](https://e)", "<p>[a <a href=\"https://c\" \(rel)>b</a> d](https://e)</p>"),
        ("> quote\n>\n> - a\n\n***", "<blockquote>\n<p>quote</p>\n<ul>\n<li>a</li>\n</ul>\n</blockquote>\n<hr>"),
        (
            "<b>x</b> &amp; &copy; &#8212; &#x3c;b&gt; `&amp;` \\&amp; &amp;lt; &nope; &#10; &#0; &#x202E;",
            "<p>&lt;b&gt;x&lt;/b&gt; &amp; © — &lt;b&gt; <code>&amp;amp;</code> &amp;amp; &amp;lt; &amp;nope; &amp;#10; "
                + "&amp;#0; &amp;#x202E;</p>"
        ),
        ("[a](https://x/?b=1&amp;c=2)", "<p><a href=\"https://x/?b=1&amp;c=2\" \(rel)>a</a></p>"),
        (
            "see https://x.example/a?b=c&d=e, or http://y.example.",
            "<p>see <a href=\"https://x.example/a?b=c&amp;d=e\" \(rel)>https://x.example/a?b=c&amp;d=e</a>, or "
                + "<a href=\"http://y.example\" \(rel)>http://y.example</a>.</p>"
        ),
        (
            "ftp://x.example javascript://x.example a@b.example",
            "<p>ftp://x.example javascript://x.example a@b.example</p>"
        ),

        ("<div>\n\n*a*\n\n</div>", "<p>&lt;div&gt;</p>\n<p><em>a</em></p>\n<p>&lt;/div&gt;</p>"),
        ("one\r\ntwo\rthree\u{2028}four", "<p>one\ntwo\nthree\nfour</p>"), ("", ""), (" \n\t\n", ""),
    ])
    func `what people write is read`(_ markdown: String, _ html: String) {
        #expect(Self.html(markdown) == html)
    }

    @Test(arguments: [
        "[a](javascript:alert(1))", "[a](JaVaScRiPt:alert(1))", "[a]( javascript:alert(1))", "[a](data:text/html,b)",
        "[a](//evil.example)", "[a](/v1/incidents)", "[a](vbscript:x)", "[a](https://x y)", "[a](https://)",
        "[a](\"https://x\")", "[a](https://x\"onclick=y)", "![a](https://x)", "<javascript:alert(1)>",
        "[a][b]\n\n[b]: javascript:x", "[a](<https://x y>)", "[a](&#106;avascript:x)",
        "<a href=\"https://x\">a</a>", "[a](https://x`y)", "[a](java\u{0}script:x)", "[a](https&#58;//x)",
        "[a](https://\(String(repeating: "x", count: 2000)))",
    ])
    func `what is no safe link is text`(_ markdown: String) {
        let html = Self.html(markdown)
        #expect(!html.contains("<a "), "\(html)")
        #expect(HTMLOutline(html).problems.isEmpty)
    }

    @Test func `what a link that is none and an image say is shown with where they lead`() {
        #expect(Self.html("see [a](javascript:b)!") == "<p>see a (javascript:b)!</p>")
        #expect(Self.html("![a *b*](https://x/y.png)") == "<p>a <em>b</em> (https://x/y.png)</p>")
    }

    @Test func `the columns of a table stand as its rule says, in HTML and in Markdown`() {
        let text = "| a | b | c | d |\n|---|:--|:-:|--:|\n| 1 | 2 | 3 | 4 |"
        let (html, markdown) = (Self.html(text), DocumentMarkdown.render(Self.blocks(text)))
        #expect(
            html.contains(
                "<td>1</td><td style=\"text-align: left\">2</td><td style=\"text-align: center\">3</td>"
                    + "<td style=\"text-align: right\">4</td>"))
        #expect(html.contains("<th scope=\"col\" style=\"text-align: right\">d</th>"))
        #expect(markdown.contains("\n| --- | :--- | :---: | ---: |\n"))
        #expect(Self.html(markdown) == html && HTMLOutline(html).problems.isEmpty)
    }

    @Test func `a table has as many cells in every row as in its head`() {
        let html = Self.html("| a | b \\| c |\n|---|---|\n| `d` |\n| e | f | g |\n\nnot")
        #expect(html.contains("<tr><th scope=\"col\">a</th><th scope=\"col\">b | c</th></tr>"))
        #expect(html.contains("<tr><td><code>d</code></td><td></td></tr>\n<tr><td>e</td><td>f</td></tr>"))
        #expect(html.hasSuffix("<p>not</p>"))
        #expect(Self.html("a | b\nno rule") == "<p>a | b\nno rule</p>")
    }

    @Test func `quotes and lists are nested only so deep, and nothing that stands deeper is lost`() {
        let list = (0..<40).map { String(repeating: "  ", count: $0) + "- a\($0)" }.joined(separator: "\n")
        let shown = Self.html(list)
        #expect(shown.ranges(of: "<ul>").count == 8)
        #expect((0..<40).allSatisfy { shown.contains("a\($0)") })
        let quote = Self.html(String(repeating: "> ", count: 40) + "a")
        #expect(quote.ranges(of: "<blockquote>").count == 15)
        #expect(quote.contains("<p>a</p>"))
    }

    @Test(arguments: [
        "- a\n\n* b\n\n- c", "1. a\n\n1) b", "1. a\n2. b\n   - c\n\n     d", "a\n# b\nc", "**a** *b*`c`[d](https://e)",
        "| a |\n|---|\n| `b\\|c` [d](https://e/f(g)) |", "````\n```\n````", "\\# a\n\\- b\n1\\. c", "a\\\nb",
        "`` `a` ``", "`  a `", "> a\n> > b\n\n> c", "- ***\n- > a\n- # b\n- - - c", "a\n===\n---\n***",
        "![a](b) <c> &d; [e](f:g)", "| a | b |\n|:-:|--:|\n| c | d |", "&lt;b&gt; &#35; a &amp;amp; &#42;c&#42;",
        "&#35; a", "http://x.example/a_b_c?d=*e* and (https://y.example/f)",
    ])
    func `what is written from what was read means the same, and is its own`(_ markdown: String) {
        let normal = DocumentMarkdown.render(Self.blocks(markdown))
        #expect(Self.html(normal) == Self.html(markdown).replacing("f(g)", with: "f%28g%29"))
        #expect(DocumentMarkdown.render(Self.blocks(normal)) == normal)
    }
}

/// What is written to hold up whoever reads it: each 100 KB long.
struct MarkdownBombTests {
    private static let bytes = 100_000

    private static func repeated(_ part: String) -> String {
        String(String(repeating: part, count: bytes / part.utf8.count + 1).prefix(bytes))
    }

    static let bombs: [(name: String, text: String)] = [
        ("short lines", repeated("a\n")), ("quotes", repeated("> ")),
        ("quotes of many lines", repeated(">>>>>>>>>a\n")),
        ("deep quotes and blank lines", String(repeating: "> ", count: 1000) + String(repeating: "\n", count: 90_000)),
        ("opening brackets", repeated("[")), ("pairs of brackets", repeated("[]")),
        ("closing brackets", repeated("](")), ("opening emphasis", repeated("*a ")),
        ("closing emphasis", repeated("a* ")), ("alternating emphasis", repeated("*_")),
        ("nested emphasis", repeated("*a **b_c __")),
        ("runs of backticks", (1..<440).map { String(repeating: "`", count: $0) }.joined(separator: "a")),
        ("links without end", repeated("[a](")), ("images", repeated("![")),
        (
            "nested links",
            String(repeating: "[", count: 25_000) + "a" + String(repeating: "](b)", count: 18_000)
        ),
        (
            "a table of many columns and short rows",
            "|\(String(repeating: "a|", count: 5000))\n|\(String(repeating: "---|", count: 5000))\n"
                + String(repeating: "|a\n", count: 26_000)
        ),
        ("bars", repeated("|")), ("a table of many rows", "|a|\n|-|\n" + repeated("|`\n")),
        (
            "one long address, used often",
            "[a]: https://x/\(String(repeating: "y", count: 50_000))\n\n" + String(repeating: "[a]", count: 16_000)
        ),
        (
            "one long address, unsafe",
            "[a]: x:\(String(repeating: "\\y", count: 25_000))\n\n" + String(repeating: "[a]", count: 16_000)
        ),
        ("many definitions", (0..<9000).map { "[a\($0)]: b\n" }.joined()),
        ("definitions without end", repeated("[a\n")),
        ("lists", repeated("- ")),
        ("a deep list", (0..<300).map { String(repeating: "  ", count: $0) + "- a\n" }.joined()),
        ("lists with blank lines", repeated("- a\n\n")), ("numbers", repeated("1. a\n")),
        ("comments", repeated("<!--")), ("tags", repeated("<a ")), ("references", repeated("&a;")),
        ("quotation marks", repeated("\"")), ("backslashes", repeated("\\")), ("headings", repeated("# ")),
        ("underlined headings", repeated("a\n=\n")), ("fences", repeated("```\n")),
        ("addresses", repeated("<http://a")), ("bare addresses", repeated("http://a ")),
        ("bare addresses without end", repeated("http://a")), ("bare addresses of dots", repeated("http://a.b.")),
        ("one bare address", "http://" + repeated("a.b/?&")), ("colons and slashes", repeated("://")),
        ("titles", repeated("[a](b \"c")), ("tabs", repeated("\t")), ("blank lines", repeated("\n")),
        ("hard breaks", repeated("a  \n")), ("rules", repeated("* * *\n")),
    ]

    /// Twice the budget, as each tag is counted about right, and what is around.
    private static let outputMax = 2 * MarkdownReader.budget

    @Test(arguments: bombs.indices)
    func `nothing that can be written takes long to read, or grows without bound`(_ index: Int) {
        let (name, text) = Self.bombs[index]
        let clock = ContinuousClock()
        var html = ""
        var markdown = ""
        let took = clock.measure {
            let blocks = MarkdownTests.blocks(text)
            html = DocumentHTML.render(blocks)
            markdown = DocumentMarkdown.render(blocks)
        }
        // A debug build on a busy machine; the parser of our own took 5.9 s for the first of them, built for release.
        #expect(took < .seconds(5), "\(name): \(took)")
        #expect(
            html.utf8.count <= Self.outputMax && markdown.utf8.count <= Self.outputMax, "\(name): \(html.utf8.count)")
    }

    @Test func `what is cut says so, and what comes after it in the document is cut as well`() {
        let table =
            "|\(String(repeating: "a|", count: 5000))\n|\(String(repeating: "---|", count: 5000))\n"
            + String(repeating: "|a\n", count: 26_000)
        var budget = MarkdownReader.budget
        let first = DocumentHTML.render(MarkdownReader.blocks(table, budget: &budget))
        #expect(HTMLOutline(first).problems.isEmpty)
        #expect(first.contains("<td>a</td>"))
        #expect(first.hasSuffix("<p><em>\(HTMLText.escape(MarkdownReader.cutNote))</em></p>"))
        let second = DocumentHTML.render(MarkdownReader.blocks("more", budget: &budget))
        #expect(second == "<p><em>\(HTMLText.escape(MarkdownReader.cutNote))</em></p>")
    }

    @Test func `an ordinary long section is shown whole`() {
        let text = (0..<2000).map { "- **Point \($0)**: `a` | [b](https://x.example/\($0))" }.joined(separator: "\n")
        #expect(text.utf8.count > 80_000)
        let html = DocumentHTML.render(MarkdownTests.blocks(text))
        #expect(html.contains("Point 1999") && !html.contains(HTMLText.escape(MarkdownReader.cutNote)))
    }
}
