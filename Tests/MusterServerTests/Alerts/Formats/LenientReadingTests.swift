import HTTPTypes
import IncidentDomain
import NIOCore
import Testing

@testable import MusterServer

/// What senders get wrong without meaning anything by it is read the same in every format.
struct LenientReadingTests {
    @Test(arguments: FormatStory.all)
    func `a byte-order mark in front of a message changes nothing`(story: FormatStory) throws {
        for step in story.steps {
            let plain = story.request(step.word)
            var marked = plain
            marked.body = ByteBuffer(bytes: [0xEF, 0xBB, 0xBF] + Array(plain.body.readableBytesView))
            let expected = try story.kind.format.read(plain).alerts
            let alerts = try story.kind.format.read(marked).alerts
            #expect(alerts.map(\.identity) == expected.map(\.identity))
            #expect(alerts.map(\.status) == expected.map(\.status))
        }
    }

    /// Cloud events and generic sources take any word for a state, so that no case of theirs could be wrong.
    @Test(arguments: FormatStory.all.filter { !["", "again"].contains($0.steps[0].word) })
    func `a state in other letters, or with white space around it, is the same state`(story: FormatStory) throws {
        for step in story.steps where Int(step.word) == nil && !step.word.contains("0") {
            // A truth value is no word.
            for word in [step.word.uppercased(), step.word.lowercased()] where !["TRUE", "FALSE"].contains(word) {
                let message = try story.kind.format.read(story.request(word))
                #expect(message.alerts.map(\.status) == [step.status].compactMap(\.self), "\(word)")
            }
        }
    }

    @Test func `a list that Go wrote without elements says nothing`() throws {
        for kind in [SourceKind.alertmanager, .grafana] {
            let request = ForeignRequest(body: ByteBuffer(string: #"{"alerts":null}"#), receivedAt: .now())
            #expect(try kind.format.read(request).saysNothing)
        }
    }

    /// Every format that reads a list.
    @Test(
        arguments: [
            (SourceKind.cloudevents, #"{"specversion":"1.0","id":"1","source":"/s","type":"t"}"#),
            (.thousandeyes, #"{"eventType":"ALERT_NOTIFICATION_TRIGGER","alert":{"alertId":1}}"#),
            (.updown, #"{"event":"check.down","check":{"token":"t"}}"#),
            (.riemann, #"{"host":"h","service":"s","state":"critical"}"#),
            (.prometheus, #"{"labels":{"a":"1"}}"#), (.generic, #"{"id":"1"}"#),
        ] as [(SourceKind, String)])
    func `one bad element of a list is named, and the others are read`(kind: SourceKind, element: String) throws {
        let request = ForeignRequest(body: ByteBuffer(string: "[{},\(element),7]"), receivedAt: .now())
        let message = try kind.format.read(request)
        #expect(message.alerts.count == 1)
        let refused = try #require(message.refused)
        let places = Set(refused.errors.map { $0.pointer.prefix(2) })
        #expect(places == ["/0", "/2"] && refused.rest == [[:], 7])
        // Kept and sent through again, it is as wrong as it was.
        let again = ForeignRequest(body: ByteBuffer(bytes: refused.rest.bytes), receivedAt: .now())
        #expect(throws: Problem.self) { try kind.format.read(again) }
    }

    @Test func `a time that cannot be read is said by every format that has one`() throws {
        for story in FormatStory.all {
            let text = story.body.replacing("STATE", with: story.steps[0].word)
            let spoilt = text.replacing(#/"2026-09-21[^"]*"|"?179\d{7,16}"?/#) { _ in "\"some day\"" }
            guard spoilt != text, !text.contains("\\\"") else { continue }
            let message = try story.kind.format.read(
                ForeignRequest(body: ByteBuffer(string: spoilt), headers: story.headers, receivedAt: FormatStory.now))
            #expect(
                message.alerts[0].annotations["unread_time"]?.contains("some day") == true, "\(story.testDescription)")
        }
    }

    @Test func `numbers that no machine word holds tell alerts apart`() throws {
        for id in ["18446744073709551615", "18446744073709551614", "0.10", "7.0"] {
            let texts = [
                (SourceKind.pingdom, #"{"check_id":\#(id),"check_name":"x","current_state":"DOWN"}"#),
                (.generic, #"{"id":\#(id),"labels":{"n":\#(id)},"status":1.0}"#),
                (.prometheus, #"[{"labels":{"n":\#(id)}}]"#),
            ]
            for (kind, text) in texts {
                let request = ForeignRequest(body: ByteBuffer(string: text), receivedAt: .now())
                let alert = try kind.format.read(request).alerts[0]
                #expect(alert.status == .firing && (alert.identity == id || kind == .prometheus))
                #expect(kind == .pingdom || alert.labels["n"] == id)
            }
        }
    }

    @Test func `a state that is a number is the same state with a fraction`() throws {
        for (word, status) in [
            ("1", IncomingAlert.Status.firing), ("1.0", .firing), ("2.0", .resolved), ("2e0", .resolved),
        ] {
            let text = #"{"monitorURL":"https://a","alertType":\#(word),"monitorFriendlyName":"a"}"#
            let request = ForeignRequest(body: ByteBuffer(string: text), receivedAt: .now())
            #expect(try SourceKind.uptimerobot.format.read(request).alerts.map(\.status) == [status], "\(word)")
        }
    }
}
