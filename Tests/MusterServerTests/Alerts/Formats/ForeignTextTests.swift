import HTTPTypes
import IncidentDomain
import NIOCore
import Testing

@testable import MusterServer

/// What every format has in common: texts, times and forms of strangers.
struct ForeignTextTests {
    @Test func `a text is cut between characters of Unicode`() {
        for bytes in 0...12 {
            let cut = ForeignText.cut("aé😀b", bytes: bytes)
            #expect(cut.utf8.count <= bytes && "aé😀b".unicodeScalars.starts(with: cut.unicodeScalars))
        }
        #expect(ForeignText.cut("aé😀b", bytes: 7) == "aé😀" && ForeignText.cut("aé😀b", bytes: 6) == "aé")
    }

    @Test func `labels that routing reads are kept when there are too many`() {
        var labels = Dictionary(uniqueKeysWithValues: (0..<200).map { ("a\($0)", "v") })
        labels["service"] = "web"
        labels["severity"] = "high"
        let kept = ForeignText.bounded(labels, valueBytes: 10)
        #expect(kept.count == 64 && kept["service"] == "web" && kept["severity"] == "high")
    }

    @Test func `what is left out or cut is said on the alert`() {
        var labels = Dictionary(uniqueKeysWithValues: (10..<80).map { ("a\($0)", "v") })
        labels["alertname"] = String(repeating: "x", count: 1_001)
        let notes = ["long": String(repeating: "y", count: 5_000), "short": "z"]
        let cut = IncomingAlert.foreign(
            identity: "a", status: .firing, title: String(repeating: "t", count: 1_001), labels: labels,
            annotations: notes)
        let text = cut.annotations["cut_short"] ?? ""
        for part in ["7 of 71 labels dropped", "alertname to 1000 bytes", "long to 4000 bytes", "title shortened"] {
            #expect(text.contains(part), "\(text)")
        }
        #expect(cut.labels.count == 64 && cut.annotations["short"] == "z")
        let many = Dictionary(uniqueKeysWithValues: (10..<110).map { ("a\($0)", "v") })
        let crowded = IncomingAlert.foreign(identity: "a", status: .firing, annotations: many)
        #expect(crowded.annotations.count == 64)
        #expect(crowded.annotations["cut_short"]?.contains("36 of 100 annotations") == true)
        let fitting = IncomingAlert.foreign(identity: "a", status: .firing, labels: ["a": "b"], annotations: ["c": "d"])
        #expect(fitting.annotations == ["c": "d"])
    }

    @Test(
        arguments: [
            (1_790_000_000, "2026-09-21T14:13:20.000Z"), (1_790_000_000_123, "2026-09-21T14:13:20.123Z"),
            (1_790_000_000_123_456, "2026-09-21T14:13:20.123Z"),
            (1_790_000_000_123_456_789, "2026-09-21T14:13:20.123Z"),
            (1_790_000_000.5, "2026-09-21T14:13:20.500Z"), ("1790000000", "2026-09-21T14:13:20.000Z"),
            ("2026-09-21T14:13:20.123456789+02:00", "2026-09-21T12:13:20.123Z"),
            ("2026-09-21T14:13:20.678+0000", "2026-09-21T14:13:20.678Z"),
            ("2026/09/21 14:13:20 GMT", "2026-09-21T14:13:20.000Z"),
            ("2026-09-21 14:13:20 UTC", "2026-09-21T14:13:20.000Z"),
            ("2026-09-21T14:13:20", "2026-09-21T14:13:20.000Z"),
            ("2026-05-06T03:30-07", "2026-05-06T10:30:00.000Z"), ("2026-05-06T03:30:15+02", "2026-05-06T01:30:15.000Z"),
            ("2026-05-06T03:30:15.25-0330", "2026-05-06T07:00:15.250Z"),
            ("2026-05-06T03:30Z", "2026-05-06T03:30:00.000Z"),
            ("2026-05-06T03Z", "2026-05-06T03:00:00.000Z"), ("20260506T033015Z", "2026-05-06T03:30:15.000Z"),
            ("20260506T0330+02", "2026-05-06T01:30:00.000Z"), ("2026-05-06T24:00Z", "2026-05-07T00:00:00.000Z"),
            ("2026-05-06T23:59:60Z", "2026-05-06T23:59:59.000Z"), ("2026-05-06", "2026-05-06T00:00:00.000Z"),
            ("2026-W19-3T03:30Z", "2026-05-06T03:30:00.000Z"), ("2026W193T033015+0200", "2026-05-06T01:30:15.000Z"),
            ("2026-126T03:30:00Z", "2026-05-06T03:30:00.000Z"), ("2026126T0330Z", "2026-05-06T03:30:00.000Z"),
            ("2026-W53-7", "2027-01-03T00:00:00.000Z"), ("2026-W01-1", "2025-12-29T00:00:00.000Z"),
            (" 2026-05-06 03:30:15 +02:00\r", "2026-05-06T01:30:15.000Z"), ("2024-366", "2024-12-31T00:00:00.000Z"),
        ] as [(JSONValue, String)])
    func `a time is read in whatever way it is written`(value: JSONValue, expected: String) {
        #expect(ForeignTime.read(value)?.description == expected)
    }

    @Test(
        arguments: [
            nil, 0, -1, 5, 1e300, -1e300, 9_223_372_036_854_775_807, true, [], "", "0", "0001-01-01T00:00:00Z",
            "1970-01-01T00:00:00Z", "yesterday", "2026-13-01T00:00:00Z", "nan", "inf", "1e999", "infinity12",
        ] as [JSONValue])
    func `what is no time, or cannot be meant, is none`(value: JSONValue) {
        #expect(ForeignTime.read(value) == nil)
    }

