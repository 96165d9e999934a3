import HTTPTypes
import IncidentDomain
import NIOCore
import Testing

@testable import MusterServer

/// The three ways in which CloudEvents come over HTTP.
struct CloudEventsFormatTests {
    private static func read(_ body: String, _ headers: [String: String] = [:]) throws(Problem) -> [IncomingAlert] {
        var fields = HTTPFields()
        for (name, value) in headers {
            if let name = HTTPField.Name(name) { fields.append(HTTPField(name: name, value: value)) }
        }
        return try CloudEventsFormat.read(
            ForeignRequest(body: ByteBuffer(string: body), headers: fields, receivedAt: .now())
        ).alerts
    }

    private static let attributes = [
        "ce-id": "1", "ce-source": "/s", "ce-type": "com.example.check.failed", "ce-specversion": "1.0",
    ]

    @Test func `binary attributes are decoded, whatever the content claims to be`() throws {
        for type in ["application/json", "application/x-www-form-urlencoded", "text/plain", nil] {
            var headers = Self.attributes
            headers["ce-subject"] = "disk%20%C3%A9"
            headers["ce-team"] = "\"a b\""
            headers["content-type"] = type
            let alert = try Self.read(#"{"title":"Full","state":"open"}"#, headers)[0]
            #expect(alert.identity == "/s|1" && alert.title == "Full" && alert.status == .firing)
            #expect(alert.labels["subject"] == "disk é" && alert.labels["team"] == "a b")
        }
    }

    @Test func `an event without data is titled by its type and subject`() throws {
        let headers = Self.attributes.merging(["ce-subject": "100% full%"]) { $1 }
        let alert = try Self.read("", headers)[0]
        #expect(alert.title == "com.example.check.failed 100% full%" && alert.status == .firing)
        #expect(
            try Self.read("plain words", headers.merging(["content-type": "text/plain"]) { $1 })[0].title
                == "plain words")
    }

    @Test func `an attribute that is not UTF-8 is refused`() {
        #expect(throws: Problem.self) {
            try Self.read("{}", Self.attributes.merging(["ce-subject": "%C3%28"]) { $1 })
        }
    }

    @Test(arguments: ["id", "source", "type", "specversion"])
    func `a required attribute that is missing is named`(name: String) {
        let binary = #expect(throws: Problem.self) {
            try Self.read("{}", Self.attributes.filter { $0.key != "ce-\(name)" })
        }
        #expect(binary?.errors.map(\.pointer) == ["/\(name)"])
        let members = Self.attributes.filter { $0.key != "ce-\(name)" }.map {
            "\"\($0.key.dropFirst(3))\":\"\($0.value)\""
        }
        let batch = #expect(throws: Problem.self) {
            try Self.read(
                "[{\(members.joined(separator: ","))}]", ["content-type": "application/cloudevents-batch+json"])
        }
        #expect(batch?.errors.map(\.pointer) == ["/0/\(name)"])
    }

    @Test func `a batch is each of its events, and an empty one is none`() throws {
        let event = { (id: Int, type: String) in
            #"{"specversion":"1.0","id":"\#(id)","source":"/s","type":"\#(type)","time":"2026-09-21T10:00:00+00:00"}"#
        }
        let alerts = try Self.read(
            "[\(event(1, "a.failed")),\(event(2, "a.resolved")),\(event(3, "a.acknowledged"))]",
            ["content-type": "application/cloudevents-batch+json; charset=utf-8"])
        #expect(alerts.map(\.identity) == ["/s|1", "/s|2", "/s|3"])
        #expect(alerts.map(\.status) == [.firing, .resolved, .acknowledged])
        let time = Timestamp("2026-09-21T10:00:00Z")
        #expect(alerts[0].startsAt == time && alerts[1].endsAt == time && alerts[1].startsAt == nil)
        #expect(try Self.read("[]", ["content-type": "application/cloudevents-batch+json"]).isEmpty)
    }

    @Test func `a repeat is the same alert, and a key in the data lets another event end it`() throws {
        let event = { (id: Int, state: String) in
            """
            {"specversion":"1.0","id":"\(id)","source":"/s","type":"t","data":{"fingerprint":"f","status":"\(state)"}}
            """
        }
        let firing = try Self.read(event(1, "firing"))
        #expect(try Self.read(event(1, "firing")) == firing)
        let over = try Self.read(event(2, "resolved"))
        #expect(over[0].identity == firing[0].identity && over[0].status == .resolved)
    }

    /// An event in structured mode with these members.
    private static func structured(_ members: String) throws(Problem) -> IncomingAlert {
        try read(
            #"{"specversion":"1.0","id":"1","source":"/s","type":"com.example.check",\#(members)}"#,
            ["content-type": "application/cloudevents+json"])[0]
    }

    @Test(arguments: [
        #""data":{"state":"resolved","title":"Full"}"#,
        // {"state":"resolved","title":"Full"}
        #""data_base64":"eyJzdGF0ZSI6InJlc29sdmVkIiwidGl0bGUiOiJGdWxsIn0=""#,
        #""datacontenttype":"application/vnd.x+json; charset=utf-8","data_base64":"eyJzdGF0ZSI6InJlc29sdmVkIiwidGl0bGUiOiJGdWxsIn0=""#,
        #""data":"{\"state\":\"resolved\",\"title\":\"Full\"}""#,
        #""datacontenttype":"application/json","data":" {\"state\":\"resolved\",\"title\":\"Full\"}""#,
        #""datacontenttype":"text/json","data":"\ufeff{\"state\":\"resolved\",\"title\":\"Full\"}","data_base64":null"#,
    ])
    func `data is unpacked where its media type says JSON`(members: String) throws {
        let alert = try Self.structured(members)
        #expect(alert.status == .resolved && alert.title == "Full")
    }

    @Test(arguments: [
        #""data_base64":"AAECAw==""#, #""data_base64":"not base 64""#, #""data_base64":7"#,
        #""datacontenttype":"application/xml","data":"<state>resolved</state>""#,
        #""datacontenttype":"application/protobuf","data_base64":"eyJzdGF0ZSI6InJlc29sdmVkIn0=""#,
        #""data":"{\"state\":\"resolv""#, #""data":{},"data_base64":"e30=""#,
    ])
    func `data that cannot be looked into is a problem and no guess`(members: String) {
        #expect(throws: Problem.self) { try Self.structured(members) }
    }

    @Test func `a plain text is a text`() throws {
        #expect(try Self.structured(#""data":"Disk full""#).title == "Disk full")
        #expect(try Self.structured(#""datacontenttype":"text/plain","data":"{no JSON}""#).title == "{no JSON}")
        // "Disk full"
        #expect(
            try Self.structured(#""datacontenttype":"text/plain","data_base64":"RGlzayBmdWxs""#).title == "Disk full")
    }

    @Test(arguments: ["application/octet-stream", "application/xml", nil] as [String?])
    func `binary mode does not guess what bytes say either`(type: String?) {
        var headers = Self.attributes
        headers["content-type"] = type
        #expect(throws: Problem.self) { try Self.read("\u{1}bytes", headers) }
    }
}
