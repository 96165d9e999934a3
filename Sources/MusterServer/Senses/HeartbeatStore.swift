import FoundationEssentials
import IncidentDomain
import Postgres

/// The rows of heartbeats, as people make them.
struct HeartbeatStore: Sendable {
    let pool: PostgresPool

    static let columns: SQL = """
        heartbeat.name, interval_seconds, grace_seconds, component, severity, description, enabled, created_at,
        updated_at, last_ping_at, armed_at, late_since
        """

    static let reader = RowReader(table: "heartbeat", key: { try $0.decode("name") }, decode: heartbeat)

    static let examined = ExaminedTable(reader, all: "SELECT \(fragment: columns) FROM heartbeat") {
        "PUT or DELETE /v1/heartbeats/\($0)"
    }

    private static func heartbeat(_ row: PostgresRow) throws -> Heartbeat {
        Heartbeat(
            draft: HeartbeatDraft(
                name: try row.decode("name"), intervalSeconds: try row.decode("interval_seconds"),
                graceSeconds: try row.decode("grace_seconds"), component: try row.decode("component"),
                severity: try row.decode("severity"), description: try row.decode("description"),
                isEnabled: try row.decode("enabled")),
            createdAt: try row.decode("created_at"), updatedAt: try row.decode("updated_at"),
            lastPingAt: try row.decode("last_ping_at"), armedAt: try row.decode("armed_at"),
            lateSince: try row.decode("late_since"))
    }

    /// Makes or changes a heartbeat. It is looked at at once, with the new numbers. Enabling begins anew; disabling one that
    /// is late ends its alert, since nobody looks any more.
    func put(_ draft: HeartbeatDraft, by principal: Principal) async throws -> (heartbeat: Heartbeat, isNew: Bool) {
        try await pool.transaction { transaction in
            let held = try await Self.hold(draft.name, in: transaction)
            let before = held?.readable
            if held?.reason != nil { try await Self.remove(draft.name, in: transaction) }
            let rows = try await transaction.query(
                """
                INSERT INTO heartbeat (name, interval_seconds, grace_seconds, component, severity, description, enabled,
                    due_at)
                VALUES (\(draft.name), \(draft.intervalSeconds), \(draft.graceSeconds), \(draft.component),
                    \(draft.severity), \(draft.description), \(draft.isEnabled),
                    CASE WHEN \(draft.isEnabled) THEN now() END)
                ON CONFLICT (name) DO UPDATE SET interval_seconds = excluded.interval_seconds,
                    grace_seconds = excluded.grace_seconds, component = excluded.component,
                    severity = excluded.severity, description = excluded.description, enabled = excluded.enabled,
                    due_at = excluded.due_at, updated_at = now(),
                    armed_at = CASE WHEN excluded.enabled AND NOT heartbeat.enabled THEN now()
                        ELSE heartbeat.armed_at END,
                    late_since = CASE WHEN excluded.enabled THEN heartbeat.late_since END
                RETURNING \(fragment: Self.columns), now() AS now
                """)
            guard let row = rows.first else {
                throw PostgresError.decoding(column: "name", reason: "an insert returned no row")
            }
            if let before, !draft.isEnabled {
                try await Self.end(before, at: try row.decode("now"), in: transaction)
            }
            _ = try await transaction.query(
                AuditStore.insert(
                    actor: principal, action: "heartbeat.put", subject: draft.name,
                    data: [
                        "interval_seconds": .integer(draft.intervalSeconds),
                        "grace_seconds": .integer(draft.graceSeconds), "enabled": .bool(draft.isEnabled),
                    ]))
            return (try Self.reader.read(row, in: transaction).get(), held == nil)
        }
    }

    /// Removes a heartbeat; the alert of one that is late ends.
    ///
    /// - Returns: False when there is none of that name.
    func delete(_ name: String, by principal: Principal) async throws -> Bool {
        try await pool.transaction { transaction in
            guard let before = try await Self.hold(name, in: transaction) else { return false }
            let now = try await Self.remove(name, in: transaction)
            if let now, let before = before.readable { try await Self.end(before, at: now, in: transaction) }
            _ = try await transaction.query(
                AuditStore.insert(actor: principal, action: "heartbeat.delete", subject: name))
            return true
        }
    }

    private static func hold(
        _ name: String, in transaction: PostgresTransaction
    ) async throws -> ReadRow<Heartbeat>? {
        try await transaction.query(
            "SELECT \(fragment: columns) FROM heartbeat WHERE name = \(name) FOR UPDATE"
        ).first.map { reader.read($0, in: transaction) }
    }

    @discardableResult
    private static func remove(_ name: String, in transaction: PostgresTransaction) async throws -> Timestamp? {
        transaction.unreadable.forget(name, of: reader.table)
        return try await transaction.query("DELETE FROM heartbeat WHERE name = \(name) RETURNING now() AS now")
            .first?.decode("now")
    }

    private static func end(
        _ heartbeat: Heartbeat, at now: Timestamp, in transaction: PostgresTransaction
    ) async throws {
        guard let since = heartbeat.lateSince else { return }
        let signal = heartbeat.draft.signal(since: since, until: now, lastPingAt: heartbeat.lastPingAt)
        _ = try await transaction.query(SenseSignalStore.put([signal]))
    }

    func heartbeat(_ name: String) async throws -> Heartbeat? { try await find(name)?.get() }

    func find(_ name: String) async throws -> ReadRow<Heartbeat>? {
        try await pool.query("SELECT \(fragment: Self.columns) FROM heartbeat WHERE name = \(name)")
            .first.map { Self.reader.read($0, in: pool) }
    }

    /// By name.
    func list(after last: String?, limit: Int) async throws -> [ReadRow<Heartbeat>] {
        let rows = try await pool.query(
            """
            SELECT \(fragment: Self.columns) FROM heartbeat WHERE name > \(last ?? "") ORDER BY name LIMIT \(limit)
            """)
        return Self.reader.read(rows, in: pool)
    }
}
