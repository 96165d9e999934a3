import IncidentDomain
import Postgres

/// How long components took to restore, and what was thought before: a row for each restoration of the past, and the
/// figures for the next one. All of it follows from the timeline and is written with it.
struct DurationStore: Sendable {
    /// Older restorations say more about what the platform was than about what it is.
    private static let newest = 50

    /// What was measured of these components.
    static func measured(_ components: [String]) -> SQL {
        """
        SELECT component, samples, median_seconds, p90_seconds FROM component_duration
        WHERE component = ANY (\(components))
        """
    }

    static func measured(_ result: PostgresResult) throws -> MeasuredDurations {
        MeasuredDurations(
            try result.reduce(into: [:]) { found, row in
                found[try row.decode("component")] = MeasuredDuration(
                    medianSeconds: try row.decode("median_seconds"), p90Seconds: try row.decode("p90_seconds"),
                    samples: try row.decode("samples"))
            })
    }

    /// How far whole restorations were from what was expected of them: the newest that have come to their end.
    static let calibration: SQL = """
        SELECT count(*) AS samples, avg(error + ln(bias)) AS mean, var_samp(error) - avg(own) AS variance
        FROM (
            SELECT ln(extract(epoch FROM restored_at - made_at) / extract(epoch FROM expected_median_at - made_at))::float8
                    AS error, bias,
                (ln(extract(epoch FROM expected_p90_at - made_at) / extract(epoch FROM expected_median_at - made_at))
                    / 1.2815515655)::float8 ^ 2 - spread ^ 2 AS own
            FROM restoration_forecast
            WHERE restored_at > made_at AND expected_median_at > made_at AND bias IS NOT NULL
            ORDER BY restored_at DESC LIMIT \(newest)
        ) AS forecast
        """

    static func calibration(_ result: PostgresResult) throws -> ForecastCalibration {
        guard let row = result.first, let mean: Double = try row.decode("mean"),
            let variance: Double = try row.decode("variance")
        else { return .none }
        return ForecastCalibration(samples: try row.decode("samples"), mean: mean, variance: variance)
    }

    /// What a change teaches, to go with the statement that writes it; each does nothing when the change was not written.
    static func learn(from change: IncidentChange) -> [SQL] {
        samples(of: change) + corrections(of: change) + forecast(of: change)
    }

    private static func samples(of change: IncidentChange) -> [SQL] {
        var rows: [(sequence: Int, step: RestorationStep)] = []
        for entry in change.entries {
            guard let restored = entry.recorded.event.as(StepRestored.self),
                let step = change.after.step(restored.component),
                // With all attempts that failed in between.
                let started = step.firstStartedAt ?? step.startedAt,
                // People may say afterwards when things happened, and contradict themselves.
                let ended = step.restoredAt, ended >= started
            else { continue }
            rows.append((entry.recorded.sequence, step))
        }
        guard !rows.isEmpty else { return [] }
        // Regions of a component teach about all of it.
        let components = Set(rows.map(\.step.slug)).sorted()
        return [
            """
            INSERT INTO restoration_sample (incident, sequence, component, started_at, restored_at,
                expected_median_seconds, expected_p90_seconds, expected_from, attempts)
            SELECT written.incident, sample.sequence, component, started_at, restored_at, median, p90, source, attempts
            FROM unnest(\(rows.map(\.sequence)), \(rows.map(\.step.slug)),
                \(rows.map { $0.step.firstStartedAt ?? $0.step.startedAt }), \(rows.map(\.step.restoredAt)),
                \(rows.map(\.step.estimate?.medianSeconds)), \(rows.map(\.step.estimate?.p90Seconds)),
                \(rows.map(\.step.estimate?.source.rawValue)), \(rows.map(\.step.attempts)))
                AS sample (sequence, component, started_at, restored_at, median, p90, source, attempts),
                \(fragment: written(change)) AS written
            """,
            figures(of: components),
        ]
    }

