import FoundationEssentials
import IncidentDomain
import NIOCore
import Testing

@testable import MusterServer

/// PagerDuty's Events API v2: what is taken, and what is refused with all of its mistakes.
struct PagerDutyFormatTests {
    private static func request(_ text: String) -> ForeignRequest {
        ForeignRequest(body: ByteBuffer(string: text), receivedAt: .now())
    }

    private static func read(_ text: String) throws(Problem) -> IncomingMessage {
        try PagerDutyFormat.read(request(text))
    }

    private static let payload = #""payload":{"summary":"S","source":"s","severity":"error"}"#

    @Test func `a trigger without a key gets one that nobody else has`() throws {
        let text = "{\"event_action\":\"trigger\",\(Self.payload)}"
        let identities = try (0..<2).map { _ in try Self.read(text).alerts[0].identity }
        #expect(identities.allSatisfy { UUID(uuidString: $0) != nil } && identities[0] != identities[1])
        #expect(
            try UUID(
                uuidString: Self.read(#"{"event_action":"trigger","dedup_key":"",\#(Self.payload)}"#).alerts[0].identity
            ) != nil)
    }

    @Test(arguments: [
        ("{}", ["/event_action"]), (#"{"event_action":"open"}"#, ["/event_action"]),
        (#"{"event_action":"trigger"}"#, ["/payload"]), (#"{"event_action":"trigger","payload":[]}"#, ["/payload"]),
        (#"{"event_action":"trigger","payload":{}}"#, ["/payload/summary", "/payload/source", "/payload/severity"]),
        (#"{"event_action":"resolve"}"#, ["/dedup_key"]),
        (#"{"event_action":"acknowledge","dedup_key":null}"#, ["/dedup_key"]),
    ])
    func `everything that is wrong is listed`(text: String, pointers: [String]) {
        let problem = #expect(throws: Problem.self) { try Self.read(text) }
        #expect(problem?.errors.map(\.pointer) == pointers)
    }

    @Test func `a key has at most 255 characters, of any alphabet`() throws {
        let key = String(repeating: "é", count: 255)
        #expect(try Self.read(#"{"event_action":"resolve","dedup_key":"\#(key)"}"#).alerts[0].identity == key)
        #expect(throws: Problem.self) { try Self.read(#"{"event_action":"resolve","dedup_key":"\#(key)x"}"#) }
    }

    @Test func `a summary that is too long is cut, and a severity that PagerDuty has not is kept`() throws {
        let summary = String(repeating: "s", count: 1100)
        let alert = try Self.read(
            #"{"event_action":"trigger","payload":{"summary":"\#(summary)","source":"s","severity":"page"}}"#
        ).alerts[0]
        #expect(alert.title.count == 1000 && alert.severity == "page" && alert.labels["severity"] == "page")
    }

    @Test func `details that are short are labels, the others annotations, and the payload's own fields win`() throws {
        let alert = try Self.read(
            """
            {"event_action":"trigger","dedup_key":"k","client":"cron","client_url":"https://c.example","links":[{"href":
            "https://l.example","text":"l"},{}],"payload":{"summary":"S","source":"db1","severity":"error","component":"pg",
            "class":"disk","custom_details":{"env":"prod","source":"other","free":1.5,"nested":{"a":[1,null]},
            "text":"two\\nlines","nothing":null}}}
            """
        ).alerts[0]
        #expect(
            alert.labels == [
                "env": "prod", "source": "db1", "free": "1.5", "severity": "error", "component": "pg", "class": "disk",
                "client": "cron",
            ])
        #expect(
            alert.annotations == [
                "nested": #"{"a":[1,null]}"#, "text": "two\nlines", "client_url": "https://c.example",
                "links": "https://l.example",
            ])
        #expect(alert.component == "pg" && alert.groupKey == "k")
    }

    @Test func `the time is that of the beginning, and of the end when it ends`() throws {
        func times(_ action: String) throws -> [Timestamp?] {
            let alert = try Self.read(
                """
                {"event_action":"\(action)","dedup_key":"k","payload":{"summary":"S","source":"s","severity":"error",
                "timestamp":"2026-01-02T03:04:05.678+0000"}}
                """
            ).alerts[0]
            return [alert.startsAt, alert.endsAt]
        }
        let time = Timestamp("2026-01-02T03:04:05.678Z")
        #expect(try times("trigger") == [time, nil] && times("resolve") == [nil, time])
        #expect(try times("acknowledge") == [nil, nil])
    }

    @Test func `a change is no alert`() throws {
        let message = try PagerDutyFormat.readChange(
            Self.request(
                """
                {"routing_key":"x","payload":{"summary":"Deployed 1.2","source":"ci","timestamp":"2026-01-02T03:04:05Z",
                "custom_details":{"service":"web","build":7}},"links":[{"href":"https://ci.example/7"}]}
                """))
        #expect(message.alerts.isEmpty)
        #expect(
            message.changes == [
                IncomingChange(
                    summary: "Deployed 1.2", source: "ci", component: "web", at: Timestamp("2026-01-02T03:04:05Z"),
                    labels: ["service": "web", "build": "7"], links: ["https://ci.example/7"])
            ])
        for text in ["{}", #"{"payload":{}}"#, #"{"payload":{"summary":" "}}"#, "[]"] {
            #expect(throws: Problem.self) { try PagerDutyFormat.readChange(Self.request(text)) }
        }
    }
}
