import HTTPTypes
import Testing

@testable import MusterServer

struct EntityTagTests {
    @Test(arguments: [
        ("\"7\"", IfMatch.versions([7])), ("W/\"7\"", .versions([7])), ("\"7\", \"8\"", .versions([7, 8])),
        ("  \"7\" ,W/\"8\",", .versions([7, 8])), ("*", .anyVersion), ("\"foreign\"", .versions([])),
        ("\"foreign\", \"3\"", .versions([3])), ("\"a,b\"", .versions([])),
    ])
    func `If-Match reads as a list of versions`(header: String, value: IfMatch) throws {
        #expect(try IfMatch(header: header) == value)
    }

    @Test(arguments: ["7", "", "\"7", "7\"", "\"7\" \"8\"", "w/\"7\"", "*, \"7\"", ",", "\"7\";"])
    func `what is no list of tags is refused`(header: String) {
        let problem = #expect(throws: Problem.self) { try IfMatch(header: header) }
        #expect(problem?.kind == .malformedRequest)
    }

    @Test func `a write goes on when it has seen the current version or does not ask`() throws {
        #expect(try IfMatch(header: nil) == .absent)
        #expect(IfMatch.absent.allows(3))
        #expect(IfMatch.anyVersion.allows(3))
        #expect(IfMatch.versions([2, 3]).allows(3))
        #expect(!IfMatch.versions([]).allows(3))
        let problem = #expect(throws: Problem.self) { try IfMatch.versions([2]).require(3) }
        #expect(problem?.kind == .versionMismatch)
        #expect(problem?.headers[.eTag] == "\"3\"")
    }
}
