import FoundationEssentials
import IncidentDomain
import Postgres

/// Running probes: who runs which, and what became of it.
extension ProbeStore {
    /// A probe that this daemon is to run.
    struct Claim: Sendable {
        let id: UUID
        let probe: Probe
        /// The database's time: the result is of this moment.
        let at: Timestamp
    }

    /// How long the result may take on its way, beyond the probe's own time.
    private static let leaseSeconds = 10
    /// How often probes look while the component is being restored, at least.
    private static let hurrySeconds = 10

    /// The components of incidents that are being restored.
    private static let restoring: SQL = "ARRAY(SELECT unnest(components) FROM incident WHERE phase = 'restore')"

    /// Takes probes that are due and that nobody else takes. Until their results are there, or ought to be, they are not due.
    func claim(limit: Int) async throws -> [Claim] {
        let rows = try await pool.query(
            """
            UPDATE probe SET claim = gen_random_uuid(),
                next_at = now() + make_interval(secs => timeout_seconds + \(Self.leaseSeconds))
            FROM (
                SELECT name FROM probe WHERE enabled AND next_at <= now()
                ORDER BY next_at LIMIT \(limit) FOR UPDATE SKIP LOCKED
            ) AS due
            WHERE probe.name = due.name
            RETURNING \(fragment: Self.columns), claim, now() AS now
            """)
        let claims = Self.claimReader.read(rows, in: pool)
        let unreadable = claims.filter { $0.reason != nil }.map(\.key)
        if !unreadable.isEmpty {
            // They would be taken again and again; somebody may have put them right by then.
            _ = try await pool.query(
                "UPDATE probe SET claim = NULL, next_at = now() + interval '1 hour' WHERE name = ANY (\(unreadable))")
        }
        return claims.compactMap(\.readable)
    }

    private static let claimReader = RowReader(table: reader.table, key: reader.key) { row in
        Claim(id: try row.decode("claim"), probe: try reader.decode(row), at: try row.decode("now"))
    }

    /// Writes a result down, with the state after it and what the alert has to hear, in one statement.
    ///
    /// - Returns: False when the result is not awaited any more: the probe was changed, removed, or taken by another.
    @discardableResult
    func record(
        _ outcome: ProbeOutcome, _ claim: Claim, state: ProbeState, signal: SenseSignal?
    ) async throws -> Bool {
        let detail = outcome.detail
        let told: SQL =
            signal.map { signal in
                let row = SenseSignalStore.put([signal], if: "EXISTS (SELECT FROM recorded)")
                return ", told AS (\(fragment: row))"
            } ?? ""
        let row = try await pool.query(
            """
            WITH recorded AS (
                UPDATE probe SET claim = NULL, runs = runs + 1, failures = \(state.failures),
                    successes = \(state.successes), failing_since = \(state.failingSince),
                    passing_since = \(state.passingSince), firing_since = \(state.firingSince),
                    passed = \(outcome.isPassed), checked_at = \(claim.at),
                    latency_ms = \(outcome.latencyMilliseconds), detail = \(detail),
                    next_at = now() + (0.95 + 0.1 * random()) * make_interval(secs => CASE
                        WHEN component = ANY (\(fragment: Self.restoring))
                        THEN least(interval_seconds, \(Self.hurrySeconds)) ELSE interval_seconds END)
                WHERE name = \(claim.probe.draft.name) AND claim = \(claim.id)
                RETURNING name, runs
            ), kept AS (
                INSERT INTO probe_result (probe, slot, run, checked_at, passed, latency_ms, detail)
                SELECT name, runs % 100, runs, \(claim.at), \(outcome.isPassed), \(outcome.latencyMilliseconds),
                    \(detail)
                FROM recorded
                ON CONFLICT (probe, slot) DO UPDATE SET run = excluded.run, checked_at = excluded.checked_at,
                    passed = excluded.passed, latency_ms = excluded.latency_ms, detail = excluded.detail
            )\(fragment: told)
            SELECT EXISTS (SELECT FROM recorded) AS recorded
            """
        ).first
        return try row?.decode("recorded") ?? false
    }

    /// Notes why nothing could be found out. All that was known before stays; it is tried again when it is due the next time.
    func recordUnknown(_ reason: String, _ claim: Claim) async throws {
        _ = try await pool.query(
            """
            UPDATE probe SET claim = NULL, detail = \(reason),
                next_at = now() + (0.95 + 0.1 * random()) * make_interval(secs => least(interval_seconds, 60))
            WHERE name = \(claim.probe.draft.name) AND claim = \(claim.id)
            """)
    }

    /// Makes the probes of components that are being restored due soon, whatever their interval is: people wait for them.
    func hurry() async throws {
        _ = try await pool.query(
            """
            UPDATE probe SET next_at = now()
            WHERE enabled AND claim IS NULL AND next_at > now() + make_interval(secs => \(Self.hurrySeconds + 1))
                AND component = ANY (\(fragment: Self.restoring))
            """)
    }

    /// What probes say of components, for deciding.
    static func facts(of components: [String]) -> SQL {
        """
        SELECT name, component, passed, checked_at, passing_since, detail FROM probe
        WHERE enabled AND component = ANY (\(components))
        """
    }

    static func facts(_ result: PostgresResult) throws -> ProbeFacts {
        ProbeFacts(
            try result.map { row in
                ProbeFact(
                    name: try row.decode("name"), component: try row.decode("component"),
                    isPassed: try row.decode("passed"), checkedAt: try row.decode("checked_at"),
                    passingSince: try row.decode("passing_since"), detail: try row.decode("detail"))
            })
    }
}
