import Testing

@testable import MusterServer

/// YAML of strangers is read as JSON would be, or refused with the line.
struct YAMLDocumentTests {
    private func value(_ yaml: String) throws -> JSONValue {
        try YAMLDocument(Array(yaml.utf8)).value
    }

    /// The line and the reason for which a text is refused.
    private func refusal(_ yaml: String) -> String? {
        do {
            _ = try YAMLDocument(Array(yaml.utf8))
            return nil
        } catch {
            return "\(error.line.map(String.init) ?? "?"): \(error.reason)"
        }
    }

    private static let documents: [(String, JSONValue)] = [
        ("a: 1\nb: [x, 'y', \"z\"]", ["a": 1, "b": ["x", "y", "z"]]),
        (
            "- {component: db, kind: hard}\n- {component: b}",
            [["component": "db", "kind": "hard"], ["component": "b"]]
        ),
        (
            "# nothing but this\n---\na: |\n  one\n  two\nb: >-\n  one\n  two\n...\n",
            ["a": "one\ntwo\n", "b": "one two"]
        ),
        ("\u{FEFF}a: b\r\nc: d\r\n", ["a": "b", "c": "d"]),
        ("{\"a\": [1, 2.5, null, true, \"\\u00e9\"]}", ["a": [1, 2.5, .null, true, "é"]]),
        ("", .null), ("# a remark", .null),
    ]

    @Test(arguments: documents)
    func `what JSON can say, YAML can`(yaml: String, expected: JSONValue) throws {
        #expect(try value(yaml) == expected)
    }

    @Test func `texts without quotes mean what the core schema of YAML 1_2 says`() throws {
        let meanings: [(String, JSONValue)] = [
            ("~", .null), ("null", .null), ("Null", .null), ("true", true), ("FALSE", false), ("yes", "yes"),
            ("no", "no"),
            ("on", "on"), ("nULL", "nULL"), ("0", 0), ("-7", -7), ("+7", 7), ("007", 7), ("0x1F", 31), ("0o17", 15),
            ("0b1", "0b1"), ("1_000", "1_000"), ("1.5", 1.5), ("-.5", -0.5), ("1e3", 1000.0), ("1.", 1.0),
            ("12:30", "12:30"), ("1.2.3", "1.2.3"), ("-", ["-"]), (".inf", ".inf"), (".nan", ".nan"),
            ("1e999", "1e999"),
            ("2026-11-23", "2026-11-23"), ("99999999999999999999", 1e20), ("'7'", "7"), ("\"true\"", "true"),
            ("eu-west", "eu-west"), ("1-2", "1-2"),
        ]
        for (text, meaning) in meanings {
            let expected: JSONValue = text == "-" ? [.null] : meaning
            #expect(try value(text) == expected, "\(text)")
        }
    }

    @Test func `an alias bomb is refused before anything grows`() {
        var bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1..<40 {
            let others = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            bomb += "a\(level): &a\(level) [\(others)]\n"
        }
        // Compared keys are the worst: a parser that checks for doubled ones has to follow all of the aliases.
        bomb += "? *a39\n: 1\n? *a38\n: 1\n"
        #expect(refusal(bomb)?.contains("anchors and aliases (& and *) are not taken") == true)
    }

    @Test(arguments: [
        "a: &x 1\nb: *x", "a: *x", "- &x\n  a: 1\n- *x", "? *x\n: 1", "*x : 1", "a: !!str &x b", "&x a: 1",
        "a: {<<: *x}", "&x [1]", "a:\n  &x\n  b: 1",
    ])
    func `anchors and aliases are refused wherever they stand`(yaml: String) {
        #expect(refusal(yaml)?.contains("anchors and aliases") == true, "\(refusal(yaml) ?? "taken")")
    }

