import FoundationEssentials
import IncidentDomain
import Postgres

/// What a list of maintenance may be narrowed to.
struct MaintenanceFilter: Sendable {
    /// Any of them; empty for all.
    var states: [MaintenanceOccurrence.State] = []
    /// Any of them; empty for all.
    var components: [String] = []
}

/// The rows of maintenance windows.
struct MaintenanceStore: Sendable {
    let pool: PostgresPool

    /// Windows that are not over.
    static let windowsMax = 1000

    private static let columns: SQL = """
        maintenance.id, title, description, components, regions, maintenance.local_start, time_zone, duration_seconds,
        rrule, ends, version, cancelled_at, plan_at, created_at, created_by, updated_at, updated_by
        """

    private static let key: @Sendable (PostgresRow) throws -> String = { try $0.decode("id") }

    private static let reader = RowReader(
        table: "maintenance", key: key,
        place: { row in
            let time: Timestamp = try row.decode("created_at")
            return [.integer(Int(time.milliseconds)), .string(try row.decode("id"))]
        }, decode: maintenance)

    static let examined = ExaminedTable(reader, all: "SELECT \(fragment: columns) FROM maintenance") {
        "DELETE /v1/maintenance/\($0)"
    }

    private static func maintenance(_ row: PostgresRow) throws -> Maintenance {
        let start: String = try row.decode("local_start")
        let ends: String = try row.decode("ends")
        guard let local = LocalTime(start) else {
            throw PostgresError.decoding(column: "local_start", reason: "\"\(start)\" is no date and time")
        }
        guard let ending = MaintenanceWindow.Ending(rawValue: ends) else {
            throw PostgresError.decoding(column: "ends", reason: "\"\(ends)\" is not known")
        }
        let window = MaintenanceWindow(
            title: try row.decode("title"), description: try row.decode("description"),
            components: try row.decode("components"), regions: try row.decode("regions"), start: local,
            timeZone: try row.decode("time_zone"),
            durationSeconds: Int(try row.decode("duration_seconds", as: Int32.self)),
            rule: try row.decode("rrule", as: String?.self).map(rule), ending: ending)
        return Maintenance(
            id: try row.decode("id"), window: window, version: Int(try row.decode("version", as: Int32.self)),
            cancelledAt: try row.decode("cancelled_at"), planAt: try row.decode("plan_at"),
            createdAt: try row.decode("created_at"), createdBy: try row.decode("created_by"),
            updatedAt: try row.decode("updated_at"), updatedBy: try row.decode("updated_by"))
    }

    private static func rule(_ text: String) throws -> RecurrenceRule {
        do {
            return try RecurrenceRule(text)
        } catch {
            throw PostgresError.decoding(column: "rrule", reason: error.detail)
        }
    }

    // MARK: Reading

    /// - Parameter isLocked: Whether nobody else may change it until the transaction ends.
    static func find(_ id: UUID, isLocked: Bool = false, in runner: some SQLRunner) async throws -> ReadRow<
        Maintenance
    >? {
        try await runner.query(
            """
            SELECT \(fragment: columns) FROM maintenance WHERE id = \(id) \(fragment: isLocked ? "FOR UPDATE" : "")
            """
        ).first.map { reader.read($0, in: runner) }
    }

    static func windows(_ ids: Set<UUID>, in runner: some SQLRunner) async throws -> [Maintenance] {
        guard !ids.isEmpty else { return [] }
        let rows = try await runner.query(
            "SELECT \(fragment: columns) FROM maintenance WHERE id = ANY (\(Array(ids)))")
        return reader.values(rows, in: runner)
    }

    /// The newest first.
    func list(
        _ filter: MaintenanceFilter, before last: (createdAt: Timestamp, id: UUID)?, limit: Int
    ) async throws -> [ReadRow<Maintenance>] {
        var conditions: [SQL] = ["true"]
        let states = filter.states.map { state -> SQL in "(\(fragment: Self.condition(state)))" }
        if !states.isEmpty { conditions.append("(\(fragment: states.joined(separator: " OR ")))") }
        if !filter.components.isEmpty { conditions.append("components && \(filter.components)") }
        // Times of the API are cut to the millisecond, and so is what is compared with them.
        let created: SQL = "date_trunc('milliseconds', created_at)"
        if let last { conditions.append("(\(fragment: created), id) < (\(last.createdAt), \(last.id))") }
        let rows = try await pool.query(
            """
            SELECT \(fragment: Self.columns) FROM maintenance WHERE \(fragment: conditions.joined(separator: " AND "))
            ORDER BY \(fragment: created) DESC, id DESC LIMIT \(limit)
            """)
        return Self.reader.read(rows, in: pool)
    }

    /// As `MaintenanceView.state` has it.
    private static func condition(_ state: MaintenanceOccurrence.State) -> SQL {
        func has(_ states: String...) -> SQL {
            """
            EXISTS (SELECT FROM maintenance_occurrence
                WHERE maintenance_occurrence.maintenance = maintenance.id AND state = ANY (\(states)))
            """
        }
        let idle: SQL = "NOT \(fragment: has("running", "overrun"))"
        return switch state {
        case .overrun: has("overrun")
        case .running: "\(fragment: has("running")) AND NOT \(fragment: has("overrun"))"
        case .cancelled: "cancelled_at IS NOT NULL AND \(fragment: idle)"
        case .scheduled:
            "cancelled_at IS NULL AND (plan_at IS NOT NULL OR \(fragment: has("scheduled"))) AND \(fragment: idle)"
        case .done:
            "cancelled_at IS NULL AND plan_at IS NULL AND NOT \(fragment: has("scheduled")) AND \(fragment: idle)"
        }
    }

