import FoundationEssentials
import IncidentDomain
import Postgres

/// What a list of alerts may be narrowed to.
struct AlertFilter: Sendable {
    var identity: String?
    /// Any of them; empty for all.
    var statuses: [AlertStatus] = []
    var source: UUID?
    var incident: Int?
    /// Any of them; empty for all.
    var components: [String] = []
    var labels: [(name: String, value: String)] = []
    /// Only those that fire while no incident is open that they belong to.
    var isOrphaned = false
    /// Only those whose component the catalog does not have.
    var isComponentUnknown = false

    /// Whether what is looked for may be open (`true`) or over (`false`).
    fileprivate var sides: [Bool] {
        guard !statuses.isEmpty else { return [true, false] }
        let isOpen = statuses.contains { $0 != .resolved }
        return (isOpen ? [true] : []) + (statuses.contains(.resolved) ? [false] : [])
    }
}

/// Finds alerts, the newest first. Every filter has an index, at any number of alerts.
struct AlertSearch: Sendable {
    let pool: PostgresPool

    /// Up to so many alerts with a label are found by the index of labels and sorted then. Of a label that more have, the
    /// newest are found sooner by walking back through the table.
    static let rareMax = 500
    /// How many alerts are looked at before the index of labels is asked, which would collect all of a common label.
    static let newestMax = 1000

    /// Names that the catalog does not have and that one list looks at.
    static let unknownMax = 500

    /// Those whose component the catalog does not have: its names are gone through by the index of components, from each to the
    /// next one, and the newest alerts of each are looked up.
    static func ofUnknown(_ filter: AlertFilter, before last: UUID?, limit: Int) -> SQL {
        let conditions = conditions(filter, before: last) + indexed(filter.labels).map { "(\(fragment: $0)) IS TRUE" }
        return """
            WITH RECURSIVE named (component) AS (
                (SELECT component FROM alert WHERE component IS NOT NULL ORDER BY component LIMIT 1)
                UNION ALL
                SELECT (
                    SELECT alert.component FROM alert WHERE alert.component > named.component
                    ORDER BY alert.component LIMIT 1
                ) FROM named WHERE named.component IS NOT NULL
            ), unknown AS MATERIALIZED (
                SELECT component FROM named
                WHERE component IS NOT NULL AND (SELECT slug FROM component WHERE slug = named.component) IS NULL
                LIMIT \(unknownMax)
            )
            SELECT \(fragment: StoredAlert.columns) FROM (
                SELECT alert.* FROM unknown CROSS JOIN unnest(ARRAY[true, false]) AS side (is_open) CROSS JOIN LATERAL (
                    SELECT * FROM alert
                    WHERE alert.component = unknown.component AND (resolved_at IS NULL) = side.is_open
                        AND \(fragment: conditions.joined(separator: " AND "))
                    ORDER BY id DESC LIMIT \(limit)
                ) AS alert ORDER BY alert.id DESC LIMIT \(limit)
            ) AS alert ORDER BY id DESC
            """
    }

    /// At most `limit` alerts that came before `last`: the ids count upwards in time.
    func list(_ filter: AlertFilter, before last: UUID?, limit: Int) async throws -> [StoredAlert] {
        if filter.isComponentUnknown { return try await found(Self.ofUnknown(filter, before: last, limit: limit)) }
        if !filter.labels.isEmpty {
            let newest = try await found(Self.newest(filter, before: last, limit: limit))
            if newest.count == limit { return newest }
            let rare = try await found(Self.rare(filter, before: last))
            if rare.count < Self.rareMax { return Array(rare.sorted { $0.id > $1.id }.prefix(limit)) }
        }
        return try await found(Self.list(filter, before: last, limit: limit))
    }

    /// Labels and annotations of a list without pages have so many bytes, and one alert more, at the most.
    static let openBytesMax = 16 << 20

    /// Open alerts, for tools that want them all at once.
    func open(_ filter: AlertFilter, limit: Int) async throws -> [StoredAlert] {
        try await found(Self.open(filter, limit: limit))
    }

    private func found(_ query: SQL) async throws -> [StoredAlert] {
        try await pool.query(query).map(StoredAlert.init)
    }

    static func open(_ filter: AlertFilter, limit: Int) -> SQL {
        let conditions = conditions(filter, before: nil) + indexed(filter.labels) + ["resolved_at IS NULL"]
        return """
            SELECT \(fragment: StoredAlert.columns) FROM (
                SELECT *, coalesce(sum(octet_length(labels::text) + octet_length(annotations::text)) OVER (
                    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS bytes_before
                FROM alert WHERE \(fragment: conditions.joined(separator: " AND ")) LIMIT \(limit)
            ) AS alert
            WHERE bytes_before < \(openBytesMax)
            """
    }

