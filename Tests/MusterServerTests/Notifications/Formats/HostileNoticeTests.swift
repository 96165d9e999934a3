import Testing

@testable import MusterServer

/// What people type pings nobody, breaks no markup and no header, and keeps every limit.
struct HostileNoticeTests {
    static let inputs = [
        "<!channel> <!here> <@U024BE7LH> <!subteam^S1> <https://evil.example|click>",
        "@everyone @here @channel @all <@1> <@&2>",
        "]]> </card> <script>alert(1)</script> --> \" ' ` \\", "line\r\nBcc: eve@example.org\r\n\r\nbody\n.\nFrom eve",
        "a\u{0}b\u{7}c\u{1B}[31m", "x\u{202E}gpj.exe\u{202C} \u{2066}y\u{2069} \u{200F}z \u{200E}",
        "*b* **b** _i_ ~s~ ```code``` `c` || s ||",
        "[text](https://evil.example) ![x](https://evil.example/x.png) # heading\n- item\n1. one\n> quote",
        "{{title}} {{{data}}} {{>page}} {{=<% %>=}} ${1+1} %s {DATE(2026-11-22)} {{DATE(2026-11-22T10:00:00Z, SHORT)}}",
        "=?UTF-8?B?QmNjOiBldmU=?= =\r\n=2E", "\u{FEFF}\u{E0041}tags\u{FFFD}", "👩‍👩‍👧‍👦 e\u{301} Å עברית العربية",
        "\"\u{301} <\u{301}b>\u{301} &\u{301} @\u{301}everyone *\u{301}", "--=_muster_part--",
        "http://evil.example www.evil.example :tada: <t:0:R>",
    ]

    /// Long ones of one, two, three and four bytes, of what every escape makes longer, and of one letter without end.
    static let long =
        ["x", "é", "€", "😀", "<", "*", "\"", "\\", "@", "a\u{301}", "\u{202E}", "ab "].map {
            String(repeating: $0, count: 10_000)
        }
        + ["a" + String(repeating: "\u{301}", count: 10_000), String(repeating: "👩‍👩‍👧‍👦", count: 1500)]

    /// Both, by number: they would garble the report of a test.
    static let texts = inputs + long
    static let all = texts.indices

    private static let jsonFormats = EndpointFormat.allCases.filter { $0 != .email }

    /// All that an incident's text can become, in every way in which a format writes it.
    private static func bodies(_ text: String, _ format: EndpointFormat) throws -> [JSONValue] {
        let notice = NoticeSample.typed(text)
        let ways: [[String: String]] =
            switch format {
            case .slack: [[:], ["dialect": "mattermost"], ["token": "x", "channel": "C1"]]
            case .cloudEvents: [["mode": "structured"], ["mode": "binary"]]
            case _: [[:]]
            }
        return try ways.map { try NoticeSample.json(notice, for: format, $0) }
    }

    @Test(arguments: jsonFormats, inputs.indices)
    func `no text changes what a message is made of`(_ format: EndpointFormat, _ index: Int) throws {
        let plain = try Self.bodies("plain \(index)", format)
        let hostile = try Self.bodies("a \(Self.inputs[index]) z", format)
        #expect(hostile.map(\.shape) == plain.map(\.shape))
    }

    @Test(arguments: all)
    func `nothing pings in Slack and Mattermost`(_ index: Int) throws {
        let text = Self.texts[index]
        for body in try Self.bodies(text, .slack) {
            for shown in body.texts {
                let ours = shown.matches(of: /<(!date\^\d+\^[^<>]*\|[^<>]*|https:\/\/muster\.example\/[^<>]*)>/)
                let rest = ours.reduce(shown) { $0.replacing($1.output.0, with: "") }
                #expect(!rest.contains("<") || body["blocks"] == nil, "\(shown)")
            }
            // What Mattermost may show.
            let shown = try #require(body["text"]?.string)
            let scalars = Array(shown.unicodeScalars)
            for (index, scalar) in scalars.enumerated() where scalar == "@" {
                #expect(scalars[index + 1] == "\u{200B}")
            }
        }
        let markdown = try NoticeSample.json(NoticeSample.typed(text), for: .slack, ["dialect": "mattermost"])
        expectEscaped(
            markdown["text"]?.string ?? "", OutboundText.mattermost, "*_`[#>~|",
            besides: /\*\*|\[Open INC-7\]\(<[^>]*>\)/)
    }

    @Test(arguments: all)
    func `nothing pings in Discord`(_ index: Int) throws {
        let text = Self.texts[index]
        for thread in [nil, "123"] {
            let body = try NoticeSample.json(NoticeSample.typed(text), for: .discord, thread: thread)
            #expect(body["allowed_mentions"]?["parse"]?.array == [])
            let embed = try #require(body["embeds"]?[0])
            let values = (embed["fields"]?.array ?? []).compactMap { $0["value"]?.string }
            for shown in [body["content"]?.string, embed["description"]?.string].compactMap(\.self) + values {
                expectEscaped(shown, OutboundText.discord, "*_`[<@:#>~|", besides: /^\*\*|\*\*$|<t:\d+:f>/)
            }
        }
    }

