import Testing

@testable import IncidentDomain

struct BlastRadiusTests {
    private func names(_ reached: [BlastRadius.Reached]) -> [String] { reached.map(\.component.slug) }

    private func path(_ radius: BlastRadius, _ slug: String) -> String {
        radius.path(from: slug).reduce(slug) { $0 + ($1.kind == .hard ? " -> " : " ~> ") + $1.component }
    }

    private let platform = WrittenCatalog(
        "db: @0", "auth: @0 db", "gateway: @0 auth", "feed: @1 gateway ~models", "models: @2 db", "mail: @3 ~auth",
        "digest: @3 mail", "island: @1")

    @Test func `what needs it hard fails, by tier and by distance`() throws {
        let radius = try #require(BlastRadius(of: "db", in: platform.graph))
        #expect(radius.tiers.map(\.tier) == [0, 1, 2, 3])
        #expect(radius.tiers.map { names($0.fails) } == [["auth", "gateway"], ["feed"], ["models"], []])
        #expect(radius.tiers.map { names($0.degrades) } == [[], [], [], ["mail", "digest"]])
        #expect(radius.failCount == 4 && radius.degradeCount == 2)
        #expect(radius.tiers[0].fails.map(\.distance) == [1, 2])
    }

    @Test func `the path of what fails is hard throughout, even if a softer one is shorter`() throws {
        let radius = try #require(BlastRadius(of: "db", in: platform.graph))
        #expect(path(radius, "feed") == "feed -> gateway -> auth -> db")
        #expect(path(radius, "digest") == "digest -> mail ~> auth -> db")
    }

    @Test func `what needs something degraded hard is degraded too, and a soft dependency never makes anything fail`()
        throws
    {
        let radius = try #require(BlastRadius(of: "models", in: platform.graph))
        #expect(radius.failCount == 0 && names(radius.tiers[0].degrades) == ["feed"])
        let auth = try #require(BlastRadius(of: "auth", in: platform.graph))
        #expect(names(auth.tiers.last?.degrades ?? []) == ["mail", "digest"])
    }

    @Test func `nothing needs a leaf, and what is not in the catalog has no radius`() throws {
        let leaf = try #require(BlastRadius(of: "island", in: platform.graph))
        #expect(leaf.tiers.isEmpty && leaf.failCount == 0 && leaf.degradeCount == 0)
        #expect(BlastRadius(of: "nobody", in: platform.graph) == nil)
    }

    @Test func `what is named hard and soft is needed hard`() throws {
        let radius = try #require(BlastRadius(of: "b", in: WrittenCatalog("a: ~b b", "b:").graph))
        #expect(radius.failCount == 1 && radius.degradeCount == 0)
        #expect(path(radius, "a") == "a -> b")
    }

    @Test func `a path is told up to fifty dependencies, and its length whole`() throws {
        let chain = (0..<5000).map { index in
            Component(
                slug: "c\(index)", name: "", tier: 1,
                dependsOn: index > 0 ? [Dependency(component: "c\(index - 1)", kind: .hard)] : [])
        }
        let radius = try #require(BlastRadius(of: "c0", in: DependencyGraph(chain)))
        #expect(radius.failCount == 4999 && radius.tiers[0].fails.last?.distance == 4999)
        #expect(radius.path(from: "c4999").count == 50)
        #expect(radius.path(from: "c50").last?.component == "c0")
    }

    @Test func `it is what a slow and simple search finds, on random catalogs`() throws {
        var random = SeededGenerator()
        for _ in 0..<300 {
            let components: [Component] = .random(
                Int.random(in: 1...12, using: &random), oneIn: 4, isAcyclic: true, using: &random)
            let graph = DependencyGraph(components.shuffled())
            let broken = random.pick(components).slug
            let radius = try #require(BlastRadius(of: broken, in: graph))
            let fails = closure(of: broken, components, onlyHard: true)
            let all = closure(of: broken, components, onlyHard: false)
            #expect(Set(radius.tiers.flatMap { names($0.fails) }) == fails, "\(random.seedText)")
            #expect(Set(radius.tiers.flatMap { names($0.degrades) }) == all.subtracting(fails), "\(random.seedText)")
            for reached in radius.tiers.flatMap({ $0.fails + $0.degrades }) {
                check(reached, radius, graph, isHard: fails.contains(reached.component.slug), random.seedText)
            }
        }
    }

    /// A told path is made of dependencies that exist, ends at what broke, and is as long as is said.
    private func check(
        _ reached: BlastRadius.Reached, _ radius: BlastRadius, _ graph: DependencyGraph, isHard: Bool, _ seed: String
    ) {
        let path = radius.path(from: reached.component.slug)
        #expect(path.count == reached.distance && path.last?.component == radius.component.slug, "\(seed)")
        #expect(path.allSatisfy { $0.kind == .hard } == isHard, "\(seed)")
        var place = reached.component.slug
        for edge in path {
            #expect(graph.components[place]?.dependsOn.contains(edge) == true, "\(seed)")
            place = edge.component
        }
    }

    /// Adds whoever needs one of those found, until nobody is left to add.
    private func closure(of slug: String, _ components: [Component], onlyHard: Bool) -> Set<String> {
        var found: Set<String> = [slug]
        while true {
            let more = components.filter { component in
                component.dependsOn.contains { found.contains($0.component) && (!onlyHard || $0.kind == .hard) }
            }.map(\.slug)
            guard !found.isSuperset(of: more) else { return found.subtracting([slug]) }
            found.formUnion(more)
        }
    }
}
