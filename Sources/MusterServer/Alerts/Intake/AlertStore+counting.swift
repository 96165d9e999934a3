import FoundationEssentials
import IncidentDomain
import Postgres

/// Repetitions that say nothing new: most of what comes in a storm, and the least work.
extension AlertStore {
    /// Counts the alerts of a batch that are open and were last told in the same words; each identity stands at most once in
    /// it, and all of them fire.
    ///
    /// - Returns: The others. `take` knows what becomes of them.
    func count(_ batch: [Arrival]) async throws -> [Arrival] {
        guard !batch.isEmpty else { return [] }
        let rows = try await pool.query(Self.count(batch))
        guard let counted = try rows.first?.decode("counted", as: [Int]?.self) else { return [] }
        let places = Set(counted)
        return batch.enumerated().filter { !places.contains($0.offset + 1) }.map(\.element)
    }

    /// Does what `take` would do to such an alert. A firing of another beginning, one that has fallen quiet and one that is
    /// over are not counted. There is no join with the table, for the reason that `take` has; what belongs to a row is found in
    /// arrays that are sorted by the rows' ids. What the update asks again, of rows that another changed meanwhile, has a form
    /// that no partial index knows.
    static func count(_ batch: [Arrival]) -> SQL {
        """
        WITH said AS MATERIALIZED (
            SELECT found.id, words, occurrences, expires_at, place
            FROM unnest(\(batch.map { $0.source }), \(batch.map { $0.alert.identity }), \(batch.map { $0.alert.words }),
                    \(batch.map { $0.alert.startsAt }), \(batch.map { $0.occurrences }), \(batch.map { $0.alert.expiresAt }))
                WITH ORDINALITY AS arrived (source, identity, words, starts_at, occurrences, expires_at, place)
            CROSS JOIN LATERAL (
                SELECT (
                    SELECT open.id FROM alert AS open
                    WHERE open.source = arrived.source AND open.identity = arrived.identity AND open.status <> 'resolved'
                        AND open.words = arrived.words AND open.quiet_since IS NULL
                        AND coalesce(open.starts_at = arrived.starts_at, true)
                ) AS id OFFSET 0
            ) AS found
            WHERE found.id IS NOT NULL ORDER BY found.id
        ), counted AS (
            UPDATE alert SET occurrences = occurrences + \(fragment: said("occurrences")), last_seen_at = now(),
                expires_at = \(fragment: said("expires_at")), due_at = least(due_at, \(fragment: said("expires_at")))
            WHERE id = ANY (ARRAY(SELECT id FROM said)) AND coalesce(status, '') <> 'resolved' AND quiet_since IS NULL
                AND words = \(fragment: said("words"))
            RETURNING id
        )
        SELECT CASE WHEN (SELECT count(*) FROM counted) < \(batch.count)
            THEN ARRAY(SELECT place FROM said WHERE id = ANY (ARRAY(SELECT id FROM counted))) END AS counted
        """
    }

    /// What was said of the row at hand: `width_bucket` looks its place up in the sorted array.
    private static func said(_ column: String) -> SQL {
        "(ARRAY(SELECT \(unescaped: column) FROM said))[width_bucket(alert.id, ARRAY(SELECT id FROM said))]"
    }
}
