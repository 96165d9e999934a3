import IncidentDomain
import Postgres

/// Changing the catalog: checked as a whole, all or nothing.
struct CatalogDesk: Sendable {
    let pool: PostgresPool

    /// What a change of the whole catalog did.
    struct Difference: Sendable {
        var added: [String] = []
        var changed: [String] = []
        var removed: [String] = []
        var unchanged = 0
    }

    /// Puts these components in the place of the whole catalog.
    func replaceAll(_ components: [Component], by principal: Principal) async throws -> Difference {
        try check(DependencyGraph(components), places: components.map(\.slug))
        return try await pool.transaction { transaction in
            try await CatalogStore.lock(in: transaction)
            let stored = try await CatalogStore.readAll(in: transaction).components
            let before = Dictionary(uniqueKeysWithValues: stored.map { ($0.component.slug, $0.component) })
            var difference = Difference()
            for component in components {
                switch before[component.slug] {
                case nil: difference.added.append(component.slug)
                case component?: difference.unchanged += 1
                case .some: difference.changed.append(component.slug)
                }
            }
            difference.removed = Set(before.keys).subtracting(components.map(\.slug)).sorted()
            try await checkUnused(difference.removed, in: transaction)
            let written = components.filter { before[$0.slug] != $0 }
            if !written.isEmpty || !difference.removed.isEmpty {
                try await CatalogStore.write(written, removing: difference.removed, by: principal, in: transaction)
            }
            return difference
        }
    }

    /// Adds a component or changes it.
    func put(_ component: Component, ifMatch: IfMatch, by principal: Principal) async throws -> (
        StoredComponent, isNew: Bool
    ) {
        try await pool.transaction { transaction in
            try await CatalogStore.lock(in: transaction)
            let stored = try await CatalogStore.readAll(in: transaction).components
            let before = stored.first { $0.component.slug == component.slug }
            try Self.require(ifMatch, before)
            if let before, before.component == component { return (before, false) }
            let others = stored.map(\.component).filter { $0.slug != component.slug }
            try check(DependencyGraph(others + [component]), places: nil)
            try await CatalogStore.write([component], removing: [], by: principal, in: transaction)
            return (StoredComponent(component: component, version: (before?.version ?? 0) + 1), before == nil)
        }
    }

    /// Removes a component that nothing needs. Removing what does not exist is a 404, so that a typing error shows.
    func delete(_ slug: String, ifMatch: IfMatch, by principal: Principal) async throws {
        try await pool.transaction { transaction in
            try await CatalogStore.lock(in: transaction)
            let stored = try await CatalogStore.readAll(in: transaction).components
            guard let before = stored.first(where: { $0.component.slug == slug }) else {
                throw Problem.notFound("Component \(slug)")
            }
            try Self.require(ifMatch, before)
            let dependents = stored.map(\.component).filter { $0.dependsOn.contains { $0.component == slug } }.map(
                \.slug)
            guard dependents.isEmpty else {
                throw Problem(
                    .inUse, "\(slug) is needed by \(dependents.joined(separator: ", ")); change their depends_on first."
                )
            }
            try await checkUnused([slug], in: transaction)
            try await CatalogStore.write([], removing: [slug], by: principal, in: transaction)
        }
    }

    private static func require(_ ifMatch: IfMatch, _ stored: StoredComponent?) throws(Problem) {
        if let stored { return try ifMatch.require(stored.version) }
        guard ifMatch == .absent else { throw Problem(.versionMismatch, "It does not exist.") }
    }

    /// An incident that is open must keep finding what it has to restore.
    private func checkUnused(_ removed: [String], in transaction: PostgresTransaction) async throws {
        guard let use = try await CatalogStore.inUse(removed, in: transaction).first else { return }
        throw Problem(
            .inUse, "\(use.slug) is affected in INC-\(use.incident), which is open; it cannot be removed now.")
    }

    /// - Parameter places: The slugs in the order of the body; nil when the body is one component.
    private func check(_ graph: DependencyGraph, places: [String]?) throws(Problem) {
        let problems = graph.problems()
        guard !problems.isEmpty else { return }
        let indexes = places.map { Dictionary($0.enumerated().map { ($1, $0) }) { first, _ in first } }
        func pointer(_ slug: String) -> String {
            indexes.map { "/components/\($0[slug] ?? 0)/depends_on" } ?? "/depends_on"
        }
        let errors = problems.map { problem in
            switch problem {
            case .danglingDependency(let slug, let missing):
                FieldError(
                    pointer: pointer(slug), detail: "\(slug) depends on \(missing), which does not exist")
            case .cycle(let path):
                FieldError(
                    pointer: pointer(path[0]),
                    detail: "the dependencies form a cycle: \(path.joined(separator: " -> "))")
            }
        }
        throw .invalid(errors)
    }
}
