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
                RETURNING \(fragment: Self.columns), now() AS now, heartbeat.xmax = 0 AS is_new
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
            // Somebody else may have made it since we looked.
            let isNew = try row.decode("is_new", as: Bool.self) && held == nil
            return (try Self.reader.read(row, in: transaction).get(), isNew)
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

// MARK: - Pings and deadlines

/// What happens to heartbeats by themselves: pings, and their time.
extension HeartbeatStore {
    /// What a ping did.
    enum Ping: Hashable, Sendable {
        case taken
        /// It was late, and its alert has to hear that it is over.
        case cameBack
        case unknown
    }

    /// Takes a ping: one statement, which touches no index while the heartbeat is not late, and no row when the last ping was
    /// less than a second ago.
    func ping(_ name: String) async throws -> Ping {
        let signal = SenseSignalStore.put(
            """
            SELECT \(BuiltInSource.heartbeats), name, false, 'Heartbeat ' || name || ' is late', component, severity,
                jsonb_build_object('alertname', 'HeartbeatLate', 'heartbeat', name), '{}'::jsonb, was_late_since, now()
            FROM pinged WHERE was_late_since IS NOT NULL
            """)
        let row = try await pool.query(
            """
            WITH pinged AS (
                UPDATE heartbeat SET last_ping_at = now(), was_late_since = late_since, late_since = NULL,
                    due_at = CASE WHEN late_since IS NULL THEN due_at
                        ELSE now() + make_interval(secs => interval_seconds + grace_seconds) END
                WHERE name = \(name)
                    AND (last_ping_at IS NULL OR last_ping_at < now() - interval '1 second' OR late_since IS NOT NULL)
                RETURNING name, component, severity, was_late_since
            ), told AS (
                \(fragment: signal)
            )
            SELECT (SELECT was_late_since FROM pinged) IS NOT NULL AS came_back FROM heartbeat WHERE name = \(name)
            """
        ).first
        guard let row else { return .unknown }
        return try row.decode("came_back", as: Bool.self) ? .cameBack : .taken
    }

    /// Looks at heartbeats whose time may have passed, up to so many: their true deadline is written down, or they are late.
    /// Rows that another daemon looks at are left to it.
    ///
    /// - Returns: How many there were, and how many of them became late or are not late any more.
    func passDue(_ absence: FleetAbsence?, limit: Int) async throws -> (looked: Int, changed: Int) {
        try await pool.transaction { transaction in
            let rows = try await transaction.query(
                """
                SELECT \(fragment: Self.columns), now() AS now FROM heartbeat WHERE due_at <= now()
                ORDER BY due_at LIMIT \(limit) FOR UPDATE SKIP LOCKED
                """)
            guard let now: Timestamp = try rows.first?.decode("now") else { return (0, 0) }
            let read = Self.reader.read(rows, in: transaction)
            let unreadable = read.filter { $0.reason != nil }.map(\.key)
            if !unreadable.isEmpty {
                // They would stand in front of the others for ever; somebody may have put them right by then.
                _ = try await transaction.query(
                    "UPDATE heartbeat SET due_at = now() + interval '1 hour' WHERE name = ANY (\(unreadable))")
            }
            let looks = read.compactMap(\.readable).map { HeartbeatLook($0, absence, now: now) }
            guard !looks.isEmpty else { return (rows.count, 0) }
            let signals = looks.compactMap(\.signal)
            let statements: [SQL] = [
                """
                UPDATE heartbeat SET due_at = look.due_at, late_since = look.late_since
                FROM unnest(\(looks.map(\.heartbeat.draft.name)), \(looks.map(\.dueAt)), \(looks.map(\.lateSince)))
                    AS look (name, due_at, late_since)
                WHERE heartbeat.name = look.name
                """
            ]
            _ = try await transaction.pipeline(statements + (signals.isEmpty ? [] : [SenseSignalStore.put(signals)]))
            return (rows.count, signals.count)
        }
    }
}

/// What becomes of a heartbeat that is looked at.
struct HeartbeatLook: Sendable {
    let heartbeat: Heartbeat
    /// When to look again; nil while it is late, since only a ping changes that.
    let dueAt: Timestamp?
    let lateSince: Timestamp?
    let signal: SenseSignal?

    init(_ heartbeat: Heartbeat, _ absence: FleetAbsence?, now: Timestamp) {
        self.heartbeat = heartbeat
        let deadline = heartbeat.draft.rule.deadline(after: heartbeat.lastSign, absence: absence)
        let ping = heartbeat.lastPingAt
        if deadline > now {
            (dueAt, lateSince) = (deadline, nil)
            // It was given more time.
            signal = heartbeat.lateSince.map { heartbeat.draft.signal(since: $0, until: now, lastPingAt: ping) }
        } else {
            dueAt = nil
            lateSince = heartbeat.lateSince ?? deadline
            signal =
                heartbeat.lateSince == nil
                ? heartbeat.draft.signal(since: deadline, until: nil, lastPingAt: ping) : nil
        }
    }
}

// MARK: - Downtimes of Muster itself

/// Whether any daemon was there: what was not noticed while none was, is nobody else's fault.
struct FleetStore: Sendable {
    let pool: PostgresPool

    /// Says that a daemon is there.
    ///
    /// - Returns: The last time that none was, on database time; nil when that never happened. Less than five seconds are
    ///   no absence: a daemon looks once a second.
    func beThere() async throws -> FleetAbsence? {
        let row = try await pool.query(
            """
            UPDATE sense_fleet SET seen_at = now(),
                away_from = CASE WHEN seen_at < now() - interval '5 seconds' THEN seen_at ELSE away_from END,
                away_until = CASE WHEN seen_at < now() - interval '5 seconds' THEN now() ELSE away_until END
            RETURNING away_from, away_until
            """
        ).first
        guard let row, let start: Timestamp = try row.decode("away_from"),
            let end: Timestamp = try row.decode("away_until")
        else { return nil }
        return FleetAbsence(start: start, end: end)
    }
}
