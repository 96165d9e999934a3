import FoundationEssentials
import IncidentDomain
import Testing

@testable import MusterServer

struct BodyReaderTests {
    private func reader(_ text: String) throws -> BodyReader {
        try BodyReader(JSONParser.parse(text.utf8))
    }

    /// The errors that reading the document finds.
    private func errors(_ text: String, _ read: (inout BodyReader) -> Void) throws -> [FieldError] {
        var body = try reader(text)
        read(&body)
        do {
            try body.finish()
            return []
        } catch {
            #expect(error.kind == .invalidValue)
            return error.errors
        }
    }

    @Test func `a right document reads as it is`() throws {
        var body = try reader(
            """
            {"title": "  Login fails ", "severity": "sev2", "count": 3, "whole": 2.0, "share": 0.5, "yes": true,
             "at": "2026-01-31t10:30:00.5+01:00", "id": "A0B1C2D3-0000-4000-8000-00000000000F",
             "regions": ["eu", " us "], "labels": {"team": "edge"}, "text": " kept ",
             "cause": {"category": "attack"}, "items": [{"name": "a"}, {"name": "b"}], "any": {"x": [1]}, "none": null}
            """)
        let title = body.string("title", 1...200)
        #expect(title == "Login fails")
        let severity = body.enumeration("severity", of: Severity.self)
        #expect(severity == .sev2)
        let count = body.integer("count", 0...10)
        #expect(count == 3)
        let whole = body.optionalInteger("whole", 0...10)
        #expect(whole == 2)
        let share = body.optionalNumber("share", 0...1)
        #expect(share == 0.5)
        let yes = body.bool("yes")
        #expect(yes)
        let at = body.time("at")
        #expect(at == Timestamp("2026-01-31T09:30:00.500Z"))
        let id = body.optionalUUID("id")
        #expect(id == UUID(uuidString: "a0b1c2d3-0000-4000-8000-00000000000f"))
        let regions = body.optionalStrings("regions", max: 5, 1...10)
        #expect(regions == ["eu", "us"])
        let labels = body.optionalLabels("labels")
        #expect(labels == ["team": "edge"])
        let text = body.string("text", 1...10, trims: false)
        #expect(text == " kept ")
        let cause = body.object("cause") { $0.string("category", 1...20) }
        #expect(cause == "attack")
        let items = body.array("items", max: 5) { $0.string("name", 1...5) }
        #expect(items == ["a", "b"])
        let any = body.optionalJSON("any")
        #expect(any == ["x": [1]])
        let none = body.optionalString("none", 1...5)
        #expect(none == nil)
        let absent = body.optionalString("absent", 1...5)
        #expect(absent == nil)
        let hasNull = body.has("none")
        #expect(hasNull)
        let hasAbsent = body.has("absent")
        #expect(!hasAbsent)
        try body.finish()
    }

