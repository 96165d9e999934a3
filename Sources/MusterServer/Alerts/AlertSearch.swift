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

/// Finds alerts, the newest first.
struct AlertSearch: Sendable {
    let pool: PostgresPool

    /// At most `limit` alerts that came before `last`: the ids count upwards in time.
    func list(_ filter: AlertFilter, before last: UUID?, limit: Int) async throws -> [StoredAlert] {
        try await pool.query(Self.list(filter, before: last, limit: limit)).map(StoredAlert.init)
    }

    static func list(_ filter: AlertFilter, before last: UUID?, limit: Int) -> SQL {
        var conditions: [SQL] = ["true"]
        if let identity = filter.identity { conditions.append("identity = \(identity)") }
        switch filter.status {
        case .firing?: conditions.append("status = 'firing' AND status <> 'resolved'")
        case .acknowledged?: conditions.append("status = 'acknowledged' AND status <> 'resolved'")
        case .resolved?: conditions.append("status = 'resolved'")
        case nil: break
        }
        if let source = filter.source { conditions.append("source = \(source)") }
        if let incident = filter.incident { conditions.append("incident = \(incident)") }
        if let component = filter.component { conditions.append("component = \(component)") }
        for label in filter.labels {
            let pair = JSONValue.object([label.name: .string(label.value)])
            conditions.append("labels @> \(PostgresJSON(bytes: pair.bytes))")
        }
        if let last { conditions.append("id < \(last)") }
        return """
            SELECT \(fragment: StoredAlert.columns) FROM alert WHERE \(fragment: conditions.joined(separator: " AND "))
            ORDER BY id DESC LIMIT \(limit)
            """
    }
}
