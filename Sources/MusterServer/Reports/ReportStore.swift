import FoundationEssentials
import IncidentDomain
import Postgres

/// The rows of users' reports: how many came in which minute, and who has been counted within the hour.
struct ReportStore: Sendable {
    let pool: PostgresPool

    /// Counts reports; whoever was counted for the same within this hour is not counted again.
    ///
    /// In one order, so that two daemons that count the same at once do not wait for each other in a circle.
    func count(_ reports: [Report]) async throws {
        _ = try await pool.query(
            """
            WITH arrived AS (
                SELECT DISTINCT ON (hash, component, symptom) hash, component, symptom, region
                FROM unnest(\(reports.map(\.reporter)), \(reports.map(\.component)),
                    \(reports.map(\.symptom.rawValue)), \(reports.map(\.region)))
                    AS arrived (hash, component, symptom, region)
                ORDER BY hash, component, symptom, region
            ), fresh AS (
                INSERT INTO report_reporter (hour, hash, component, symptom)
                SELECT date_trunc('hour', now()), hash, component, symptom FROM arrived
                ORDER BY hash, component, symptom
                ON CONFLICT DO NOTHING RETURNING hash, component, symptom
            )
            INSERT INTO report_count (minute, component, symptom, region, reports)
            SELECT date_trunc('minute', now()), component, symptom, region, count(*)
            FROM fresh JOIN arrived USING (hash, component, symptom)
            GROUP BY component, symptom, region ORDER BY component, symptom, region
            ON CONFLICT (minute, component, symptom, region)
            DO UPDATE SET reports = report_count.reports + excluded.reports
            """)
    }

    /// The salt of this day, and for how many seconds it holds. The first daemon of a day makes it.
    func salt() async throws -> (salt: [UInt8], seconds: Double) {
        let results = try await pool.pipeline([
            """
            INSERT INTO report_salt (day, salt)
            VALUES ((now() AT TIME ZONE 'UTC')::date,
                sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')))
            ON CONFLICT (day) DO NOTHING
            """,
            """
            SELECT salt, extract(epoch FROM date_trunc('day', now() AT TIME ZONE 'UTC') + interval '1 day'
                - (now() AT TIME ZONE 'UTC'))::double precision AS seconds
            FROM report_salt WHERE day = (now() AT TIME ZONE 'UTC')::date
            """,
        ])
        guard let row = results[1].first else {
            throw PostgresError.decoding(column: "salt", reason: "the salt of the day was just made")
        }
        return (try row.decode("salt"), try row.decode("seconds"))
    }

    /// Rows of counts that are kept, whatever comes.
    static let countsMax = 2_000_000

    /// Forgets what is not needed any more, and the oldest counts where there are too many; how many of these there were.
    @discardableResult
    func prune(days: Int, countsMax: Int = countsMax) async throws -> Int {
        try await pool.pipeline([
            """
            DELETE FROM report_count
            WHERE minute <= (SELECT minute FROM report_count ORDER BY minute DESC OFFSET \(countsMax) LIMIT 1)
            """,
            "DELETE FROM report_reporter WHERE hour < date_trunc('hour', now()) - interval '1 hour'",
            "DELETE FROM report_salt WHERE day < (now() AT TIME ZONE 'UTC')::date - 1",
            "DELETE FROM report_count WHERE minute < now() - make_interval(days => \(Int32(days)))",
            """
            DELETE FROM report_baseline WHERE surging_since IS NULL AND NOT alerted AND mean < 0.0001
                AND looked_at < now() - interval '1 day'
            """,
        ])[0].affectedRows
    }
}
