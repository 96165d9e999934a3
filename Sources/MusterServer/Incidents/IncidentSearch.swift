import IncidentDomain
import Postgres

/// What a list of incidents may be narrowed to.
struct IncidentFilter: Sendable {
    var phases: [Phase] = []
    var severities: [Severity] = []
    /// Any of them.
    var components: [String] = []
    var causes: [CauseCategory] = []
    /// Each `name:value`, all of which have to hold.
    var labels: [(name: String, value: String)] = []
    /// Words in title or summary.
    var words: String?
    var openedAfter: Timestamp?
    var openedBefore: Timestamp?
    var open: Bool?
    /// Whether they closed themselves.
    var selfRecovered: Bool?
    var order = IncidentOrder.newest
}

/// In which order incidents are listed, by the words of `sort`.
enum IncidentOrder: String, CaseIterable, Sendable {
    case newest = "-number"
    case oldest = "number"
    /// The worst first, those without a severity last; of the same severity the newest first.
    case worst = "severity"

    fileprivate var sql: SQL {
        switch self {
        case .newest: "number DESC"
        case .oldest: "number"
        // As the index of severities has it.
        case .worst: "coalesce(severity, 'unset'), (-number)"
        }
    }

    /// What comes behind a place in that order.
    fileprivate func behind(_ place: IncidentSearch.Place) -> SQL {
        switch self {
        case .newest: "number < \(place.number)"
        case .oldest: "number > \(place.number)"
        case .worst:
            "(coalesce(severity, 'unset'), (-number)) > (\(place.severity?.rawValue ?? "unset"), \(-max(place.number, -.max)))"
        }
    }
}

