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
}
