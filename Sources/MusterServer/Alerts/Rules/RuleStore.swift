import FoundationEssentials
import IncidentDomain
import Postgres

/// A rule with its place in the order and who made it.
struct StoredRule: Sendable {
    let rule: RoutingRule
    /// From 1.
    let position: Int
    let createdAt: Timestamp
    let createdBy: String
    let updatedAt: Timestamp
    let updatedBy: String
}

/// The rows of rules. Every change locks the version's row first, so that changes come one after the other and places have
/// no gaps.
struct RuleStore: Sendable {
    let pool: PostgresPool

    /// Told to every daemon on the database when rules or silences changed.
    static let channel = "muster_routing"
    static let rulesMax = 500

    /// All rules in their order.
    func list() async throws -> [ReadRow<StoredRule>] {
        Self.reader.read(try await pool.query(Self.all), in: pool)
    }

    func find(_ id: UUID) async throws -> ReadRow<StoredRule>? {
        try await pool.query("SELECT \(fragment: Self.columns) FROM routing_rule WHERE id = \(id)").first
            .map { Self.reader.read($0, in: pool) }
    }

    /// Stores a new rule at a place, or at the end. The same id again is the same request: its rule stays as it is.
    ///
    /// - Returns: Nil when there are too many.
    func create(_ rule: RoutingRule, at position: Int?, by principal: Principal) async throws -> StoredRule? {
        try Self.check(rule)
        return try await change { transaction, order in
            guard !order.contains(rule.id) else { return try await found(rule.id, in: transaction) }
            guard order.count < Self.rulesMax else { return nil }
            _ = try await transaction.pipeline([
                """
                INSERT INTO routing_rule (id, position, name, body, created_by, updated_by)
                VALUES (\(rule.id), \(order.count + 1), \(rule.name), \(Self.json(rule)), \(principal.name),
                    \(principal.name))
                """,
                Self.audit("rule.create", rule, by: principal),
            ])
            try await move(rule.id, in: order + [rule.id], to: position, in: transaction)
            return try await found(rule.id, in: transaction)
        }
    }

    /// Puts a rule in the place of another; alerts that the old one held are looked at again.
    ///
    /// - Returns: Nil when there is none of that id.
    func replace(_ rule: RoutingRule, at position: Int?, by principal: Principal) async throws -> StoredRule? {
        try Self.check(rule)
        let stored = try await change { transaction, order -> StoredRule? in
            guard order.contains(rule.id) else { return nil }
            _ = try await transaction.pipeline([
                """
                UPDATE routing_rule SET name = \(rule.name), body = \(Self.json(rule)), updated_at = now(),
                    updated_by = \(principal.name)
                WHERE id = \(rule.id)
                """,
                Self.letGo(of: rule.id),
                Self.audit("rule.replace", rule, by: principal),
            ])
            if position != nil { try await move(rule.id, in: order, to: position, in: transaction) }
            return try await found(rule.id, in: transaction)
        }
        pool.unreadable.forget(rule.id.text, of: Self.reader.table)
        return stored
    }

    /// - Returns: False when there is none of that id.
    func delete(_ id: UUID, by principal: Principal) async throws -> Bool {
        defer { pool.unreadable.forget(id.text, of: Self.reader.table) }
        return try await change { transaction, order in
            guard order.contains(id) else { return false }
            _ = try await transaction.pipeline([
                "DELETE FROM routing_rule WHERE id = \(id)",
                Self.letGo(of: id),
                AuditStore.insert(actor: principal, action: "rule.delete", subject: id.text),
            ])
            try await write(order.filter { $0 != id }, in: transaction)
            return true
        }
    }

    /// Puts all rules into an order.
    ///
    /// - Returns: False when these are not all of them.
    func order(_ ids: [UUID], by principal: Principal) async throws -> Bool {
        try await change { transaction, order in
            guard ids.count == order.count, Set(ids) == Set(order) else { return false }
            try await write(ids, in: transaction)
            _ = try await transaction.query(
                AuditStore.insert(
                    actor: principal, action: "rule.order", subject: "rules",
                    data: ["rules": .array(ids.map { .string($0.text) })]))
            return true
        }
    }

    /// Whether the database knows a time zone, which is the same on every machine.
    func knows(timeZone: String) async throws -> Bool {
        try await !pool.query(
            "SELECT 1 FROM pg_timezone_names WHERE name = \(timeZone) AND \(fragment: ZoneStore.isOfTheWorld)"
        ).isEmpty
    }

    /// One more version: daemons read rules and silences again.
    static let bump: [SQL] = [
        "UPDATE routing SET version = version + 1", "SELECT pg_notify(\(channel), '')",
    ]

    private func change<Result: Sendable>(
        _ body: (PostgresTransaction, [UUID]) async throws -> Result
    ) async throws -> Result {
        try await pool.transaction { transaction in
            _ = try await transaction.pipeline(Self.bump)
            let order = try await transaction.query("SELECT id FROM routing_rule ORDER BY position")
                .map { try $0.decode("id", as: UUID.self) }
            return try await body(transaction, order)
        }
    }

