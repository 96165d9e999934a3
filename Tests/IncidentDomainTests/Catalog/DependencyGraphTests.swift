import Testing

@testable import IncidentDomain

struct DependencyGraphTests {
    @Test func `hard dependencies are those that the catalog has`() {
        let graph = WrittenCatalog("a: b ~c", "b: d", "c: x").graph
        #expect(graph.hardDependencies(of: "a") == ["b"])
        #expect(graph.hardDependencies(of: "b").isEmpty)
        #expect(graph.hardDependencies(of: "nobody").isEmpty)
    }

    // MARK: What a plan is made from

    @Test func `tiers are inherited along hard dependencies, and along soft ones not`() {
        let expected = [
            "auth": 0, "user-db": 0, "feed": 1, "ranking": 1, "features": 1, "comments": 2, "upload": 2, "archive": 3,
        ]
        for (slug, tier) in expected { #expect(SampleCatalog.graph.effectiveTier(of: slug) == tier, "\(slug)") }
        #expect(SampleCatalog.graph.effectiveTier(of: "unknown") == Component.leastCriticalTier)
    }

    @Test func `components are numbered by effective tier, and dependencies before what needs them`() {
        var random = SeededGenerator()
        for _ in 0..<300 {
            let components = RandomOutage(upTo: 30, &random).components
            let graph = DependencyGraph(components)
            let numbers = components.map { Int(graph.numbers[$0.slug] ?? -1) }
            #expect(numbers.sorted() == Array(components.indices), "\(random.seedText)")
            #expect(graph.effectiveTiers == graph.effectiveTiers.sorted(), "\(random.seedText)")
            for (component, number) in zip(components, numbers) {
                let named = { (kind: DependencyKind) in
                    component.dependsOn.filter { $0.kind == kind }.compactMap { graph.numbers[$0.component] }.sorted()
                }
                #expect(Array(graph.hard[number]) == named(.hard), "\(random.seedText)")
                #expect(Array(graph.soft[number]) == named(.soft), "\(random.seedText)")
                #expect(graph.hard[number].allSatisfy { $0 < number }, "\(random.seedText)")
            }
            let ranked = components.sorted { $0.slug < $1.slug }.map {
                graph.slugRanks[Int(graph.numbers[$0.slug] ?? 0)]
            }
            #expect(ranked == ranked.sorted(), "\(random.seedText)")
        }
    }

    @Test func `what is named twice, or hard and soft, is one dependency`() throws {
        let graph = WrittenCatalog("a: b b ~b ~c ~c a ~a x", "b:", "c:").graph
        let number = Int(try #require(graph.numbers["a"]))
        #expect(graph.hard[number].map(Int.init) == [graph.numbers["b"]].compactMap { $0.map(Int.init) })
        #expect(graph.soft[number].map(Int.init) == [graph.numbers["c"]].compactMap { $0.map(Int.init) })
    }

    @Test func `edges seen from their other ends are the same edges`() {
        var random = SeededGenerator()
        let hard = RandomOutage(upTo: 60, &random).graph.hard
        let reversed = hard.reversed()
        for node in 0..<hard.nodes {
            #expect(Array(reversed[node]) == (0..<Int32(hard.nodes)).filter { hard[Int($0)].contains(Int32(node)) })
        }
        #expect(DependencyGraph.empty.hard.reversed().nodes == 0)
    }

    @Test func `a catalog that cannot be stored has tiers and a plan all the same`() throws {
        var random = SeededGenerator()
        for _ in 0..<300 {
            let slugs = (0..<Int.random(in: 1...8, using: &random)).map { "c\($0)" }
            let graph = DependencyGraph(
                slugs.map { slug in
                    let needs = (slugs + ["x"]).filter { _ in Bool.random(using: &random) }
                    return Component(
                        slug: slug, name: "", tier: Int.random(in: 0...3, using: &random), expectedRestoreSeconds: 1,
                        dependsOn: needs.map { Dependency(component: $0, kind: .hard) })
                })
            var given = try Given(graph: graph)
            given.affect(slugs)
            let plan = given.plan()
            #expect(plan.waves.flatMap(\.steps).map(\.component).sorted() == slugs, "\(random.seedText)")
            #expect(plan.waves.first?.steps.contains { $0.isReady } == true, "\(random.seedText)")
        }
    }
}

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
