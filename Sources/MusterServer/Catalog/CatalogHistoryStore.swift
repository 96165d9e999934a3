import IncidentDomain
import Postgres

/// The history of the catalog: rows that are only ever added, in the transaction of the change itself.
enum CatalogHistoryStore {
    /// One change of one component.
    struct Change: Sendable {
        let catalogVersion: Int
        let slug: String
        let version: Int
        let action: ComponentAction
        let before: Component?
        let after: Component?
        let actorID: String
        let actor: String
        let recordedAt: Timestamp
    }

    /// Where a page ends: the version of the catalog and the component within it.
    struct Place: Sendable {
        let catalogVersion: Int
        let slug: String

        /// After every change that there is.
        static let newest = Place(catalogVersion: .max, slug: "")
    }

    /// Records what is about to be written, beside what stands there now. A version is never given twice, also when a
    /// component is removed and comes back: whoever holds an old one shall not take the new component for the old.
    static func recordWriting(_ components: [Component], by principal: Principal) -> SQL {
        """
        INSERT INTO component_change
            (catalog_version, component, component_version, action, before, after, actor_id, actor)
        SELECT catalog.version + 1, entry.slug,
            coalesce(component.version,
                (SELECT max(component_version) FROM component_change AS past WHERE past.component = entry.slug), 0) + 1,
            CASE WHEN component.slug IS NULL THEN 'added' ELSE 'changed' END,
            component.body, entry.body, \(principal.id), \(principal.name)
        FROM catalog, unnest(\(components.map(\.slug)), \(components.map(\.stored))) AS entry (slug, body)
        LEFT JOIN component ON component.slug = entry.slug
        """
    }

    /// Records what is about to be removed.
    static func recordRemoving(_ slugs: [String], by principal: Principal) -> SQL {
        """
        INSERT INTO component_change
            (catalog_version, component, component_version, action, before, actor_id, actor)
        SELECT catalog.version + 1, component.slug, component.version, 'removed', component.body,
            \(principal.id), \(principal.name)
        FROM catalog, component WHERE component.slug = ANY (\(slugs))
        """
    }

    /// Changes of one component or of all, the newest first.
    static func changes(
        of slug: String?, before place: Place, limit: Int, in runner: some SQLRunner
    ) async throws -> [Change] {
        let columns: SQL = """
            catalog_version, component, component_version, action, before, after, actor_id, actor, recorded_at
            """
        let order: SQL = "ORDER BY catalog_version DESC, component DESC LIMIT \(limit)"
        let rows =
            if let slug {
                try await runner.query(
                    """
                    SELECT \(fragment: columns) FROM component_change
                    WHERE component = \(slug) AND catalog_version < \(place.catalogVersion) \(fragment: order)
                    """)
            } else {
                try await runner.query(
                    """
                    SELECT \(fragment: columns) FROM component_change
                    WHERE (catalog_version, component) < (\(place.catalogVersion), \(place.slug)) \(fragment: order)
                    """)
            }
        return try rows.map(change)
    }

    private static func change(_ row: PostgresRow) throws -> Change {
        let before: PostgresJSON? = try row.decode("before")
        let after: PostgresJSON? = try row.decode("after")
        let action: String = try row.decode("action")
        guard let action = ComponentAction(rawValue: action) else {
            throw PostgresError.decoding(column: "action", reason: "is \(action)")
        }
        return Change(
            catalogVersion: try row.decode("catalog_version"), slug: try row.decode("component"),
            version: try row.decode("component_version"), action: action,
            // What stood there may have been what nobody could read.
            before: before.flatMap { try? Component(stored: $0) }, after: after.flatMap { try? Component(stored: $0) },
            actorID: try row.decode("actor_id"), actor: try row.decode("actor"),
            recordedAt: try row.decode("recorded_at"))
    }
}

/// What can happen to a component of the catalog.
enum ComponentAction: String, CaseIterable, Sendable {
    case added, changed, removed
}
