import IncidentDomain
import Postgres

/// Reads components for the routes, which know no SQL and no pool.
struct CatalogReader: Sendable {
    let pool: PostgresPool

    func list(after slug: String?, limit: Int) async throws -> [ReadRow<StoredComponent>] {
        try await CatalogStore.list(after: slug, limit: limit, in: pool)
    }

    func component(_ slug: String) async throws -> ReadRow<StoredComponent>? {
        try await CatalogStore.component(slug, in: pool)
    }

    /// The whole catalog by slug, and its version.
    func all() async throws -> StoredCatalog {
        try await CatalogStore.readAll(in: pool)
    }

    /// Changes of one component or of all, the newest first.
    func changes(
        of slug: String?, before place: CatalogHistoryStore.Place?, limit: Int
    ) async throws -> [CatalogHistoryStore.Change] {
        try await CatalogHistoryStore.changes(of: slug, before: place ?? .newest, limit: limit, in: pool)
    }
}
