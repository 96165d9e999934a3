import Testing

@testable import IncidentDomain

struct DependencyGraphTests {
    /// A graph from `a: b c` for each component, with `~` before a soft dependency.
    private func graph(_ lines: String...) -> DependencyGraph {
        DependencyGraph(
            lines.shuffled().map { line in
                let parts = line.split(separator: ":", omittingEmptySubsequences: false)
                let needs = parts[1].split(separator: " ").map { name in
                    Dependency(
                        component: String(name.drop { $0 == "~" }), kind: name.hasPrefix("~") ? .soft : .hard)
                }
                return Component(slug: String(parts[0]), name: "", tier: 1, dependsOn: needs)
            })
    }

    @Test func `a graph without a cycle has no problems`() {
        #expect(SampleCatalog.graph.problems().isEmpty)
        #expect(graph("a: b c", "b: d", "c: d", "d:").problems().isEmpty)
        #expect(DependencyGraph.empty.problems().isEmpty)
    }

    @Test func `a cycle is named from its first component round to it, the same one every time`() {
        for _ in 0..<20 {
            #expect(graph("a: b", "b: c", "c: a").cycle() == ["a", "b", "c", "a"])
            #expect(graph("a: b z", "b: c", "c: b", "z: z").cycle() == ["b", "c", "b"])
            #expect(graph("x: c", "c: b", "b: a", "a: c").cycle() == ["a", "c", "b", "a"])
        }
    }

    @Test func `a component that needs itself is a cycle, and so is one over soft dependencies`() {
        #expect(graph("a: a").cycle() == ["a", "a"])
        #expect(graph("a: ~b", "b: a").cycle() == ["a", "b", "a"])
        #expect(graph("a: b b", "b:").cycle() == nil, "named twice is no cycle")
    }

    @Test func `a dependency on what the catalog does not have is named`() {
        #expect(
            graph("a: b ~c", "b: d").problems() == [
                .danglingDependency(of: "a", on: "c"), .danglingDependency(of: "b", on: "d"),
            ])
        #expect(graph("a: b ~c", "b: d", "c: x").hardDependencies(of: "a") == ["b"])
        #expect(graph("b: d").hardDependencies(of: "b").isEmpty)
    }

    @Test func `a chain as long as the catalog is walked, whole or closed to a cycle`() {
        let names = (0..<20_000).map { "c\(10_000 + $0)" }
        func chain(last: String?) -> DependencyGraph {
            DependencyGraph(
                names.indices.map { index in
                    let next = index + 1 < names.count ? names[index + 1] : last
                    return Component(
                        slug: names[index], name: "", tier: 1,
                        dependsOn: next.map { [Dependency(component: $0, kind: .hard)] } ?? [])
                })
        }
        #expect(chain(last: nil).cycle() == nil)
        #expect(chain(last: names[0]).cycle()?.count == names.count + 1)
    }

    @Test func `a cycle is found exactly when there is one`() {
        var random = SeededGenerator()
        for _ in 0..<500 {
            let size = Int.random(in: 1...8, using: &random)
            let components = (0..<size).map { index in
                let needs = (0..<size).filter { _ in Int.random(in: 0..<6, using: &random) == 0 }
                return Component(
                    slug: "c\(index)", name: "", tier: 1,
                    dependsOn: needs.map {
                        Dependency(component: "c\($0)", kind: Bool.random(using: &random) ? .hard : .soft)
                    })
            }
            let graph = DependencyGraph(components)
            let cycle = graph.cycle()
            #expect((cycle != nil) == hasCycle(components), "\(random.seedText)")
            for (from, to) in zip(cycle ?? [], (cycle ?? []).dropFirst()) {
                #expect(graph.components[from]?.dependsOn.contains { $0.component == to } == true, "\(random.seedText)")
            }
            #expect(cycle?.first == cycle?.last)
        }
    }

    /// Takes away what needs nothing that is left, until that ends: only a cycle stays.
    private func hasCycle(_ components: [Component]) -> Bool {
        var left = components
        while true {
            let names = Set(left.map(\.slug))
            let rest = left.filter { $0.dependsOn.contains { names.contains($0.component) } }
            if rest.count == left.count { return !rest.isEmpty }
            left = rest
        }
    }
}
