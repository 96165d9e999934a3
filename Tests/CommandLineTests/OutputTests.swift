import MusterClient
import Testing
import Yams

/// What is read and printed.
struct OutputTests {
    private static let texts = [
        "", "plain words", "yes", "No", "null", "12", "1e3", "0x1F", "- item", "a: b", "a #b", "#", "'", "\"", "\\",
        "tab\there",
        "two\nlines\n", " spaces ", "ünïcode 日本 🙂", "\u{1B}[31mred", "\u{202E}turned", "a\u{FEFF}b", "\u{85}", "{}",
        "\u{1F3F4}\u{E0067}\u{E0062}\u{E007F}",
        "[a]", "*a", "&a", "!a",
        "%a", "@a", "`a", "|", ">", "?", "a\r\nb", "2026-12-03", "12:30", "~", "on", "-", "---", ".5", "=", "<<",
    ]

    @Test func `JSON is read back as what was written`() throws {
        for text in Self.texts {
            #expect(try JSONReader.read(Array(JSON.string(text).compact.utf8)) == .string(text), "\(text)")
        }
    }

    @Test func `YAML is read back as what was written`() throws {
        let objects = Self.texts.map { JSON.object([JSON.Member("text", .string($0)), JSON.Member($0, .string($0))]) }
        let value = JSON.object([
            JSON.Member("texts", JSON(Self.texts)), JSON.Member("objects", .array(objects)),
            JSON.Member("empty", .array([])),
            JSON.Member("none", .object([])), JSON.Member("null", .null), JSON.Member("truths", [true, false]),
            JSON.Member(
                "numbers", .array([.number("0"), .number("-1.5"), .number("1e3"), .number("9007199254740993")])),
            JSON.Member("nested", [[["a", "b"], []], [["k": ["deep": ["x"]]]]]),
        ])
        let text = YAMLText.write(value)
        let node = try #require(try Yams.compose(yaml: text))
        Self.expectSame(node, value, "")
        for simple in [JSON.null, "x", .number("3"), [], .object([]), ["a"]] {
            Self.expectSame(try #require(try Yams.compose(yaml: YAMLText.write(simple))), simple, "alone")
        }
    }

    private static func expectSame(_ node: Node, _ value: JSON, _ path: String) {
        switch value {
        case .null: #expect(node.null != nil, "\(path)")
        case .bool(let truth): #expect(node.bool == truth, "\(path)")
        case .number(let digits):
            #expect(node.scalar?.string == digits && node.tag != Tag(.str), "\(path)")
        case .string(let text):
            #expect(node.scalar?.string == text, "\(path)")
            #expect(
                node.null == nil && node.bool == nil && node.int == nil && node.float == nil || text.isEmpty
                    || isQuoted(node), "\(path) \(text)")
        case .array(let items):
            let nodes = node.sequence.map(Array.init) ?? []
            #expect(node.sequence != nil && nodes.count == items.count, "\(path)")
            for (index, pair) in zip(nodes, items).enumerated() { expectSame(pair.0, pair.1, "\(path)/\(index)") }
        case .object(let members):
            let pairs = node.mapping.map(Array.init) ?? []
            #expect(node.mapping != nil && pairs.count == members.count, "\(path)")
            for (pair, member) in zip(pairs, members) {
                #expect(pair.key.scalar?.string == member.name, "\(path)")
                expectSame(pair.value, member.value, "\(path)/\(member.name)")
            }
        }
    }

    /// A quoted scalar is a text, whatever it looks like.
    private static func isQuoted(_ node: Node) -> Bool { node.scalar?.style == .doubleQuoted }

    @Test func `JSON is read back as what was written, compact and pretty`() throws {
        let value: JSON = ["a": JSON(Self.texts), "b": [.number("1.50"), .null, true], "c": .object([]), "d": []]
        #expect(try JSONReader.read(value.compact) == value)
        #expect(try JSONReader.read(value.pretty) == value)
        #expect(!value.pretty.unicodeScalars.contains { $0 != "\n" && SafeText.isUnsafe($0) })
        #expect(try JSONReader.read(#""\ud83d\ude42\/\u00e9""#) == "🙂/é")
    }

    @Test(arguments: [
        "", "{", "[1,]", "{\"a\":1,}", "01", "1.", "nul", "\"\u{1}\"", "\"\\x\"", "\"\\ud800", "[1] 2", "{a:1}", "+1",
        "\"",
        String(repeating: "[", count: 300),
    ])
    func `what is no JSON says where`(text: String) {
        #expect(throws: JSONReader.Mistake.self) { try JSONReader.read(text) }
    }

