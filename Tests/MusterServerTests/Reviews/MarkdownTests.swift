import Testing

@testable import MusterServer

struct MarkdownTests {
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
        (
            "[a *b*](https://x.example/(c)?d=e&f) g",
            "<p><a href=\"https://x.example/(c)?d=e&amp;f\" rel=\"noopener noreferrer nofollow\">a <em>b</em></a> g</p>"
        ),
        (
            "[mail](mailto:a@b.example)",
            "<p><a href=\"mailto:a@b.example\" rel=\"noopener noreferrer nofollow\">mail</a></p>"
        ),
        ("*a [b*](http://c) d*", "<p><em>a [b</em>](http://c) d*</p>"),
        (
            "[a [b](https://c) d](https://e)",
            "<p>[a <a href=\"https://c\" rel=\"noopener noreferrer nofollow\">b</a> d](https://e)</p>"
        ),
        ("> quote\n***\n---", "<p>&gt; quote\n***\n---</p>"),
        ("* * *\n- - - -\n- -", "<p>* * *\n- - - -</p>\n<ul>\n<li><ul>\n<li></li>\n</ul></li>\n</ul>"), ("", ""),
        (" \n\t\n", ""),
    ])
    func `what people write is read`(_ markdown: String, _ html: String) {
        #expect(MarkdownHTML.render(markdown) == html)
    }

    @Test(arguments: [
        "[a](javascript:alert(1))", "[a](JaVaScRiPt:alert(1))", "[a]( javascript:alert(1))", "[a](data:text/html,b)",
        "[a](//evil.example)", "[a](/v1/incidents)", "[a](vbscript:x)", "[a](https://x y)", "[a](https://)",
        "[a](\"https://x\")", "[a](https://x\"onclick=y)", "![a](https://x)", "<https://x.example>",
        "https://x.example",
        "[a][b]\n\n[b]: https://x.example", "<a href=\"https://x\">a</a>", "[a](https://x`y)", "[a](java\u{0}script:x)",
    ])
    func `what is no safe link is text`(_ markdown: String) {
        let html = MarkdownHTML.render(markdown)
        #expect(!html.contains("<a "), "\(html)")
        #expect(HTMLOutline(html).problems.isEmpty)
    }

    @Test func `a table has as many cells in every row as in its head`() {
        let html = MarkdownHTML.render("| a | b \\| c |\n|:--|--:|\n| `d` |\n| e | f | g |\nnot")
        #expect(html.contains("<tr><th scope=\"col\">a</th><th scope=\"col\">b | c</th></tr>"))
        #expect(html.contains("<tr><td><code>d</code></td><td></td></tr>\n<tr><td>e</td><td>f</td></tr>"))
        #expect(html.hasSuffix("<p>not</p>"))
        #expect(MarkdownHTML.render("a | b\nno rule") == "<p>a | b\nno rule</p>")
    }

    /// Each would take minutes if something about it were quadratic, or the stack if it were as deep.
    @Test(arguments: [
        "*", "_", "`", "[", "]", "](", "*a ", "a* ", "**a", "_a_", "*_", "- ", "1. ", "> ", "\n", "- a\n\n", "`a``b```",
        "\\",
        "|", "[a](", "[a](https://x ", "# ", "\t", "```\n", "  \n", "-\n", "![", "<", "&", "*a**b***c",
        "[a](https://b)*",
    ])
    func `a long repetition of anything is read in time`(_ part: String) {
        let text = String(repeating: part, count: 20_000 / part.utf8.count)
        let once = MarkdownNormalForm.render(text)
        #expect(HTMLOutline(MarkdownHTML.render(text)).problems.isEmpty)
        #expect(once.utf8.count <= 4 * text.utf8.count + 100)
    }

    @Test func `lists are nested only so deep`() {
        let text = (0..<40).map { String(repeating: "  ", count: $0) + "- a" }.joined(separator: "\n")
        let depth = MarkdownHTML.render(text).ranges(of: "<ul>").count
        #expect(depth == 6)
    }

    @Test(arguments: [
        "- a\n\n* b\n\n- c", "1. a\n\n1) b", "1. a\n2. b\n   - c\n\n     d", "a\n# b\nc", "**a** *b*`c`[d](https://e)",
        "| a |\n|---|\n| `b\\|c` [d](https://e/f(g)) |", "````\n```\n````", "\\# a\n\\- b\n1\\. c", "a\\\nb",
        "`` `a` ``", "`  a `",
    ])
    func `the normal form means what was written, and is its own`(_ markdown: String) {
        let normal = MarkdownNormalForm.render(markdown)
        #expect(MarkdownHTML.render(normal) == MarkdownHTML.render(markdown).replacing("f(g)", with: "f%28g%29"))
        #expect(MarkdownNormalForm.render(normal) == normal)
    }
}
