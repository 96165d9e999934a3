import Testing

@testable import IncidentDomain

struct CatalogCheckTests {
    private func cycles(_ components: [Component]) -> [[String]] {
        CatalogCheck.problems(in: components.shuffled()).compactMap { problem in
            if case .cycle(let path) = problem { path } else { nil }
        }
    }

    private func cycles(_ catalog: WrittenCatalog) -> [[String]] { cycles(catalog.components) }

    @Test func `a catalog without a cycle and loose ends has no problems`() {
        #expect(CatalogCheck.problems(in: SampleCatalog.components).isEmpty)
        #expect(CatalogCheck.problems(in: WrittenCatalog("a: b c", "b: d", "c: d", "d:").components).isEmpty)
        #expect(CatalogCheck.problems(in: WrittenCatalog("a: b b", "b:").components).isEmpty)
        #expect(CatalogCheck.problems(in: []).isEmpty)
    }

    @Test func `a cycle is named from its first component round to it, the same one every time`() {
        for _ in 0..<20 {
            #expect(cycles(WrittenCatalog("a: b", "b: c", "c: a")) == [["a", "b", "c", "a"]])
            #expect(cycles(WrittenCatalog("x: c", "c: b", "b: a", "a: c")) == [["a", "c", "b", "a"]])
        }
    }

    @Test func `cycles that have nothing to do with one another are all named`() {
        for _ in 0..<20 {
            #expect(
                cycles(WrittenCatalog("a: b z", "b: c", "c: b", "z: z", "y: x", "x: w a", "w: y"))
                    == [["b", "c", "b"], ["w", "y", "x", "w"], ["z", "z"]])
        }
    }

    @Test func `of cycles that hang together a shortest one is named`() {
        #expect(cycles(WrittenCatalog("a: b", "b: c", "c: d", "d: a e", "e: d")) == [["d", "e", "d"]])
        #expect(cycles(WrittenCatalog("a: b", "b: a c", "c: c a")) == [["c", "c"]])
    }

    @Test func `a component that needs itself is a cycle, and so is one over soft dependencies`() {
        #expect(cycles(WrittenCatalog("a: a")) == [["a", "a"]])
        #expect(cycles(WrittenCatalog("a: ~b", "b: a")) == [["a", "b", "a"]])
    }

    @Test func `every loose end is named, and the cycles after them`() {
        #expect(
            CatalogCheck.problems(in: WrittenCatalog("b: d e", "a: b ~c", "f: f").components) == [
                .danglingDependency(of: "a", on: "c"), .danglingDependency(of: "b", on: "d"),
                .danglingDependency(of: "b", on: "e"), .cycle(["f", "f"]),
            ])
    }

    @Test func `at most twenty cycles are named`() {
        let pairs = (0..<60).map { index in
            Component(
                slug: "c\(100 + index)", name: "", tier: 1,
                dependsOn: [Dependency(component: "c\(100 + (index ^ 1))", kind: .hard)])
        }
        #expect(cycles(pairs).count == 20)
    }

    @Test func `a chain as long as the catalog is walked, whole or closed to a cycle`() {
        let names = (0..<20_000).map { "c\(10_000 + $0)" }
        func chain(last: String?) -> [Component] {
            names.indices.map { index in
                let next = index + 1 < names.count ? names[index + 1] : last
                return Component(
                    slug: names[index], name: "", tier: 1,
                    dependsOn: next.map { [Dependency(component: $0, kind: .hard)] } ?? [])
            }
        }
        #expect(cycles(chain(last: nil)).isEmpty)
        #expect(cycles(chain(last: names[0])).first?.count == names.count + 1)
    }

    @Test func `a cycle is found exactly when there is one, and is a real one, and no group has a shorter one`() {
        var random = SeededGenerator()
        for _ in 0..<500 {
            let components: [Component] = .random(
                Int.random(in: 1...8, using: &random), oneIn: 6, isAcyclic: false, using: &random)
            let graph = DependencyGraph(components)
            let found = cycles(components)
            #expect(found.isEmpty == !hasCycle(components), "\(random.seedText)")
            for cycle in found {
                #expect(cycle.first == cycle.last && cycle.first == cycle.min(), "\(random.seedText)")
                #expect(Set(cycle).count == cycle.count - 1, "\(random.seedText)")
                for (from, to) in zip(cycle, cycle.dropFirst()) {
                    #expect(
                        graph.components[from]?.dependsOn.contains { $0.component == to } == true, "\(random.seedText)")
                }
            }
            let shortest = components.compactMap { lengthOfCycle(through: $0.slug, graph) }.min()
            #expect(found.map { $0.count - 1 }.min() == shortest, "\(random.seedText)")
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

    /// How many steps lead from a component back to it, found by going everywhere one step at a time.
    private func lengthOfCycle(through slug: String, _ graph: DependencyGraph) -> Int? {
        var places: Set<String> = [slug]
        for length in 1...graph.components.count {
            places = Set(places.flatMap { graph.components[$0]?.dependsOn.map(\.component) ?? [] })
            if places.contains(slug) { return length }
        }
        return nil
    }
}
