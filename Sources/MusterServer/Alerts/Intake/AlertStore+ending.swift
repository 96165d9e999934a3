import FoundationEssentials
import IncidentDomain
import Postgres

/// Changes of stored alerts that no arriving firing brings: a person acknowledges or ends one, a group is over, time runs
/// out. The incident is told in the same statement, as in `AlertStore.take`.
extension AlertStore {
    /// Ends every open alert of a group, for a message that says that all of it is over and had no room to name all.
    func resolveGroup(_ groupKey: String, of source: UUID) async throws -> Int {
        try await resolve(
            """
            source = \(source) AND (group_key = \(groupKey) OR sent_group = \(groupKey)) AND status <> 'resolved'
            """, at: "now()")
    }

    /// Ends what was not said again in time, and what flapped and has been quiet long enough; some of it at a time.
    ///
    /// - Returns: How many alerts that were.
    func resolveExpired(limit: Int) async throws -> Int {
        try await resolve(
            """
            id = ANY (ARRAY(
                SELECT id FROM alert WHERE due_at <= now() AND expires_at <= now() AND status <> 'resolved'
                ORDER BY due_at LIMIT \(limit) FOR UPDATE SKIP LOCKED
            ))
            """, at: "least(coalesce(quiet_since, expires_at), now())")
    }

    /// Sees to what a program of the release before said of an expiry, which knows no `due_at`. It reads every open alert once.
    func adoptExpiry() async throws {
        _ = try await pool.query(
            """
            UPDATE alert SET due_at = expires_at
            WHERE status <> 'resolved' AND expires_at IS NOT NULL AND (due_at IS NULL OR due_at > expires_at)
            """)
    }

    /// Gives open metric alerts of Sentry, which programs before stored under the bare number that an issue may have, too, the
    /// identity that they have now: their ends are to find them. What they are is in the payload, and an issue has labels of
    /// its own.
    func adoptMetricAlerts() async throws {
        let mark = SentryFormat.metricAlertMark
        _ = try await pool.query(
            """
            UPDATE alert SET identity = identity || \(mark),
                group_key = CASE WHEN group_key = identity THEN identity || \(mark) ELSE group_key END
            WHERE status <> 'resolved' AND source IN (SELECT id FROM source WHERE kind = \(SourceKind.sentry.rawValue))
                AND right(identity, length(\(mark))) <> \(mark) AND labels->>'short_id' IS NULL
                AND position('"metric_alert"'::bytea IN payload) > 0
                AND NOT EXISTS (
                    SELECT 1 FROM alert AS other
                    WHERE other.source = alert.source AND other.identity = alert.identity || \(mark)
                        AND (other.status <> 'resolved' OR other.starts_at = alert.starts_at)
                )
            """)
    }

    /// Looks later at what was due and has been said again since, or expires no more; at some of it at a time.
    ///
    /// - Returns: How many alerts that were.
    func postponeExpiry(limit: Int) async throws -> Int {
        let rows = try await pool.query(
            """
            UPDATE alert SET due_at = expires_at WHERE id = ANY (ARRAY(
                SELECT id FROM alert
                WHERE due_at <= now() AND (expires_at IS NULL OR expires_at > now()) AND status <> 'resolved'
                ORDER BY due_at LIMIT \(limit) FOR UPDATE SKIP LOCKED
            ))
            RETURNING id
            """)
        return rows.count
    }

    private func resolve(_ condition: SQL, at moment: SQL) async throws -> Int {
        let rows = try await pool.query(
            """
            WITH resolved AS (
                UPDATE alert SET status = 'resolved', last_seen_at = now(), resolved_at = greatest(\(fragment: moment), starts_at),
                    routed = routed AND held IS DISTINCT FROM 'settling'
                WHERE \(fragment: condition)
                RETURNING id, incident
            ), delivered AS (
                INSERT INTO alert_delivery (incident, ended, alerts)
                SELECT incident, true, array_agg(id) FROM resolved WHERE incident IS NOT NULL GROUP BY incident
            )
            SELECT count(*) AS changed FROM resolved
            """)
        return try rows.first?.decode("changed") ?? 0
    }

    /// A person says that it is over, for tools that never say so. What is over already stays as it is.
    ///
    /// - Returns: The alert as it is then; nil when there is none.
    func resolve(_ id: UUID) async throws -> StoredAlert? {
        _ = try await resolve("id = \(id) AND status <> 'resolved'", at: "now()")
        return try await alert(id)
    }

    /// Somebody looks at it: firing becomes acknowledged, and its incident hears of it. Acknowledging twice, or what is
    /// resolved, changes nothing.
    ///
    /// - Returns: The alert as it is then; nil when there is none.
    func acknowledge(_ id: UUID, by name: String) async throws -> StoredAlert? {
        _ = try await pool.query(
            """
            WITH acknowledged AS (
                UPDATE alert SET status = 'acknowledged', acknowledged_at = now(), acknowledged_by = \(name)
                WHERE id = \(id) AND status = 'firing'
                RETURNING id, incident
            )
            INSERT INTO alert_delivery (incident, ended, acknowledged, alerts)
            SELECT incident, false, true, ARRAY[id] FROM acknowledged WHERE incident IS NOT NULL
            """)
        return try await alert(id)
    }

    /// One alert; nil when there is none.
    func alert(_ id: UUID) async throws -> StoredAlert? {
        try await pool.query("SELECT \(fragment: StoredAlert.columns) FROM alert WHERE id = \(id)")
            .first.map(StoredAlert.init)
    }

    /// Forgets some alerts that were over before so many days, the oldest first; how many those were. The ids are made from the
    /// time, so the oldest stand at the beginning of their index.
    func prune(days: Int, limit: Int) async throws -> Int {
        try await pool.query(
            """
            DELETE FROM alert WHERE id IN (
                SELECT id FROM alert WHERE resolved_at < now() - make_interval(days => \(Int32(days)))
                ORDER BY id LIMIT \(limit)
            ) RETURNING id
            """
        ).count
    }

    /// What the sender sent of an alert first; nil when there is no such alert.
    func payload(_ id: UUID) async throws -> [UInt8]? {
        try await pool.query("SELECT coalesce(payload, '') AS payload FROM alert WHERE id = \(id)")
            .first.map { try $0.decode("payload") }
    }
}
