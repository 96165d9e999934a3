import IncidentDomain

/// What is wrong with a catalog as a whole, in words for whoever sent it.
enum CatalogRefusal {
    /// How many components of a long path or list are named.
    private static let namesMax = 20

    /// 422 with every loose end and some cycles, each with its place in the body.
    /// - Parameters:
    ///   - places: The slugs in the order of the body; nil when the body is the last of the components alone.
    ///   - unreadable: Components that are stored and cannot be read: whoever depends on them may stay as he is.
    static func check(
        _ components: [Component], places: [String]?, unreadable: Set<String> = []
    ) throws(Problem) {
        let problems = CatalogCheck.problems(in: components).filter { problem in
            switch problem {
            case .danglingDependency(_, let missing): !unreadable.contains(missing)
            case .cycle: true
            }
        }
        guard !problems.isEmpty else { return }
        let pointers = Pointers(components, places)
        throw .invalid(
            problems.map { problem in
                switch problem {
                case .danglingDependency(let slug, let missing):
                    FieldError(
                        pointer: pointers.dependency(of: slug, on: missing),
                        detail: "\(slug) depends on \(missing), which does not exist")
                case .cycle(let path):
                    FieldError(
                        pointer: pointers.dependency(in: path),
                        detail: "the dependencies form a cycle: \(text(path))")
                }
            })
    }

    /// 409: a component cannot go while others need it.
    static func needed(_ slug: String, by dependents: [String]) -> Problem {
        let more = dependents.count - namesMax
        let names = dependents.prefix(namesMax).joined(separator: ", ") + (more > 0 ? " and \(more) more" : "")
        return Problem(.inUse, "\(slug) is needed by \(names); change their depends_on first.")
    }

    private static func text(_ path: [String]) -> String {
        guard path.count > namesMax + 1 else { return path.joined(separator: " -> ") }
        let left = path.count - namesMax
        return (path.prefix(namesMax - 1) + ["(\(left) more)"] + path.suffix(1)).joined(separator: " -> ")
    }

    /// Where in the body a dependency stands.
    private struct Pointers {
        private let components: [String: Component]
        private let places: [String: Int]?
        private let only: String?

        init(_ components: [Component], _ places: [String]?) {
            self.components = Dictionary(components.map { ($0.slug, $0) }) { $1 }
            self.places = places.map { Dictionary($0.enumerated().map { ($1, $0) }) { first, _ in first } }
            only = places == nil ? components.last?.slug : nil
        }

        func dependency(of slug: String, on other: String) -> String {
            let list = places.map { "/components/\($0[slug] ?? 0)/depends_on" } ?? "/depends_on"
            guard let index = components[slug]?.dependsOn.firstIndex(where: { $0.component == other }) else {
                return list
            }
            return "\(list)/\(index)/component"
        }

        /// The first dependency of a cycle; of one component alone, its own.
        func dependency(in path: [String]) -> String {
            let start = only.flatMap { path.firstIndex(of: $0) } ?? 0
            return dependency(of: path[start], on: path[start + 1])
        }
    }
}
