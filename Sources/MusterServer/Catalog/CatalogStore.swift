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
    static func inUse(_ slugs: [String], in runner: some SQLRunner) async throws -> [Use] {
        try await runner.query(
            """
            SELECT slug, number FROM incident, unnest(components) AS slug
            WHERE components && \(slugs) AND slug = ANY (\(slugs))
                AND phase IN ('detect', 'assess', 'mitigate', 'restore', 'review')
            ORDER BY slug, number LIMIT 20
            """
        ).map { Use(slug: try $0.decode("slug"), incident: try $0.decode("number")) }
    }

    /// That an open incident affects a component.
    struct Use: Sendable {
        let slug: String
        let incident: Int
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

// MARK: - A component as it is stored

/// A component as it is stored.
struct StoredComponent: Sendable {
    let component: Component
    let version: Int
}

extension StoredComponent: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in writeMembers(to: &json) }
    }

    func writeMembers(to json: inout JSONWriter) {
        json.member("slug", component.slug)
        for field in ComponentField.allCases {
            json.name(field.rawValue)
            component.write(field, to: &json)
        }
        json.member("version", version)
    }
}

extension Component {
    /// Writes what a field holds, nothing as null.
    func write(_ field: ComponentField, to json: inout JSONWriter) {
        switch field {
        case .name: json.value(name)
        case .tier: json.value(tier)
        case .owner: json.value(owner)
        case .regions: json.value(regions)
        case .expectedRestoreSeconds: json.value(expectedRestoreSeconds)
        case .soakSeconds: json.value(soakSeconds)
        case .dependsOn:
            json.array { json in
                for dependency in dependsOn { json.value(dependency) }
                for need in restoreNeeds ?? [] {
                    json.object { json in
                        json.member("component", need.component)
                        json.member("kind", "restore")
                        if let otherwise = need.otherwise { json.member("otherwise", otherwise) }
                    }
                }
            }
        case .ramp:
            json.array(ramp ?? []) { json, stage in
                json.object { json in
                    json.member("percent", stage.percent)
                    json.member("minutes", stage.minutes)
                }
            }
        case .goal: json.value(goal ?? false)
        case .enoughRegions: json.value(enoughRegions)
        case .regional: json.value(regional ?? true)
        case .publicListing: json.value(publicListing)
        case .labels:
            json.object { json in
                for (name, value) in labels.sorted(by: { $0.key < $1.key }) { json.member(name, value) }
            }
        }
    }
}

extension PublicListing: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("name", name)
            json.member("group", group)
            json.member("order", order)
            json.member("description", description)
        }
    }

    /// Nil for what has no name: then nothing is public.
    fileprivate init?(stored json: JSONValue) {
        guard let name = json["name"]?.string else { return nil }
        self.init(
            name: name, group: json["group"]?.string, order: json["order"]?.integer,
            description: json["description"]?.string)
    }
}

extension Dependency: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("component", component)
            json.member("kind", kind.rawValue)
            switch at {
            case .verifying?: json.member("at", "verifying")
            case .ramp(let percent)?: json.member("at", percent)
            case nil: break
            }
        }
    }
}

// MARK: - The stored form

extension Component {
    /// Why a stored component cannot be read.
    struct Unreadable: Error {
        let slug: String?

        let reason = "its JSON lacks the fields of a component"
    }

    /// What the column `body` holds: the fields under the names of the API. Lists stand there also when they are empty,
    /// and nothing is left out instead of null: so the first releases read it.
    var stored: PostgresJSON {
        var json = JSONWriter()
        json.object { json in
            json.member("slug", slug)
            for field in ComponentField.allCases {
                switch field {
                case .owner where owner == nil: break
                case .expectedRestoreSeconds where expectedRestoreSeconds == nil: break
                case .soakSeconds where soakSeconds == nil: break
                case .ramp where ramp == nil: break
                case .goal where !(goal ?? false): break
                case .enoughRegions where enoughRegions == nil: break
                // Earlier releases know no third kind.
                case .dependsOn:
                    json.name(field.rawValue)
                    json.value(dependsOn)
                case .regional where regional ?? true: break
                case .publicListing where publicListing == nil: break
                case .name, .tier, .owner, .regions, .expectedRestoreSeconds, .soakSeconds, .labels, .goal,
                    .enoughRegions, .regional, .ramp, .publicListing:
                    json.name(field.rawValue)
                    write(field, to: &json)
                }
            }
            if let restoreNeeds {
                json.array("restore_needs", restoreNeeds) { json, need in
                    json.object { json in
                        json.member("component", need.component)
                        json.member("otherwise", need.otherwise)
                    }
                }
            }
        }
        return PostgresJSON(bytes: json.bytes)
    }

