import FoundationEssentials
import IncidentDomain
import Postgres

/// Reads the rules and silences together, and what time it is where a rule has its hours.
enum RoutingStore {
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