    /// What people set right of steps: a restoration that was none teaches nothing, and one of other times something else.
    private static func corrections(of change: IncidentChange) -> [SQL] {
        change.entries.flatMap { entry -> [SQL] in
            let event = entry.recorded.event
            let corrected = event.as(StepTimesCorrected.self)
            let name =
                corrected?.component
                ?? event.as(StepUndone.self).flatMap { $0.undone == .restoration ? $0.component : nil }
            guard let name, let old = change.before?.step(name), let restored = old.restoredAt else { return [] }
            let slug = RestorationStep.slug(of: name)
            let place: SQL = """
                incident = (SELECT incident FROM \(fragment: written(change)) AS written) AND component = \(slug)
                    AND restored_at = \(restored)
                """
            let new = change.after.step(name)
            let correction: SQL
            if corrected != nil, let new, let start = new.firstStartedAt ?? new.startedAt, let end = new.restoredAt,
                end >= start
            {
                correction =
                    "UPDATE restoration_sample SET started_at = \(start), restored_at = \(end) WHERE \(fragment: place)"
            } else {
                correction = "DELETE FROM restoration_sample WHERE \(fragment: place)"
            }
            // Where nothing is left to measure, nothing is measured.
            let nothing: SQL = """
                DELETE FROM component_duration WHERE component = \(slug)
                    AND NOT EXISTS (SELECT FROM restoration_sample WHERE component = \(slug))
                """
            return [correction, nothing, figures(of: [slug])]
        }
    }

    /// Works the figures of components out anew.
    private static func figures(of components: [String]) -> SQL {
        """
        INSERT INTO component_duration (component, samples, median_seconds, p90_seconds)
        SELECT wanted.component, count(*), percentile_disc(0.5) WITHIN GROUP (ORDER BY sample.seconds),
            percentile_disc(0.9) WITHIN GROUP (ORDER BY sample.seconds)
        FROM unnest(\(components)) AS wanted (component) CROSS JOIN LATERAL (
            SELECT extract(epoch FROM restored_at - started_at)::bigint AS seconds FROM restoration_sample
            WHERE component = wanted.component ORDER BY restored_at DESC LIMIT \(newest)
        ) AS sample
        GROUP BY wanted.component ORDER BY wanted.component
        ON CONFLICT (component) DO UPDATE SET samples = excluded.samples,
            median_seconds = excluded.median_seconds, p90_seconds = excluded.p90_seconds
        """
    }

    /// What was expected of the whole when restoring began, and when it was over.
    private static func forecast(of change: IncidentChange) -> [SQL] {
        var statements: [SQL] = []
        for entry in change.entries {
            guard let plan = entry.recorded.event.as(PlanRevised.self), plan.changes.contains(.began),
                // A time that leaves something out is not one of the whole.
                plan.without == nil, let expected = plan.expected
            else { continue }
            statements.append(
                """
                INSERT INTO restoration_forecast (incident, made_at, expected_median_at, expected_p80_at,
                    expected_p90_at, bias, spread)
                SELECT incident, \(entry.recorded.occurredAt), \(expected.median), \(expected.p80), \(expected.p90),
                    \(plan.calibration?.bias), \(plan.calibration?.spread)
                FROM \(fragment: written(change)) AS written ON CONFLICT (incident) DO NOTHING
                """)
        }
        let restored = change.after.clocks.restoredAt
        if restored != change.before?.clocks.restoredAt {
            statements.append(
                """
                UPDATE restoration_forecast SET restored_at = \(restored)
                WHERE incident = (SELECT incident FROM \(fragment: written(change)) AS written)
                """)
        }
        return statements
    }

    /// The incident, in one row if the change's first entry is there, else in none.
    private static func written(_ change: IncidentChange) -> SQL {
        """
        (
            SELECT incident FROM timeline_entry
            WHERE incident = \(change.after.number) AND sequence = \(change.entries.first?.recorded.sequence ?? 0)
                AND command_id = \(change.commandID)
        )
        """
    }
}
