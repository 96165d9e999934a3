import FoundationEssentials
import IncidentDomain
import Postgres

/// The rows of maintenance occurrences.
enum OccurrenceStore {
    /// What names an occurrence.
    struct Key: Hashable, Sendable {
        let maintenance: UUID
        let local: String
    }

    private static let columns: SQL = """
        occurrence.maintenance, occurrence.local_start AS local, starts_at, ends_at, state, began_at, ended_at,
        announced_seconds, extensions, changed, incident
        """

    private static let reader = RowReader(
        table: "maintenance_occurrence",
        key: { "\(try $0.decode("maintenance", as: UUID.self).text)/\(try $0.decode("local", as: String.self))" },
        decode: stored)

    static let examined = ExaminedTable(
        reader, all: "SELECT \(fragment: columns) FROM maintenance_occurrence AS occurrence"
    ) { key in "DELETE /v1/maintenance/\(key.prefix { $0 != "/" }), or correct its row \(key)" }

    private typealias Stored = (maintenance: UUID, occurrence: MaintenanceOccurrence)

    private static func stored(_ row: PostgresRow) throws -> Stored {
        let (local, state) = (try row.decode("local", as: String.self), try row.decode("state", as: String.self))
        guard let time = LocalTime(local) else {
            throw PostgresError.decoding(column: "local_start", reason: "\"\(local)\" is no date and time")
        }
        guard let known = MaintenanceOccurrence.State(rawValue: state) else {
            throw PostgresError.decoding(column: "state", reason: "\"\(state)\" is not known")
        }
        var occurrence = MaintenanceOccurrence(
            local: time, startsAt: try row.decode("starts_at"), endsAt: try row.decode("ends_at"))
        occurrence.state = known
        occurrence.beganAt = try row.decode("began_at")
        occurrence.endedAt = try row.decode("ended_at")
        occurrence.announcedSeconds = try row.decode("announced_seconds", as: Int32?.self).map { Int($0) }
        occurrence.extensions = Int(try row.decode("extensions", as: Int32.self))
        occurrence.isChanged = try row.decode("changed")
        occurrence.incident = try row.decode("incident")
        return (try row.decode("maintenance"), occurrence)
    }

    // MARK: Reading

    /// All of a window that are not over, and the newest that are, in the order of time.
    ///
    /// - Parameter isLocked: Whether nobody else may change them until the transaction ends.
    static func all(
        of id: UUID, overMax: Int = 20, isLocked: Bool = false, in runner: some SQLRunner
    ) async throws -> [MaintenanceOccurrence] {
        let rows = try await runner.query(
            """
            SELECT \(fragment: columns) FROM maintenance_occurrence AS occurrence
            WHERE maintenance = \(id) AND (state IN ('scheduled', 'running', 'overrun') OR local_start IN (
                SELECT local_start FROM maintenance_occurrence WHERE maintenance = \(id) AND state IN ('done', 'cancelled')
                ORDER BY starts_at DESC LIMIT \(overMax)
            )) ORDER BY starts_at \(fragment: isLocked ? "FOR UPDATE" : "")
            """)
        return reader.values(rows, in: runner).map(\.occurrence)
    }

    /// One, whether it is over or not.
    static func find(_ key: Key, in runner: some SQLRunner) async throws -> MaintenanceOccurrence? {
        try await runner.query(
            """
            SELECT \(fragment: columns) FROM maintenance_occurrence AS occurrence
            WHERE maintenance = \(key.maintenance) AND local_start = \(key.local) FOR UPDATE
            """
        ).first.map { try reader.read($0, in: runner).get().occurrence }
    }

    /// Of each window, what runs and what comes next.
    static func current(
        of ids: [UUID], in runner: some SQLRunner
    ) async throws -> [UUID: [MaintenanceOccurrence]] {
        let rows = try await runner.query(
            """
            SELECT \(fragment: columns) FROM unnest(\(ids)) AS wanted (id), LATERAL (
                (SELECT * FROM maintenance_occurrence
                    WHERE maintenance = wanted.id AND state IN ('running', 'overrun') ORDER BY starts_at LIMIT 10)
                UNION ALL
                (SELECT * FROM maintenance_occurrence
                    WHERE maintenance = wanted.id AND state = 'scheduled' ORDER BY starts_at LIMIT 1)
            ) AS occurrence ORDER BY starts_at
            """)
        let found = reader.values(rows, in: runner)
        return Dictionary(grouping: found, by: \.maintenance).mapValues { $0.map(\.occurrence) }
    }

