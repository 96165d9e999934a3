import Postgres

/// Reads components for the routes, which know no SQL and no pool.
struct CatalogReader: Sendable {
    let pool: PostgresPool

    func list(after slug: String?, limit: Int) async throws -> [StoredComponent] {
        try await CatalogStore.list(after: slug, limit: limit, in: pool)
    }

    func component(_ slug: String) async throws -> StoredComponent? {
        try await CatalogStore.component(slug, in: pool)
    }
}
