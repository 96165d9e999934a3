import FoundationEssentials
import IncidentDomain
import NIOCore
import Testing

@testable import MusterServer

/// Reading Alertmanager's webhook, and everything that only looks like it.
struct AlertmanagerFormatTests {
    private static func read(_ text: String) throws(Problem) -> IncomingMessage {
        try AlertmanagerFormat.read(ForeignRequest(body: ByteBuffer(string: text), receivedAt: .now()))
    }

    private static func read(_ fixture: URL) throws -> IncomingMessage {
        try AlertmanagerFormat.read(
            ForeignRequest(body: ByteBuffer(bytes: Data(contentsOf: fixture)), receivedAt: .now()))
    }

    private static func fixture(_ name: String) -> URL {
        URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/\(name).json")
    }

    @Test func `a group of three is three alerts with their own identities and one group`() throws {
        let message = try Self.read(Self.fixture("alertmanager-group"))
        #expect(message.alerts.map(\.identity) == ["cac1ab3d9c738250", "33922d76a63af44e", "07259a86f06c0f71"])
        #expect(message.alerts.allSatisfy { $0.status == .firing && $0.endsAt == nil })
        #expect(Set(message.alerts.map(\.groupKey)) == ["{}/{team=\"video\"}:{alertname=\"HighErrorRate\"}"])
        #expect(message.alerts.map(\.component) == ["playback", "cdn", nil])
        #expect(
            message.alerts[0].title == "HighErrorRate"
                && message.alerts[0].annotations["summary"] == "Playback errors above 5 % – ünïcode ✓"
                && message.alerts[0].severity == "critical")
        #expect(message.alerts[2].title == "HighErrorRate")
        #expect(message.alerts[0].startsAt == Timestamp("2026-11-22T19:18:49.208Z") && message.resolvedGroup == nil)
    }

    @Test func `a partial resolve is judged by each alert, not by the message`() throws {
        let message = try Self.read(Self.fixture("alertmanager-partial"))
        #expect(message.alerts.map(\.status) == [.firing, .resolved] && message.resolvedGroup == nil)
        #expect(message.alerts[1].endsAt == Timestamp("2026-11-22T19:20:04.222Z"))
    }

    @Test func `a message cut short ends its whole group only when all of it is over`() throws {
        #expect(try Self.read(Self.fixture("alertmanager-cut-firing")).resolvedGroup == nil)
        let over = try Self.read(Self.fixture("alertmanager-cut-resolved"))
        #expect(over.resolvedGroup == over.alerts[0].groupKey && over.alerts.count == 1)
    }

    @Test func `a missing or empty fingerprint is computed as Prometheus does`() throws {
        // The labels and fingerprint of a real message.
        let labels = #"{"alertname":"DiskFull","env":"prod","instance":"db1","scenario":"plain","severity":"critical"}"#
        for fingerprint in ["", #""fingerprint":"","#] {
            let message = try Self.read(#"{"alerts":[{\#(fingerprint)"status":"firing","labels":\#(labels)}]}"#)
            #expect(message.alerts[0].identity == "cac1ab3d9c738250")
            #expect(message.alerts[0].groupKey == "cac1ab3d9c738250")
        }
    }

    @Test func `Go's zero time is no time`() throws {
        let message = try Self.read(
            """
            {"alerts":[{"status":"firing","fingerprint":"a","startsAt":"0001-01-01T00:00:00Z",
            "endsAt":"0001-01-01T00:00:00Z"}]}
            """)
        #expect(message.alerts[0].startsAt == nil && message.alerts[0].endsAt == nil)
    }

    @Test func `the component is the label component, else service, and an empty label is none`() throws {
        func component(_ labels: String) throws -> String? {
            try Self.read(#"{"alerts":[{"status":"firing","fingerprint":"a","labels":\#(labels)}]}"#).alerts[0]
                .component
        }
        #expect(try component(#"{"component":"cdn","service":"edge"}"#) == "cdn")
        #expect(try component(#"{"service":"edge"}"#) == "edge")
        #expect(try component(#"{"component":"","service":"edge"}"#) == "edge")
        #expect(try component(#"{"component":""}"#) == nil)
        #expect(try component("{}") == nil)
    }

    @Test(arguments: [
        #"{ "status": "firing",  "labels": {"alertname": "A"}, "value": 1.50 }"#,
        #"{ "alerts":  [{"status": "firing", "labels": {"alertname": "A"}, "value": 1.50 }] }"#,
    ]) func `a message about one alert is kept as it came`(text: String) throws {
        #expect(try Self.read(text).alerts[0].payload.kept == Array(text.utf8))
    }

    @Test(arguments: ["[]", "null"])
    func `no alerts at all is a message that says nothing`(none: String) throws {
        #expect(try Self.read(#"{"alerts":\#(none),"status":"resolved","groupKey":"g"}"#).saysNothing)
    }

    @Test func `numbers and truth values in labels are their texts, so that alerts stay apart`() throws {
        let message = try Self.read(
            #"""
            {"alerts":[{"status":"firing","labels":{"alertname":"A","port":8080,"live":true,"load":1.5,"none":null}},
            {"status":"firing","labels":{"alertname":"A","port":8081,"live":true,"load":1.5}}]}
            """#)
        #expect(message.alerts[0].labels == ["alertname": "A", "port": "8080", "live": "true", "load": "1.5"])
        #expect(message.alerts[0].identity == LabelFingerprint.of(message.alerts[0].labels))
        #expect(message.alerts[0].identity != message.alerts[1].identity)
    }

    @Test(arguments: ["firing", "FIRING", " Firing\\r"]) func `a state is read in any case`(word: String) throws {
        let message = try Self.read(#"{"alerts":[{"status":"\#(word)","fingerprint":"a"}]}"#)
        #expect(message.alerts.map(\.status) == [.firing])
    }

    @Test func `a rule whose data source gives nothing is called by its name, and the data source is named`() throws {
        for name in ["DatasourceNoData", "DatasourceError"] {
            let message = try Self.read(
                """
                {"alerts":[{"status":"firing","fingerprint":"a","labels":{"alertname":"\(name)","rulename":"Disk full",
                "datasource_uid":"P18F","ref_id":"A"}}]}
                """)
            #expect(message.alerts[0].title == "Disk full: \(name) (data source P18F)")
        }
        let plain = try Self.read(#"{"alerts":[{"status":"firing","labels":{"alertname":"DatasourceNoData"}}]}"#)
        #expect(plain.alerts[0].title == "DatasourceNoData")
    }

    @Test func `one bad alert of many is named by its index, and the others are read`() throws {
        let text = """
            {"groupKey":"g","status":"resolved","truncatedAlerts":3,"alerts":[{"status":"firing","fingerprint":"a"},
            {"status":"firing","labels":{"alertname":"B","path":["x"]}},{"status":"resolved","fingerprint":"c"},
            {"status":"burning","fingerprint":"d"}]}
            """
        let message = try Self.read(text)
        #expect(message.alerts.map(\.identity) == ["a", "c"])
        let refused = try #require(message.refused)
        #expect(refused.errors.map(\.pointer) == ["/alerts/1/labels/path", "/alerts/3/status"])
        #expect(refused.rest["alerts"]?.array?.count == 2 && refused.rest["groupKey"] == "g")
        // What is kept must not end the group when it is read once more.
        #expect(message.resolvedGroup == "g" && refused.rest["truncatedAlerts"] == nil)
    }

    @Test func `NUL is shown as unknown, since no database stores it`() throws {
        let message = try Self.read(
            #"""
            {"groupKey":"g\u0000","alerts":[{"status":"firing","fingerprint":"a\u0000b","labels":{"component":"c\u0000",
            "n\u0000":"v\u0000"},"annotations":{"summary":"s\u0000"}}]}
            """#)
        let alert = message.alerts[0]
        let texts =
            [alert.identity, alert.groupKey, alert.title, alert.component ?? ""] + alert.labels.keys
            + alert.labels.values
        #expect(texts.allSatisfy { !$0.utf8.contains(0) } && alert.identity == "a\u{FFFD}b")
    }

    @Test func `a title of one endless letter is cut, too`() throws {
        let endless = "e" + String(repeating: "\u{301}", count: 50_000)
        let alert = try Self.read(
            """
            {"alerts":[{"status":"firing","fingerprint":"a","labels":{"component":"\(endless)","severity":"\(endless)"},
            "annotations":{"summary":"\(endless)"}}]}
            """
        ).alerts[0]
        #expect(alert.title.utf8.count <= 1000 && (alert.component?.utf8.count ?? 0) <= 1000)
        #expect((alert.severity?.utf8.count ?? 0) <= 1000)
    }

    @Test func `a key too long for an index becomes its digest`() throws {
        let long = String(repeating: "k", count: 5000)
        let alert = try Self.read(
            #"{"groupKey":"\#(long)","alerts":[{"status":"firing","fingerprint":"\#(long)x"}]}"#
        ).alerts[0]
        #expect(alert.identity.hasPrefix("sha256:") && alert.identity.count == 71 && alert.groupKey != alert.identity)
    }

    @Test(arguments: [
        "", "null", "[]", "{", "{\"alerts\":", "{\"alerts\":{}}", "{\"alerts\":[1]}",
        "{\"alerts\":[[]]}",
        "{\"alerts\":[{}]}", "{\"alerts\":[{\"status\":1}]}", "{\"alerts\":[{\"status\":\"burning\"}]}",
        "{\"alerts\":[{\"status\":\"firing\"}]}", "{\"alerts\":[{\"status\":\"firing\",\"labels\":{}}]}",
        "{\"alerts\":[{\"status\":\"firing\",\"labels\":{\"a\":[1]}}]}", "\u{1}", "{\"alerts\":[]} x", "<alerts/>",
    ])
    func `what is no such message is a problem`(text: String) {
        let problem = #expect(throws: Problem.self) { try Self.read(text) }
        #expect(problem.map { [.notJSON, .invalidValue].contains($0.kind) } == true)
    }

    @Test func `nesting without end, broken UTF-8 and lone surrogates end in no trap`() {
        let deep = String(repeating: "[", count: 100_000)
        #expect(throws: Problem.self) { try Self.read(deep) }
        #expect(throws: Problem.self) { try Self.read("{\"alerts\":[{\"status\":\"firing\",\"labels\":\(deep)") }
        #expect(throws: Problem.self) {
            try AlertmanagerFormat.read(
                ForeignRequest(
                    body: ByteBuffer(bytes: Array("{\"alerts\":[],\"x\":\"".utf8) + [0xFF, 0xC0, 0x22, 0x7D]),
                    receivedAt: .now()))
        }
        for surrogate in [#"\ud800"#, #"\udc00"#, #"\ud800\ud800"#, #"\ud800x"#] {
            let message = try? Self.read(#"{"alerts":[{"status":"firing","fingerprint":"\#(surrogate)"}]}"#)
            #expect(message?.alerts.allSatisfy { !$0.identity.isEmpty } ?? true)
        }
    }

    @Test func `fields of any other type are passed over or refused, never trapped on`() {
        let strange = ["null", "1", "-1e999", "9223372036854775808", "\"x\"", "[]", "{}", "true", "1e400", "\"\""]
        for value in strange {
            for field in ["groupKey", "status", "truncatedAlerts", "commonLabels"] {
                _ = try? Self.read(#"{"\#(field)":\#(value),"alerts":[{"status":"firing","fingerprint":"a"}]}"#)
            }
            for field in ["labels", "annotations", "startsAt", "endsAt", "fingerprint", "status", "generatorURL"] {
                _ = try? Self.read(#"{"alerts":[{"status":"firing","fingerprint":"a","\#(field)":\#(value)}]}"#)
            }
        }
    }

    /// What a real Alertmanager sent; the corpus is not part of the repository.
    private static let corpus: [URL] = {
        let folder = (0..<6).reduce(URL(filePath: #filePath)) { url, _ in url.deletingLastPathComponent() }
            .appending(path: "shared/corpus/alerts")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.filter { $0.hasPrefix("am-") }.sorted().map { folder.appending(path: $0) }
    }()

    @Test(.enabled(if: !corpus.isEmpty, "the corpus lies beside some checkouts only"), arguments: corpus)
    func `what a real Alertmanager sent is read`(file: URL) throws {
        let message = try Self.read(file)
        #expect(!message.alerts.isEmpty)
        for alert in message.alerts {
            #expect(alert.identity == LabelFingerprint.of(alert.labels) && alert.startsAt != nil)
            #expect((alert.endsAt != nil) == (alert.status == .resolved))
        }
        let isCut = file.lastPathComponent.contains("trunc-resolved")
        #expect((message.resolvedGroup != nil) == isCut)
    }
}