    @Test func `their characters are ordinary elsewhere`() throws {
        #expect(
            try value("a: R&D * 2 & more\nb: '&x *y'\nc: |\n  - *x\n\"&k\": \"*\"\n# &x *y\nd*: e&")
                == ["a": "R&D * 2 & more", "b": "&x *y", "c": "- *x\n", "&k": "*", "d*": "e&"])
        #expect(refusal("a: \u{10FFFD}x") == "?: the characters U+10FFFC to U+10FFFF are not taken")
    }

    @Test func `what is refused is told with its line`() {
        #expect(refusal("a: 1\nb: 2\na: 3")?.hasSuffix("the key a stands twice") == true)
        #expect(refusal("a: 1\n\"a\": 3")?.hasSuffix("the key a stands twice") == true)
        #expect(refusal("x:\n  - a: 1\n    a: 2")?.hasPrefix("2") == true)
        #expect(refusal("a: 1\nb: !!binary aGk=") == "2: tags (tag:yaml.org,2002:binary) are not taken")
        #expect(refusal("a: !thing {b: 1}") == "1: tags (!thing) are not taken")
        #expect(refusal("? [a, b]\n: 1") == "1: a key should be a text")
        #expect(refusal("a: 1\n---\nb: 2")?.contains("another document") == true)
        #expect(refusal("a: b: c")?.hasPrefix("1: mapping values are not allowed") == true)
        #expect(refusal("a: 'open\n\n")?.contains("unexpected end of stream") == true)
        #expect(refusal("a:\n\tb: 1")?.hasPrefix("2: ") == true)
        #expect(refusal("a: 1\nb: \u{1}x")?.contains("control characters") == true)
        #expect(refusal("a: 1\nb: \0x")?.contains("control characters") == true)
        #expect(throws: YAMLSyntaxError(reason: "it is not UTF-8", line: nil)) { try YAMLDocument([0x61, 0xFF]) }
    }

    @Test func `a NUL that was written as an escape is a value like any other, for the rules to refuse`() throws {
        #expect(try value("a: \"x\\0y\"") == ["a": "x\0y"])
    }

    @Test func `what is nested deeply is refused, however deeply`() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(refusal(nested(64)) == nil)
        #expect(refusal(nested(65)) == "1: it is nested more than 64 levels deep")
        for depth in [900, 5000, 200_000] {
            #expect(refusal(nested(depth)) != nil)
            #expect(refusal(String(repeating: "- ", count: depth) + "x") != nil)
            #expect(refusal(String(repeating: "? ", count: depth) + "x") != nil)
            #expect(refusal(String(repeating: "{a: ", count: depth)) != nil)
        }
        let stairs = (0..<2000).map { String(repeating: " ", count: $0) + "a:" }.joined(separator: "\n")
        #expect(refusal(stairs) != nil)
    }

    @Test func `a pointer is told the line of its value, or of what it is missing in`() throws {
        let yaml =
            "# remark\ncomponents:\n  - slug: a\n    tier: 9\n  - slug: b\n    depends_on:\n      - component: c\n"
        let document = try YAMLDocument(Array(yaml.utf8))
        let pointers = [
            "/components/0/tier", "/components/1/depends_on/0/component", "/components/1/tier", "/components/7", "",
        ]
        #expect(document.lines(of: pointers) == [4, 7, 5, 2, 2])
    }

    @Test func `a text has a bounded number of names and values, known before it is read`() throws {
        let pairs = (0..<YAMLDocument.valuesMax / 2).map { "k\($0): v" }.joined(separator: "\n")
        let others = "[" + String(repeating: "x,", count: YAMLDocument.valuesMax) + "x]"
        let items = String(repeating: "- x\n", count: YAMLDocument.valuesMax + 1)
        let blocks = String(repeating: "- [", count: YAMLDocument.valuesMax)
        for text in [pairs, others, items, blocks] {
            #expect(refusal(text)?.contains("names and values") == true)
        }
        let prose = "a: |\n" + String(repeating: "  at 12:30 see https://a.example/b:c-d\n", count: 20_000)
        #expect(try value(prose)["a"]?.string?.utf8.count == 20_000 * 37)
    }

    @Test func `many mistakes in a large text are told with their lines as fast as it is read`() throws {
        let text = (0..<20_000).map { "k\($0): v" }.joined(separator: "\n")
        let document = try YAMLDocument(Array(text.utf8))
        let start = ContinuousClock.now
        #expect(document.lines(of: (0..<20_000).map { "/k\($0)" }) == (1...20_000).map { $0 })
        // One walk for each would be 200 million comparisons.
        #expect(start.duration(to: .now) < .seconds(5))
        var body = try BodyReader(document.value)
        _ = body.optionalString("name", 0...10)
        let problem = #expect(throws: Problem.self) { try body.finish() }
        #expect(problem?.detail.hasSuffix("(and 19999 more)") == true && problem?.errors.count == Problem.errorsMax)
        #expect(start.duration(to: .now) < .seconds(10))
    }
}
