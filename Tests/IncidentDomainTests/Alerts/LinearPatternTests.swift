import Testing

@testable import IncidentDomain

@Suite(.timeLimit(.minutes(20))) struct LinearPatternTests {
    @Test(arguments: [
        ("warning|info", "info", true), ("warning|info", "information", false), ("db-.*", "db-", true),
        ("db-.+", "db-", false), ("eu-(north|west)-[0-9]{1,2}", "eu-west-12", true),
        ("eu-(north|west)-[0-9]{1,2}", "eu-west-123", false), ("", "", true), ("", "a", false), ("a?b*c+", "cc", true),
        ("[^a-c]x", "dx", true), ("[^a-c]x", "bx", false), ("[]a]", "]", true), ("[a-]", "-", true),
        ("\\d+\\.\\d+", "10.25", true), ("\\d+\\.\\d+", "10x25", false), ("\\w\\s\\W\\D\\S", "a !b.", true),
        ("(?i)Straße", "STRASSE", false), ("(?i)ÄPFEL", "äpfel", true), ("^a$", "a", true), ("a^b", "ab", false),
        ("(?:ab){2,}", "ababab", true), ("(?P<n>a)|b", "b", true), ("a{,3}", "a{,3}", true), ("x.*?y", "x1y2y", true),
        ("(a*)*b", "aaab", true), ("(|a)+", "aaa", true), ("ü.", "ü🙂", true),
    ])
    func `a pattern matches all of a text or nothing`(pattern: String, text: String, isMatch: Bool) throws {
        #expect(try LinearPattern(pattern).matches(text) == isMatch)
    }

    @Test(arguments: [
        "(", ")", "a)", "[a", "*a", "a**", "\\", "\\q", "[z-a]", "a{3,2}", "a{500}", "(?=a)", "(?<n", "[[:alpha:]]",
        String(repeating: "(", count: 60), String(repeating: "a", count: 1001), "((a{200}){200})",
        "(((((){200}){200}){200}){200}){200}", "((^{200}){200}){200}", String(repeating: "a?", count: 500),
    ])
    func `what is no pattern, or too large, says why`(pattern: String) {
        let fault = #expect(throws: PatternFault.self) { try LinearPattern(pattern) }
        #expect(fault?.reason.isEmpty == false)
    }

    @Test func `no pattern and no value takes long`() throws {
        let value = String(repeating: "a", count: 100_000)
        for pattern in ["(a+)+b", "(a|a)*b", "(a|aa)+$b", "(.*)*(.*)*(.*)*b", "(a{1,30}){1,30}b"] {
            #expect(try !LinearPattern(pattern).matches(value), "backtracking would not come back from this")
        }
    }

    @Test func `of a long value only the beginning is looked at`() throws {
        #expect(try LinearPattern("a*").matches(String(repeating: "a", count: LinearPattern.valueMax) + "b"))
    }

    private static func isFound(_ pattern: String, _ text: String) throws -> Bool {
        try LinearPattern(pattern, for: .page).isFound(in: Array(text.utf8))
    }

    @Test(arguments: [
        ("ab+c", "xxabbbcx"), ("^ok$", "ok"), ("(?i)HELLO|bye", "say hello"), ("\\d+ items", "12 items"),
        ("x?y", "y"), ("(a|)b", "b"), ("", "anything"), ("", ""), ("[]]", "]"), ("[^a-z]", "A"), ("a.c", "abc"),
        ("\\[ok\\]", "[ok]"), ("caf\u{E9}", "un caf\u{E9}"), ("(ab)*c", "ababc"), ("[\\d-]+$", "12-3"),
        ("a{2,3}b", "xaaab"), ("a.c", "a\u{E9}c"),
    ])
    func `it is found somewhere in a page`(_ pattern: String, _ text: String) throws {
        #expect(try Self.isFound(pattern, text))
    }

    @Test(arguments: [
        ("^ok$", "ok "), ("ab+c", "ac"), ("[^a-z]", "abc"), ("a.c", "a\nc"), ("\\d", "x"), ("HELLO", "hello"),
        ("a|b", ""), ("^b", "ab"), ("b$", "ba"),
    ])
    func `nothing else is found in a page`(_ pattern: String, _ text: String) throws {
        #expect(try !Self.isFound(pattern, text))
    }

    @Test func `a page that is not UTF-8 is searched all the same`() throws {
        #expect(try LinearPattern("ok.", for: .page).isFound(in: [0xFF, 0x6F, 0x6B, 0xFE]))
    }

    @Test(arguments: [String(repeating: "a", count: 201), "(a{100}){10}"])
    func `patterns for pages are short`(pattern: String) {
        #expect(throws: PatternFault.self) { try LinearPattern(pattern, for: .page) }
    }

    @Test func `no pattern makes the search of a page slow`() throws {
        let text = String(repeating: "a", count: 20_000)
        #expect(try !Self.isFound("(a*)*(a|a)*(a?a?a?)*b$", text))
    }

    @Test(arguments: [
        ("(?i)k", "\u{212A}", true), ("(?i)K", "\u{212A}", true), ("(?i)[a-z]+", "ABC", true),
        ("(?i)[^a-z]+", "ABC", false), ("(?i)\u{101}", "\u{100}", true), ("(?i)\u{3A3}", "\u{3C2}", true),
        ("(?i)i", "\u{131}", false), ("[^^]", "^", false), ("(?i)\\W", "x", false),
    ])
    func `with (?i) case makes no difference, in classes neither`(pattern: String, text: String, isMatch: Bool) throws {
        #expect(try LinearPattern(pattern).matches(text) == isMatch)
    }

    @Test func `every character that has a case is known`() {
        for value in 0...0x10_FFFF as ClosedRange<UInt32> {
            guard let scalar = Unicode.Scalar(value), CaseFolding.folded(scalar) != value else { continue }
            var work = CaseFolding.Work()
            let others = CaseFolding.table.folded([value...value], &work)
            #expect(others?.isEmpty == false, "U+\(String(value, radix: 16))")
        }
    }

    /// Takes part after part at random, as people who want to find the dearest pattern would.
    private static func pattern(_ random: inout SeededRandom) -> String {
        let parts = [
            "a", "b", ".", ".*", ".+", "[^a]", "[a-z]", "[\u{100}-\u{24F}]", "\\W", "(", "(?:", ")", ")*", ")+",
            "){2,9}",
            "){0,200}", "){200}", ")?", "|", "a?", "b{0,200}", "a{3,}", "^", "$", "\u{4E00}", "\u{1F600}",
            "[^\u{4E00}-\u{4E99}xy]",
        ]
        var text = Bool.random(using: &random) ? "(?i)" : ""
        let (length, kinds) = (
            Int.random(in: 1...1000, using: &random), Int.random(in: 1...parts.count, using: &random)
        )
        let chosen = (0..<kinds).map { _ in parts.randomElement(using: &random) ?? "a" }
        var open = 0
        while text.unicodeScalars.count < length {
            let part = chosen.randomElement(using: &random) ?? "a"
            if part.hasPrefix("(") { open += 1 }
            if part.hasPrefix(")") {
                guard open > 0 else {
                    text += "x"
                    continue
                }
                open -= 1
            }
            text += part
        }
        text += String(repeating: ")", count: open)
        return String(String.UnicodeScalarView(text.unicodeScalars.prefix(1000)))
    }

    /// Distinct characters, as many as a pattern may have: classes and tables of them are the largest.
    private static let hostile: [String] = {
        let many = String(String.UnicodeScalarView((0..<960).compactMap { Unicode.Scalar(UInt32(0x4E00 + 2 * $0)) }))
        return [
            many, "(?i)" + many, "(?i)([^\(many)]{0,200}){9}", "(\(many.prefix(900))){4}",
            "(?i)" + String(repeating: "[a-\u{1F600}]", count: 199), String(repeating: ".*", count: 500),
            String(repeating: "a+", count: 500), "(?i)" + String(repeating: "[a-z]{0,200}", count: 19),
            "(" + String(repeating: "(a|b?c|.)", count: 90) + "){1,5}", "(.{0,200}){19}x",
            ".*(" + String(repeating: "ab|", count: 330) + "x)",
            String(repeating: "(", count: 50) + "a"
                + String(repeating: "*)", count: 50), "(?i)" + String(repeating: "\\W", count: 490),
        ]
    }()

    @Test(arguments: [UInt64(1), 2, 3])
    func `any pattern is compiled or refused at once, and any match of it is cheap`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let texts = ["a", "ab", "\u{4E00}", "xA"].map { text in
            String(repeating: text, count: LinearPattern.valueMax / text.unicodeScalars.count)
        }
        // 2,000 operations a character take less than 5 ms on the machines that this was measured on, optimised; here they
        // are counted, as this may be a slow machine and is a slow build. So is the time, by a hundred times what is meant.
        let generous = Duration.milliseconds(500)
        var compiled = 0
        for text in Self.hostile + (0..<150).map({ _ in Self.pattern(&random) }) {
            let start = ContinuousClock.now
            let pattern = try? LinearPattern(text)
            #expect(start.duration(to: .now) < generous, "compiling \(text)")
            guard let pattern else { continue }
            compiled += 1
            #expect(pattern.stepCost <= LinearPattern.Use.label.stepCostMax && pattern.bytes < 200_000, "\(text)")
            for value in texts {
                let start = ContinuousClock.now
                let match = pattern.match(value, operationsMax: .max)
                #expect(start.duration(to: .now) < generous, "matching \(text)")
                #expect(match.isMatch != nil && match.operations <= LinearPattern.valueMax * 2000, "\(text)")
            }
        }
        #expect(compiled > 40, "else nothing is seen of matching")
    }

    @Test func `a match that may take less than it needs is not decided`() throws {
        let pattern = try LinearPattern("(a|b)*c")
        let value = String(repeating: "ab", count: 500)
        let match = pattern.match(value, operationsMax: 10 * pattern.stepCost)
        #expect(match.isMatch == nil && match.operations == 10 * pattern.stepCost)
        #expect(pattern.match(value, operationsMax: 1000 * pattern.stepCost).isMatch == false)
    }
}

/// Random numbers that are the same for the same seed (splitmix64).
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
