import Testing

@testable import MusterServer

struct RequestTargetTests {
    @Test(
        arguments: [
            ("/", []), ("/v1/incidents/INC-1", ["v1", "incidents", "INC-1"]), ("/a%2Fb/c%20d", ["a/b", "c d"]),
            ("/a+b", ["a+b"]),
            ("/%C3%A9", ["é"]), ("/é", ["é"]), ("/a/", ["a"]), ("//a//b/", ["a", "b"]), ("/a?b/c", ["a"]),
            ("http://host:80/a/b?c", ["a", "b"]), ("http://host", []),
        ] as [(String, [String])])
    func `a path is taken apart before it is decoded`(text: String, segments: [String]) throws {
        #expect(try RequestTarget(text).segments == segments)
    }

    @Test(arguments: [
        "/%", "/%2", "/%zz", "/%+1", "/%ff", "/%C3", "/%00", "/a%00b", "/\0", "/%c0%80",
    ])
    func `a path that cannot be decoded is refused`(text: String) {
        let problem = #expect(throws: Problem.self) { try RequestTarget(text) }
        #expect(problem?.kind == .malformedRequest)
    }

    @Test(arguments: ["*", "", "?a", "muster:443"])
    func `what is no path names nothing`(text: String) {
        let problem = #expect(throws: Problem.self) { try RequestTarget(text) }
        #expect(problem?.kind == .notFound)
    }

    @Test func `a query is names and values in their order`() throws {
        let target = try RequestTarget("/x?a=1&b=%26+c&&d&=e&a=2=3")
        #expect(
            try target.parameters() == [
                QueryParameter(name: "a", value: "1"), QueryParameter(name: "b", value: "& c"),
                QueryParameter(name: "d", value: ""), QueryParameter(name: "", value: "e"),
                QueryParameter(name: "a", value: "2=3"),
            ])
    }

    @Test(arguments: ["/x?a=%", "/x?a=%00", "/x?%ff=1", "/x?a=%ed%a0%80"])
    func `a query that cannot be decoded is refused`(text: String) throws {
        let target = try RequestTarget(text)
        #expect(throws: Problem.self) { try target.parameters() }
    }

    @Test(arguments: [("abc-._~019", "abc-._~019"), ("a b/c?d=é%", "a%20b%2Fc%3Fd%3D%C3%A9%25"), ("", "")])
    func `encoding and decoding undo each other`(text: String, encoded: String) throws {
        #expect(PercentEncoding.encode(text) == encoded)
        #expect(try PercentEncoding.decode(Substring(encoded).utf8) == text)
    }
}