    /// Reads what is stored. Members that we do not know are skipped: a newer release wrote them. Ours rather than
    /// `Codable`, since a catalog of ten thousand is read whole whenever it has changed.
    init(stored: PostgresJSON) throws {
        let json = try JSONParser.parse(stored.bytes, doubledNames: .lastWins)
        guard let members = json.object?.members, let slug = json["slug"]?.string, let tier = json["tier"]?.integer
        else { throw Unreadable(slug: json["slug"]?.string) }
        self.init(slug: slug, name: slug, tier: tier)
        restoreNeeds = json["restore_needs"]?.array?.compactMap { need in
            need["component"]?.string.map { RestoreNeed(component: $0, otherwise: need["otherwise"]?.string) }
        }
        for member in members {
            switch ComponentField(rawValue: member.name) {
            case .name?: name = member.value.string ?? slug
            case .tier?, nil: break
            case .owner?: owner = member.value.string
            case .regions?: regions = member.value.array?.compactMap(\.string) ?? []
            case .expectedRestoreSeconds?: expectedRestoreSeconds = member.value.integer
            case .soakSeconds?: soakSeconds = member.value.integer
            case .ramp?:
                ramp = member.value.array?.compactMap { stage in
                    guard let percent = stage["percent"]?.integer, let minutes = stage["minutes"]?.integer else {
                        return nil
                    }
                    return RampStage(percent: percent, minutes: minutes)
                }
            case .goal?: goal = member.value.bool
            case .enoughRegions?: enoughRegions = member.value.integer
            case .regional?: regional = member.value.bool
            case .publicListing?: publicListing = PublicListing(stored: member.value)
            case .dependsOn?: dependsOn = try (member.value.array ?? []).map { try Dependency(stored: $0, of: slug) }
            case .labels?:
                labels = Dictionary((member.value.object?.members ?? []).map { ($0.name, $0.value.string ?? "") }) {
                    $1
                }
            }
        }
    }
}

extension Dependency {
    fileprivate init(stored json: JSONValue, of slug: String) throws {
        guard let component = json["component"]?.string, let kind = json["kind"]?.string.flatMap(DependencyKind.init)
        else { throw Component.Unreadable(slug: slug) }
        self.init(component: component, kind: kind, at: json["at"].flatMap(DependencyOpening.init(json:)))
    }
}

extension DependencyOpening {
    /// Nil for what is neither `"verifying"` nor 1 to 100 percent.
    init?(json: JSONValue) {
        if json.string == "verifying" {
            self = .verifying
        } else if let percent = json.integer, (1...100).contains(percent) {
            self = .ramp(percent)
        } else {
            return nil
        }
    }

    /// As in the catalog's documents.
    var text: String {
        switch self {
        case .verifying: "verifying"
        case .ramp(let percent): "\(percent)"
        }
    }
}

// MARK: - History

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

    /// How components were at a moment that have changed since, as far as they can be read; those that were added since are left out.
    static func componentsChanged(since moment: Timestamp, in runner: some SQLRunner) async throws -> [Component] {
        try await runner.query(
            """
            SELECT DISTINCT ON (component) before FROM component_change WHERE recorded_at > \(moment)
            ORDER BY component, catalog_version
            """
        ).compactMap { row in
            let before: PostgresJSON? = try row.decode("before")
            return before.flatMap { try? Component(stored: $0) }
        }
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
