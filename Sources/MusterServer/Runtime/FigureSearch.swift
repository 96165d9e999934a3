import IncidentDomain
import Postgres

/// Figures that only the database knows.
struct Figures: Sendable, Equatable {
    /// Where an open incident counts.
    struct Place: Hashable, Sendable {
        let phase: String
        /// `none` while nobody has set one.
        let severity: String
    }

    /// Every phase in which an incident is open with every severity, those without incidents as well: a series that comes
    /// and goes is hard to draw.
    var open: [Place: Int] = Dictionary(
        uniqueKeysWithValues: Phase.open.flatMap { phase in
            (Severity.allCases.map(\.rawValue) + ["none"]).map { (Place(phase: phase.rawValue, severity: $0), 0) }
        })
    var unrouted = 0
    var oldestUnroutedSeconds = 0.0
    var deliveries = 0
    /// Alerts that fire while their incidents are over.
    var orphaned = 0
    var feedLagSeconds = 0.0
}

/// Reads these figures in one statement, each part of it by an index, and counts nothing without an end.
struct FigureSearch: Sendable {
    let pool: PostgresPool
    /// Whoever scrapes does not wait for long.
    var answerTime: Duration = .seconds(2)

    func figures() async throws -> Figures {
        let phases = Phase.open.map(\.rawValue)
        let rows = try await pool.query(
            """
            SELECT phase, coalesce(severity, 'none') AS severity, count(*) AS incidents,
                0::bigint AS unrouted, 0::float8 AS oldest, 0::bigint AS deliveries, 0::bigint AS orphaned,
                0::float8 AS lag
            FROM incident WHERE phase = ANY (\(phases)) GROUP BY phase, severity
            UNION ALL
            SELECT NULL, NULL, 0,
                (SELECT count(*) FROM (SELECT FROM alert WHERE NOT routed LIMIT 10001) AS waiting),
                (SELECT greatest(coalesce(extract(epoch FROM now() - min(first_seen_at)), 0), 0)::float8
                    FROM alert WHERE NOT routed),
                (SELECT count(*) FROM (SELECT FROM alert_delivery LIMIT 10001) AS waiting),
                (SELECT count(*) FROM (SELECT FROM alert WHERE \(fragment: AlertSearch.orphaned) LIMIT 10001) AS left_alone),
                (SELECT greatest(coalesce(extract(epoch FROM now() - min(recorded_at)), 0), 0)::float8
                    FROM timeline_entry WHERE transaction_id >= pg_snapshot_xmin(pg_current_snapshot()))
            """, deadline: answerTime)
        var figures = Figures()
        for row in rows {
            guard let phase = try row.decode("phase", as: String?.self) else {
                figures.unrouted = try row.decode("unrouted")
                figures.oldestUnroutedSeconds = try row.decode("oldest")
                figures.deliveries = try row.decode("deliveries")
                figures.orphaned = try row.decode("orphaned")
                figures.feedLagSeconds = try row.decode("lag")
                continue
            }
            figures.open[Figures.Place(phase: phase, severity: try row.decode("severity"))] = try row.decode(
                "incidents")
        }
        return figures
    }
}

/// The figures, read at most every five seconds; nil when the database does not answer.
typealias FigureCache = MomentCache<Figures>