    /// In no order, so that the indexes of labels are taken and not the one of the order. There is one for what is open
    /// and one for what is over.
    static func rare(_ filter: AlertFilter, before last: UUID?) -> SQL {
        let labels = indexed(filter.labels).joined(separator: " AND ")
        let (open, over): (SQL, SQL) = (
            "(resolved_at IS NULL AND \(fragment: labels))", "(resolved_at IS NOT NULL AND \(fragment: labels))"
        )
        let found: SQL =
            switch filter.sides {
            case [true]: open
            case [false]: over
            case _: "(\(fragment: open) OR \(fragment: over))"
            }
        let conditions = conditions(filter, before: last) + [found]
        return """
            SELECT \(fragment: StoredAlert.columns) FROM alert WHERE \(fragment: conditions.joined(separator: " AND "))
            LIMIT \(rareMax)
            """
    }

    /// Those of the newest that have the labels.
    static func newest(_ filter: AlertFilter, before last: UUID?, limit: Int) -> SQL {
        """
        SELECT \(fragment: StoredAlert.columns) FROM (
            \(fragment: newest(of: filter, where: conditions(filter, before: last), limit: newestMax))
        ) AS newest
        WHERE \(fragment: indexed(filter.labels).joined(separator: " AND ")) ORDER BY id DESC LIMIT \(limit)
        """
    }

    private static func indexed(_ labels: [(name: String, value: String)]) -> [SQL] {
        labels.map { "labels @> \(pair($0))" }
    }

    static func list(_ filter: AlertFilter, before last: UUID?, limit: Int) -> SQL {
        var conditions = conditions(filter, before: last)
        // Not the form that the index of labels knows.
        for label in filter.labels { conditions.append("labels || '{}' @> \(pair(label))") }
        return
            "SELECT \(fragment: StoredAlert.columns) FROM (\(fragment: newest(of: filter, where: conditions, limit: limit))) AS alert"
    }

    /// The newest in order. By component and by source, what is open and what is over are looked up apart, as these indexes
    /// hold them.
    private static func newest(of filter: AlertFilter, where conditions: [SQL], limit: Int) -> SQL {
        guard !filter.components.isEmpty || filter.source != nil else {
            return
                "SELECT * FROM alert WHERE \(fragment: conditions.joined(separator: " AND ")) ORDER BY id DESC LIMIT \(limit)"
        }
        guard filter.components.count > 1 else { return newest(where: conditions, sides: filter.sides, limit: limit) }
        // Each component's own newest by the index of components, and of these the newest.
        return """
            SELECT alert.* FROM unnest(\(filter.components)) AS named (component) CROSS JOIN LATERAL (
                \(fragment: newest(where: conditions + ["component = named.component"], sides: filter.sides, limit: limit))
            ) AS alert ORDER BY alert.id DESC LIMIT \(limit)
            """
    }

    /// The newest that the conditions hold for, whether open (`true`) or over (`false`), in order.
    static func newest(where conditions: [SQL], sides: [Bool], limit: Int) -> SQL {
        """
        SELECT alert.* FROM unnest(\(sides)) AS side (is_open) CROSS JOIN LATERAL (
            SELECT * FROM alert
            WHERE (resolved_at IS NULL) = side.is_open AND \(fragment: conditions.joined(separator: " AND "))
            ORDER BY id DESC LIMIT \(limit)
        ) AS alert ORDER BY alert.id DESC LIMIT \(limit)
        """
    }

    /// Of a row of `incident`: it is over while alerts of it fire. There are few, and an index on them.
    static let isOverAndFires: SQL = "phase IN ('closed', 'dismissed') AND (state ->> 'firing') <> '{}'"

    /// Of a row of `alert`: it fires, and its incident is over, or a person took it out of its incident. What a silence or a rule
    /// holds back has a reason, and what is still on its way to an incident has none yet.
    static let orphaned: SQL = """
        (alert.resolved_at IS NULL AND (alert.incident = ANY (ARRAY(
            SELECT number FROM incident WHERE \(fragment: isOverAndFires)
        )) OR alert.held = 'person' AND alert.status <> 'resolved'))
        """

    private static func pair(_ label: (name: String, value: String)) -> PostgresJSON {
        PostgresJSON(bytes: JSONValue.object([label.name: .string(label.value)]).bytes)
    }

    private static func conditions(_ filter: AlertFilter, before last: UUID?) -> [SQL] {
        var conditions: [SQL] = ["true"]
        if let identity = filter.identity { conditions.append("identity = \(identity)") }
        let statuses = filter.statuses.map { status -> SQL in
            switch status {
            case .firing: "status = 'firing' AND resolved_at IS NULL"
            case .acknowledged: "status = 'acknowledged' AND resolved_at IS NULL"
            case .resolved: "status = 'resolved'"
            }
        }
        if statuses.count == 1 { conditions += statuses }
        if statuses.count > 1 { conditions.append("(\(fragment: statuses.joined(separator: " OR ")))") }
        if statuses.count > 1, filter.sides == [true] { conditions.append("resolved_at IS NULL") }
        if let source = filter.source { conditions.append("uuid_send(source) = uuid_send(\(source))") }
        if let incident = filter.incident { conditions.append("incident = \(incident)") }
        if filter.components.count == 1 { conditions.append("component = \(filter.components[0])") }
        if filter.components.count > 1 { conditions.append("component = ANY (\(filter.components))") }
        if filter.isOrphaned { conditions.append(AlertSearch.orphaned) }
        if let last { conditions.append("id < \(last)") }
        return conditions
    }
}