/// Finds incidents as the bytes that the API shows.
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
        let severity: Severity?
        let representation: [UInt8]

        var place: Place { Place(number: number, severity: severity) }
    }

    /// Where a page of a list ended.
    struct Place: Sendable {
        let number: Int
        var severity: Severity?
    }

    /// One incident; nil when there is none of that number.
    func incident(_ number: Int) async throws -> Found? {
        try await single.value(number)
    }

    /// At most `limit` incidents behind `place`, and of large ones no more than one behind what a page holds. Those that hold some
    /// words are found the newest first only.
    func list(_ filter: IncidentFilter, after place: Place?, limit: Int) async throws -> [Found] {
        guard filter.words == nil else {
            return try await incidents(try await numbers(filter, before: place?.number, limit: limit))
        }
        let order = filter.order
        let conditions = Self.conditions(filter) + [place.map(order.behind)].compactMap(\.self)
        let condition = conditions.isEmpty ? "true" : conditions.joined(separator: " AND ")
        return try await pool.query(
            Self.paged(
                """
                SELECT \(fragment: Self.columns(policy)) FROM incident WHERE \(fragment: condition)
                ORDER BY \(fragment: order.sql) LIMIT \(limit)
                """, order), planning: Self.isFiltered(filter) ? .free : .lookUp
        ).map { try Self.found($0, policy) }
    }

    private static func isFiltered(_ filter: IncidentFilter) -> Bool {
        !filter.components.isEmpty || !filter.causes.isEmpty || !filter.labels.isEmpty || !filter.severities.isEmpty
            || filter.selfRecovered == true || filter.order == .worst
    }

    private func incidents(_ numbers: [Int]) async throws -> [Found] {
        guard !numbers.isEmpty else { return [] }
        return try await pool.query(
            Self.paged(
                "SELECT \(fragment: Self.columns(policy)) FROM incident WHERE number = ANY (\(numbers))", .newest)
        ).map { try Self.found($0, policy) }
    }

    /// As many of these incidents as a page holds, and one more that tells that there are more.
    private static func paged(_ incidents: SQL, _ order: IncidentOrder) -> SQL {
        """
        SELECT number, version, severity, representation, outdated FROM (
            SELECT *, coalesce(sum(octet_length(representation::text)) OVER (
                ORDER BY \(fragment: order.sql) ROWS BETWEEN UNBOUNDED PRECEDING AND 2 PRECEDING), 0) AS bytes_before
            FROM (\(fragment: incidents)) AS found
        ) AS page WHERE bytes_before < \(Page.bytesMax) ORDER BY \(fragment: order.sql)
        """
    }

    // MARK: Words

    /// How many of the newest incidents are read one by one at most.
    static let walkedMax = 400
    /// From this part of all incidents on, a word is common enough to meet it by reading the newest.
    private static let commonShare = 0.15
    /// The smallest range of numbers in which the index of words is asked.
    private static let windowMin = 2_000

    /// The numbers of the newest incidents that hold some words and everything else.
    ///
    /// The index of words knows no order: of a word that stands in a third of all incidents it would fetch all to show fifty. To
    /// read the newest one by one is as slow for a word that is rare. Which of the two it is, the database estimates by its
    /// statistics; and as these can be wrong, both are bounded: so many are read one by one, and then ranges of numbers by both
    /// indexes, each four times as large as the one before (decision 0030).
    private func numbers(_ filter: IncidentFilter, before: Int?, limit: Int) async throws -> [Int] {
        let condition = Self.conditions(filter).joined(separator: " AND ")
        var end = before.map { max($0, 1) - 1 } ?? .max
        let share = try await share(of: condition)
        var numbers: [Int] = []
        if share >= Self.commonShare {
            let walk = try await pool.pipeline([
                """
                SELECT number FROM (
                    SELECT * FROM incident WHERE number <= \(end) ORDER BY number DESC LIMIT \(Self.walkedMax)
                ) AS newest WHERE \(fragment: condition) ORDER BY number DESC LIMIT \(limit)
                """,
                "SELECT number FROM incident WHERE number <= \(end) ORDER BY number DESC LIMIT 1 OFFSET \(Self.walkedMax)",
            ])
            numbers = try walk[0].map { try $0.decode("number") }
            guard numbers.count < limit, let next: Int = try walk[1].first?.decode("number") else { return numbers }
            end = next
        } else {
            let newest = try await pool.query(
                "SELECT number FROM incident WHERE number <= \(end) ORDER BY number DESC LIMIT 1")
            guard let next: Int = try newest.first?.decode("number") else { return [] }
            end = next
        }
        // Twice what should do.
        var size = max(Self.windowMin, Int(min(1e12, 2 * Double(limit) / max(share, 1e-9))))
        while numbers.count < limit, end > 0 {
            let start = max(1, end - size + 1)
            numbers += try await pool.query(
                """
                SELECT number FROM incident WHERE number BETWEEN \(start) AND \(end) AND \(fragment: condition)
                ORDER BY number DESC LIMIT \(limit - numbers.count)
                """, planning: .bitmaps
            ).map { try $0.decode("number") }
            end = start - 1
            size *= 4
        }
        return numbers
    }

    /// In which part of all incidents a condition holds, as far as PostgreSQL's statistics tell.
    private func share(of condition: SQL) async throws -> Double {
        let results = try await pool.pipeline([
            "EXPLAIN (FORMAT JSON) SELECT number FROM incident WHERE \(fragment: condition)",
            "SELECT reltuples::float8 AS incidents FROM pg_class WHERE oid = 'incident'::regclass",
        ])
        let plan: String = try results[0][0].decode(0)
        let rows = (try? JSONParser.parse(Array(plan.utf8)))?[0]?["Plan"]?["Plan Rows"]?.number ?? 1
        // -1 before the first look.
        let incidents: Double = try results[1][0].decode("incidents")
        return incidents > 0 ? min(1, rows / incidents) : 1
    }

    private static func conditions(_ filter: IncidentFilter) -> [SQL] {
        var conditions: [SQL] = []
        if !filter.phases.isEmpty { conditions.append("phase = ANY (\(filter.phases.map(\.rawValue)))") }
        if let open = filter.open {
            let phases = Phase.allCases.filter { $0.isOpen == open }.map(\.rawValue)
            conditions.append("phase = ANY (\(phases))")
        }
        switch filter.selfRecovered {
        // As the index of them says it.
        case true?: conditions.append("phase = 'closed' AND (state ->> 'recovery') IS NOT NULL")
        case false?: conditions.append("(phase <> 'closed' OR (state ->> 'recovery') IS NULL)")
        case nil: break
        }
        if !filter.severities.isEmpty {
            conditions.append("severity = ANY (\(filter.severities.map(\.rawValue)))")
        }
        if !filter.components.isEmpty { conditions.append("components && \(filter.components)") }
        if !filter.causes.isEmpty { conditions.append("cause = ANY (\(filter.causes.map(\.rawValue)))") }
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
        number, version, severity, representation, CASE WHEN policy <> \(IncidentRepresentation.stamp(policy)) THEN state END AS outdated
        """
    }

    private static func found(_ row: PostgresRow, _ policy: PhasePolicy) throws -> Found {
        let outdated: PostgresJSON? = try row.decode("outdated")
        let representation: PostgresJSON = try row.decode("representation")
        let severity: String? = try row.decode("severity")
        return Found(
            number: try row.decode("number"), version: try row.decode("version"),
            severity: severity.flatMap(Severity.init),
            representation: try outdated.map {
                IncidentRepresentation.bytes(of: try IncidentColumns.incident($0.bytes), policy: policy)
            } ?? representation.bytes)
    }
}
