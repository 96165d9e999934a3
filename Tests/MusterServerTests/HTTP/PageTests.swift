import HTTPTypes
import IncidentDomain
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

    /// Serves numbered things of so many bytes, as every list does.
    private static func things(_ count: Int, bytes: Int) -> Route {
        Route(.get, "/things", role: .viewer, "listThings", query: ["limit", "cursor"]) { request in
            var query = try request.query()
            let page = query.page(of: "things")
            try query.finish()
            let first = try page.cursor?.integer(0) ?? 0
            let found = Array((first + 1)..<max(first + 2, count + 1)).prefix(page.limit + 1)
            return Answer.page(
                found, page, of: request, cursor: { PageCursor(list: "things", key: [.integer($0)]) }
            ) { json, item in
                json.object { json in
                    json.member("number", item)
                    json.member("text", String(repeating: "x", count: bytes))
                }
            }
        }
    }

    /// The pages of a list, by following `next_cursor` and nothing else.
    private func pages(of site: TestSite, limit: Int) async throws -> [(numbers: [Int], bytes: Int)] {
        var pages: [(numbers: [Int], bytes: Int)] = []
        var cursor = ""
        repeat {
            let reply = try await site.ask("GET", "/things?limit=\(limit)\(cursor)", as: .viewer)
            guard case .object(let body) = try JSONParser.parse(Array(reply.body.utf8)),
                case .array(let items)? = body["items"]
            else { return pages }
            let numbers = items.compactMap { item -> Int? in
                if case .object(let item) = item { item["number"]?.integer } else { nil }
            }
            pages.append((numbers, reply.body.utf8.count))
            cursor = body["next_cursor"]?.string.map { "&cursor=\($0)" } ?? ""
        } while !cursor.isEmpty && pages.count < 100
        return pages
    }

    @Test func `a page ends where it is large, and the next one goes on there`() async throws {
        try await TestSite.with([Self.things(20, bytes: 1_000_000)]) { site async throws in
            let pages = try await pages(of: site, limit: 200)
            #expect(pages.flatMap(\.numbers) == Array(1...20))
            #expect(pages.allSatisfy { $0.bytes < Page.bytesMax + 1_100_000 } && pages.count == 4)
        }
        try await TestSite.with([Self.things(3, bytes: 5_000_000)]) { site async throws in
            #expect(try await pages(of: site, limit: 200).map(\.numbers) == [[1], [2], [3]])
        }
        try await TestSite.with([Self.things(10, bytes: 10)]) { site async throws in
            #expect(try await pages(of: site, limit: 4).map(\.numbers) == [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10]])
            #expect(try await pages(of: site, limit: 5).map(\.numbers) == [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10]])
        }
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
