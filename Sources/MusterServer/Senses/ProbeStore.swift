import FoundationEssentials
import IncidentDomain
import Postgres

/// The rows of probes, as people make and read them.
struct ProbeStore: Sendable {
    let pool: PostgresPool
    let box: SecretBox

    /// - Parameter secretsKey: `secrets.key`.
    init(pool: PostgresPool, secretsKey: String? = nil) {
        self.pool = pool
        box = SecretBox(configured: secretsKey, store: SecretKeyStore(pool: pool))
    }

    static let columns: SQL = """
        probe.name, target, interval_seconds, timeout_seconds, failures_to_fire, successes_to_resolve, component,
        severity, description, enabled, created_at, updated_at, next_at, failures, successes, failing_since,
        passing_since, firing_since, passed, checked_at, latency_ms, detail
        """

    static let reader = RowReader(table: "probe", key: { try $0.decode("name") }, decode: probe)

    static let examined = ExaminedTable(reader, all: "SELECT \(fragment: columns) FROM probe") {
        "PUT or DELETE /v1/probes/\($0)"
    }

    private static func probe(_ row: PostgresRow) throws -> Probe {
        let target: PostgresJSON = try row.decode("target")
        return Probe(
            draft: ProbeDraft(
                name: try row.decode("name"),
                target: try JSONDecoder().decode(ProbeTarget.self, from: Data(target.bytes)),
                intervalSeconds: try row.decode("interval_seconds"),
                timeoutSeconds: try row.decode("timeout_seconds"),
                thresholds: ProbeThresholds(
                    failuresToFire: try row.decode("failures_to_fire"),
                    successesToResolve: try row.decode("successes_to_resolve")),
                component: try row.decode("component"), severity: try row.decode("severity"),
                description: try row.decode("description"), isEnabled: try row.decode("enabled")),
            state: ProbeState(
                failures: try row.decode("failures"), successes: try row.decode("successes"),
                firingSince: try row.decode("firing_since"), failingSince: try row.decode("failing_since"),
                passingSince: try row.decode("passing_since")),
            last: try last(row), nextAt: try row.decode("next_at"), createdAt: try row.decode("created_at"),
            updatedAt: try row.decode("updated_at"), detail: try row.decode("detail"))
    }

    private static func last(_ row: PostgresRow) throws -> Probe.Result? {
        guard let isPassed: Bool = try row.decode("passed") else { return nil }
        return Probe.Result(
            isPassed: isPassed, checkedAt: try row.decode("checked_at"),
            latencyMilliseconds: try row.decode("latency_ms"), detail: try row.decode("detail"))
    }

    /// Makes or changes a probe; it is due at once, and a look that is under way counts no more. What looks elsewhere, or
    /// was enabled, begins without results; an alert goes on until enough of the new ones are good. Disabling ends it.
    func put(_ draft: ProbeDraft, by principal: Principal) async throws -> (probe: Probe, isNew: Bool) {
        var draft = draft
        draft.target = try await draft.target.sealed(
            by: box, beside: try await find(draft.name)?.readable?.draft.target)
        return try await put(sealed: draft, by: principal)
    }

    private func put(
        sealed draft: ProbeDraft, by principal: Principal
    ) async throws -> (probe: Probe, isNew: Bool) {
        try await pool.transaction { transaction in
            let held = try await Self.hold(draft.name, in: transaction)
            let before = held?.readable
            if held?.reason != nil { try await Self.remove(draft.name, in: transaction) }
            let keeps = before.map { $0.draft.target == draft.target && $0.draft.isEnabled && draft.isEnabled } ?? false
            let rows = try await transaction.query(try Self.upsert(draft, keeps: keeps))
            guard let row = rows.first else {
                throw PostgresError.decoding(column: "name", reason: "an insert returned no row")
            }
            if let before, !draft.isEnabled {
                try await Self.end(before, at: try row.decode("now"), in: transaction)
            }
            _ = try await transaction.query(
                AuditStore.insert(
                    actor: principal, action: "probe.put", subject: draft.name,
                    data: ["kind": .string(draft.target.kind.rawValue), "enabled": .bool(draft.isEnabled)]))
            // Somebody else may have made it since we looked.
            let isNew = try row.decode("is_new", as: Bool.self) && held == nil
            return (try Self.reader.read(row, in: transaction).get(), isNew)
        }
    }

    /// Seals secrets that stand there plain, from before they were sealed; returns of how many probes.
    @discardableResult
    func sealPlainSecrets() async throws -> Int {
        let rows = try await pool.query(
            "SELECT \(fragment: Self.columns), target::text AS plain FROM probe WHERE target::text LIKE '%\"isSecret\":true%'"
        )
        var sealed = 0
        for row in rows {
            guard let draft = Self.reader.read(row, in: pool).readable?.draft, case .http(let page) = draft.target,
                page.hasPlainSecret
            else { continue }
            let target = try StoredJSON.text(try await draft.target.sealed(by: box, beside: nil))
            // Whoever changed it meanwhile has sealed it.
            sealed += try await pool.query(
                """
                UPDATE probe SET target = \(target)::json
                WHERE name = \(draft.name) AND target::text = \(try row.decode("plain", as: String.self))
                """
            ).affectedRows
        }
        return sealed
    }

