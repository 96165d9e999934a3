import FoundationEssentials
import IncidentDomain
import Postgres

/// Reads what the outside may know. Which incidents may be public is asked for roughly, by their rows; `PublicIncident` decides.
struct PublicStatusStore: Sendable {
    let pool: PostgresPool

    /// What tells whether something may have changed since the last look.
    struct Mark: Hashable, Sendable {
        var catalog: Int
        /// Changes with everything that becomes of maintenance.
        var maintenance: String
    }

    /// Where the next look begins: every entry of a transaction below `horizon` was seen, and of those above it the ones in `seen`. So
    /// what is committed is seen at once, also while an older transaction still runs, and nothing is missed.
    struct Position: Hashable, Sendable {
        var horizon = 0
        var seen: Set<Int> = []
    }

    /// What a look finds.
    struct Look: Sendable {
        let mark: Mark
        let position: Position
        /// Incidents that have entries since the last look; nil when they are too many to name.
        let changed: [Int]?
        let now: Timestamp
    }

    /// So many entries are looked at, at most; of more, everything is read again.
    static let entriesMax = 5_000

    /// - Parameter position: Where the last look ended; nil to begin here.
    func look(after position: Position?) async throws -> Look {
        // Each statement has a snapshot of its own: the horizon is that of the earlier one.
        let results = try await pool.pipeline([
            """
            SELECT catalog.version AS catalog, clock_timestamp() AS now, pg_snapshot_xmin(pg_current_snapshot()) AS horizon,
                concat_ws(' ',
                    (SELECT concat_ws(' ', count(*), sum(version), max(updated_at)) FROM maintenance),
                    (SELECT md5(string_agg(concat_ws(' ', maintenance, local_start, starts_at, ends_at, state), ';'
                        ORDER BY maintenance, local_start)) FROM maintenance_occurrence
                        WHERE state IN ('scheduled', 'running', 'overrun'))) AS maintenance
            FROM catalog
            """,
            """
            SELECT transaction_id AS transaction, position, incident FROM timeline_entry
            WHERE transaction_id >= \(String(position?.horizon ?? Int.max))::text::xid8
            ORDER BY transaction_id, position LIMIT \(Self.entriesMax)
            """,
        ])
        guard let row = results[0].first else {
            throw PostgresError.decoding(column: "catalog", reason: "the catalog's row is missing")
        }
        var next = Position(horizon: try row.decode("horizon"))
        var changed: Set<Int> = []
        for entry in results[1] {
            let place: Int = try entry.decode("position")
            if try entry.decode("transaction", as: Int.self) >= next.horizon { next.seen.insert(place) }
            if !(position?.seen.contains(place) ?? false) { changed.insert(try entry.decode("incident")) }
        }
        return Look(
            mark: Mark(catalog: try row.decode("catalog"), maintenance: try row.decode("maintenance")), position: next,
            changed: results[1].count < Self.entriesMax ? changed.sorted() : nil, now: try row.decode("now"))
    }

    // MARK: Incidents

    /// Whether a row may be public: an update for everybody was published in it, or its severity is published. Never a private one.
    private static func candidates(_ rule: PublicationRule) -> SQL {
        """
        NOT labels @> '{"private": "true"}' AND (severity = ANY (\(rule.severities.map(\.rawValue)))
            OR EXISTS (SELECT FROM json_array_elements(state -> 'communication' -> 'published') AS update
                WHERE update ->> 'isPublic' = 'true'))
        """
    }

    /// Open incidents that may be public, and the newest of those that are over, and of those that were merged.
    func incidents(_ rule: PublicationRule) async throws -> [Incident] {
        let results = try await pool.pipeline([
            """
            SELECT number, state FROM incident
            WHERE phase IN ('detect', 'assess', 'mitigate', 'restore') AND \(fragment: Self.candidates(rule))
            ORDER BY number DESC LIMIT \(PublicRecord.openMax)
            """,
            """
            SELECT number, state FROM incident
            WHERE phase IN ('review', 'closed') AND opened_at > now() - make_interval(secs => \(Double(PublicRecord.pastDays) * 86_400))
                AND \(fragment: Self.candidates(rule))
            ORDER BY opened_at DESC LIMIT \(PublicRecord.pastMax)
            """,
            """
            SELECT number, state FROM incident
            WHERE phase = 'merged' AND opened_at > now() - make_interval(secs => \(Double(PublicRecord.pastDays) * 86_400))
                AND \(fragment: Self.candidates(rule))
            ORDER BY opened_at DESC LIMIT \(PublicRecord.pastMax)
            """,
        ])
        return try await Self.incidents(results.flatMap(\.self))
    }

    /// Those of some incidents that may be public, or may have been before they were merged.
    func incidents(_ numbers: [Int], _ rule: PublicationRule) async throws -> [Incident] {
        guard !numbers.isEmpty else { return [] }
        let rows = try await pool.query(
            """
            SELECT number, state FROM incident
            WHERE number = ANY (\(numbers)) AND phase <> 'dismissed' AND \(fragment: Self.candidates(rule))
            """)
        return try await Self.incidents(Array(rows))
    }

    /// One whose row cannot be read is left out: it stops no other.
    private static func incidents(_ rows: [PostgresRow]) async throws -> [Incident] {
        try await WorkerPool.run {
            try rows.compactMap { row in
                let state: PostgresJSON = try row.decode("state")
                return try? IncidentColumns.incident(state.bytes)
            }
        }
    }

    /// The entries of an incident that its public form is made of; nil when one cannot be read.
    func timeline(of number: Int) async throws -> [RecordedEvent]? {
        do {
            return try await TimelineStore().all(of: number, kinds: PublicIncident.kinds, in: pool).map(\.recorded)
        } catch is EventCodec.Unreadable {
            return nil
        }
    }

    // MARK: Catalog and maintenance

    /// When components came into the catalog, and when they changed last, by slug.
    func ages(of slugs: [String]) async throws -> [String: (createdAt: Timestamp, updatedAt: Timestamp)] {
        let rows = try await pool.query(
            """
            SELECT component, min(recorded_at) AS created, max(recorded_at) AS updated FROM component_change
            WHERE component = ANY (\(slugs)) GROUP BY component
            """)
        return try Dictionary(
            rows.map { row in
                (try row.decode("component"), (try row.decode("created"), try row.decode("updated")))
            }
        ) { first, _ in first }
    }

    /// Maintenance that goes on, lies ahead or was over in the last weeks, of any of the components.
    func maintenance(of slugs: [String]) async throws -> [ComponentMaintenance] {
        let now = try await MaintenanceStore.moment(in: pool).now
        return try await OccurrenceStore.naming(
            slugs, from: now.adding(seconds: -Self.pastSeconds), through: now.adding(seconds: Self.aheadSeconds),
            limit: PublicRecord.maintenanceMax, in: pool)
    }

    private static let pastSeconds: Double = 14 * 86_400
    private static let aheadSeconds: Double = 90 * 86_400
}