    /// Every mark stands behind a backslash.
    private func expectEscaped(
        _ text: String, _ escape: OutboundText.Escape, _ marks: String, besides ours: some RegexComponent,
        location: SourceLocation = #_sourceLocation
    ) {
        let scalars = Array(text.replacing(ours, with: "").unicodeScalars)
        var index = 0
        while index < scalars.count {
            if scalars[index] == "\\" {
                index += 2
                continue
            }
            let isMark = marks.unicodeScalars.contains(scalars[index])
            #expect(!isMark, "\(scalars[index]) in \(text.prefix(200))", sourceLocation: location)
            index += 1
        }
    }

    @Test(arguments: all)
    func `Teams' texts are runs, which know no markup`(_ index: Int) throws {
        let text = Self.texts[index]
        let request = try NoticeSample.request(NoticeSample.typed(text), for: .teams)
        #expect(request.body.count <= TeamsFormat.bytesMax, "\(request.body.count)")
        let card = try #require(try JSONParser.parse(request.body)["attachments"]?[0]?["content"])
        #expect(card["msteams"]?["entities"] == nil && card["version"] == "1.4")
        #expect(!card.shape.contains("TextBlock") && card["body"]?.array?.last?["inlines"]?[0]?["type"] == "TextRun")
    }

    @Test(arguments: long.indices)
    func `every limit that a channel documents is kept`(_ index: Int) throws {
        let text = Self.long[index]
        let notice = NoticeSample.typed(text)
        func count(_ json: JSONValue?, _ unit: OutboundText.Unit = .scalars) -> Int {
            json?.string.map { OutboundText.count($0, unit) } ?? 0
        }

        let slack = try NoticeSample.json(notice, for: .slack)
        #expect(count(slack["text"]) <= SlackFormat.textMax)
        let blocks = try #require(slack["blocks"]?.array)
        #expect(
            blocks.count <= 50 && count(blocks[0]["text"]?["text"]) <= 150 && count(blocks[1]["text"]?["text"]) <= 3000)
        let fields = blocks[1]["fields"]?.array ?? []
        #expect(fields.count <= 10 && fields.allSatisfy { count($0["text"]) <= 2000 })
        #expect((blocks[2]["elements"]?.array ?? []).count <= 10)
        #expect(blocks.flatMap(\.texts).reduce(0) { $0 + $1.unicodeScalars.count } < 13_200)
        let post = try NoticeSample.json(notice, for: .slack, ["dialect": "mattermost"])
        #expect(count(post["text"]) <= SlackFormat.postMax)

        let discord = try NoticeSample.json(notice, for: .discord)
        let embed = try #require(discord["embeds"]?[0])
        #expect(count(discord["content"], .utf16) <= 2000 && count(embed["title"], .utf16) <= 256)
        #expect(count(embed["description"], .utf16) <= 4096)
        let values = embed["fields"]?.array ?? []
        #expect(
            values.count <= 25
                && values.allSatisfy { count($0["name"], .utf16) <= 256 && count($0["value"], .utf16) <= 1024 })
        #expect(count(embed["footer"]?["text"], .utf16) <= 2048)
        #expect(embed.texts.reduce(0) { $0 + $1.utf16.count } <= DiscordFormat.embedMax)

        let pagerDuty = try NoticeSample.json(notice, for: .pagerDuty)
        #expect(count(pagerDuty["payload"]?["summary"]) <= 1024 && count(pagerDuty["dedup_key"]) <= 255)
        #expect(pagerDuty.bytes.count <= 512 << 10)
        let opsgenie = try NoticeSample.json(notice, for: .opsgenie)
        #expect(
            count(opsgenie["message"]) <= 130 && count(opsgenie["alias"]) <= 512
                && count(opsgenie["description"]) <= 15_000)
        #expect(count(opsgenie["entity"]) <= 512)
        let ntfy = try NoticeSample.json(notice, for: .ntfy)
        #expect(count(ntfy["title"], .bytes) <= 1024 && count(ntfy["message"], .bytes) <= 4096)
    }

    @Test func `what is cut says so, and uses the room that there is`() throws {
        let notice = NoticeSample.typed(String(repeating: "x", count: 10_000))
        func text(_ json: JSONValue?) -> String { json?.string ?? "" }
        let slack = try NoticeSample.json(notice, for: .slack)["blocks"]
        let shown: [(String, Int)] = [
            (text(slack?[0]?["text"]?["text"]), 150), (text(slack?[1]?["text"]?["text"]), 3000),
            (
                text(try NoticeSample.json(notice, for: .discord)["embeds"]?[0]?["description"]),
                DiscordFormat.descriptionMax
            ),
            (text(try NoticeSample.json(notice, for: .pagerDuty)["payload"]?["summary"]), 1024),
            (text(try NoticeSample.json(notice, for: .opsgenie)["message"]), 130),
        ]
        for (text, limit) in shown {
            #expect(text.unicodeScalars.count == limit && text.hasSuffix("…"), "\(text.suffix(20))")
        }
        let title = text(try NoticeSample.json(notice, for: .ntfy)["title"])
        #expect(title.utf8.count == NtfyFormat.titleMax && title.hasSuffix("…"))
    }

    @Test func `an address that a message cannot hold is left out`() throws {
        for format in [EndpointFormat.slack, .teams, .discord] {
            var message = NoticeSample.message(NoticeSample.opened, for: format)
            message.publicURL = "https://muster.example/" + String(repeating: "x", count: 3000)
            let body = try JSONParser.parse(try format.format.message(message).body)
            #expect(!body.texts.contains { $0.contains("xxxxx") })
        }
    }
}
