import IncidentDomain
import Postgres

/// How the clocks of time zones are set. PostgreSQL has the database of time zones, so that every daemon on it says the same.
enum ZoneStore {
    /// Time zones by their names; what the database does not know is missing.
    ///
    /// Changes are found by looking at the clocks once a day, and then at the hours and minutes of the days between which they
    /// differ. None of these years was set back and forth within a day.
    ///
    /// - Parameters:
    ///   - start: By the clocks there. What lies before it is as it was then.
    ///   - end: After it nothing changes any more, as far as this says.
    ///   - areKnown: Whether the database knew them before: to look that up takes longer than all the rest. One that it
    ///     no longer knows is then an error.
    static func zones(
        _ names: Set<String>, from start: LocalTime, through end: Timestamp, areKnown: Bool = false,
        in runner: some SQLRunner
    ) async throws -> [String: ZoneOffsets] {
        guard !names.isEmpty else { return [:] }
        let known: SQL = "pg_timezone_names WHERE name = ANY (\(names.sorted())) AND \(fragment: isOfTheWorld)"
        // Two days before it by any clock.
        let first = Timestamp(milliseconds: Int64(start.seconds - 172_800) * 1000)
        let rows = try await runner.query(
            """
            WITH zone AS (
                SELECT name FROM \(fragment: areKnown ? "unnest(\(names.sorted())) AS zone (name)" : known)
            ), daily AS (
                SELECT name, step.at, \(fragment: offset) AS ahead
                FROM zone, generate_series(\(first), \(end), interval '24 hours') AS step (at)
            ), hourly AS (
                SELECT name, step.at, \(fragment: offset) AS ahead
                FROM \(fragment: changes(of: "daily")) AS day,
                    generate_series(day.at - interval '24 hours', day.at, interval '1 hour') AS step (at)
            ), minutely AS (
                SELECT name, step.at, \(fragment: offset) AS ahead
                FROM \(fragment: changes(of: "hourly")) AS hour,
                    generate_series(hour.at - interval '1 hour', hour.at, interval '1 minute') AS step (at)
            )
            SELECT name, at, ahead, false AS is_change FROM daily WHERE at = \(first)
            UNION ALL
            SELECT name, at, ahead, true FROM \(fragment: changes(of: "minutely")) AS minute
            ORDER BY name, is_change, at
            """)
        var zones: [String: ZoneOffsets] = [:]
        for (name, rows) in Dictionary(grouping: try rows.map(Row.init), by: \.name) {
            let changes = rows.filter(\.isChange).map { ZoneOffsets.Change(at: $0.at, offset: $0.ahead) }
            zones[name] = ZoneOffsets(name: name, firstOffset: rows[0].ahead, changes: changes)
        }
        return zones
    }

    /// Whether the zone `name` means the same on every machine: neither what the server's own clock shows, nor a placeholder, nor one that
    /// counts other seconds.
    static let isOfTheWorld: SQL =
        "name NOT IN ('localtime', 'posixrules', 'Factory') AND name NOT LIKE 'posix/%' AND name NOT LIKE 'right/%'"

    /// How far ahead changes of clocks are known.
    private static let knownSeconds: Double = 11 * 366 * 86_400

    /// The time zone of a window, for all times that it has; nil when the database does not know it.
    static func zone(
        of window: MaintenanceWindow, now: Timestamp, isKnown: Bool = false, in runner: some SQLRunner
    ) async throws -> ZoneOffsets? {
        try await zones([window.timeZone], from: window.start, now: now, areKnown: isKnown, in: runner)[
            window.timeZone]
    }

    /// Time zones from a local time on, as far as their changes are known.
    static func zones(
        _ names: Set<String>, from start: LocalTime, now: Timestamp, areKnown: Bool = false, in runner: some SQLRunner
    ) async throws -> [String: ZoneOffsets] {
        try await zones(
            names, from: start, through: now.adding(seconds: knownSeconds), areKnown: areKnown, in: runner)
    }

    private struct Row {
        let name: String
        let at: Int
        let ahead: Int
        let isChange: Bool

        init(_ row: PostgresRow) throws {
            name = try row.decode("name")
            at = Int(try row.decode("at", as: Timestamp.self).milliseconds / 1000)
            ahead = try row.decode("ahead")
            isChange = try row.decode("is_change")
        }
    }

    /// Seconds that the clocks of the zone `name` are ahead of UTC at the moment `step.at`.
    private static let offset: SQL =
        "extract(epoch FROM (step.at AT TIME ZONE name) - (step.at AT TIME ZONE 'UTC'))::bigint"

    /// The rows of a series that differ from the one before, where the series goes on without a gap.
    private static func changes(of series: String) -> SQL {
        """
        (
            SELECT name, at, ahead FROM (
                SELECT name, at, ahead, lag(ahead) OVER (PARTITION BY name ORDER BY at) AS before
                FROM \(unescaped: series)
            ) AS step WHERE ahead <> before
        )
        """
    }
}
