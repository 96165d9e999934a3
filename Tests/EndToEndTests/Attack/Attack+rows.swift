import FoundationEssentials
import Postgres
import TestSupport

/// Rows that cannot be read, and names that nobody resolves: what a daemon of another release, a hand in the database or a
/// broken network leaves behind.
extension Attack {
    static let onRows: [Attack] = [poisonousRows, deadResolvers]

    // MARK: Rows

    private static let planted: [SQL] = [
        """
        INSERT INTO silence (id, matchers, starts_at, ends_at, comment, created_by)
        SELECT gen_random_uuid(), matchers::jsonb, now(), now() + interval '1 hour', 'poison', 'poison' FROM unnest(ARRAY[
            '[{"label":"title","operator":"=~","value":"("}]', '[1]', '[{"label":"title","operator":"like","value":"a"}]',
            '[{"label":"title","operator":"=","value":"' || repeat('x', 1001) || '"}]'
        ]) AS matchers
        """,
        """
        INSERT INTO routing_rule (id, position, name, body, created_by, updated_by)
        SELECT gen_random_uuid(), (SELECT count(*) FROM routing_rule) + ordinality, 'poison', body::jsonb, 'poison', 'poison'
        FROM unnest(ARRAY['{}', '{"name":"poison","matchers":[{"label":"title","operator":"=~","value":"["}],"then":{}}'])
            WITH ORDINALITY AS planted (body, ordinality)
        """,
        """
        INSERT INTO heartbeat (name, interval_seconds, grace_seconds, enabled, armed_at, last_ping_at, due_at)
        VALUES ('poison-1', 60, 60, true, 'infinity', '-infinity', '-infinity'),
            ('poison-2', 60, 60, true, '-infinity', 'infinity', now())
        """,
        """
        INSERT INTO probe (name, target, interval_seconds, timeout_seconds, failures_to_fire, successes_to_resolve, enabled)
        VALUES ('poison-1', '{"kind":"gopher"}', 5, 1, 1, 1, true), ('poison-2', '[]', 5, 1, 1, 1, true),
            ('poison-3', '{"kind":"tcp","host":"","port":0}', 5, 1, 1, 1, true)
        """,
        """
        INSERT INTO source (id, name, kind, key_hash, created_by, mapping)
        VALUES (gen_random_uuid(), 'poison', 'nonesuch', sha256('poison-1'), 'poison', NULL),
            (gen_random_uuid(), 'poison', 'generic', sha256('poison-2'), 'poison', '{"title":1}')
        """,
        """
        INSERT INTO access_token (id, name, role, secret_hash, created_by, created_at)
        VALUES (gen_random_uuid(), 'poison', 'viewer', sha256('poison-1'), 'poison', '-infinity')
        """,
        "UPDATE routing SET version = version + 1", "SELECT pg_notify('muster_routing', '')",
    ]

    private static let removed: [SQL] = [
        "DELETE FROM silence WHERE created_by = 'poison'", "DELETE FROM routing_rule WHERE created_by = 'poison'",
        "DELETE FROM heartbeat WHERE name LIKE 'poison-%'", "DELETE FROM probe WHERE name LIKE 'poison-%'",
        "DELETE FROM source WHERE created_by = 'poison'", "DELETE FROM access_token WHERE created_by = 'poison'",
        "UPDATE routing SET version = version + 1", "SELECT pg_notify('muster_routing', '')",
    ]

    /// One that cannot be read in each table that the daemon reads into memory: everything else goes on.
    static let poisonousRows = Attack("poisonous-rows", seconds: 6, answers: [200]) { target, until in
        _ = try await target.database.pool.pipeline(planted)
        var outcome = Crowd.Outcome()
        do {
            outcome = try await beside(poisonIn: target, until)
        } catch {
            outcome.complaints.append("\(error)")
        }
        _ = try await target.database.pool.pipeline(removed)
        return outcome
    }

    private static func beside(
        poisonIn target: AttackTarget, _ until: ContinuousClock.Instant
    ) async throws -> Crowd.Outcome {
        let left = ContinuousClock.now.duration(to: until)
        var outcome = Crowd.Outcome()
        let heartbeat = try await target.admin.put(
            "/v1/heartbeats/sound", ["interval_seconds": 600, "grace_seconds": 60])
        if !heartbeat.isSuccess { outcome.complaints.append("\(heartbeat)") }
        for path in ["silences", "rules", "heartbeats", "probes", "sources", "tokens"].map({ "/v1/" + $0 }) + [
            "/readyz"
        ] {
            let reply = try await target.admin.send("GET", path, timeout: 5)
            outcome.statuses[reply.status, default: 0] += 1
            if reply.status != 200 { outcome.complaints.append("\(reply)") }
        }
        // The router, which reads rules and silences, opens an incident all the same.
        let name = "beside-poison-\(UUID().uuidString.prefix(8))"
        let alert = AlertmanagerMessage(group: name, [.init(name)])
        let reply = try await target.admin.send("POST", target.hook, .json(alert.json), timeout: 5)
        outcome.statuses[reply.status, default: 0] += 1
        do {
            try await Eventually.holds("an incident of the alert \(name)", within: left) {
                let numbers: [Int?] = try await target.database.pool.query(
                    "SELECT incident FROM alert WHERE labels ->> 'instance' = \(name)"
                ).map { try $0.decode("incident") }
                return numbers.contains { $0 != nil }
            }
        } catch {
            outcome.complaints.append("\(error)")
        }
        return outcome
    }

    // MARK: Resolvers

    /// Forty probes of names that hang in the resolver; others go on, and nobody is woken for a name that is well.
    static let deadResolvers = Attack("dead-resolvers", seconds: 7, answers: [200, 201]) { target, until in
        var outcome = Crowd.Outcome()
        var names: [String] = []
        for number in 0..<40 {
            names.append("dead-\(number)")
            try await put(names[number], host: "host-\(number).dead", target, &outcome)
        }
        names.append("sound")
        try await put("sound", host: "localhost", target, &outcome)
        // The others each have their time, and then it is looked at.
        do {
            let left = ContinuousClock.now.duration(to: until)
            try await Eventually.holds("a good look of the probe of localhost", within: left) {
                let results = try await target.admin.send("GET", "/v1/probes/sound/results", timeout: 5).json["items"]
                    .items
                let failed = results.filter { $0["passed"] == false }
                if !failed.isEmpty { outcome.complaints.append("the probe of localhost failed: \(failed)") }
                return !failed.isEmpty || !results.isEmpty
            }
        } catch {
            outcome.complaints.append("\(error)")
        }
        for name in names { _ = try await target.admin.send("DELETE", "/v1/probes/\(name)", timeout: 10) }
        return outcome
    }

    private static func put(
        _ name: String, host: String, _ target: AttackTarget, _ outcome: inout Crowd.Outcome
    ) async throws {
        let reply = try await target.admin.send(
            "PUT", "/v1/probes/\(name)",
            .json([
                "kind": "tcp", "host": .string(host), "port": .number(Double(target.port)), "interval_seconds": 5,
                "timeout_seconds": 2, "failures_to_fire": 1,
            ]), timeout: 10)
        outcome.statuses[reply.status, default: 0] += 1
        if !reply.isSuccess { outcome.complaints.append("\(reply)") }
    }
}
