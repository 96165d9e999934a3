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
                    \(reports.map(\.symptom)), \(reports.map(\.region)))
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

/// The rows of what is normal. Any number of daemons may look at them: of those that look at the same time, one stores what
/// it saw, by comparing the number of the pass.
struct ReportBaselineStore: Sendable {
    let pool: PostgresPool

    /// A baseline that is due, with what was reported since it was last looked at.
    struct Due: Sendable {
        let key: ReportKey
        var baseline: ReportBaseline
        let pass: Int
        var surgingSince: Timestamp?
        let learntUntil: Timestamp
        let isAlerted: Bool
        /// The database's time.
        let now: Timestamp
        /// Reports by minute.
        var minutes: [Timestamp: Int] = [:]

        /// Learns the minutes that the window has left, then looks at the window.
        mutating func look() {
            for start in stride(from: learntUntil.milliseconds, to: windowStart.milliseconds, by: 60_000) {
                baseline.learn(minute: minutes[Timestamp(milliseconds: start)] ?? 0)
            }
            let changed = baseline.look(reports: recent, inMinutes: now.seconds(since: windowStart) / 60)
            if changed { surgingSince = baseline.isSurging ? now : nil }
        }

        /// The window begins with a whole minute; it is as long as it should be, or up to a minute shorter.
        var windowStart: Timestamp {
            Timestamp(milliseconds: (now.milliseconds / 60_000 - Int64(ReportBaseline.windowMinutes) + 1) * 60_000)
        }

        var recent: Int { minutes.filter { $0.key >= windowStart }.values.reduce(0, +) }
    }

    private static let window: SQL = "interval '6 minutes'"

    /// What has not been looked at for some time and may have something to say.
    func due(every seconds: Double, limit: Int) async throws -> [Due] {
        let since: SQL = "date_trunc('minute', now()) - interval '1 day'"
        let results = try await pool.pipeline([
            """
            INSERT INTO report_baseline (component, symptom, learnt_until)
            SELECT component, symptom, date_trunc('minute', now()) - interval '4 minutes'
            FROM report_count WHERE minute > now() - \(fragment: Self.window)
            GROUP BY component, symptom ORDER BY component, symptom
            ON CONFLICT (component, symptom) DO NOTHING
            """,
            """
            SELECT component, symptom, mean, variance, surging_since, surging_minutes, contrary, pass, alerted,
                greatest(learnt_until, \(fragment: since)) AS learnt_until, now() AS now
            FROM report_baseline AS baseline
            WHERE looked_at <= now() - make_interval(secs => \(seconds)) AND (
                surging_since IS NOT NULL OR alerted OR contrary > 0 OR learnt_until < now() - interval '1 hour'
                OR EXISTS (
                    SELECT FROM report_count AS counted
                    WHERE counted.component = baseline.component AND counted.symptom = baseline.symptom
                        AND minute > now() - \(fragment: Self.window)
                ))
            ORDER BY component, symptom LIMIT \(limit)
            """,
        ])
        let read = Self.reader.read(results[1], in: pool)
        let unreadable = zip(results[1], read).filter { $0.1.reason != nil }.map(\.0)
        if !unreadable.isEmpty { try await setAside(unreadable) }
        let due = read.compactMap(\.readable)
        guard !due.isEmpty else { return [] }
        let counts = try await pool.query(
            """
            SELECT counted.component, counted.symptom, minute, sum(reports) AS reports
            FROM unnest(\(due.map(\.key.component)), \(due.map(\.key.symptom)), \(due.map(\.learntUntil)))
                AS due (component, symptom, since)
            JOIN report_count AS counted ON counted.component = due.component AND counted.symptom = due.symptom
                AND minute >= due.since
            GROUP BY counted.component, counted.symptom, minute
            """)
        let byKey = try counts.reduce(into: [ReportKey: [Timestamp: Int]]()) { found, row in
            let key = ReportKey(component: try row.decode("component"), symptom: try row.decode("symptom"))
            found[key, default: [:]][try row.decode("minute")] = try row.decode("reports")
        }
        return due.map { one in
            var one = one
            one.minutes = byKey[one.key] ?? [:]
            return one
        }
    }