    @Test func `every mistake is told at once, each at its place`() throws {
        let found = try errors(
            """
            {"title": "", "count": "3", "extra": 1, "a/b~c": 2, "cause": {"category": 1, "more": 2},
             "items": [{"name": "a"}, 7, {"name": "", "x": 1}], "regions": ["eu", 5], "labels": {"k": 1}}
            """
        ) { body in
            _ = body.string("title", 1...200)
            _ = body.string("text", 1...200)
            _ = body.integer("count", 0...10)
            _ = body.object("cause") { $0.string("category", 1...20) }
            _ = body.array("items", max: 5) { $0.string("name", 1...5) }
            _ = body.optionalStrings("regions", max: 5, 1...10)
            _ = body.optionalLabels("labels")
        }
        let fields = "cause, count, items, labels, regions, text, title"
        #expect(
            found.map { "\($0.pointer) \($0.detail)" } == [
                "/title must not be empty", "/text is required", "/count should be a whole number and is a string",
                "/cause/category should be a string and is a number",
                "/cause/more is not a field here; there are: category",
                "/items/1 should be an object and is a number", "/items/2/name must not be empty",
                "/items/2/x is not a field here; there are: name", "/regions/1 should be a string and is a number",
                "/labels/k should be a string and is a number", "/extra is not a field here; there are: \(fields)",
                "/a~1b~0c is not a field here; there are: \(fields)",
            ])
    }

    @Test(arguments: [
        (#"{"a": "\u0000"}"#, "has the character U+0000, which cannot be stored"),
        (#"{"a": "   "}"#, "must not be empty"), (#"{"a": null}"#, "must not be null"), ("{}", "is required"),
        (#"{"a": "abcdef"}"#, "must have at most 5 characters and has 6"),
        (#"{"a": []}"#, "should be a string and is an array"),
    ])
    func `a text is held to its rules`(text: String, detail: String) throws {
        #expect(try errors(text) { _ = $0.string("a", 1...5) } == [FieldError(pointer: "/a", detail: detail)])
    }

    @Test func `characters are counted and not bytes`() throws {
        #expect(try errors(#"{"a": "äöü😀€"}"#) { _ = $0.string("a", 1...5) } == [])
        #expect(
            try errors(#"{"a": "ab"}"#) { _ = $0.string("a", 3...5) }.first?.detail == "must have at least 3 characters"
        )
    }

    @Test(arguments: [
        ("11", "must be from 0 to 10"), ("-1", "must be from 0 to 10"), ("1.5", "should be a whole number"),
        ("1e30", "should be a whole number"), ("true", "should be a whole number and is a boolean"),
    ])
    func `a number is held to its range`(value: String, detail: String) throws {
        #expect(try errors(#"{"a": \#(value)}"#) { _ = $0.integer("a", 0...10) }.map(\.detail) == [detail])
    }

    @Test func `a time before 1970 is refused`() throws {
        for text in ["0000-01-01T00:00:00Z", "1969-12-31T23:59:59Z"] {
            #expect(try errors(#"{"t": "\#(text)"}"#) { _ = $0.time("t") }.map(\.detail) == ["must be 1970 or later"])
        }
        #expect(try errors(#"{"t": "1970-01-01T00:00:00Z"}"#) { _ = $0.time("t") }.isEmpty)
    }

    @Test func `a choice is taken in upper and lower case`() throws {
        for text in ["sev1", "SEV1", "Sev1"] {
            var severity: Severity?
            let found = try errors(#"{"s": "\#(text)"}"#) { severity = $0.optionalEnumeration("s") }
            #expect(found.isEmpty && severity == .sev1, "\(text)")
        }
    }

    @Test func `times, choices and truth values are held to their forms`() throws {
        let found = try errors(#"{"t": "yesterday", "u": 5, "s": "sev9", "b": "yes", "i": "x", "n": 2}"#) { body in
            _ = body.time("t")
            _ = body.optionalTime("u")
            _ = body.optionalEnumeration("s", of: Severity.self)
            _ = body.bool("b")
            _ = body.optionalUUID("i")
            _ = body.optionalNumber("n", 0...1)
        }
        #expect(
            found.map(\.detail) == [
                "should be an RFC 3339 time such as 2026-01-31T10:30:00Z",
                "should be a time such as 2026-01-31T10:30:00Z and is a number",
                "must be one of: sev1, sev2, sev3, sev4",
                "should be true or false and is a string", "should be a UUID", "must be between 0.0 and 1.0",
            ])
    }

    @Test func `lists and labels are bounded`() throws {
        let found = try errors(#"{"l": [1,2,3], "m": {"a":"","b":"","c":""}, "n": {"": "x"}, "o": 3}"#) { body in
            _ = body.optionalStrings("l", max: 2, 1...5)
            _ = body.optionalLabels("m", max: 2)
            _ = body.optionalLabels("n", max: 2)
            _ = body.optionalArray("o", max: 2) { _ in 0 }
        }
        #expect(
            found.map { "\($0.pointer) \($0.detail)" } == [
                "/l has 3 elements; at most 2 are allowed", "/m has 3 members; at most 2 are allowed",
                "/n/ its name must not be empty", "/o should be an array and is a number",
            ])
    }

    @Test func `a body that is no object is refused`() throws {
        let problem = #expect(throws: Problem.self) { try reader("[1]") }
        #expect(problem?.errors == [FieldError(pointer: "", detail: "should be an object and is an array")])
    }

    @Test func `the caller's own rules join the others`() throws {
        let found = try errors("{}") { $0.refuse("a", "must be later than b") }
        #expect(found == [FieldError(pointer: "/a", detail: "must be later than b")])
    }
}
