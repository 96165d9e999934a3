import Testing

@testable import MusterServer

/// How texts are cut and escaped.
struct OutboundTextTests {
    private static let family = "👩‍👩‍👧‍👦"

    @Test func `what fits stays, and what does not ends with an ellipsis that counts`() {
        #expect(OutboundText.fit("video", 5, .scalars) == "video")
        #expect(OutboundText.fit("videos", 5, .scalars) == "vide…")
        #expect(OutboundText.fit("videos", 5, .bytes) == "vi…")
        #expect(OutboundText.fit("😀😀😀", 4, .utf16) == "😀…")
        #expect(OutboundText.fit("😀😀", 4, .utf16) == "😀😀")
        #expect(OutboundText.fit("", 0, .scalars) == "")
        #expect(OutboundText.fit("abc", 0, .scalars) == "")
    }

    @Test func `a character that several make is kept or left out as a whole`() {
        #expect(OutboundText.fit("a\(Self.family)", 8, .scalars) == "a\(Self.family)")
        #expect(OutboundText.fit("a\(Self.family)b", 8, .scalars) == "a…")
        #expect(OutboundText.fit("ae\u{301}b", 3, .scalars) == "a…")
    }

    @Test func `accents without end are cut like anything else`() {
        let letter = "a" + String(repeating: "\u{301}", count: 10_000)
        let cut = OutboundText.fit(letter, 100, .scalars)
        #expect(cut.unicodeScalars.count == 100 && cut.unicodeScalars.last == "…")
    }

    @Test func `no escape is cut`() {
        for limit in 0...30 {
            let cut = OutboundText.fit("<<&&>>", limit, .scalars, escape: OutboundText.slack)
            let rest = cut.replacing("&lt;", with: "").replacing("&amp;", with: "").replacing("&gt;", with: "")
            #expect(rest == "" || rest == "…", "\(limit): \(cut)")
            #expect(cut.unicodeScalars.count <= limit)
        }
        #expect(OutboundText.fit("a*b", 3, .scalars, escape: OutboundText.discord) == "a…")
    }

    @Test func `a text is one line without what cannot be seen`() {
        #expect(OutboundText.line(" a\r\nb\u{0}\u{7}\tc\u{2028}d ") == "a b c d")
        #expect(OutboundText.line("x\u{202E}gpj.exe") == "x\u{FFFD}gpj.exe")
    }

    @Test(arguments: [OutboundText.Unit.scalars, .utf16, .bytes])
    func `no text is longer than its limit`(_ unit: OutboundText.Unit) {
        let texts = HostileNoticeTests.inputs + [String(repeating: "é😀<", count: 1000)]
        for text in texts {
            for limit in [1, 2, 3, 4, 5, 75, 150, 1024] {
                for escape in [OutboundText.plain, OutboundText.slack, OutboundText.mattermost, OutboundText.discord] {
                    #expect(OutboundText.count(OutboundText.fit(text, limit, unit, escape: escape), unit) <= limit)
                }
            }
        }
    }

    @Test func `a URL gets more of a path and a query without losing its own`() {
        let url = OutboundURL("https://a.example:8443/hooks/1/?thread_id=5&wait=false#x")
        #expect(url.with("wait", "true").text == "https://a.example:8443/hooks/1/?thread_id=5&wait=true")
        #expect(
            url.without("wait").below("messages", "9/ä").text
                == "https://a.example:8443/hooks/1/messages/9%2F%C3%A4?thread_id=5")
        #expect(OutboundURL("https://a.example").below("x").text == "https://a.example/x")
        #expect(OutboundURL("https://a.example/topic?auth=1").root.text == "https://a.example/?auth=1")
    }

    @Test func `an incident has one key, which tells Musters apart`() {
        func key(_ publicURL: String, _ notice: Notice = NoticeSample.opened) -> String {
            var message = NoticeSample.message(notice, for: .slack)
            message.publicURL = publicURL
            return message.key
        }
        #expect(key("https://Muster.Example:8443/x") == "INC-7@muster.example")
        #expect(key("http://[2001:db8::1]:8080") == "INC-7@2001:db8::1")
        #expect(key("") == "INC-7@muster.invalid")
        #expect(key("https://muster.example", NoticeSample.maintenance) == "ntf_42@muster.example")
        #expect(key("https://\(String(repeating: "a", count: 500))").utf8.count <= OutboundPagerDutyFormat.keyMax)
    }

    @Test func `lists are short`() {
        var incident = NoticeSample.incident()
        incident.down = (1...12).map { .init(slug: "c\($0)", impact: "partial_outage") }
        incident.next = ["one", "two", "three", "four"]
        let text = MessageText(NoticeSample.message(NoticeSample.notice("note_added", "x", incident), for: .slack))
        #expect(text.facts[0].value.words.hasSuffix("c10 (partial outage) and 2 more"))
        #expect(text.facts.first { $0.name == "Still open" }?.value.words == "one; two; three and 1 more")
    }
}