    /// Of each window, those that are no longer as its rule says.
    static func changed(
        of ids: [UUID], in runner: some SQLRunner
    ) async throws -> [UUID: [MaintenanceOccurrence]] {
        let rows = try await runner.query(
            """
            SELECT \(fragment: columns) FROM maintenance_occurrence AS occurrence
            WHERE maintenance = ANY (\(ids)) AND changed ORDER BY starts_at
            """)
        let found = reader.values(rows, in: runner)
        return Dictionary(grouping: found, by: \.maintenance).mapValues { $0.map(\.occurrence) }
    }

    /// What holds alerts at a moment. One whose beginning nobody has noted yet holds them, too, and one whose end nobody has
    /// noted does so a little longer: else its alerts would open incidents before its overrun does.
    static func running(at moment: Timestamp, in runner: some SQLRunner) async throws -> [RunningMaintenance] {
        try await runner.query(
            """
            SELECT components, regions, until FROM (
                SELECT maintenance, starts_at, CASE WHEN state = 'running' THEN next_at ELSE ends_at END
                    + interval '10 seconds' AS until
                FROM maintenance_occurrence WHERE state IN ('scheduled', 'running') AND starts_at <= \(moment)
            ) AS occurrence JOIN maintenance ON maintenance.id = occurrence.maintenance
            WHERE until > \(moment) ORDER BY until DESC LIMIT \(MaintenanceStore.windowsMax)
            """
        ).map { row in
            RunningMaintenance(
                components: Set(try row.decode("components", as: [String].self)),
                regions: Set(try row.decode("regions", as: [String].self)), until: try row.decode("until"))
        }
    }

    /// What may concern one of the components: occurrences that overlap a span of time, in the order of time.
    static func naming(
        _ components: [String], from start: Timestamp, through end: Timestamp, limit: Int, in runner: some SQLRunner
    ) async throws -> [ComponentMaintenance] {
        let rows = try await runner.query(
            """
            SELECT \(fragment: columns) FROM maintenance_occurrence AS occurrence
            JOIN maintenance ON maintenance.id = occurrence.maintenance
            WHERE maintenance.components && \(components) AND starts_at <= \(end)
                AND (state IN ('running', 'overrun') OR coalesce(ended_at, ends_at) >= \(start)) AND state <> 'cancelled'
            ORDER BY starts_at LIMIT \(limit)
            """)
        return try await withWindows(reader.values(rows, in: runner), in: runner)
    }

    /// What runs on a component, and the next that will.
    static func current(
        on component: String, in runner: some SQLRunner
    ) async throws -> (running: [ComponentMaintenance], next: ComponentMaintenance?) {
        let rows = try await runner.query(
            """
            SELECT \(fragment: columns) FROM maintenance_occurrence AS occurrence
            JOIN maintenance ON maintenance.id = occurrence.maintenance
            WHERE maintenance.components @> \([component]) AND state IN ('running', 'overrun', 'scheduled')
            ORDER BY state = 'scheduled', starts_at LIMIT 20
            """)
        let found = try await withWindows(reader.values(rows, in: runner), in: runner)
        return (
            found.filter { $0.occurrence.state != .scheduled }, found.first { $0.occurrence.state == .scheduled }
        )
    }

    private static func withWindows(
        _ found: [Stored], in runner: some SQLRunner
    ) async throws -> [ComponentMaintenance] {
        var windows: [UUID: Maintenance] = [:]
        for maintenance in try await MaintenanceStore.windows(Set(found.map(\.maintenance)), in: runner) {
            windows[maintenance.id] = maintenance
        }
        return found.compactMap { found in
            windows[found.maintenance].map { ComponentMaintenance(maintenance: $0, occurrence: found.occurrence) }
        }
    }

    // MARK: Writing

