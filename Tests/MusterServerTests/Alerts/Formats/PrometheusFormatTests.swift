import IncidentDomain
import NIOCore
import Testing

@testable import MusterServer

/// What Prometheus and amtool post to an Alertmanager.
struct PrometheusFormatTests {
    private static let now = Timestamp(milliseconds: 1_790_000_000_000)

    private static func read(_ text: String) throws(Problem) -> [IncomingAlert] {
        try PrometheusFormat.read(ForeignRequest(body: ByteBuffer(string: text), receivedAt: now)).alerts
    }

    @Test func `an end ahead is an expiry, an end behind is an end, and without one it holds for five minutes`() throws
    {
        let alerts = try Self.read(
            """
            [{"labels":{"a":"1"},"endsAt":"\(Self.now.adding(seconds: 240))"},
            {"labels":{"a":"2"},"endsAt":"\(Self.now.adding(seconds: -1))"}, {"labels":{"a":"3"}},
            {"labels":{"a":"4"},"startsAt":"0001-01-01T00:00:00.000Z","endsAt":"0001-01-01T00:00:00.000Z"}]
            """)
        #expect(alerts.map(\.status) == [.firing, .resolved, .firing, .firing])
        let five = Self.now.adding(seconds: 300)
        #expect(alerts.map(\.expiresAt) == [Self.now.adding(seconds: 240), nil, five, five])
        #expect(alerts.map(\.endsAt) == [nil, Self.now.adding(seconds: -1), nil, nil])
        #expect(alerts[3].startsAt == nil)
    }

    @Test func `the labels are the identity, and empty ones are none`() throws {
        let alerts = try Self.read(
            """
            [{"labels":{"alertname":"DiskFull","env":"prod","instance":"db1","scenario":"plain","severity":"critical",
            "empty":""},"annotations":{"summary":"s"},"generatorURL":"http://p.example"}]
            """)
        #expect(alerts[0].identity == "cac1ab3d9c738250" && alerts[0].groupKey == #"alertname="DiskFull""#)
        #expect(alerts[0].title == "DiskFull" && alerts[0].severity == "critical")
        #expect(alerts[0].annotations == ["summary": "s", "generatorURL": "http://p.example"])
    }

    @Test func `what nobody has grouped belongs together by name and place`() throws {
        let alerts = try Self.read(
            """
            [{"labels":{"alertname":"A","service":"s","instance":"1"}},{"labels":{"alertname":"A","service":"s","instance":"2"}},
            {"labels":{"alertname":"A","service":"t"}},{"labels":{"instance":"1"}},{"labels":{"instance":"2"}}]
            """)
        #expect(alerts[0].groupKey == alerts[1].groupKey)
        #expect(Set(alerts.map(\.groupKey)).count == 4)
    }

    @Test func `more labels than are kept still tell alerts apart`() throws {
        let labels = (0..<100).map { #""l\#($0)":"v""# }.joined(separator: ",")
        let alerts = try Self.read(#"[{"labels":{\#(labels),"zz":"1"}},{"labels":{\#(labels),"zz":"2"}}]"#)
        #expect(alerts[0].identity != alerts[1].identity && alerts[0].labels.count == 64)
    }

    @Test func `alerts without labels are named, and do not keep out the others`() throws {
        let message = try PrometheusFormat.read(
            ForeignRequest(
                body: ByteBuffer(string: #"[{"labels":{"a":1}},{},{"labels":{"a":""}},7,{"labels":{"a":{}}}]"#),
                receivedAt: Self.now))
        #expect(message.alerts.map(\.labels) == [["a": "1"]])
        #expect(
            message.refused?.errors.map(\.pointer) == ["/1/labels", "/2/labels", "/3/labels", "/4/labels/a"])
        #expect(message.refused?.rest.array?.count == 4)
        let problem = #expect(throws: Problem.self) { try Self.read("[{},7]") }
        #expect(problem?.errors.map(\.pointer) == ["/0/labels", "/1/labels"])
        #expect(throws: Problem.self) { try Self.read("{}") }
    }

    @Test(arguments: ["[]", "null", "\u{FEFF}[]"]) func `no alerts are a message that says nothing`(text: String) throws
    {
        #expect(try Self.read(text).isEmpty)
    }

    @Test func `an end that cannot be read holds for five minutes, and the alert says so`() throws {
        let alert = try Self.read(#"[{"labels":{"a":"1"},"endsAt":"tomorrow"}]"#)[0]
        #expect(alert.status == .firing && alert.expiresAt == Self.now.adding(seconds: 300))
        #expect(alert.annotations["unread_time"]?.contains("tomorrow") == true)
    }
}
