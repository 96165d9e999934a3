import IncidentDomain
import Postgres
import Synchronization

/// The catalog in memory, always the version that the database names: whoever decides brings that version with the row.
final class CatalogCache: Sendable {
    private let pool: PostgresPool
    private let held = Mutex<(version: Int, graph: DependencyGraph)?>(nil)

    init(pool: PostgresPool) {
        self.pool = pool
    }

    /// The graph of a catalog version, or of a newer one when that is already stored.
    func graph(version: Int) async throws -> DependencyGraph {
        if let held = held.withLock({ $0 }), held.version == version { return held.graph }
        let read = try await CatalogStore.readAll(in: pool)
        let graph = DependencyGraph(read.components.map(\.component))
        held.withLock { held in
            if (held?.version ?? 0) < read.version { held = (read.version, graph) }
        }
        return graph
    }

    /// The graph as it is stored now.
    func current() async throws -> DependencyGraph {
        try await graph(version: try await CatalogStore.version(in: pool))
    }
}
