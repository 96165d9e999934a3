import Testing

@testable import MusterServer

/// The `filter` of Alertmanager's lists.
struct AlertmanagerMatcherTests {
    @Test func `a filter that takes too long over all alerts is refused, and says so`() throws {
        let matcher = try AlertmanagerMatcher(#"team=~"(.?[a-z]{0,100}){12}.*""#)
        let labels = ["team": String(repeating: "x", count: 4000)]
        var operations = 3_000_000
        let isMatch = try matcher.matches(labels, operations: &operations)
        #expect(isMatch && operations < 3_000_000)
        let problem = #expect(throws: Problem.self) {
            for _ in 0..<20 { _ = try matcher.matches(labels, operations: &operations) }
        }
        #expect(problem?.kind == .invalidValue && problem?.detail.contains("takes too long to match") == true)
    }
}
