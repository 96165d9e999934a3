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
