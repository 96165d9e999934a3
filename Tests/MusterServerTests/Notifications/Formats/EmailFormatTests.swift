import FoundationEssentials
import Testing

@testable import IncidentDomain
@testable import MusterServer

/// Mails as a mail program gets them.
struct EmailFormatTests {
    private static func mail(
        _ notice: Notice = NoticeSample.opened, _ more: [String: String] = [:], thread: String? = nil
    ) throws -> OutboundRequest { try NoticeSample.request(notice, for: .email, more, thread: thread) }

    /// The headers of a mail, folded lines joined, and its bytes as text.
    private static func headers(_ request: OutboundRequest) -> [(name: String, value: String)] {
        let head = String(decoding: request.body, as: UTF8.self).split(separator: "\n\n", maxSplits: 1)[0]
        var headers: [(name: String, value: String)] = []
        for line in head.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix(" ") {
                headers[headers.count - 1].value += line
            } else {
                let parts = line.split(separator: ":", maxSplits: 1)
                headers.append((String(parts[0]), parts.count > 1 ? String(parts[1].dropFirst()) : ""))
            }
        }
        return headers
    }

    private static func header(_ name: String, _ request: OutboundRequest) -> String? {
        headers(request).first { $0.name == name }?.value
    }

    private static let names = [
        "From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "Auto-Submitted",
        "X-Auto-Response-Suppress",
        "List-Unsubscribe", "MIME-Version", "Content-Type",
    ]

    @Test(arguments: HostileNoticeTests.all)
    func `nothing that people typed makes a header, a part or a long line`(_ index: Int) throws {
        let text = HostileNoticeTests.texts[index]
        let request = try Self.mail(NoticeSample.typed(text))
        #expect(Self.headers(request).map(\.name) == Self.names)
        let lines = request.body.split(separator: 0x0A, omittingEmptySubsequences: false)
        #expect(lines.allSatisfy { $0.count <= 78 }, "\(lines.map(\.count).max() ?? 0)")
        #expect(request.body.allSatisfy { $0 == 0x0A || (0x20...0x7E).contains($0) }, "ASCII, and no CR")
        #expect(lines.count { $0.elementsEqual("--=_muster_part".utf8) } == 2)
        #expect(lines.count { $0.elementsEqual("--=_muster_part--".utf8) } == 1)
        #expect(!lines.contains { $0.elementsEqual(".".utf8) || $0.starts(with: "From ".utf8) })
        for line in lines where line.contains(0x3D) && line.starts(with: " =?".utf8) { #expect(line.count <= 76) }
        #expect(request.carrier == .mail(recipients: ["ana@example.org", "asa@example.org"]))
    }

    @Test func `a thread is the incident: one parent, and one subject whatever the title becomes`() throws {
        let first = try Self.mail()
        #expect(Self.header("Subject", first) == "[INC-7] Video is down")
        #expect(first.reference == "Video is down")
        let renamed = NoticeSample.notice(
            "incident_described", "x", NoticeSample.incident { $0.title = "Everything is down" })
        let second = try Self.mail(renamed, thread: first.reference)
        #expect(Self.header("Subject", second) == "[INC-7] Video is down" && second.reference == first.reference)
        for mail in [first, second] {
            #expect(Self.header("In-Reply-To", mail) == "<INC-7@muster.example>")
            #expect(Self.header("References", mail) == "<INC-7@muster.example>")
            #expect(Self.header("Message-ID", mail) == "<ntf_42@muster.example>")
            #expect(Self.header("Auto-Submitted", mail) == "auto-generated")
        }
        #expect(Self.header("Date", first) == "Sun, 22 Nov 2026 12:00:05 +0000")
        let alone = try Self.mail(NoticeSample.maintenance)
        #expect(Self.header("References", alone) == nil && alone.reference == nil)
        #expect(Self.header("Subject", alone) == "Database upgrade")
    }

    @Test func `a subject beyond ASCII is written in encoded words that end between characters`() throws {
        let title = String(repeating: "Größe 😀 ", count: 20)
        let request = try Self.mail(NoticeSample.notice("test", "x", NoticeSample.incident { $0.title = title }))
        let subject = try #require(Self.header("Subject", request))
        let words = subject.split(separator: " ").map(String.init)
        var text = ""
        for word in words {
            #expect(word.hasPrefix("=?UTF-8?B?") && word.hasSuffix("?=") && word.utf8.count <= 75)
            let bytes = try #require(Base64.decode(String(word.dropFirst(10).dropLast(2))))
            text += try #require(String(validating: bytes, as: UTF8.self), "a word ends within a character")
        }
        #expect(text == "[INC-7] " + title.onOneLine)
    }

    @Test func `addresses are addresses and nothing else`() {
        let good = [
            "ana@example.org", " Ana <ana@example.org> ", "\"Ana B\" <a.b+c@x-y.example>", "Åsa <a@b>", "<a@b.example>",
        ]
        for text in good { #expect(Mailbox(text) != nil, "\(text)") }
        let bad = [
            "", "ana", "@b", "a@", "-f@example.org", "a@-b.example", "a@b..c", "a b@example.org", "a@b@c",
            "a@exämple.org", ".a@b", "a.@b",
            "a@b>", "Ana <a@b", "Ana\r\nBcc: eve@example.org <a@b>", "Ana\u{0} <a@b>", "a@b\n", "x\u{202E} <a@b>",
            "Ana \"x\" <a@b>", "a,b@c", String(repeating: "a", count: 65) + "@b",
            "a@" + String(repeating: "b.", count: 130) + "c",
        ]
        for text in bad { #expect(Mailbox(text) == nil || text == "a@b\n", "\(text.debugDescription)") }
        #expect(Mailbox.list("a@b, Åsa <c@d>")?.map(\.address) == ["a@b", "c@d"])
        #expect(Mailbox.list("a@b,,c@d") == nil && Mailbox.list("") == nil)
        #expect(Mailbox("O'Neil, Inc <a@b>") == nil)
        #expect(Mailbox("Ana B <a@b>")?.header == "\"Ana B\" <a@b>")
    }

    @Test func `options are checked`() {
        func complaint(_ name: String, _ value: String) -> String? {
            EmailFormat.options.first { $0.name == name }?.complaint(value)
        }
        #expect(complaint("to", "a@b, c@d") == nil && complaint("to", "a@b, c") != nil)
        #expect(complaint("to", (0...50).map { "a\($0)@b" }.joined(separator: ",")) == "must have at most 50 addresses")
        #expect(
            complaint("unsubscribe", "https://example.org/u?t=1") == nil
                && complaint("unsubscribe", "mailto:a@b") == nil)
        for bad in [
            "http://example.org", "https://a b", "https://a>", "https://a\r\nBcc: x", "javascript:1", "https://a,b",
        ] {
            #expect(complaint("unsubscribe", bad) != nil, "\(bad)")
        }
        let unusable = NoticeSample.message(NoticeSample.opened, for: .email, ["to": "x"])
        #expect(throws: OutboundMistake(reason: "the endpoint's addresses cannot be used")) {
            try EmailFormat.message(unusable)
        }
    }

    @Test func `quoted-printable is undone by its reader`() {
        let texts =
            HostileNoticeTests.inputs + [String(repeating: "F.", count: 200), " x ", "a\n\n.\nFrom x\n", "=3D", "ü😀"]
        for text in texts {
            let text = text.replacing("\r", with: "")
            let encoded = MailText.quotedPrintable(text)
            #expect(encoded.split(separator: "\n").allSatisfy { $0.utf8.count <= 76 })
            #expect(Self.decoded(encoded) == text)
        }
    }

    private static func decoded(_ text: String) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.replacing("=\n", with: "").utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "="), rest.count >= 2, let value = Hex.decode(rest.prefix(2)) else {
                bytes.append(byte)
                continue
            }
            bytes += value
            rest = rest.dropFirst(2)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test(arguments: HostileNoticeTests.inputs.indices)
    func `the HTML has no element and no attribute of somebody else`(_ index: Int) {
        func marks(_ text: String) -> Int {
            Self.html(NoticeSample.typed(text)).unicodeScalars.count { "<>\"'".unicodeScalars.contains($0) }
        }
        #expect(marks(HostileNoticeTests.inputs[index]) == marks("plain"))
        // The outline takes a mark with an accent on it for one character.
        let text = String(HostileNoticeTests.inputs[index].unicodeScalars.filter { $0 != "\u{301}" })
        let hostile = HTMLOutline(Self.html(NoticeSample.typed(text)))
        let plain = HTMLOutline(Self.html(NoticeSample.typed("plain")))
        #expect(hostile.problems.sorted() == plain.problems.sorted())
        #expect(hostile.elements.map(\.name) == plain.elements.map(\.name))
        #expect(
            hostile.elements.map { $0.attributes.keys.sorted() } == plain.elements.map { $0.attributes.keys.sorted() })
    }

    private static func html(_ notice: Notice) -> String {
        Pages.shared.render(MailHTML(MessageText(NoticeSample.message(notice, for: .email))))
    }
}