    @Test(
        arguments: [
            "yesterday", "2026-13-01T00:00:00Z", "2026-366", "2026-W54-1", "2025-W53-1", "2026-W19-8", "2026-W19-0",
            "2026-W19",
            "2026-05-06T25:00Z",
            "2026-05-06T03:30:00+02:00:00", "2026-05-06T", "2026-02-30", "06.05.2026 03:30", "{EVENT.TIME}", 5, true,
            [], [:],
        ] as [JSONValue])
    func `what should be a time and is none is said in the alert`(value: JSONValue) throws {
        let moment = try #require(ForeignTime.moment(value))
        #expect(moment.timestamp == nil)
        let alert = IncomingAlert.foreign(identity: "a", status: .firing, startsAt: moment)
        #expect(alert.startsAt == nil && alert.annotations["unread_time"]?.contains(moment.unreadText ?? "?") == true)
    }

    @Test(arguments: [nil, 0, -1, "", "0", "0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "  "] as [JSONValue])
    func `what stands for no time yet is not worth a word`(value: JSONValue) {
        #expect(ForeignTime.moment(value) == nil)
    }

    @Test func `the first of several fields that can be read is the time`() throws {
        let fields = try ForeignFields(["a": "soon", "b": 0, "c": 1_790_000_000])
        #expect(fields.moment("a", "b", "c")?.timestamp == Timestamp(milliseconds: 1_790_000_000_000))
        #expect(fields.moment("b", "a")?.unreadText == "soon" && fields.moment("b") == nil && fields.moment("d") == nil)
    }

    @Test func `a time that cannot be read is said of more labels than are kept, too`() {
        let many = Dictionary(uniqueKeysWithValues: (0..<100).map { ("a\($0)", "v") })
        let alert = IncomingAlert.foreign(
            identity: "a", status: .firing, startsAt: .unread("soon"), annotations: many)
        #expect(alert.annotations.count == 64 && alert.annotations["unread_time"] != nil)
    }

    @Test(arguments: [
        "{HOST.NAME}", "{#FSNAME}", "{$MACRO}", "{{ .GroupKey }}", "{{issueId}}", "${id}", "$ALERT_ID", "$HOSTNAME$",
        "*UNKNOWN*", "*monitorURL*", " {EVENT.ID}",
    ])
    func `a variable that nobody filled in is one`(text: String) {
        #expect(ForeignText.isPlaceholder(ForeignText.trimmed(text)))
    }

    @Test(arguments: [
        "db1", "{}", "{}:{}", #"{alertname="Up"}"#, "{disk full}", "$5 a month", "$", "**", "*** disk ***", "{a}{b}x",
        "",
        "$alert", "{a} of {b}",
    ])
    func `what only looks like a variable is a name`(text: String) {
        #expect(!ForeignText.isPlaceholder(text))
    }

    @Test(arguments: [("a", "a"), (" a\r\n", "a"), ("\t", ""), ("", ""), (" a b ", "a b")])
    func `a text is trimmed at both ends`(text: String, trimmed: String) {
        #expect(ForeignText.trimmed(text) == trimmed)
    }

    @Test func `a form is read as its fields, and JSON that claims to be a form as JSON`() throws {
        let form: (String) throws -> ForeignFields = { text in
            try ForeignRequest(
                body: ByteBuffer(string: text),
                headers: [.contentType: "application/x-www-form-urlencoded; charset=utf-8"],
                receivedAt: .now()
            ).fields()
        }
        let fields = try form("a=1+2&b=%C3%A9&c&=x&a=3")
        #expect(fields.text("a") == "3" && fields.text("b") == "é" && fields.text("c") == nil)
        #expect(try form(#" {"a": 7}"#).text("a") == "7")
        #expect(throws: Problem.self) { try form("a=%C3") }
    }

    @Test func `an address that confirms a subscription has to be Amazon's`() throws {
        func url(_ url: String) throws -> String? {
            let body = #"{"Type":"SubscriptionConfirmation","SubscribeURL":"\#(url)"}"#
            return try CloudWatchFormat.read(ForeignRequest(body: ByteBuffer(string: body), receivedAt: .now()))
                .confirmationURL
        }
        let good = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=1"
        #expect(try url(good) == good)
        for bad in [
            "http://sns.eu-west-1.amazonaws.com/", "https://evil.example/", "https://amazonaws.com.evil.example/",
            "https://evil.example/?.amazonaws.com", "https://sns.amazonaws.com@evil.example/",
            "https://evilamazonaws.com/",
            "https://evil.example\\\\.amazonaws.com/", "https://evil.example#.amazonaws.com", "javascript:alert(1)", "",
        ] {
            #expect(throws: Problem.self) { try url(bad) }
        }
    }

    @Test func `an Opsgenie action works with and without a body`() throws {
        let bare = try OpsgenieFormat.readAction(
            .resolved, of: "alias", ForeignRequest(body: ByteBuffer(), receivedAt: .now()))
        #expect(bare.alerts[0].identity == "alias" && bare.alerts[0].status == .resolved)
        let body = ByteBuffer(string: #"{"user":"Ada","note":"Seen"}"#)
        let noted = try OpsgenieFormat.readAction(
            .acknowledged, of: "alias", ForeignRequest(body: body, receivedAt: .now())
        ).alerts[0]
        #expect(noted.actor == "Ada" && noted.annotations == ["note": "Seen"])
    }
}
