import IncidentDomain
import Postgres

/// The catalog in memory, always the version that the database names: whoever decides brings that version with the row.
///
/// A large catalog takes a while to read, and after a change everybody needs the new one at once: they share one reading.
final class CatalogCache: Sendable {
    /// A version of the catalog.
    struct Snapshot: Sendable {
        let version: Int
        let graph: DependencyGraph
        /// What users choose from and are told to try.
        let help: HelpBook
    }

    private let pool: PostgresPool
    private let cache: VersionedCache<Snapshot>

    init(pool: PostgresPool) {
        self.pool = pool
        cache = VersionedCache(version: \.version) {
            let read = try await CatalogStore.readAll(in: pool)
            // A newer one than the components are is read again with them.
            let help = try await HelpBookStore.current(in: pool).book
            return Snapshot(
                version: read.version, graph: DependencyGraph(read.components.map(\.component)), help: help)
        }
    }

    /// The graph of a catalog version, or of a newer one when that is already stored.
    func graph(version: Int) async throws -> DependencyGraph {
        try await cache.value(version: version).graph
    }

    /// The graph as it is stored now.
    func current() async throws -> DependencyGraph {
        try await snapshot().graph
    }

    /// What is held is read again.
    func forget() {
        cache.forget()
    }

    /// The catalog as it is stored now.
    func snapshot() async throws -> Snapshot {
        try await cache.value(version: try await CatalogStore.version(in: pool))
    }
}
