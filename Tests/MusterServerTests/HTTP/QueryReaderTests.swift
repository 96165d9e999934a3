import IncidentDomain
import Testing

@testable import MusterServer

struct QueryReaderTests {
    private func reader(_ query: String) throws -> QueryReader {
        QueryReader(try RequestTarget("/x?\(query)").parameters())
    }

    @Test func `parameters read as their kinds`() throws {
        var query = try reader("q=+two+words&n=7&open=true&at=2026-01-31T10:30:00Z&phase=assess&label=a%3Db&label=c")
        let text = query.string("q")
        #expect(text == "two words")
        let number = query.integer("n", 0...10)
        #expect(number == 7)
        let open = query.bool("open")
        #expect(open == true)
        let at = query.time("at")
        #expect(at == Timestamp("2026-01-31T10:30:00Z"))
        let phase = query.enumeration("phase", of: Phase.self)
        #expect(phase == .assess)
        let label = query.strings("label")
        #expect(label == ["a=b", "c"])
        let absent = query.string("absent")
        #expect(absent == nil)
        try query.finish()
    }

    @Test func `several values stand with commas between, and each counts once`() throws {
        var query = try reader("phase=assess,Detect,assess&slug=a,+b+&fields=number,title")
        let phases = query.enumerations("phase", of: Phase.self)
        #expect(phases == [.assess, .detect])
        let slugs = query.words("slug")
        #expect(slugs == ["a", "b"])
        let absent = query.words("absent")
        #expect(absent == [])
        try query.finish()
        var chosen = QueryReader(
            try RequestTarget("/x?fields=number,title").parameters(), fields: ["number", "title", "x"])
        let page = chosen.page(of: "things")
        try chosen.finish()
        #expect(page.fields == ["number", "title"])
    }

    @Test func `each wrong value is told, with what is near`() throws {
        var query = QueryReader(
            try RequestTarget("/x?phase=asess,later&slug=a,,b&fields=titel&n=\(String(repeating: "a,", count: 100))a")
                .parameters(), fields: ["number", "title"])
        _ = query.enumerations("phase", of: Phase.self)
        _ = query.words("slug")
        _ = query.words("n")
        _ = query.page(of: "things")
        let problem = #expect(throws: Problem.self) { try query.finish() }
        #expect(problem?.errors.map(\.pointer) == ["/phase", "/phase", "/slug", "/n", "/fields"])
        #expect(problem?.errors.first?.detail.hasSuffix(". Did you mean assess?") == true)
        #expect(problem?.errors[3].detail == "names 101 values; at most 100 are allowed")
        #expect(
            problem?.errors.last?.detail
                == "titel is not a field of this list; there are: number, title. Did you mean title?")
    }

    @Test func `every wrong parameter is told`() throws {
        var query = try reader("q=&n=x&open=yes&at=now&phase=later&phase=x&label=")
        _ = query.string("q")
        _ = query.integer("n", 0...10)
        _ = query.bool("open")
        _ = query.time("at")
        _ = query.enumeration("phase", of: Phase.self)
        _ = query.strings("label")
        let problem = #expect(throws: Problem.self) { try query.finish() }
        #expect(problem?.errors.map(\.pointer) == ["/q", "/n", "/open", "/at", "/phase", "/label"])
        #expect(problem?.errors[4].detail == "appears 2 times; send it once")
    }
}
