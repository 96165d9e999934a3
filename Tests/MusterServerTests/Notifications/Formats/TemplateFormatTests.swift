import FoundationEssentials
import Testing

@testable import MusterServer

/// Bodies that operators write themselves.
struct TemplateFormatTests {
    private static func body(_ template: String, _ type: String? = nil, _ notice: Notice = NoticeSample.opened) throws
        -> String
    {
        var options = ["template": template]
        options["media_type"] = type
        return String(decoding: try NoticeSample.request(notice, for: .template, options).body, as: UTF8.self)
    }

    private static func complaint(_ template: String) -> String? { TemplateFormat.options[0].complaint(template) }

    @Test func `all that the notice holds can be named`() throws {
        let text = try Self.body(
            "{{id}} {{type}} {{link}} {{kind}} {{incident.severity}} {{#incident}}{{title}} {{#down}}[{{component}}]{{/down}}{{/incident}} "
                + "{{#incident.eta}}never{{/incident.eta}}{{^incident.eta}}no time{{/incident.eta}} {{uppercased(kind)}} "
                + "{{count(incident.down)}} {{nothing}}",
            "text/plain")
        #expect(
            text == "ntf_42 muster.incident_opened https://muster.example/v1/incidents/7 incident_opened sev1 "
                + "Video is down [cdn][upload] no time INCIDENT_OPENED 2 ")
        #expect(try Self.body("{{text}}", "text/plain").hasPrefix("SEV1 · INC-7 · Video is down\nOpened by an alert"))
    }

    @Test func `each member that the documentation names is there`() throws {
        let page = try String(contentsOfFile: DescribedServer.root + "/docs/notifications.md", encoding: .utf8)
        let start = try #require(page.firstRange(of: "over the notice's JSON: `")).lowerBound
        let named =
            page[start...].prefix { $0 != "\n" } + page[start...].drop { $0 != "\n" }.dropFirst().prefix { $0 != "{" }
        let names = named.matches(of: /`([a-z_]+)`/).map { String($0.output.1) }
        let ofIncident = try #require(named.firstMatch(of: /\(([^)]*)\)/)).output.1.matches(of: /`([a-z_]+)`/)
            .map { String($0.output.1) }
        #expect(ofIncident.count >= 14 && names.count - ofIncident.count >= 13, "\(names)")
        var notice = NoticeSample.restored
        notice.incident?.down = [.init(slug: "cdn", impact: "degraded")]
        for name in names where !ofIncident.contains(name) || ["id", "title"].contains(name) {
            notice.path = name == "path" ? "/v1/incidents/7" : nil
            #expect(try !Self.body("{{\(name)}}", "text/plain", notice).isEmpty, "\(name)")
        }
        for name in ofIncident {
            let member = try Self.body("{{incident.\(name)}}", "text/plain", notice)
            let inSection = try Self.body("{{#incident}}{{\(name)}}{{/incident}}", "text/plain", notice)
            #expect(!member.isEmpty && member == inSection, "\(name)")
        }
        #expect(try Self.body("{{title}}", "text/plain") == "Video is down")
        #expect(try Self.body("{{title}}", "text/plain", NoticeSample.maintenance) == "Database upgrade")
    }

    @Test func `values are escaped as the media type asks`() throws {
        let notice = NoticeSample.notice("test", "a \"b\" <c> & d*\u{0}", nil)
        #expect(try Self.body(#"{"x":"{{sentence}}"}"#, nil, notice) == #"{"x":"a \"b\" <c> & d*\u0000"}"#)
        #expect(try Self.body("{{sentence}}", "text/html", notice) == "a &quot;b&quot; &lt;c&gt; &amp; d*")
        #expect(try Self.body("<x>{{sentence}}</x>", "application/atom+xml", notice).contains("&lt;c&gt;"))
        #expect(
            try Self.body("a={{sentence}}", "application/x-www-form-urlencoded", notice)
                == "a=a%20%22b%22%20%3Cc%3E%20%26%20d%2A%00")
        #expect(try Self.body("{{sentence}}", "text/plain", notice) == "a \"b\" <c> & d*")
        #expect(try Self.body("{{sentence}}", "text/markdown", notice) == #"a "b" \<c\> \& d\*"#)
        #expect(try Self.body(#"{"x":{{{data}}}}"#, "application/vnd.x+json", notice) == #"{"x":{"reason":"a test"}}"#)
    }

    @Test(arguments: HostileNoticeTests.all)
    func `what people typed cannot leave a text of JSON`(_ index: Int) throws {
        let text = HostileNoticeTests.texts[index]
        let json = try NoticeSample.json(
            NoticeSample.typed(text), for: .template,
            ["template": #"{"a":"{{incident.commander}}","b":"{{incident.title}}"}"#])
        #expect(json == .object(["a": .string(text), "b": .string(text)]))
    }

    @Test func `a template that makes no JSON says where`() {
        #expect(throws: OutboundMistake.self) { try Self.body("{\"x\": {{sentence}}}") }
        do {
            _ = try Self.body("{{sentence}}")
        } catch {
            #expect("\(error)".contains("the template makes no JSON"))
        }
    }

    @Test func `what a template may not be is said when it is stored`() {
        #expect(Self.complaint("{{#incident}}{{title}}{{/incident}}{{! a comment }}") == nil)
        #expect(Self.complaint("") == nil)
        for text in [
            "{{>page}}", "{{<page}}{{/page}}", "{{$x}}{{/x}}", "{{=<% %>=}}", "{{%CONTENT_TYPE:HTML}}", "{{>*x}}",
        ] {
            #expect(
                Self.complaint(text)?.contains("only variables, sections and comments are allowed") == true, "\(text)")
        }
        for text in ["{{#a}}", "{{/a}}", "{{title", "{{#a}}{{/b}}", "{{{a}}", "{{ü}}", "{{a b}}"] {
            #expect(Self.complaint(text)?.contains("is no mustache template") == true, "\(text)")
        }
        #expect(Self.complaint("a\n{{#x}}\n\n")?.contains("line 4") == true, "\(Self.complaint("a\n{{#x}}\n\n") ?? "")")
        #expect(Self.complaint(String(repeating: "x", count: 8000)) == nil)
        #expect(Self.complaint(String(repeating: "x", count: 8001)) == "must have at most 8000 bytes")
        let sections = { (count: Int) in
            String(repeating: "{{#a}}", count: count) + String(repeating: "{{/a}}", count: count)
        }
        #expect(Self.complaint(sections(50)) == nil)
        #expect(Self.complaint(sections(51)) == "must have at most 50 sections")
        #expect(Self.complaint("{{a(a(a(a(a(x)))))}}") == "has more than 4 functions in one tag")
        #expect(Self.complaint(String(repeating: "{ ", count: 400)) == nil)
        #expect(Self.complaint(String(repeating: "{ ", count: 401)) == "must have at most 400 opening braces")
    }

    @Test func `lists within lists end, and so does what they write`() throws {
        var notice = NoticeSample.opened
        notice.data = .object(["list": .array((0..<1000).map { .string("item \($0)") })])
        let nested =
            String(repeating: "{{#data.list}}", count: 20) + "x" + String(repeating: "{{/data.list}}", count: 20)
        let reason = "the template takes too much work: it goes through its lists more than 4194304 bytes' worth"
        #expect(throws: OutboundMistake(reason: reason)) { try Self.body(nested, "text/plain", notice) }
        let long = String(repeating: "{{#data.list}}{{sentence}}{{/data.list}}", count: 5)
        #expect(throws: OutboundMistake(reason: "the template makes more than 262144 bytes")) {
            try Self.body(long, "text/plain", notice)
        }
        #expect(throws: OutboundMistake.self) {
            try Self.body("{{#data.list}}\(String(repeating: "y", count: 8000)){{/data.list}}", "text/plain", notice)
        }
        #expect(try Self.body("{{#data.list}}{{.}},{{/data.list}}", "text/plain", notice).hasSuffix("item 999,"))
        #expect(
            try Self.body("{{#reversed(data.list)}}{{.}},{{/reversed(data.list)}}", "text/plain", notice).hasSuffix(
                "item 0,"))
        #expect(
            try Self.body("{{first(data.list)}} {{last(data.list)}} {{empty(data.list)}}", "text/plain", notice)
                == "item 0 item 999 false")
    }

    @Test func `whatever somebody writes as a template is refused or filled`() throws {
        let parts = [
            "{{", "}}", "{", "}", "{{{", "}}}", "#", "/", "^", "!", "&", ".", "(", ")", "incident", "down", "title",
            "data", "count", " ", "\n",
            "\r\n", "\t", "\u{301}", "é", "*", "{{#incident}}", "{{/incident}}", "{{#down}}", "{{/down}}", "{{.}}",
            "{{^eta}}", "{{/eta}}",
            "{{first()}}", "{{count(incident.down)}}", "{{.title}}", "{{incident..title}}", "{{*}}",
        ]
        var random: UInt64 = 7
        func next(_ bound: Int) -> Int {
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((random >> 33) % UInt64(bound))
        }
        var filled = 0
        for _ in 0..<1500 {
            let text = (0..<(1 + next(12))).map { _ in parts[next(parts.count)] }.joined()
            guard Self.complaint(text) == nil else { continue }
            filled += 1
            _ = try Self.body(text, "text/plain")
        }
        #expect(filled > 100)
    }

    @Test func `media types are known ones`() {
        let complaint = TemplateFormat.options[1].complaint
        for type in ["application/json", "text/plain", "application/cloudevents+json", "application/soap+xml"] {
            #expect(complaint(type) == nil, "\(type)")
        }
        for type in [
            "", "image/png", "application/octet-stream", "text/plain; charset=utf-8", "application/x\r\ny+json",
            "Text/Plain",
        ] {
            #expect(complaint(type) != nil, "\(type)")
        }
    }

    @Test func `it is signed`() throws {
        let request = try NoticeSample.request(NoticeSample.opened, for: .template)
        #expect(
            request.headers.map(\.name) == ["content-type", "webhook-id", "webhook-timestamp", "webhook-signature"])
    }
}
