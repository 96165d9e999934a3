import IncidentDomain
import NIOCore
import Testing

@testable import MusterServer

/// A source's own JSON becomes alerts as its mapping says.
struct PayloadMappingTests {
    private static func mapping(_ text: String) throws -> PayloadMapping {
        try PayloadMapping(JSONParser.parse(text.utf8), at: "/mapping")
    }

    private static func read(_ mapping: String, _ payload: String) throws -> IncomingMessage {
        try Self.mapping(mapping).read(ForeignRequest(body: ByteBuffer(string: payload), receivedAt: .now()))
    }

    private static let whole = """
        {"items": "/events", "identity": {"join": ["/host", "/check/id"], "separator": "#"},
        "title": {"pointers": ["/headline", "/check/name"], "default": "A check failed"},
        "status": {"pointer": "/state", "values": {"fine": "resolved", "seen": "acknowledged", "paused": "ignore", "*": "firing"}},
        "component": {"constant": "database"}, "severity": "/level", "group": "/host", "starts_at": "/since",
        "ends_at": "/until", "actor": "/who", "labels": {"region": "/where/0", "rank": "/level"}, "annotations": "/more"}
        """

    @Test func `one long text in a hundred places of a mapping takes no longer than what is kept of it`() throws {
        let join = "{\"join\": [\(Array(repeating: "\"/big\"", count: 20).joined(separator: ","))]}"
        let fields = (0..<64).map { "\"l\($0)\": \($0.isMultiple(of: 2) ? join : "\"/big\"")" }.joined(separator: ",")
        let items = (0..<30).map { #"{"id": "\#($0)", "big": "\#(String(repeating: "b", count: 100_000))"}"# }
        let clock = ContinuousClock()
        var message: IncomingMessage?
        let took = try clock.measure {
            message = try Self.read(
                #"{"items": "/i", "identity": "/id", "labels": {\#(fields)}, "annotations": {\#(fields)}}"#,
                #"{"i": [\#(items.joined(separator: ","))]}"#)
        }
        let alert = try #require(message?.alerts.first)
        #expect(message?.alerts.count == 30 && alert.labels["l0"]?.utf8.count == ForeignText.labelBytesMax)
        #expect(alert.annotations[ForeignText.cutShort] != nil)
        #expect(took < .seconds(20), "\(took)")
    }

    @Test func `every field is found by its rule`() throws {
        let message = try Self.read(
            Self.whole,
            """
            {"events": [
              {"host": "a", "check": {"id": 7, "name": "disk"}, "state": "broken", "level": 3, "since": 1790000000,
               "where": ["eu"], "more": {"note": "x", "deep": {}, "n": 1.5}},
              {"host": "b", "check": {"id": 8}, "state": "FINE", "until": "2026-09-21T10:00:00Z"},
              {"host": "c", "check": {"id": 9}, "state": "seen", "who": "Ada"},
              {"host": "d", "check": {"id": 9}, "state": "paused"}]}
            """)
        #expect(message.alerts.map(\.identity) == ["a#7", "b#8", "c#9"])
        #expect(message.alerts.map(\.status) == [.firing, .resolved, .acknowledged])
        let (first, second) = (message.alerts[0], message.alerts[1])
        #expect(first.title == "disk" && second.title == "A check failed")
        #expect(first.component == "database" && first.severity == "3" && first.groupKey == "a")
        #expect(first.startsAt == Timestamp(milliseconds: 1_790_000_000_000))
        #expect(second.endsAt == Timestamp("2026-09-21T10:00:00Z") && message.alerts[2].actor == "Ada")
        #expect(first.labels == ["region": "eu", "rank": "3"] && first.annotations == ["note": "x", "n": "1.5"])
    }

    @Test func `a mapping is the same after it was written and read`() throws {
        let mapping = try Self.mapping(Self.whole)
        #expect(try PayloadMapping(mapping.json) == mapping)
        #expect(try PayloadMapping(JSONParser.parse(mapping.json.bytes)).json == mapping.json)
        #expect(try PayloadMapping(GenericFormat.mapping.json) == GenericFormat.mapping)
    }

    @Test func `every mistake in a mapping is named by its place`() throws {
        let problem = #expect(throws: Problem.self) {
            try Self.mapping(
                """
                {"items": "no pointer", "title": {"pointers": []}, "status": {"pointer": "/s", "values": {"a": "burning"},
                "default": "resolved"}, "severity": {}, "component": {"constant": 1}, "group": {"join": ["/a", "b"]},
                "labels": {"a": 1, "": "/x"}, "annotations": 1, "colour": "/c", "actor": {"pointer": "/a", "separator": "x"},
                "starts_at": {"pointer": "/a", "format": "unix"}}
                """)
        }
        #expect(
            Set(problem?.errors.map(\.pointer) ?? []) == [
                "/mapping/items", "/mapping/title/pointers", "/mapping/status/values/a", "/mapping/severity",
                "/mapping/component/constant", "/mapping/group/join/1", "/mapping/labels/a", "/mapping/labels/",
                "/mapping/annotations", "/mapping/colour", "/mapping/actor/separator", "/mapping/starts_at/format",
                "/mapping/identity",
            ])
    }

    @Test(arguments: ["null", "1", "[]", "\"/x\"", "{}"])
    func `what is no mapping is refused`(text: String) {
        #expect(throws: Problem.self) { try Self.mapping(text) }
    }

    @Test func `a mapping has limits`() {
        let deep = String(repeating: "/a", count: JSONPointer.stepsMax + 1)
        let long = "/" + String(repeating: "a", count: JSONPointer.bytesMax)
        let many = (0...PayloadMapping.textsMax).map { "\"l\($0)\": \"/a\"" }.joined(separator: ",")
        let table = (0...200).map { "\"v\($0)\": \"firing\"" }.joined(separator: ",")
        for rest in [
            "\"title\": \"\(deep)\"", "\"title\": \"\(long)\"", "\"labels\": {\(many)}",
            "\"status\": {\"pointer\": \"/s\", \"values\": {\(table)}}",
            "\"title\": {\"constant\": \"\(String(repeating: "x", count: 1001))\"}",
        ] {
            #expect(throws: Problem.self) { try Self.mapping("{\"identity\": \"/id\", \(rest)}") }
        }
    }

    @Test func `a payload has at most a thousand alerts`() throws {
        let one = #"{"id": 1}"#
        let list = { (count: Int) in "[\(Array(repeating: one, count: count).joined(separator: ","))]" }
        #expect(try Self.read(#"{"identity": "/id"}"#, list(1000)).alerts.count == 1000)
        #expect(throws: Problem.self) { try Self.read(#"{"identity": "/id"}"#, list(1001)) }
    }

    @Test(arguments: [
        ("{}", ""), (#"{"events": [{"id": 1, "state": "odd"}]}"#, "/events/0"),
        (#"{"events": [{"id": null, "state": "ok"}, {"state": "ok"}]}"#, "/events/0"),
        (#"{"events": 7}"#, "/events"), (#"{"events": [{"id": 1}]}"#, "/events/0"), (#"{"events": [3]}"#, "/events/0"),
    ])
    func `a payload that the mapping does not fit is a problem that names the element`(
        payload: String, pointer: String
    ) throws {
        let problem = #expect(throws: Problem.self) {
            try Self.read(#"{"items": "/events", "identity": "/id", "status": "/state"}"#, payload)
        }
        #expect(problem?.errors.first?.pointer == pointer || pointer.isEmpty)
    }

    @Test func `one bad element of many is named by its index, and kept in its place`() throws {
        let message = try Self.read(
            #"{"items": "/a/events", "identity": "/id", "status": "/state"}"#,
            #"{"a": {"n": 1, "events": [{"id": 1, "state": "ok"}, {"state": "ok"}, {"id": 3, "state": "odd"}]}}"#)
        #expect(message.alerts.map(\.identity) == ["1"])
        #expect(message.refused?.errors.map(\.pointer) == ["/a/events/1", "/a/events/2"])
        #expect(message.refused?.rest == ["a": ["n": 1, "events": [["state": "ok"], ["id": 3, "state": "odd"]]]])
        #expect(try Self.read(#"{"items": "/e", "identity": "/id"}"#, #"{"e": null}"#).saysNothing)
    }

    @Test(arguments: [
        #"{"id": {"a": {"b": 1}}, "title": "x"}"#, #"{"id": {"a": []}}"#, #"{"id": {}}"#, #"{"id": ["x"]}"#,
        #"{"id": ""}"#,
        #"{"id": "  "}"#, #"{"id": null}"#, "{}", #"{"id": "{HOST.NAME}"}"#, #"{"id": "{{ .Id }}"}"#,
        #"{"id": "$ALERT_ID"}"#,
    ])
    func `an identity that would be empty, an object or a variable is refused, whatever else is there`(payload: String)
    {
        for rule in [#""/id""#, #"{"join": ["/id", "/id"]}"#, #"{"pointers": ["/id", "/none"]}"#] {
            let problem = #expect(throws: Problem.self) { try Self.read("{\"identity\": \(rule)}", payload) }
            #expect(problem?.kind == .invalidValue)
        }
    }

    @Test func `without a mapping, an object where the id should be is not passed over`() {
        #expect(throws: Problem.self) {
            try GenericFormat.read(
                ForeignRequest(body: ByteBuffer(string: #"{"id": {"x": [1]}, "title": "t"}"#), receivedAt: .now()))
        }
    }

    @Test func `a set of labels can be the identity, with numbers in it`() throws {
        let read = { (port: Int) in
            try Self.read(#"{"identity": "/labels"}"#, #"{"labels": {"job": "a", "port": \#(port)}}"#).alerts[0]
                .identity
        }
        #expect(try read(1) != read(2))
        #expect(try read(1) == LabelFingerprint.of(["job": "a", "port": "1"]))
    }

    @Test func `a set of labels can be the identity`() throws {
        let message = try Self.read(#"{"identity": "/labels"}"#, #"{"labels": {"alertname": "Up", "job": "a"}}"#)
        #expect(message.alerts[0].identity == LabelFingerprint.of(["alertname": "Up", "job": "a"]))
    }

    @Test func `a pointer finds what RFC 6901 says, and nothing else is one`() throws {
        let document = try JSONParser.parse(#"{"a/b": {"m~n": [10, 20]}, "": 1, "0": 2}"#.utf8)
        for (text, expected) in [("/a~1b/m~0n/1", 20), ("/", 1), ("/0", 2)] as [(String, JSONValue)] {
            #expect(JSONPointer(text)?.value(in: document) == expected)
        }
        #expect(JSONPointer("")?.value(in: document) == document)
        for text in ["/a~1b/m~0n/2", "/a~1b/m~0n/01", "/a~1b/m~0n/-", "/a~1b/m~0n/+1", "/x", "/0/0"] {
            #expect(JSONPointer(text) != nil && JSONPointer(text)?.value(in: document) == nil)
        }
        for text in ["a", "/~", "/~2", "/a~", "#/a", "/a\0"] { #expect(JSONPointer(text) == nil) }
    }

    @Test func `spoilt payloads under a mapping end in a problem or in alerts`() throws {
        let mapping = try Self.mapping(Self.whole)
        let payload = try JSONParser.parse(
            #"{"events": [{"host": "a", "check": {"id": 7}, "state": "x", "where": ["eu"], "more": {"n": 1}}]}"#.utf8)
        for spoilt in Malformation.replacements(of: payload) {
            let request = ForeignRequest(body: ByteBuffer(bytes: spoilt.bytes), receivedAt: .now())
            let alerts = (try? mapping.read(request))?.alerts ?? []
            #expect(alerts.allSatisfy { !$0.identity.isEmpty && !$0.identity.utf8.contains(0) })
        }
    }

    @Test func `spoilt mappings are refused or read`() throws {
        for spoilt in Malformation.replacements(of: try Self.mapping(Self.whole).json) {
            if let mapping = try? PayloadMapping(spoilt) { #expect(try PayloadMapping(mapping.json) == mapping) }
        }
    }
}
