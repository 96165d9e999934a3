import FoundationEssentials
import IncidentDomain
import Postgres

/// What a list of alerts may be narrowed to.
struct AlertFilter: Sendable {
    var identity: String?
    var status: AlertStatus?
    var source: UUID?
    var incident: Int?
    var component: String?
    var labels: [(name: String, value: String)] = []
}

/// Finds alerts, the newest first. Every filter has an index, at any number of alerts.
struct AlertSearch: Sendable {
    let pool: PostgresPool

    /// Up to so many alerts with a label are found by the index of labels and sorted then. Of a label that more have, the
    /// newest are found sooner by walking back through the table.
    static let rareMax = 500

    /// At most `limit` alerts that came before `last`: the ids count upwards in time.
    func list(_ filter: AlertFilter, before last: UUID?, limit: Int) async throws -> [StoredAlert] {
        if !filter.labels.isEmpty {
            let found = try await pool.query(Self.rare(filter, before: last)).map(StoredAlert.init)
            if found.count < Self.rareMax { return Array(found.sorted { $0.id > $1.id }.prefix(limit)) }
        }
        return try await pool.query(Self.list(filter, before: last, limit: limit)).map(StoredAlert.init)
    }

    /// Open alerts, for tools that want them all at once.
    func open(_ filter: AlertFilter, limit: Int) async throws -> [StoredAlert] {
        var conditions = Self.conditions(filter, before: nil) + ["resolved_at IS NULL"]
        for label in filter.labels { conditions.append("labels @> \(Self.pair(label))") }
        return try await pool.query(
            """
            SELECT \(fragment: StoredAlert.columns) FROM alert WHERE \(fragment: conditions.joined(separator: " AND "))
            LIMIT \(limit)
            """
        ).map(StoredAlert.init)
    }

    /// In no order, so that the index of labels is taken and not the one of the order.
    static func rare(_ filter: AlertFilter, before last: UUID?) -> SQL {
        var conditions = conditions(filter, before: last)
        for label in filter.labels { conditions.append("labels @> \(pair(label))") }
        return """
            SELECT \(fragment: StoredAlert.columns) FROM alert WHERE \(fragment: conditions.joined(separator: " AND "))
            LIMIT \(rareMax)
            """
    }

    static func list(_ filter: AlertFilter, before last: UUID?, limit: Int) -> SQL {
        var conditions = conditions(filter, before: last)
        // Not the form that the index of labels knows.
        for label in filter.labels { conditions.append("labels || '{}' @> \(pair(label))") }
        return """
            SELECT \(fragment: StoredAlert.columns) FROM alert WHERE \(fragment: conditions.joined(separator: " AND "))
            ORDER BY id DESC LIMIT \(limit)
            """
    }

    private static func pair(_ label: (name: String, value: String)) -> PostgresJSON {
        PostgresJSON(bytes: JSONValue.object([label.name: .string(label.value)]).bytes)
    }

    private static func conditions(_ filter: AlertFilter, before last: UUID?) -> [SQL] {
        var conditions: [SQL] = ["true"]
        if let identity = filter.identity { conditions.append("identity = \(identity)") }
        switch filter.status {
        case .firing?: conditions.append("status = 'firing' AND resolved_at IS NULL")
        case .acknowledged?: conditions.append("status = 'acknowledged' AND resolved_at IS NULL")
        case .resolved?: conditions.append("status = 'resolved'")
        case nil: break
        }
        if let source = filter.source { conditions.append("uuid_send(source) = uuid_send(\(source))") }
        if let incident = filter.incident { conditions.append("incident = \(incident)") }
        if let component = filter.component { conditions.append("component = \(component)") }
        if let last { conditions.append("id < \(last)") }
        return conditions
    }
}
