import FoundationEssentials
import IncidentDomain
import Postgres

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
