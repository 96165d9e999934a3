import Testing

@testable import IncidentDomain

struct DependencyPathTests {
    private func path(_ from: String, _ to: String, _ graph: DependencyGraph) -> String? {
        DependencyPath.find(from: from, to: to, in: graph).map { path in
            path.edges.reduce(path.from) { $0 + ($1.kind == .hard ? " -> " : " ~> ") + $1.component }
        }
    }

    private let catalog = WrittenCatalog(
        "feed: gateway ~db models", "gateway: auth", "auth: db", "models: ~db", "db:", "island: ghost")

    @Test func `a longer path of hard dependencies goes before a shorter one with a soft dependency`() {
        let graph = catalog.graph
        #expect(path("feed", "db", graph) == "feed -> gateway -> auth -> db")
        #expect(DependencyPath.find(from: "feed", to: "db", in: graph)?.kind == .hard)
    }

    @Test func `without a hard path it is the shortest of all`() {
        let graph = catalog.graph
        #expect(path("models", "db", graph) == "models ~> db")
        #expect(DependencyPath.find(from: "models", to: "db", in: graph)?.kind == .soft)
    }

    @Test func `there is none the other way, to itself, or over what the catalog does not have`() {
        let graph = catalog.graph
        #expect(path("db", "feed", graph) == nil)
        #expect(path("db", "db", graph) == nil)
        #expect(path("island", "ghost", graph) == nil)
        #expect(path("nobody", "db", graph) == nil && path("db", "nobody", graph) == nil)
    }

    @Test func `of equal ones it is the same every time`() {
        for _ in 0..<20 {
            let graph = WrittenCatalog("a: c b", "b: d", "c: d", "d:").graph
            #expect(path("a", "d", graph) == "a -> b -> d")
        }
    }
}
