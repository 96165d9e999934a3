import Testing

@testable import MusterServer

struct PageTests {
    private func page(_ query: String) throws -> Page {
        var reader = QueryReader(try RequestTarget("/x?\(query)").parameters())
        let page = reader.page(of: "things")
        try reader.finish()
        return page
    }

    @Test func `a page has fifty rows unless another number is asked for`() throws {
        #expect(try page("") == Page(limit: 50, cursor: nil))
        #expect(try page("limit=200").limit == 200)
    }

    @Test(arguments: [
        "limit=0", "limit=201", "limit=x", "limit=", "limit=1&limit=2", "cursor=", "cursor=!", "cursor=e30",
    ])
    func `a wrong page is refused`(query: String) {
        let problem = #expect(throws: Problem.self) { try page(query) }
        #expect(problem?.kind == .invalidValue)
        #expect(problem?.errors.first?.pointer == (query.hasPrefix("limit") ? "/limit" : "/cursor"))
    }

    @Test func `a cursor comes back as it was given out`() throws {
        let cursor = PageCursor(list: "things", key: [.integer(42), "x/ö", .integer(-1)])
        #expect(
            cursor.text.utf8.allSatisfy {
                $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "=")
            })
        let read = try #require(try page("cursor=\(cursor.text)").cursor)
        #expect(read == cursor)
        #expect(try read.integer(0) == 42)
        #expect(try read.string(1) == "x/ö")
        #expect(throws: Problem.self) { try read.integer(1) }
        #expect(throws: Problem.self) { try read.string(3) }
    }

    @Test func `a cursor of one list is none of another`() {
        let other = PageCursor(list: "others", key: [.integer(42)])
        #expect(throws: Problem.self) { try page("cursor=\(other.text)") }
    }

    @Test func `base64 for URLs undoes itself for every length and byte`() {
        for count in 0..<70 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 37) }
            #expect(Base64URL.decode(Base64URL.encode(bytes)) == bytes)
        }
        #expect(Base64URL.encode(Array("hello??>".utf8)) == "aGVsbG8_Pz4")
        #expect(Base64URL.decode("a") == nil)
        #expect(Base64URL.decode("a+b/") == nil)
    }
}
