import IncidentDomain
import Postgres

/// How incidents ended, by severity. Those that closed themselves are counted apart: nobody had to do anything about them.
struct IncidentStatisticsSearch: Sendable {
    struct Counts: Sendable {
        var opened = 0
        var open = 0
        /// By people.
        var closed = 0
        var selfRecovered = 0
        var dismissed = 0
        var merged = 0

        fileprivate mutating func add(_ other: Counts) {
            opened += other.opened
            open += other.open
            closed += other.closed
            selfRecovered += other.selfRecovered
            dismissed += other.dismissed
            merged += other.merged
        }
    }

    let pool: PostgresPool

    /// - Returns: The counts of each severity that there are incidents of, with nil for those that nobody gave one.
    func counts(
        openedAfter start: Timestamp?, before end: Timestamp?
    ) async throws -> (total: Counts, bySeverity: [Severity?: Counts]) {
        let period: SQL =
            "opened_at > coalesce(\(start), '-infinity') AND opened_at < coalesce(\(end), 'infinity')"
        // What closed itself is found by an index of its own, and no state is read for it.
        let rows = try await pool.query(
            """
            SELECT severity, phase, count(*) AS incidents, 0::bigint AS recovered FROM incident
            WHERE \(fragment: period) GROUP BY severity, phase
            UNION ALL
            SELECT severity, 'closed', 0, count(*) FROM incident
            WHERE phase = 'closed' AND (state ->> 'recovery') IS NOT NULL AND \(fragment: period) GROUP BY severity
            """)
        var bySeverity: [Severity?: Counts] = [:]
        for row in rows {
            let severity = try row.decode("severity", as: String?.self).flatMap(Severity.init(rawValue:))
            let (incidents, recovered): (Int, Int) = (try row.decode("incidents"), try row.decode("recovered"))
            var counts = Counts(opened: incidents, selfRecovered: recovered)
            switch Phase(rawValue: try row.decode("phase")) {
            case .detect?, .assess?, .mitigate?, .restore?, .review?: counts.open = incidents
            case .closed?: counts.closed = incidents - recovered
            case .dismissed?: counts.dismissed = incidents
            case .merged?: counts.merged = incidents
            case nil: break
            }
            bySeverity[severity, default: Counts()].add(counts)
        }
        var total = Counts()
        for counts in bySeverity.values { total.add(counts) }
        return (total, bySeverity)
    }
}

extension IncidentStatisticsSearch.Counts: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { write(into: &$0) }
    }

    func write(into json: inout JSONWriter) {
        json.member("opened", opened)
        json.member("open", open)
        json.member("closed", closed)
        json.member("self_recovered", selfRecovered)
        json.member("dismissed", dismissed)
        json.member("merged", merged)
    }
}
