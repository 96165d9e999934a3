import FoundationEssentials
import IncidentDomain
import Postgres

/// What a list of action items may be narrowed to.
struct ActionFilter: Sendable {
    /// Any of them, in upper or lower case; empty for all.
    var owners: [String] = []
    /// Any of them; empty for all.
    var states: [ActionState] = []
    /// Whether they should be done by now and are not.
    var overdue: Bool?
    var incident: Int?

    /// Whether only what is still to be done can be found.
    var isOfUnfinished: Bool {
        overdue == true || !states.isEmpty && states.allSatisfy(ActionState.unfinished.contains)
    }
}

/// Finds action items across incidents: those of the newest incident first, of one incident in their order. What was struck out is
/// left out, and so is what a merged incident has, as its target has it too; unless that incident is asked for.
struct ActionSearch: Sendable {
    let pool: PostgresPool

    /// An action item that was found.
    struct Found: Sendable {
        let incident: Int
        /// Its incident's.
        let title: String
        let action: ActionItem
        let isOverdue: Bool

        var place: Place { Place(incident: incident, ordinal: action.ordinal) }
    }

    /// Where a page ended.
    struct Place: Sendable {
        let incident: Int
        let ordinal: Int
    }

    /// Of how many incidents one page looks at the action items.
    static let walkedMax = 500

    /// At most `limit` action items behind a place, and where to go on if there may be more behind the incidents looked at.
    func list(
        _ filter: ActionFilter, after place: Place?, limit: Int
    ) async throws -> (found: [Found], onwards: Place?) {
        let walk = try await pool.pipeline([
            Self.items(filter, after: place, limit: limit), Self.next(filter, after: place),
        ])
        // What this release cannot read holds up nothing.
        let found = try walk[0].compactMap { row -> Found? in
            let json: PostgresJSON = try row.decode("item")
            guard let action = try? JSONDecoder().decode(ActionItem.self, from: Data(json.bytes)) else { return nil }
            let today: String = try row.decode("today")
            return Found(
                incident: try row.decode("number"), title: try row.decode("title"), action: action,
                isOverdue: action.isOverdue(on: today))
        }
        guard found.count < limit else { return (found, nil) }
        if walk[0].count == limit, let last = walk[0].last {
            return (found, Place(incident: try last.decode("number"), ordinal: try last.decode("ordinal")))
        }
        let next: Int? = try walk[1].first?.decode("number")
        return (found, next.map { Place(incident: $0, ordinal: 0) })
    }

    private static let today: SQL = "to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD')"

    /// The incidents that a page may look at, the newest first, by one of two indexes.
    private static func walked(_ filter: ActionFilter, after place: Place?) -> SQL {
        var conditions: [SQL] = [
            filter.isOfUnfinished
                ? """
                jsonb_path_exists((state -> 'actions')::jsonb, '$[*] ? (@.state == "open" || @.state == "in_progress")')
                """
                : "json_array_length(state -> 'actions') > 0"
        ]
        if let place { conditions.append("number <= \(place.incident)") }
        if let incident = filter.incident {
            conditions.append("number = \(incident)")
        } else {
            conditions.append("phase <> 'merged'")
        }
        return "FROM incident WHERE \(fragment: conditions.joined(separator: " AND ")) ORDER BY number DESC"
    }

    private static func items(_ filter: ActionFilter, after place: Place?, limit: Int) -> SQL {
        let today = Self.today
        let isOverdue: SQL = """
            coalesce(item ->> 'due' < \(fragment: today) AND item ->> 'state' = ANY (\(ActionState.unfinished.map(\.rawValue))),
                false)
            """
        var conditions: [SQL] = ["coalesce(item ->> 'struck', 'false') <> 'true'"]
        if let place { conditions.append("(-number, ordinal) > (\(-max(place.incident, -.max)), \(place.ordinal))") }
        if !filter.owners.isEmpty {
            conditions.append(
                "lower(item ->> 'owner') IN (SELECT lower(owner) FROM unnest(\(filter.owners)) AS wanted (owner))")
        }
        if !filter.states.isEmpty { conditions.append("item ->> 'state' = ANY (\(filter.states.map(\.rawValue)))") }
        if let overdue = filter.overdue { conditions.append("\(fragment: isOverdue) = \(overdue)") }
        return """
            SELECT number, title, item, ordinal, \(fragment: today) AS today FROM (
                SELECT number, title, item, (item ->> 'ordinal')::bigint AS ordinal FROM (
                    SELECT number, title, state \(fragment: walked(filter, after: place)) LIMIT \(walkedMax)
                ) AS newest CROSS JOIN LATERAL json_array_elements(state -> 'actions') AS item
            ) AS action
            WHERE \(fragment: conditions.joined(separator: " AND ")) ORDER BY number DESC, ordinal LIMIT \(limit)
            """
    }

    /// The first incident that a page does not look at any more.
    private static func next(_ filter: ActionFilter, after place: Place?) -> SQL {
        "SELECT number \(fragment: walked(filter, after: place)) LIMIT 1 OFFSET \(walkedMax)"
    }
}