    private static func upsert(_ draft: ProbeDraft, keeps: Bool) throws -> SQL {
        let target = try StoredJSON.text(draft.target)
        return """
            INSERT INTO probe (name, target, interval_seconds, timeout_seconds, failures_to_fire,
                successes_to_resolve, component, severity, description, enabled)
            VALUES (\(draft.name), \(target)::json, \(draft.intervalSeconds), \(draft.timeoutSeconds),
                \(draft.thresholds.failuresToFire), \(draft.thresholds.successesToResolve), \(draft.component),
                \(draft.severity), \(draft.description), \(draft.isEnabled))
            ON CONFLICT (name) DO UPDATE SET target = excluded.target,
                interval_seconds = excluded.interval_seconds, timeout_seconds = excluded.timeout_seconds,
                failures_to_fire = excluded.failures_to_fire,
                successes_to_resolve = excluded.successes_to_resolve, component = excluded.component,
                severity = excluded.severity, description = excluded.description, enabled = excluded.enabled,
                updated_at = now(), next_at = now(), claim = NULL,
                failures = CASE WHEN \(keeps) THEN probe.failures ELSE 0 END,
                successes = CASE WHEN \(keeps) THEN probe.successes ELSE 0 END,
                failing_since = CASE WHEN \(keeps) THEN probe.failing_since END,
                passing_since = CASE WHEN \(keeps) THEN probe.passing_since END,
                firing_since = CASE WHEN excluded.enabled THEN probe.firing_since END,
                passed = CASE WHEN \(keeps) THEN probe.passed END,
                checked_at = CASE WHEN \(keeps) THEN probe.checked_at END,
                latency_ms = CASE WHEN \(keeps) THEN probe.latency_ms END,
                detail = CASE WHEN \(keeps) THEN probe.detail END
            RETURNING \(fragment: columns), now() AS now, probe.xmax = 0 AS is_new
            """
    }

    /// Removes a probe and its results; the alert of one that fires ends.
    ///
    /// - Returns: False when there is none of that name.
    func delete(_ name: String, by principal: Principal) async throws -> Bool {
        try await pool.transaction { transaction in
            guard let before = try await Self.hold(name, in: transaction) else { return false }
            let now = try await Self.remove(name, in: transaction)
            if let now, let before = before.readable { try await Self.end(before, at: now, in: transaction) }
            _ = try await transaction.query(AuditStore.insert(actor: principal, action: "probe.delete", subject: name))
            return true
        }
    }

    private static func hold(_ name: String, in transaction: PostgresTransaction) async throws -> ReadRow<Probe>? {
        try await transaction.query("SELECT \(fragment: columns) FROM probe WHERE name = \(name) FOR UPDATE")
            .first.map { reader.read($0, in: transaction) }
    }

    @discardableResult
    private static func remove(_ name: String, in transaction: PostgresTransaction) async throws -> Timestamp? {
        transaction.unreadable.forget(name, of: reader.table)
        return try await transaction.query("DELETE FROM probe WHERE name = \(name) RETURNING now() AS now")
            .first?.decode("now")
    }

    private static func end(_ probe: Probe, at now: Timestamp, in transaction: PostgresTransaction) async throws {
        guard let since = probe.state.firingSince else { return }
        let signal = probe.draft.signal(since: since, until: now, detail: "the probe was disabled or deleted")
        _ = try await transaction.query(SenseSignalStore.put([signal]))
    }

    func probe(_ name: String) async throws -> Probe? { try await find(name)?.get() }

    func find(_ name: String) async throws -> ReadRow<Probe>? {
        try await pool.query("SELECT \(fragment: Self.columns) FROM probe WHERE name = \(name)").first
            .map { Self.reader.read($0, in: pool) }
    }

    /// By name.
    func list(after last: String?, limit: Int) async throws -> [ReadRow<Probe>] {
        let rows = try await pool.query(
            "SELECT \(fragment: Self.columns) FROM probe WHERE name > \(last ?? "") ORDER BY name LIMIT \(limit)")
        return Self.reader.read(rows, in: pool)
    }

    /// The newest first; nil when there is no such probe.
    func results(_ name: String, limit: Int) async throws -> [Probe.Result]? {
        let results = try await pool.pipeline([
            "SELECT 1 FROM probe WHERE name = \(name)",
            """
            SELECT passed, checked_at, latency_ms, detail FROM probe_result WHERE probe = \(name)
            ORDER BY run DESC LIMIT \(limit)
            """,
        ])
        guard results[0].first != nil else { return nil }
        return try results[1].compactMap(Self.last)
    }
}

// MARK: - Running probes

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
