import IncidentDomain
import Postgres

/// Changing the catalog: checked as a whole, all or nothing.
struct CatalogDesk: Sendable {
    let pool: PostgresPool

    /// What became of a new catalog.
    struct Replacement: Sendable {
        let difference: CatalogDifference
        /// The catalog's version afterwards.
        let version: Int
        /// How many components there are afterwards.
        let count: Int
    }

    /// Puts these components in the place of the whole catalog.
    /// - Parameters:
    ///   - ifMatch: Asks for a version of the catalog.
    ///   - dryRun: Says what would change, or why it is refused, and changes nothing.
    func replaceAll(
        _ components: [Component], ifMatch: IfMatch = .absent, dryRun: Bool = false, by principal: Principal
    ) async throws -> Replacement {
        try CatalogRefusal.check(components, places: components.map(\.slug))
        return try await pool.transaction { transaction in
            if !dryRun { try await CatalogStore.lock(in: transaction) }
            let stored = try await CatalogStore.readAll(in: transaction)
            try ifMatch.require(stored.version)
            let difference = CatalogDifference(from: stored.components.map(\.component), to: components)
            // What cannot be read goes with the rest, unless it is written anew.
            let removed = difference.removed + stored.unreadable.subtracting(components.map(\.slug)).sorted()
            try await checkUnused(removed, in: transaction)
            var version = stored.version
            if !dryRun, !(difference.written.isEmpty && removed.isEmpty) {
                version = try await CatalogStore.write(
                    difference.written, removing: removed, by: principal, in: transaction)
            }
            return Replacement(difference: difference, version: version, count: components.count)
        }
    }

    /// Adds a component or changes it.
    func put(_ component: Component, ifMatch: IfMatch, by principal: Principal) async throws -> (
        StoredComponent, isNew: Bool
    ) {
        try await pool.transaction { transaction in
            try await CatalogStore.lock(in: transaction)
            let catalog = try await CatalogStore.readAll(in: transaction)
            let before = catalog.components.first { $0.component.slug == component.slug }
            try Self.require(ifMatch, before)
            if let before, before.component == component { return (before, false) }
            let others = catalog.components.map(\.component).filter { $0.slug != component.slug }
            try CatalogRefusal.check(others + [component], places: nil, unreadable: catalog.unreadable)
            _ = try await CatalogStore.write([component], removing: [], by: principal, in: transaction)
            guard let after = try await CatalogStore.component(component.slug, in: transaction)?.get() else {
                throw Problem.notFound("Component \(component.slug)")
            }
            return (after, before == nil && !catalog.unreadable.contains(component.slug))
        }
    }

    /// Removes a component that nothing needs. Removing what does not exist is a 404, so that a typing error shows.
    func delete(_ slug: String, ifMatch: IfMatch, by principal: Principal) async throws {
        try await pool.transaction { transaction in
            try await CatalogStore.lock(in: transaction)
            let catalog = try await CatalogStore.readAll(in: transaction)
            let stored = catalog.components
            let before = stored.first { $0.component.slug == slug }
            guard before != nil || catalog.unreadable.contains(slug) else {
                throw Problem.notFound("Component \(slug)")
            }
            try Self.require(ifMatch, before)
            let dependents = stored.map(\.component).filter { $0.dependsOn.contains { $0.component == slug } }
            guard dependents.isEmpty else { throw CatalogRefusal.needed(slug, by: dependents.map(\.slug)) }
            try await checkUnused([slug], in: transaction)
            _ = try await CatalogStore.write([], removing: [slug], by: principal, in: transaction)
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
}
