import Testing

@testable import IncidentDomain

struct DependencyGraphTests {
    @Test func `hard dependencies are those that the catalog has`() {
        let graph = WrittenCatalog("a: b ~c", "b: d", "c: x").graph
        #expect(graph.hardDependencies(of: "a") == ["b"])
        #expect(graph.hardDependencies(of: "b").isEmpty)
        #expect(graph.hardDependencies(of: "nobody").isEmpty)
    }
}