    /// Every window that is not over, or ended less than so many days ago; for calendars.
    static func all(overSinceDays days: Int, limit: Int, in runner: some SQLRunner) async throws -> [Maintenance] {
        let rows = try await runner.query(
            """
            SELECT \(fragment: columns) FROM maintenance
            WHERE plan_at IS NOT NULL OR updated_at > now() - make_interval(days => \(Int32(days))) OR EXISTS (
                SELECT FROM maintenance_occurrence WHERE maintenance_occurrence.maintenance = maintenance.id
                    AND ends_at > now() - make_interval(days => \(Int32(days)))
            )
            ORDER BY (plan_at IS NULL), created_at DESC, id LIMIT \(limit)
            """)
        return reader.values(rows, in: runner)
    }

    // MARK: Writing

    static func insert(_ id: UUID, _ window: MaintenanceWindow, by principal: Principal) -> SQL {
        """
        INSERT INTO maintenance (id, title, description, components, regions, local_start, time_zone, duration_seconds, rrule,
            ends, created_by, updated_by)
        VALUES (\(id), \(window.title), \(window.description), \(window.components), \(window.regions),
            \(window.start.description), \(window.timeZone), \(window.durationSeconds), \(window.rule?.description),
            \(window.ending.rawValue), \(principal.name), \(principal.name))
        """
    }

    /// What people changed.
    static func update(_ maintenance: Maintenance) -> SQL {
        let window = maintenance.window
        return """
            UPDATE maintenance SET title = \(window.title), description = \(window.description),
                components = \(window.components), regions = \(window.regions),
                local_start = \(window.start.description), time_zone = \(window.timeZone),
                duration_seconds = \(window.durationSeconds), rrule = \(window.rule?.description),
                ends = \(window.ending.rawValue), version = \(maintenance.version),
                cancelled_at = \(maintenance.cancelledAt), plan_at = \(maintenance.planAt), updated_at = now(),
                updated_by = \(maintenance.updatedBy)
            WHERE id = \(maintenance.id)
            """
    }

    static func delete(_ id: UUID, in transaction: PostgresTransaction) async throws {
        try await transaction.query("DELETE FROM maintenance WHERE id = \(id)")
        transaction.unreadable.forget(id.text, of: reader.table)
    }

    /// How many windows are not over, and the time.
    static func moment(in runner: some SQLRunner) async throws -> (now: Timestamp, windows: Int) {
        let row = try await runner.query(
            "SELECT now() AS now, (SELECT count(*) FROM maintenance WHERE plan_at IS NOT NULL) AS windows")[0]
        return (try row.decode("now"), try row.decode("windows"))
    }

    /// Windows whose times have to be worked out again.
    static func planDue(limit: Int, without resting: [UUID], in runner: some SQLRunner) async throws -> [UUID] {
        try await runner.query(
            """
            SELECT id FROM maintenance WHERE plan_at <= now() AND id <> ALL (\(resting)) ORDER BY plan_at LIMIT \(limit)
            """
        ).map { try $0.decode("id") }
    }

    /// A window, locked until the transaction ends, unless somebody works on it.
    static func claim(_ id: UUID, in transaction: PostgresTransaction) async throws -> ReadRow<Maintenance>? {
        try await transaction.query(
            "SELECT \(fragment: columns) FROM maintenance WHERE id = \(id) FOR UPDATE SKIP LOCKED"
        ).first.map { reader.read($0, in: transaction) }
    }

    /// Its times are worked out again at the next pass, if something lies ahead.
    static func planAgain(_ id: UUID) -> SQL {
        "UPDATE maintenance SET plan_at = now() WHERE id = \(id) AND plan_at IS NOT NULL"
    }

    /// One of those that are due, unless another daemon works on it or has done so.
    static func claimPlan(
        _ id: UUID, in transaction: PostgresTransaction
    ) async throws -> (row: ReadRow<Maintenance>, now: Timestamp)? {
        let rows = try await transaction.query(
            """
            SELECT \(fragment: columns), now() AS now FROM maintenance WHERE id = \(id) AND plan_at <= now()
            FOR UPDATE SKIP LOCKED
            """)
        return try rows.first.map { (reader.read($0, in: transaction), try $0.decode("now")) }
    }

    /// Forgets occurrences that ended before so many days, and windows of which nothing is left; how many rows those were.
    static func prune(days: Int, limit: Int, in runner: some SQLRunner) async throws -> Int {
        let before: SQL = "now() - make_interval(days => \(Int32(days)))"
        let occurrences = try await runner.query(
            """
            DELETE FROM maintenance_occurrence WHERE (maintenance, local_start) IN (
                SELECT maintenance, local_start FROM maintenance_occurrence
                WHERE state IN ('done', 'cancelled') AND ends_at < \(fragment: before) ORDER BY ends_at LIMIT \(limit)
            )
            """
        ).affectedRows
        let windows = try await runner.query(
            """
            DELETE FROM maintenance WHERE id IN (
                SELECT id FROM maintenance WHERE plan_at IS NULL AND updated_at < \(fragment: before) AND NOT EXISTS (
                    SELECT FROM maintenance_occurrence WHERE maintenance_occurrence.maintenance = maintenance.id
                ) LIMIT \(limit)
            )
            """
        ).affectedRows
        return occurrences + windows
    }
}
