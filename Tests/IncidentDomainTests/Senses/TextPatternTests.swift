import Testing

@testable import IncidentDomain

/// A regular expression that can be looked for in what strangers send.
struct TextPatternTests {
    private static func isFound(_ pattern: String, _ text: String) throws -> Bool {
        try TextPattern(pattern).isFound(in: Array(text.utf8))
    }

    @Test(arguments: [
        ("ab+c", "xxabbbcx"), ("^ok$", "ok"), ("(?i)HELLO|bye", "say hello"), ("\\d+ items", "12 items"),
        ("x?y", "y"), ("(a|)b", "b"), ("", "anything"), ("[]]", "]"), ("[^a-z]", "A"), ("a.c", "abc"),
        ("\\[ok\\]", "[ok]"), ("caf\u{E9}", "un caf\u{E9}"), ("(ab)*c", "ababc"), ("[\\d-]+$", "12-3"),
    ])
    func `it finds what it says`(_ pattern: String, _ text: String) throws {
        #expect(try Self.isFound(pattern, text))
    }

    @Test(arguments: [
        ("^ok$", "ok "), ("ab+c", "ac"), ("[^a-z]", "abc"), ("a.c", "a\nc"), ("\\d", "x"), ("HELLO", "hello"),
        ("a|b", ""), ("^b", "ab"),
    ])
    func `it finds nothing else`(_ pattern: String, _ text: String) throws {
        #expect(try !Self.isFound(pattern, text))
    }

    @Test(arguments: [
        "(a|b", "a)", "[a", "*a", "a**", "a{2}", "(?=a)", "\\1", "a\\", "[z-a]", "[\u{E9}]",
        String(repeating: "a", count: 201),
    ])
    func `what it does not know is a mistake`(_ pattern: String) {
        #expect(throws: TextPattern.Mistake.self) { try TextPattern(pattern) }
    }

    @Test(.timeLimit(.minutes(20))) func `no pattern makes it slow`() throws {
        let text = String(repeating: "a", count: 20_000)
        #expect(try !Self.isFound("(a*)*(a|a)*(a?a?a?)*b$", text))
    }
}
