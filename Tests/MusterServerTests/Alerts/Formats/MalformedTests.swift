import HTTPTypes
import NIOCore
import Testing

@testable import MusterServer

/// Whatever arrives, a format ends with a message that can be stored or with a problem: never with a trap.
struct MalformedTests {
    /// A good message, to be spoilt.
    struct Subject: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let kind: SourceKind
        let body: [UInt8]
        let headers: HTTPFields

        /// Nil when the body is a form.
        var document: JSONValue? { try? JSONParser.parse(body) }
    }

    private static let subjects: [Subject] =
        FormatStory.all.map { story in
            let word = story.steps.first?.word ?? ""
            return Subject(
                testDescription: story.testDescription, kind: story.kind,
                body: Array(story.body.replacing("STATE", with: word).utf8), headers: story.headers)
        }
        + AlertCorpus.entries.map {
            Subject(testDescription: $0.file, kind: $0.kind, body: $0.body, headers: $0.headers)
        }

    @Test(arguments: subjects)
    func `a body that is cut off or is not UTF-8 is a problem or a message`(subject: Subject) {
        for body in Malformation.cuts(of: subject.body, atMost: 150) + Malformation.notUTF8(subject.body) {
            Self.check(subject.kind, body, subject.headers)
        }
    }

    @Test(arguments: subjects)
    func `a value of another type, anywhere, is a problem or a message`(subject: Subject) {
        for document in subject.document.map(Malformation.replacements) ?? [] {
            Self.check(subject.kind, document.bytes, subject.headers)
        }
    }

    @Test(arguments: subjects)
    func `texts with NULs, lone surrogates and no end are a problem or a message`(subject: Subject) {
        guard let document = subject.document else { return }
        let long = String(repeating: "long ", count: 2500)
        let endless = "e" + String(repeating: "\u{301}", count: 5000)
        for change in [{ $0 + "\0" }, { "\0" + $0 }, { _ in "\0" }, { $0 + long }, { _ in endless }, { _ in "  " }]
            as [(String) -> String]
        {
            Self.check(subject.kind, Malformation.texts(of: document, change).bytes, subject.headers)
        }
        let text = String(decoding: document.bytes, as: UTF8.self)
        for surrogate in [#"\ud800"#, #"\udc00"#, #"\ud800\ud800"#, #"\ud83dx"#] {
            Self.check(subject.kind, text.replacing(#":""#, with: #":"\#(surrogate)"#), subject.headers)
        }
    }

    @Test(arguments: subjects)
    func `doubled names and deep nesting are a problem or a message`(subject: Subject) {
        guard let document = subject.document else { return }
        let text = String(decoding: document.bytes, as: UTF8.self)
        for member in document.object?.members ?? [] {
            for value in ["null", "1", "{}", "\"x\"", String(decoding: member.value.bytes, as: UTF8.self)] {
                let name = String(decoding: JSONValue.string(member.name).bytes, as: UTF8.self)
                Self.check(subject.kind, text.dropLast() + ",\(name):\(value)}", subject.headers)
            }
        }
        for depth in [40, 70, 100_000] {
            let (open, close) = (String(repeating: "[", count: depth), String(repeating: "]", count: depth))
            for text in [open + text + close, open, text.replacing(#":""#, with: #":\#(open)"#, maxReplacements: 1)] {
                Self.check(subject.kind, text, subject.headers)
            }
        }
    }

    @Test(arguments: SourceKind.allCases)
    func `a message of any other tool is a problem or a message`(kind: SourceKind) {
        for subject in Self.subjects where subject.kind != kind {
            Self.check(kind, subject.body, subject.headers)
        }
        for text in ["", "null", "[]", "{}", "[[]]", "[{}]", "1", "\"x\"", "x=1", "<xml/>", "{\"a\":1} x"] {
            Self.check(kind, text, [:])
            Self.check(kind, text, [.contentType: "application/x-www-form-urlencoded"])
        }
    }

    /// One kind for each way in which texts are read.
    @Test(arguments: [SourceKind.alertmanager, .cloudevents, .datadog, .generic, .pagerduty, .prometheus])
    func `a text of ten megabytes is cut`(kind: SourceKind) throws {
        let subject = try #require(Self.subjects.first { $0.kind == kind })
        var isFirst = true
        let marked = Malformation.texts(of: try #require(subject.document)) { text in
            defer { isFirst = false }
            return isFirst ? "HERE" : text
        }
        let text = String(decoding: marked.bytes, as: UTF8.self)
        let place = try #require(text.firstRange(of: "HERE"))
        let huge = Array(String(repeating: "ü", count: 5_000_000).utf8)
        Self.check(
            kind, Array(text[..<place.lowerBound].utf8) + huge + Array(text[place.upperBound...].utf8), subject.headers)
    }

    private static func check(_ kind: SourceKind, _ text: some StringProtocol, _ headers: HTTPFields) {
        check(kind, Array(text.utf8), headers)
    }

    /// Everything about an alert has to fit into its row.
    private static func check(_ kind: SourceKind, _ body: [UInt8], _ headers: HTTPFields) {
        let request = ForeignRequest(body: ByteBuffer(bytes: body), headers: headers, receivedAt: FormatStory.now)
        guard let message = try? kind.format.read(request) else { return }
        for alert in message.alerts {
            let keys = [alert.identity, alert.groupKey]
            #expect(keys.allSatisfy { !$0.isEmpty && $0.utf8.count <= 1000 })
            #expect(!alert.title.isEmpty && alert.title.utf8.count <= 1000)
            #expect([alert.component, alert.severity, alert.actor].allSatisfy { ($0?.utf8.count ?? 1) <= 200 })
            #expect(alert.labels.count <= 64 && alert.annotations.count <= 64)
            #expect(alert.labels.allSatisfy { $0.key.utf8.count <= 200 && $0.value.utf8.count <= 1000 })
            #expect(alert.annotations.allSatisfy { $0.key.utf8.count <= 200 && $0.value.utf8.count <= 4000 })
            #expect(alert.payload.kept.count <= AlertPayload.bytesMax)
            let texts =
                keys + [alert.title, alert.component, alert.severity, alert.actor].compactMap(\.self)
                + alert.labels.flatMap { [$0.key, $0.value] } + alert.annotations.flatMap { [$0.key, $0.value] }
            #expect(texts.allSatisfy { !$0.utf8.contains(0) })
        }
        #expect((message.resolvedGroup?.utf8.count ?? 0) <= 1000 && (message.confirmationURL?.utf8.count ?? 0) <= 4000)
    }
}

/// Ways in which a good document can go wrong.
enum Malformation {
    /// The bytes cut off at up to so many places.
    static func cuts(of bytes: [UInt8], atMost count: Int) -> [[UInt8]] {
        stride(from: 0, to: bytes.count, by: max(1, bytes.count / count)).map { Array(bytes[..<$0]) }
    }

    /// Bytes that are in no UTF-8 text, put in at some places.
    static func notUTF8(_ bytes: [UInt8]) -> [[UInt8]] {
        var spoilt: [[UInt8]] = []
        for wrong: [UInt8] in [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF0, 0x9F]] {
            for place in [0, 1, bytes.count / 3, bytes.count / 2, bytes.count] {
                spoilt.append(Array(bytes.prefix(place)) + wrong + Array(bytes.dropFirst(place)))
            }
        }
        return spoilt
    }

    /// What each value of a document is replaced with, one at a time.
    static let strangers: [JSONValue] = [
        nil, true, -1, 9_223_372_036_854_775_807, 1.5, "", "x", "\0", [], [nil], .object(JSONObject()), ["x": ["y": 1]],
    ]

    /// The document with each of its values replaced in turn, in every way.
    static func replacements(of document: JSONValue) -> [JSONValue] {
        places(in: document).flatMap { place in strangers.map { replacing(place[...], in: document, by: $0) } }
    }

    /// The document with every text changed.
    static func texts(of document: JSONValue, _ change: (String) -> String) -> JSONValue {
        switch document {
        case .string(let text): .string(change(text))
        case .array(let elements): .array(elements.map { texts(of: $0, change) })
        case .object(let object):
            .object(
                JSONObject(
                    object.members.map { .init(name: $0.name, value: texts(of: $0.value, change)) }))
        case .null, .bool, .integer, .number: document
        }
    }

    /// Every place of a document, as the positions that lead there.
    private static func places(in document: JSONValue) -> [[Int]] {
        let children = document.array ?? document.object?.members.map(\.value) ?? []
        return [[]] + children.enumerated().flatMap { index, child in places(in: child).map { [index] + $0 } }
    }

    private static func replacing(_ place: ArraySlice<Int>, in document: JSONValue, by stranger: JSONValue) -> JSONValue
    {
        guard let step = place.first else { return stranger }
        switch document {
        case .array(var elements):
            elements[step] = replacing(place.dropFirst(), in: elements[step], by: stranger)
            return .array(elements)
        case .object(let object):
            var members = object.members
            members[step] = .init(
                name: members[step].name, value: replacing(place.dropFirst(), in: members[step].value, by: stranger))
            return .object(JSONObject(members))
        case .null, .bool, .integer, .number, .string: return document
        }
    }
}
