import IncidentDomain
import Postgres

/// What was predicted of restorations, and what came of it.
struct EstimateSearch: Sendable {
    let pool: PostgresPool

    /// How good predictions were. Positive errors are delays.
    struct Accuracy: Sendable {
        /// How many predictions have come to their end.
        let predictions: Int
        /// The part that took no longer than the median said: one half, if predictions are honest.
        let withinMedian: Double?
        /// Of whole incidents, the part that took no longer than the 80th percentile said; nil for components, whose estimates
        /// have none.
        var withinP80: Double?
        /// The part that took no longer than the 90th percentile said: nine tenths, if they are.
        let withinP90: Double?
        /// Half of them were later than this, against the median, in seconds.
        let medianErrorSeconds: Int?
    }

    /// A component's past restorations.
    struct ComponentEstimate: Sendable {
        let component: String
        let measured: MeasuredDuration
        let accuracy: Accuracy
    }

    /// An incident's prediction when restoring began.
    struct Forecast: Sendable {
        let incident: Int
        let madeAt: Timestamp
        let expected: ExpectedRestoration
        let restoredAt: Timestamp
    }

    private static let ofSteps: SQL = """
        count(expected_median_seconds) AS predictions,
        avg((seconds <= expected_median_seconds)::int)::float8 AS within_median,
        avg((seconds <= expected_p90_seconds)::int)::float8 AS within_p90,
        percentile_disc(0.5) WITHIN GROUP (ORDER BY seconds - expected_median_seconds) AS error_seconds
        """

    private static let samples: SQL = """
        (
            SELECT component, extract(epoch FROM restored_at - started_at)::bigint AS seconds,
                expected_median_seconds, expected_p90_seconds
            FROM restoration_sample
        ) AS sample
        """

    /// Components with at least one restoration, by slug.
    func components(after slug: String, only: String?, limit: Int) async throws -> [ComponentEstimate] {
        try await pool.query(
            """
            SELECT component, count(*) AS samples, percentile_disc(0.5) WITHIN GROUP (ORDER BY seconds) AS median_seconds,
                percentile_disc(0.9) WITHIN GROUP (ORDER BY seconds) AS p90_seconds, \(fragment: Self.ofSteps)
            FROM \(fragment: Self.samples)
            WHERE component > \(slug) AND component = coalesce(\(only), component)
            GROUP BY component ORDER BY component LIMIT \(limit)
            """, planning: .free
        ).map { row in
            ComponentEstimate(
                component: try row.decode("component"),
                measured: MeasuredDuration(
                    medianSeconds: try row.decode("median_seconds"), p90Seconds: try row.decode("p90_seconds"),
                    samples: try row.decode("samples")), accuracy: try Self.accuracy(row))
        }
    }

    /// All predictions for components together.
    func ofSteps() async throws -> Accuracy {
        let rows = try await pool.query(
            "SELECT \(fragment: Self.ofSteps) FROM \(fragment: Self.samples)", planning: .free)
        return try rows.first.map(Self.accuracy) ?? Self.none
    }

    /// All predictions for whole incidents together.
    func ofIncidents() async throws -> Accuracy {
        let rows = try await pool.query(
            """
            SELECT count(*) AS predictions, avg((restored_at <= expected_median_at)::int)::float8 AS within_median,
                avg((restored_at <= expected_p80_at)::int)::float8 AS within_p80,
                avg((restored_at <= expected_p90_at)::int)::float8 AS within_p90,
                percentile_disc(0.5) WITHIN GROUP (
                    ORDER BY extract(epoch FROM restored_at - expected_median_at)::bigint
                ) AS error_seconds
            FROM restoration_forecast WHERE restored_at IS NOT NULL
            """, planning: .free)
        guard let row = rows.first else { return Self.none }
        var accuracy = try Self.accuracy(row)
        accuracy.withinP80 = try row.decode("within_p80")
        return accuracy
    }

    /// What past forecasts teach about the next one.
    func calibration() async throws -> ForecastCalibration {
        try DurationStore.calibration(try await pool.query(DurationStore.calibration))
    }

    /// The incidents that were restored last.
    func forecasts(limit: Int) async throws -> [Forecast] {
        try await pool.query(
            """
            SELECT incident, made_at, expected_median_at, expected_p80_at, expected_p90_at, restored_at FROM restoration_forecast
            WHERE restored_at IS NOT NULL ORDER BY restored_at DESC, incident DESC LIMIT \(limit)
            """
        ).map { row in
            Forecast(
                incident: try row.decode("incident"), madeAt: try row.decode("made_at"),
                expected: ExpectedRestoration(
                    median: try row.decode("expected_median_at"), p80: try row.decode("expected_p80_at"),
                    p90: try row.decode("expected_p90_at")),
                restoredAt: try row.decode("restored_at"))
        }
    }

    private static let none = Accuracy(predictions: 0, withinMedian: nil, withinP90: nil, medianErrorSeconds: nil)

    private static func accuracy(_ row: PostgresRow) throws -> Accuracy {
        Accuracy(
            predictions: try row.decode("predictions"), withinMedian: try row.decode("within_median"),
            withinP90: try row.decode("within_p90"), medianErrorSeconds: try row.decode("error_seconds"))
    }
}
