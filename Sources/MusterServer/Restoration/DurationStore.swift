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

    /// What a change teaches, to go with the statement that writes it; each does nothing when the change was not written.
    static func learn(from change: IncidentChange) -> [SQL] {
        samples(of: change) + forecast(of: change)
    }

    private static func samples(of change: IncidentChange) -> [SQL] {
        var rows: [(sequence: Int, step: RestorationStep)] = []
        for entry in change.entries {
            guard let restored = entry.recorded.event.as(StepRestored.self),
                let step = change.after.step(restored.component), let started = step.startedAt,
                // People may say afterwards when things happened, and contradict themselves.
                let ended = step.restoredAt, ended >= started
            else { continue }
            rows.append((entry.recorded.sequence, step))
        }
        guard !rows.isEmpty else { return [] }
        rows.sort { $0.step.component < $1.step.component }
        return [
            """
            INSERT INTO restoration_sample (incident, sequence, component, started_at, restored_at,
                expected_median_seconds, expected_p90_seconds, expected_from)
            SELECT written.incident, sample.sequence, component, started_at, restored_at, median, p90, source
            FROM unnest(\(rows.map(\.sequence)), \(rows.map(\.step.component)), \(rows.map(\.step.startedAt)),
                \(rows.map(\.step.restoredAt)), \(rows.map(\.step.estimate?.medianSeconds)),
                \(rows.map(\.step.estimate?.p90Seconds)), \(rows.map(\.step.estimate?.source.rawValue)))
                AS sample (sequence, component, started_at, restored_at, median, p90, source),
                \(fragment: written(change)) AS written
            """,
            """
            INSERT INTO component_duration (component, samples, median_seconds, p90_seconds)
            SELECT wanted.component, count(*), percentile_disc(0.5) WITHIN GROUP (ORDER BY sample.seconds),
                percentile_disc(0.9) WITHIN GROUP (ORDER BY sample.seconds)
            FROM unnest(\(rows.map(\.step.component))) AS wanted (component) CROSS JOIN LATERAL (
                SELECT extract(epoch FROM restored_at - started_at)::bigint AS seconds FROM restoration_sample
                WHERE component = wanted.component ORDER BY restored_at DESC LIMIT \(newest)
            ) AS sample
            GROUP BY wanted.component ORDER BY wanted.component
            ON CONFLICT (component) DO UPDATE SET samples = excluded.samples,
                median_seconds = excluded.median_seconds, p90_seconds = excluded.p90_seconds
            """,
        ]
    }

    /// What was expected of the whole when restoring began, and when it was over.
    private static func forecast(of change: IncidentChange) -> [SQL] {
        var statements: [SQL] = []
        for entry in change.entries {
            guard let plan = entry.recorded.event.as(PlanRevised.self), plan.changes.contains(.began),
                let expected = plan.expected
            else { continue }
            statements.append(
                """
                INSERT INTO restoration_forecast (incident, made_at, expected_median_at, expected_p90_at)
                SELECT incident, \(entry.recorded.occurredAt), \(expected.median), \(expected.p90)
                FROM \(fragment: written(change)) AS written ON CONFLICT (incident) DO NOTHING
                """)
        }
        if change.after.times.restoredAt != change.before?.times.restoredAt {
            statements.append(
                """
                UPDATE restoration_forecast SET restored_at = \(change.after.times.restoredAt)
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
