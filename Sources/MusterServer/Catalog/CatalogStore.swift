import FoundationEssentials
import IncidentDomain
import Postgres

/// A component as it is stored.
struct StoredComponent: Sendable {
    let component: Component
    let version: Int
}

/// The rows of the catalog. Every change raises the catalog's one version, which commands read with their incident.
enum CatalogStore {
    static func version(in runner: some SQLRunner) async throws -> Int {
        try await runner.query("SELECT version FROM catalog").first?.decode("version") ?? 0
    }

    /// The whole catalog and its version, as of one moment.
    static func readAll(in runner: some SQLRunner) async throws -> (components: [StoredComponent], version: Int) {
        let rows = try await runner.query(
            """
            SELECT catalog.version AS catalog, component.body, component.version
            FROM catalog LEFT JOIN component ON true ORDER BY component.slug
            """)
        let version: Int = try rows.first?.decode("catalog") ?? 0
        return (try rows.compactMap(stored), version)
    }

    static func component(_ slug: String, in runner: some SQLRunner) async throws -> StoredComponent? {
        try await runner.query("SELECT body, version FROM component WHERE slug = \(slug)").first.flatMap(stored)
    }

    /// One page of the catalog by slug.
    static func list(after slug: String?, limit: Int, in runner: some SQLRunner) async throws -> [StoredComponent] {
        try await runner.query(
            "SELECT body, version FROM component WHERE slug > \(slug ?? "") ORDER BY slug LIMIT \(limit)"
        ).compactMap(stored)
    }

    /// Keeps every other change of the catalog away until the transaction ends.
    static func lock(in transaction: PostgresTransaction) async throws {
        _ = try await transaction.query("SELECT version FROM catalog FOR UPDATE")
    }

    /// Writes some components, removes others and raises the catalog's version, with a line for the audit.
    static func write(
        _ components: [Component], removing: [String], by principal: Principal, in transaction: PostgresTransaction
    ) async throws {
        let bodies = try components.map { PostgresJSON(bytes: Array(try encoder.encode($0))) }
        let audit: JSONObject = [
            "written": .array(components.map { .string($0.slug) }), "removed": .array(removing.map { .string($0) }),
        ]
        _ = try await transaction.pipeline([
            "DELETE FROM component WHERE slug = ANY (\(removing))",
            """
            INSERT INTO component (slug, body)
            SELECT entry.slug, entry.body FROM unnest(\(components.map(\.slug)), \(bodies)) AS entry (slug, body)
            ON CONFLICT (slug) DO UPDATE SET body = excluded.body, version = component.version + 1, updated_at = now()
            """,
            "UPDATE catalog SET version = version + 1",
            AuditStore.insert(actor: principal, action: "catalog.change", subject: "catalog", data: audit),
        ])
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

    private static func stored(_ row: PostgresRow) throws -> StoredComponent? {
        guard let body: PostgresJSON = try row.decode("body") else { return nil }
        return StoredComponent(
            component: try JSONDecoder().decode(Component.self, from: Data(body.bytes)),
            version: try row.decode("version"))
    }

    private static let encoder = JSONEncoder()
}
