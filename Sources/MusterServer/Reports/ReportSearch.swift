import IncidentDomain
import Postgres

/// Reads what users reported: of everything now, and of one incident over time.
struct ReportSearch: Sendable {
    let pool: PostgresPool

    /// One component and symptom, now.
    struct Rate: Sendable {
        let key: ReportKey
        let recent: Int
        let mean: Double
        let deviation: Double
        let surgingSince: Timestamp?
        let lookedAt: Timestamp?
    }

    /// How many reports had something in common.
    struct Part: Sendable {
        let component: String
        let name: String
        let reports: Int
    }

    /// What was reported of an incident.
    struct Course: Sendable {
        let series: ReportSeries
        let symptoms: [Part]
        let regions: [Part]
    }

    /// Present rates beside what is normal: what surges first, then the most reports.
    func rates(limit: Int) async throws -> [Rate] {
        try await pool.query(
            """
            SELECT component, symptom, mean, variance, surging_since, nullif(looked_at, '-infinity') AS looked_at,
                coalesce((
                    SELECT sum(reports) FROM report_count AS counted
                    WHERE counted.component = baseline.component AND counted.symptom = baseline.symptom
                        AND minute >= date_trunc('minute', now()) - interval '4 minutes'
                ), 0)::bigint AS recent
            FROM report_baseline AS baseline WHERE \(fragment: ReportBaselineStore.isNumber)
            ORDER BY surging_since IS NULL, recent DESC, component, symptom LIMIT \(limit)
            """, planning: .free
        ).map { row in
            let mean: Double = try row.decode("mean")
            let baseline = ReportBaseline(mean: mean, variance: try row.decode("variance"))
            return Rate(
                key: ReportKey(component: try row.decode("component"), symptom: try row.decode("symptom")),
                recent: try row.decode("recent"), mean: mean, deviation: baseline.deviation,
                surgingSince: try row.decode("surging_since"), lookedAt: try row.decode("looked_at"))
        }
    }

    /// The reports of an incident's surges, minute by minute.
    func series(of reported: ReportAlertStore.Reported) async throws -> ReportSeries {
        let keys = reported.keys
        let results = try await pool.pipeline([
            """
            SELECT minute, sum(reports) AS reports FROM \(fragment: Self.counted(reported)) GROUP BY minute
            """,
            """
            SELECT coalesce(sum(mean), 0) AS mean FROM report_baseline
            JOIN unnest(\(keys.map(\.component)), \(keys.map(\.symptom))) AS key (component, symptom)
                USING (component, symptom) WHERE \(fragment: ReportBaselineStore.isNumber)
            """,
        ])
        let minutes = try results[0].reduce(into: [Timestamp: Int]()) { minutes, row in
            minutes[try row.decode("minute")] = try row.decode("reports")
        }
        return ReportSeries(
            minutes: minutes, from: reported.from, until: reported.until,
            baseline: try results[1].first?.decode("mean") ?? 0)
    }

    /// The same, by symptom and by region.
    func course(of reported: ReportAlertStore.Reported) async throws -> Course {
        let results = try await pool.pipeline([
            """
            SELECT component, symptom AS name, sum(reports) AS reports
            FROM \(fragment: Self.counted(reported)) GROUP BY component, symptom ORDER BY reports DESC, component, symptom
            """,
            """
            SELECT '' AS component, region AS name, sum(reports) AS reports
            FROM \(fragment: Self.counted(reported)) GROUP BY region ORDER BY reports DESC, region LIMIT 100
            """,
        ])
        let parts = try results.map { rows in
            try rows.map { row in
                Part(
                    component: try row.decode("component"), name: try row.decode("name"),
                    reports: try row.decode("reports"))
            }
        }
        return Course(series: try await series(of: reported), symptoms: parts[0], regions: parts[1])
    }

    private static func counted(_ reported: ReportAlertStore.Reported) -> SQL {
        """
        report_count JOIN unnest(\(reported.keys.map(\.component)), \(reported.keys.map(\.symptom)))
            AS key (component, symptom) USING (component, symptom)
        WHERE minute >= date_trunc('minute', \(reported.from)) AND minute <= \(reported.until)
        """
    }
}