    /// Keeps the times of a plan: new ones are added, those that lie ahead are moved or go. What people changed stays, but not the only
    /// time of a window, which goes where its window goes. It is looked at again while something lies ahead.
    static func put(_ plan: MaintenancePlan, of id: UUID, _ window: MaintenanceWindow, grace: Double) -> [SQL] {
        let occurrences = plan.times.map { time in
            MaintenanceOccurrence(
                local: time.local, startsAt: time.moment, endsAt: window.end(from: time.moment))
        }
        let locals = occurrences.map(\.local.description)
        return [
            """
            DELETE FROM maintenance_occurrence
            WHERE maintenance = \(id) AND state = 'scheduled' AND starts_at > now() AND local_start <> ALL (\(locals))
                AND NOT (changed AND \(window.rule != nil))
            """,
            """
            INSERT INTO maintenance_occurrence AS stored (maintenance, local_start, starts_at, ends_at, state, next_at)
            SELECT \(id), local_start, starts_at, ends_at, 'scheduled', next_at
            FROM unnest(\(locals), \(occurrences.map(\.startsAt)), \(occurrences.map(\.endsAt)),
                \(occurrences.map { $0.nextMoment(window.ending, grace: grace) })) AS planned (local_start, starts_at, ends_at, next_at)
            ON CONFLICT (maintenance, local_start) DO UPDATE SET starts_at = excluded.starts_at, ends_at = excluded.ends_at,
                next_at = CASE WHEN stored.starts_at = excluded.starts_at THEN stored.next_at ELSE excluded.next_at END,
                announced_seconds = CASE WHEN stored.starts_at = excluded.starts_at THEN stored.announced_seconds END
            WHERE stored.state = 'scheduled' AND NOT stored.changed
                AND (stored.starts_at, stored.ends_at) IS DISTINCT FROM (excluded.starts_at, excluded.ends_at)
            """,
            """
            UPDATE maintenance SET plan_at = CASE WHEN \(plan.isMoreToCome) OR EXISTS (
                SELECT FROM maintenance_occurrence WHERE maintenance = \(id) AND state = 'scheduled'
            ) THEN \(plan.nextLookAt)::timestamptz END
            WHERE id = \(id)
            """,
        ]
    }

    /// What became of one.
    static func update(_ occurrence: MaintenanceOccurrence, of id: UUID, nextAt: Timestamp?) -> SQL {
        """
        UPDATE maintenance_occurrence SET starts_at = \(occurrence.startsAt), ends_at = \(occurrence.endsAt),
            state = \(occurrence.state.rawValue), began_at = \(occurrence.beganAt), ended_at = \(occurrence.endedAt),
            announced_seconds = \(occurrence.announcedSeconds), extensions = \(occurrence.extensions),
            changed = \(occurrence.isChanged), incident = \(occurrence.incident), next_at = \(nextAt)
        WHERE maintenance = \(id) AND local_start = \(occurrence.local.description)
        """
    }

    /// Alerts that maintenance of these components holds are looked at again.
    static func releaseAlerts(on components: [String]) -> SQL {
        """
        UPDATE alert SET held_until = now()
        WHERE held = 'maintenance' AND status <> 'resolved' AND component = ANY (\(components))
        """
    }

    // MARK: What is due

    /// Occurrences with which something happens by itself now.
    static func due(limit: Int, without resting: [Key], in runner: some SQLRunner) async throws -> [Key] {
        try await runner.query(
            """
            SELECT maintenance, local_start FROM maintenance_occurrence
            WHERE next_at <= now() AND (maintenance, local_start) NOT IN (
                SELECT * FROM unnest(\(resting.map(\.maintenance)), \(resting.map(\.local)))
            ) ORDER BY next_at LIMIT \(limit)
            """
        ).map { Key(maintenance: try $0.decode("maintenance"), local: try $0.decode("local_start")) }
    }

    /// One of these, unless another daemon works on it or has done so.
    static func claim(
        _ key: Key, in transaction: PostgresTransaction
    ) async throws -> (occurrence: MaintenanceOccurrence, now: Timestamp)? {
        let rows = try await transaction.query(
            """
            SELECT \(fragment: columns), now() AS now FROM maintenance_occurrence AS occurrence
            WHERE maintenance = \(key.maintenance) AND local_start = \(key.local) AND next_at <= now()
            FOR UPDATE SKIP LOCKED
            """)
        guard let row = rows.first else { return nil }
        return (try reader.read(row, in: transaction).get().occurrence, try row.decode("now"))
    }
}