    @Test func `texts of strangers neither steer the terminal nor end a line`() {
        let line = SafeText.line("a\u{1B}[2Jb\nc\td\u{202E}e\u{9B}1mf\u{7}")
        #expect(!line.unicodeScalars.contains { SafeText.isUnsafe($0) })
        #expect(line == "a␛[2Jb c d\u{FFFD}e\u{FFFD}1mf␇")
        #expect(SafeText.cut("abcdef", to: 4) == "abc…")
        #expect(SafeText.cut("日本語", to: 5) == "日本…")
        #expect(SafeText.width("日本a\u{301}") == 5)
    }

    @Test func `a table has columns of one width, and gives way where the terminal is narrow`() {
        let rows = [[Cell("1"), Cell("a long title that is cut")], [Cell("22"), Cell("short")]]
        let wide = Table.write(rows, titles: ["N", "TITLE"], cut: [1], style: Style(isColoured: false), width: nil)
        #expect(wide == "N   TITLE\n1   a long title that is cut\n22  short")
        let narrow = Table.write(rows, titles: ["N", "TITLE"], cut: [1], style: Style(isColoured: false), width: 18)
        #expect(narrow.split(separator: "\n").allSatisfy { SafeText.width(String($0)) <= 18 })
        #expect(narrow.contains("a long title …"))
        let painted = Table.write(
            [[Cell("x", .red)]], titles: ["N"], cut: [], style: Style(isColoured: true), width: nil)
        #expect(painted.contains("\u{1B}[31mx\u{1B}[0m"))
    }

    @Test func `times are relative, dates where asked, and typed as people say them`() {
        let now = Moments.parse("2026-12-03T02:43:29Z") ?? 0
        let moments = Moments(now: now, areAbsolute: false)
        #expect(moments.say("2026-12-03T02:36:29.000Z") == "7 min ago")
        #expect(moments.say("2026-12-03T04:43:29+01:00") == "in 60 min")
        #expect(moments.say(.null).isEmpty)
        #expect(Moments(now: now, areAbsolute: true).say("2026-12-03T02:36:29Z") == "2026-12-03 02:36:29 UTC")
        #expect(moments.typed("10m ago") == "2026-12-03T02:33:29Z")
        #expect(moments.typed("in 2h") == "2026-12-03T04:43:29Z")
        #expect(moments.typed("01:05") == "2026-12-03T01:05:00Z")
        #expect(moments.typed("23:50") == "2026-12-02T23:50:00Z")
        #expect(moments.typed("2026-12-03 01:00:00Z") == "2026-12-03T01:00:00Z")
        #expect(moments.typed("soon") == nil)
        #expect(Moments.seconds("2h30m") == 9000)
        #expect(Moments.seconds("90") == 90)
        #expect(Moments.seconds("2x") == nil)
        #expect(Moments.parse("2026-13-01T00:00:00Z") == nil)
        #expect(Moments.stamp(951_782_400) == "2000-02-29T00:00:00Z")
    }

    @Test func `events are the same however the stream is cut`() throws {
        let text = ": alive\n\nid: 3-7\nevent: note_added\ndata: {\"a\":\ndata: 1}\n\ndata: x\r\n\r\nid: 4\n\n"
        let wanted = [
            ServerSentEvent(id: "3-7", event: "note_added", data: "{\"a\":\n1}"),
            ServerSentEvent(id: nil, event: "message", data: "x"),
        ]
        for size in [1, 2, 3, 7, 1000] {
            var (reader, events) = (ServerSentEvents(), [ServerSentEvent]())
            let bytes = Array(text.utf8)
            for start in stride(from: 0, to: bytes.count, by: size) {
                events += try reader.read(Array(bytes[start..<min(start + size, bytes.count)]))
            }
            #expect(events == wanted, "\(size)")
        }
        var endless = ServerSentEvents()
        #expect(throws: Failure.self) {
            _ = try endless.read([UInt8](repeating: 97, count: ServerSentEvents.bytesMax + 1))
        }
    }

    @Test func `paths and queries hold what was typed and nothing else`() {
        #expect(RequestPath.segment("feed@us east/../x?") == "feed@us%20east%2F..%2Fx%3F")
        #expect(RequestPath.segment("..") == "%2E%2E")
        #expect(RequestPath.query([("a", "x&y=z"), ("b", nil), ("c", "ü,1")]) == "?a=x%26y%3Dz&c=%C3%BC,1")
        #expect(RequestPath.query([("a", nil)]).isEmpty)
        #expect(RequestPath.decode("us%20east%2") == "us east%2")
    }
}
