import IncidentDomain
import Postgres

/// What a list of incidents may be narrowed to.
struct IncidentFilter: Sendable {
    var phases: [Phase] = []
    var severities: [Severity] = []
    var component: String?
    var cause: CauseCategory?
    /// Each `name:value`, all of which have to hold.
    var labels: [(name: String, value: String)] = []
    /// Words in title or summary.
    var words: String?
    var openedAfter: Timestamp?
    var openedBefore: Timestamp?
    var open: Bool?
}

/// Finds incidents, newest first, as the bytes that the API shows.
struct IncidentSearch: Sendable {
    let pool: PostgresPool
    let policy: PhasePolicy
    private let single: GatheredReads<Int, Found>

    init(pool: PostgresPool, policy: PhasePolicy) {
        self.pool = pool
        self.policy = policy
        single = GatheredReads { numbers, found in
            let statement: SQL =
                "SELECT \(fragment: Self.columns(policy)) FROM incident WHERE number = ANY (\(numbers))"
            pool.query(statement) { outcome in
                found(
                    Result {
                        let rows = try outcome.get().map { try Self.found($0, policy) }
                        return Dictionary(uniqueKeysWithValues: rows.map { ($0.number, $0) })
                    })
            }
        }
    }

    /// An incident that was found.
    struct Found: Sendable {
        let number: Int
        let version: Int
        let representation: [UInt8]
    }

    /// One incident; nil when there is none of that number.
    func incident(_ number: Int) async throws -> Found? {
        try await single.value(number)
    }

    /// At most `limit` incidents with smaller numbers than `before`, and of large ones no more than one behind what a page holds.
    func list(_ filter: IncidentFilter, before: Int?, limit: Int) async throws -> [Found] {
        var conditions = Self.conditions(filter)
        if let before { conditions.append("number < \(before)") }
        let condition = conditions.isEmpty ? "true" : conditions.joined(separator: " AND ")
        return try await pool.query(
            """
            SELECT number, version, representation, outdated FROM (
                SELECT *, coalesce(sum(octet_length(representation::text)) OVER (
                    ORDER BY number DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 2 PRECEDING), 0) AS bytes_before
                FROM (
                    SELECT \(fragment: Self.columns(policy)) FROM incident WHERE \(fragment: condition)
                    ORDER BY number DESC LIMIT \(limit)
                ) AS found
            ) AS page WHERE bytes_before < \(Page.bytesMax) ORDER BY number DESC
            """
        ).map { try Self.found($0, policy) }
    }

    private static func conditions(_ filter: IncidentFilter) -> [SQL] {
        var conditions: [SQL] = []
        if !filter.phases.isEmpty { conditions.append("phase = ANY (\(filter.phases.map(\.rawValue)))") }
        if let open = filter.open {
            let phases = Phase.allCases.filter { $0.isOpen == open }.map(\.rawValue)
            conditions.append("phase = ANY (\(phases))")
        }
        if !filter.severities.isEmpty {
            conditions.append("severity = ANY (\(filter.severities.map(\.rawValue)))")
        }
        if let component = filter.component { conditions.append("components @> \([component])") }
        if let cause = filter.cause { conditions.append("cause = \(cause.rawValue)") }
        for label in filter.labels {
            let pair = JSONValue.object([label.name: .string(label.value)])
            conditions.append("labels @> \(PostgresJSON(bytes: pair.bytes))")
        }
        if let words = filter.words {
            conditions.append(
                """
                to_tsvector('simple', title || ' ' || coalesce(summary, '')) @@ websearch_to_tsquery('simple', \(words))
                """)
        }
        if let after = filter.openedAfter { conditions.append("opened_at > \(after)") }
        if let before = filter.openedBefore { conditions.append("opened_at < \(before)") }
        return conditions
    }

    /// The state comes along only where the representation was written under another policy.
    private static func columns(_ policy: PhasePolicy) -> SQL {
        """
        number, version, representation, CASE WHEN policy <> \(IncidentRepresentation.stamp(policy)) THEN state END AS outdated
        """
    }

    private static func found(_ row: PostgresRow, _ policy: PhasePolicy) throws -> Found {
        let outdated: PostgresJSON? = try row.decode("outdated")
        let representation: PostgresJSON = try row.decode("representation")
        return Found(
            number: try row.decode("number"), version: try row.decode("version"),
            representation: try outdated.map {
                IncidentRepresentation.bytes(of: try IncidentColumns.incident($0.bytes), policy: policy)
            } ?? representation.bytes)
    }
}
