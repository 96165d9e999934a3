import IncidentDomain
import Postgres

/// The rows of the catalog. Every change raises the catalog's one version, which commands read with their incident.
enum CatalogStore {
    static func version(in runner: some SQLRunner) async throws -> Int {
        try await runner.query("SELECT version FROM catalog").first?.decode("version") ?? 0
    }

    /// The whole catalog and its version, as of one moment.
    static func readAll(in runner: some SQLRunner) async throws -> StoredCatalog {
        let rows = try await runner.query(
            """
            SELECT catalog.version AS catalog, component.slug, component.body, component.version
            FROM catalog LEFT JOIN component ON true ORDER BY component.slug
            """)
        let version: Int = try rows.first?.decode("catalog") ?? 0
        // An empty catalog has one row, of its version alone.
        let components = try rows.filter { try $0.decode("slug", as: String?.self) != nil }
        let read = reader.read(components, in: runner)
        return StoredCatalog(
            components: read.compactMap(\.readable), unreadable: Set(read.filter { $0.reason != nil }.map(\.key)),
            version: version)
    }

    static func component(_ slug: String, in runner: some SQLRunner) async throws -> ReadRow<StoredComponent>? {
        try await runner.query("SELECT slug, body, version FROM component WHERE slug = \(slug)").first
            .map { reader.read($0, in: runner) }
    }

    /// One page of the catalog by slug.
    static func list(
        after slug: String?, limit: Int, in runner: some SQLRunner
    ) async throws -> [ReadRow<StoredComponent>] {
        let rows = try await runner.query(
            "SELECT slug, body, version FROM component WHERE slug > \(slug ?? "") ORDER BY slug LIMIT \(limit)")
        return reader.read(rows, in: runner)
    }

    /// Keeps every other change of the catalog away until the transaction ends.
    static func lock(in transaction: PostgresTransaction) async throws {
        _ = try await transaction.query("SELECT version FROM catalog FOR UPDATE")
    }

    /// Writes some components, removes others and raises the catalog's version, with the history of each component and
    /// a line for the audit. The catalog has to be locked.
    /// - Returns: The catalog's new version.
    static func write(
        _ components: [Component], removing: [String], by principal: Principal, in transaction: PostgresTransaction
    ) async throws -> Int {
        let audit: JSONObject = ["written": .integer(components.count), "removed": .integer(removing.count)]
        let results = try await transaction.pipeline([
            CatalogHistoryStore.recordWriting(components, by: principal),
            CatalogHistoryStore.recordRemoving(removing, by: principal),
            "DELETE FROM component WHERE slug = ANY (\(removing))",
            // The history already has the bodies and the versions that they get.
            """
            INSERT INTO component (slug, body, version)
            SELECT change.component, change.after, change.component_version
            FROM component_change AS change, catalog
            WHERE change.catalog_version = catalog.version + 1 AND change.action <> 'removed'
            ON CONFLICT (slug) DO UPDATE SET body = excluded.body, version = excluded.version, updated_at = now()
            """,
            AuditStore.insert(actor: principal, action: "catalog.change", subject: "catalog", data: audit),
            "UPDATE catalog SET version = version + 1 RETURNING version",
        ])
        for slug in components.map(\.slug) + removing { transaction.unreadable.forget(slug, of: reader.table) }
        return try results[5][0].decode("version")
    }

    /// Which of the components an open incident still has to restore, with that incident.
    static func inUse(_ slugs: [String], in runner: some SQLRunner) async throws -> [(slug: String, incident: Int)] {
        try await runner.query(
            """
            SELECT slug, number FROM incident, unnest(components) AS slug
            WHERE components && \(slugs) AND slug = ANY (\(slugs))
                AND phase IN ('detect', 'assess', 'mitigate', 'restore', 'review')
            ORDER BY slug, number LIMIT 20
            """
        ).map { (try $0.decode("slug"), try $0.decode("number")) }
    }

    private static let reader = RowReader(table: "component", key: { try $0.decode("slug") }, decode: stored)

    static let examined = ExaminedTable(reader, all: "SELECT slug, body, version FROM component") {
        "PUT or DELETE /v1/components/\($0)"
    }

    private static func stored(_ row: PostgresRow) throws -> StoredComponent {
        let body: PostgresJSON = try row.decode("body")
        return StoredComponent(component: try Component(stored: body), version: try row.decode("version"))
    }
}

/// The whole catalog as of one moment.
struct StoredCatalog: Sendable {
    let components: [StoredComponent]
    /// The slugs of components that cannot be read.
    let unreadable: Set<String>
    let version: Int
}