    private func move(
        _ id: UUID, in order: [UUID], to position: Int?, in transaction: PostgresTransaction
    ) async throws {
        var order = order.filter { $0 != id }
        order.insert(id, at: min(max((position ?? .max) - 1, 0), order.count))
        try await write(order, in: transaction)
    }

    private func write(_ order: [UUID], in transaction: PostgresTransaction) async throws {
        try await transaction.query(
            """
            UPDATE routing_rule SET position = array_position(\(order), id)
            WHERE position <> array_position(\(order), id)
            """)
    }

    private func found(_ id: UUID, in transaction: PostgresTransaction) async throws -> StoredRule? {
        try await transaction.query("SELECT \(fragment: Self.columns) FROM routing_rule WHERE id = \(id)").first
            .map { try Self.reader.read($0, in: transaction).get() }
    }

    /// What a rule holds is decided anew, since the rule is another one now.
    private static func letGo(of rule: UUID) -> SQL {
        """
        UPDATE alert SET held_until = now()
        WHERE rule = \(rule) AND held IS NOT NULL AND held <> 'person' AND status <> 'resolved'
        """
    }

    private static func audit(_ action: String, _ rule: RoutingRule, by principal: Principal) -> SQL {
        AuditStore.insert(
            actor: principal, action: action, subject: rule.id.text,
            data: ["name": .string(rule.name)])
    }

    private static func json(_ rule: RoutingRule) -> PostgresJSON {
        PostgresJSON(bytes: RuleBodies.body(of: rule))
    }

    private static let columns: SQL = "id, position, body, created_at, created_by, updated_at, updated_by"

    static let all: SQL = "SELECT \(fragment: columns) FROM routing_rule ORDER BY position"

    static let reader = RowReader(table: "routing_rule", key: { try $0.decode("id") }, decode: stored)

    static let examined = ExaminedTable(reader, all: all) { "PUT or DELETE /v1/rules/\($0)" }

    /// Refuses what could be stored and not be read again.
    private static func check(_ rule: RoutingRule) throws(Problem) {
        _ = try RuleBodies.stored(RuleBodies.body(of: rule), id: rule.id)
    }

    private static func stored(_ row: PostgresRow) throws -> StoredRule {
        let json: PostgresJSON = try row.decode("body")
        return StoredRule(
            rule: try RuleBodies.stored(json.bytes, id: try row.decode("id")),
            position: try row.decode("position"), createdAt: try row.decode("created_at"),
            createdBy: try row.decode("created_by"), updatedAt: try row.decode("updated_at"),
            updatedBy: try row.decode("updated_by"))
    }
}

// MARK: - Rules and silences together

extension RuleStore {
    /// Reads the rules and silences together.
    static func snapshot(in pool: PostgresPool) async throws -> RuleBook.Snapshot {
        // The version first: what is read after it is at least as new.
        let results = try await pool.pipeline([version, RuleStore.all, SilenceStore.current])
        return RuleBook.Snapshot(
            version: try results[0].first?.decode("version") ?? 0,
            rules: RuleStore.reader.values(results[1], in: pool).map(\.rule),
            silences: SilenceStore.currentReader.values(results[2], in: pool))
    }

    private static let version: SQL = "SELECT version FROM routing"

    /// The version of the rules that is stored, and the database's time.
    static func moment(in runner: some SQLRunner) async throws -> (version: Int, now: Timestamp) {
        guard let row = try await runner.query("SELECT version, now() AS now FROM routing").first else {
            throw PostgresError.decoding(column: "version", reason: "the row of the rules' version is missing")
        }
        return (try row.decode("version"), try row.decode("now"))
    }

    /// When hours begin next, as of a moment; nil when they have begun and are not over. The database knows how clocks
    /// are set in every time zone: a time that a clock skips is the one after, one that it shows twice is the second.
    static func opening(
        of hours: OpeningHours, at moment: Timestamp, in runner: some SQLRunner
    ) async throws -> Timestamp? {
        let length = hours.to > hours.from ? hours.to : hours.to + 1440
        let rows = try await runner.query(
            """
            SELECT bool_or(begins <= \(moment) AND ends > \(moment)) AS is_open,
                min(begins) FILTER (WHERE begins > \(moment)) AS next
            FROM (
                SELECT (day + make_interval(mins => \(hours.from)::int)) AT TIME ZONE \(hours.timeZone) AS begins,
                    (day + make_interval(mins => \(length)::int)) AT TIME ZONE \(hours.timeZone) AS ends
                FROM generate_series(
                    date_trunc('day', \(moment)::timestamptz AT TIME ZONE \(hours.timeZone)) - interval '1 day',
                    date_trunc('day', \(moment)::timestamptz AT TIME ZONE \(hours.timeZone)) + interval '8 days',
                    interval '1 day') AS day
                WHERE extract(isodow FROM day)::bigint = ANY (\(hours.days))
            ) AS spans
            """)
        guard let row = rows.first, try row.decode("is_open", as: Bool?.self) != true else { return nil }
        return try row.decode("next")
    }
}