    /// Has rows that cannot be read looked at later: they would stand in front of the others for ever.
    private func setAside(_ rows: [PostgresRow]) async throws {
        _ = try await pool.query(
            """
            UPDATE report_baseline SET looked_at = now() + interval '1 hour'
            FROM unnest(\(try rows.map { try $0.decode("component", as: String.self) }),
                \(try rows.map { try $0.decode("symptom", as: String.self) })) AS unreadable (component, symptom)
            WHERE report_baseline.component = unreadable.component AND report_baseline.symptom = unreadable.symptom
            """)
    }

    private static let reader = RowReader(
        table: "report_baseline",
        key: { row in
            ReportKey(component: try row.decode("component"), symptom: try row.decode("symptom")).identity
        }, decode: due)

    static let examined = ExaminedTable(
        reader,
        all: """
            SELECT component, symptom, mean, variance, surging_since, surging_minutes, contrary, pass, alerted,
                learnt_until, now() AS now
            FROM report_baseline
            """
    ) { "DELETE FROM report_baseline of \($0) by hand; the baseline is then learnt again" }

    /// Of baselines that can be read: NaN is greater than every number here.
    static let isNumber: SQL = "mean < 1e12 AND variance < 1e12"

    private static func due(_ row: PostgresRow) throws -> Due {
        let since: Timestamp? = try row.decode("surging_since")
        for column in ["mean", "variance"] {
            // NaN passes for a number that is not negative, and would end in a number that nobody can write.
            guard try row.decode(column, as: Double.self) < 1e12 else {
                throw PostgresError.decoding(column: column, reason: "is not a number of reports")
            }
        }
        return Due(
            key: ReportKey(component: try row.decode("component"), symptom: try row.decode("symptom")),
            baseline: ReportBaseline(
                mean: try row.decode("mean"), variance: try row.decode("variance"), isSurging: since != nil,
                contrary: try row.decode("contrary"), surgingMinutes: try row.decode("surging_minutes")),
            pass: try row.decode("pass"), surgingSince: since, learntUntil: try row.decode("learnt_until"),
            isAlerted: try row.decode("alerted"), now: try row.decode("now"))
    }

    /// Stores what was seen.
    ///
    /// - Returns: What no other daemon had stored before.
    func store(_ looked: [Due]) async throws -> [Due] {
        let rows = try await pool.query(
            """
            UPDATE report_baseline AS baseline
            SET mean = seen.mean, variance = seen.variance, surging_since = seen.surging_since,
                surging_minutes = seen.surging_minutes, contrary = seen.contrary,
                learnt_until = greatest(seen.learnt_until, baseline.learnt_until), looked_at = now(),
                pass = baseline.pass + 1
            FROM (
                SELECT given.* FROM unnest(\(looked.map(\.key.component)), \(looked.map(\.key.symptom)),
                    \(looked.map(\.pass)), \(looked.map(\.baseline.mean)), \(looked.map(\.baseline.variance)),
                    \(looked.map(\.surgingSince)), \(looked.map { Int32($0.baseline.surgingMinutes) }),
                    \(looked.map { Int32($0.baseline.contrary) }), \(looked.map(\.windowStart)))
                    AS given (component, symptom, pass, mean, variance, surging_since, surging_minutes, contrary,
                        learnt_until)
                JOIN report_baseline AS held USING (component, symptom)
                WHERE held.pass = given.pass ORDER BY component, symptom FOR UPDATE OF held
            ) AS seen
            WHERE baseline.component = seen.component AND baseline.symptom = seen.symptom AND baseline.pass = seen.pass
            RETURNING baseline.component, baseline.symptom
            """)
        let stored = Set(
            try rows.map { ReportKey(component: try $0.decode("component"), symptom: try $0.decode("symptom")) })
        return looked.filter { stored.contains($0.key) }
    }

    /// Notes that the alerts know how things stand.
    func mark(_ keys: [ReportKey], alerted: Bool) async throws {
        guard !keys.isEmpty else { return }
        _ = try await pool.query(
            """
            UPDATE report_baseline SET alerted = \(alerted)
            FROM unnest(\(keys.map(\.component)), \(keys.map(\.symptom))) AS told (component, symptom)
            WHERE report_baseline.component = told.component AND report_baseline.symptom = told.symptom
                AND alerted <> \(alerted) AND (surging_since IS NOT NULL) = \(alerted)
            """)
    }
}
