import Testing

@testable import MusterServer

struct YAMLWriterTests {
    private static let texts = [
        "", " ", "auth", "Sign-in and sessions", "yes", "No", "null", "~", "true", "1", "1.5", "0x1", "-", "- a",
        "a: b",
        "a #b", "#a", "&a", "*a", "R&D", "!t", "|", ">", "%", "@", "`", "\"", "'", "it's", "\\", "a\nb", "a\tb", "\r",
        "[", "{a}", "a,b", "?", "? a", ":", "é", "日本語", "👩‍🚒", "\u{85}", "\u{2028}a", "\u{7F}", "\u{1}", "\u{FFFE}",
        "a\u{FEFF}", "\u{10FFFF}", "a ", "<<", "=", "2026-11-23", "12:30", "...", "---", "(a/b)", "eu-west_1.b",
        String(repeating: "long ", count: 100),
    ]

    @Test(arguments: texts)
    func `a text is read back as it was, in a block, in a list, and as a key`(text: String) throws {
        let scalar = YAMLWriter.scalar(text)
        var yaml = YAMLWriter()
        yaml.line("block: \(scalar)")
        yaml.line("list: \(YAMLWriter.flow([scalar, "x", scalar], "[", "]"))")
        yaml.line("pairs: \(YAMLWriter.flow(["\(scalar): \(scalar)"], "{", "}"))")
        let read = try YAMLDocument(yaml.bytes).value
        #expect(read["block"]?.string == text)
        #expect(read["list"]?.array == [.string(text), "x", .string(text)])
        #expect(read["pairs"]?.object == [text: .string(text)] as JSONObject)
    }

    @Test func `what needs no quotes has none`() {
        #expect(YAMLWriter.scalar("Push notifications (mail)") == "Push notifications (mail)")
        #expect(YAMLWriter.scalar("eu-west") == "eu-west")
        #expect(YAMLWriter.scalar("no") == "\"no\"")
        #expect(YAMLWriter.scalar("7") == "\"7\"")
    }
}
