@testable import IncidentDomain

/// A catalog written as `a: b ~c` for each component, with `~` before a soft dependency and `@0` for a tier other than 1.
struct WrittenCatalog {
    let components: [Component]

    init(_ lines: String...) {
        components = lines.map { line in
            let parts = line.split(separator: ":", omittingEmptySubsequences: false)
            let words = parts[1].split(separator: " ")
            let tier = words.first { $0.hasPrefix("@") }.flatMap { Int($0.dropFirst()) } ?? 1
            let needs = words.filter { !$0.hasPrefix("@") }.map { name in
                Dependency(component: String(name.drop { $0 == "~" }), kind: name.hasPrefix("~") ? .soft : .hard)
            }
            return Component(slug: String(parts[0]), name: "", tier: tier, dependsOn: needs)
        }
    }

    /// In any order: what is found must not hang on it.
    var graph: DependencyGraph { DependencyGraph(components.shuffled()) }
}

extension [Component] {
    /// Some components with dependencies of both kinds between them.
    /// - Parameter oneIn: A dependency is there with a chance of one in so many.
    static func random(
        _ count: Int, oneIn: Int, isAcyclic: Bool, using random: inout SeededGenerator
    ) -> [Component] {
        (0..<count).map { index in
            let needs = (0..<(isAcyclic ? index : count)).filter { _ in Int.random(in: 0..<oneIn, using: &random) == 0 }
            return Component(
                slug: "c\(index)", name: "", tier: index % 4,
                dependsOn: needs.map {
                    Dependency(component: "c\($0)", kind: Bool.random(using: &random) ? .hard : .soft)
                })
        }
    }
}
