"""Texts that try to break out of a review: HTML, Markdown, tables, right-to-left, control characters, long words, formulas."""

import random

PIECES = [
    "<script>alert(1)</script>",
    "</td></tr></table><h1>out</h1>",
    "</section></main></body></html>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<svg><title></title><script>1</script></svg>",
    "</title></svg><iframe src=//x>",
    "</desc></text><foreignObject><b>",
    "<!-- ",
    "-->",
    "<![CDATA[ x ]]>",
    "<?php echo 1 ?>",
    "</style><style>*{display:none}",
    "&lt;b&gt; &amp;amp; &#60;i&#62; &nbsp; &#x0; &#xD800; &unknown; &copy",
    '" onmouseover="alert(1)',
    "' onfocus='alert(1)' autofocus='",
    "javascript:alert(1)",
    "[x](javascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](JaVaScRiPt&colon;alert(1))",
    "[x]( java\tscript:alert(1) )",
    "[x](<vbscript:x>)",
    '[x](http://x.example "t\\" onclick=y")',
    "![i](http://x.example/i.png)",
    "![i](javascript:alert(1))",
    "\\![i](http://x.example/i.png)",
    "&#33;[i](http://x.example/i.png)",
    "<javascript:alert(1)>",
    '<http://x.example/">',
    "https://x.example/<script>?a=b&c=\"d'|e",
    "www.x.example a@x.example",
    "[r]: javascript:alert(1)\n[r]",
    "[^1]\n\n[^1]: foot",
    "# one",
    "\n# H1\n## H2\n",
    "\nSetext\n===\nSetext\n---\n",
    "a\n\n---\n\n***\n\n___\n",
    "| a | b |\n| --- | --- |\n| 1 | 2 |",
    "a | b",
    "|",
    "||||||||",
    "\\|",
    "\\\\|",
    "\\",
    "\\\\\\",
    "`",
    "``` ",
    "\n```html\n</section>\n",
    "\n~~~\nx\n",
    "`a|b`",
    "`` ` ``",
    "``|`",
    "    indented",
    "\n    indented\n",
    "\tTab",
    "*",
    "**",
    "***b***",
    "_a_ __b__",
    "~~s~~",
    "* a\n  * b\n    * c",
    "\n- a\n- b\n\n1. c\n1) d\n",
    "1. x",
    "12345678901) x",
    "- [x] done",
    "+ x",
    "> quote",
    "\n> > > > deep\n",
    "\n" + "> " * 40 + "deep\n",
    "\n" + "".join("  " * depth + "- x\n" for depth in range(30)),
    "[" * 60,
    "]" * 60 + "(" * 60,
    "*a " * 60,
    "a  \nb",
    "a\\\nb",
    "a\rb",
    "a\r\nb",
    "a\u0085b\u2028c\u2029d",
    "\u202eright to left\u202c",
    "\u2066\u2067\u2068isolates",
    "\u200b\u200c\u200d\u2060\ufeff",
    "\u00ad\u034f\u061c",
    "שלום | עולם",
    "مرحبا # بالعالم",
    "e\u0301" + "\u0301" * 50,
    "👩‍👩‍👧‍👦 🏴‍☠️ 🇩🇪 🧑🏽‍💻",
    "\U000e0041\U000e007f",
    "𝕏 ﷽ ǅ ß İ ı",
    "\x01\x02\x07\x08\x0b\x0c\x0e\x1b[31mred\x1b[0m\x7f",
    "\x80\x9b31m\x9f",
    "\ufffd\ufff9\ufffa\ufffb\ufffc",
    "{{title}} {{{html}}} {{#x}}{{/x}} {{>partial}} {{! c }} {{=<% %>=}}",
    "${x} #{x} <%= x %> {% x %} %s %n %@ %d \\(x)",
    "=1+1",
    "+cmd|' /C calc'!A0",
    "@SUM(1)",
    "-2+3",
    '=HYPERLINK("http://x.example")',
    "null",
    "nil",
    "undefined",
    "None",
    "true",
    "NaN",
    "–",
    "-",
    "0",
    "not recorded",
    "ongoing",
    "'; DROP TABLE incident; --",
    "../../etc/passwd",
    "C:\\new\\table",
    "$$x^2$$ $a$",
    ":smile: @all #1 INC-1",
    "---\ntitle: x\n---",
    "<b>bold</b> <i>it</i> <br/> <hr>",
    "<details><summary>x</summary>",
    "<a href=x>y</a><base href=//x><meta http-equiv=refresh content=0>",
    "<form><input><button>",
    '<math><mi//xlink:href="data:x,<script>1</script>">',
    "&#106;avascript:alert(1)",
    "W" * 400,
    "長" * 200,
    "a" + "\u0300" * 200,
    "x" * 90 + "|" + "y" * 90,
]
# A character that no text of a page may have; documents have to leave it out.
NONCHARACTERS = ["\ufffe", "\uffff", "\ufdd0", "\U0001fffe"]


class Hostile:
    """Seeded; every text has something in it besides white space."""

    def __init__(self, seed):
        self.rng = random.Random(seed)

    def text(self, most=2000, pieces=5):
        parts = [self.rng.choice(PIECES) for _ in range(self.rng.randint(1, pieces))]
        if self.rng.random() < 0.03:
            parts.append(self.rng.choice(NONCHARACTERS))
        said = self.rng.choice(["", " ", "\n", "x"]).join(parts)[:most]
        return said if any(not part.isspace() for part in said.replace("\x85", " ")) else "x"

    def line(self, most=200):
        return self.text(most, 2)

    def markdown(self, most=20_000):
        """Blocks of all kinds, some of them never closed."""
        return "\n\n".join(self.text(most, 6) for _ in range(self.rng.randint(1, 8)))[:most]

    def maybe(self, chance=0.5):
        return self.rng.random() < chance

    def fields(self, body, **texts):
        """The body with some of the texts, each up to so many characters."""
        return body | {name: self.text(most, 3) for name, most in texts.items() if self.maybe()}

    def slug(self):
        return self.rng.choice(["own", "own.2", "z-z_z", "0", "null", "script"])
