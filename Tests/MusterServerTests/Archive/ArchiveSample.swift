import IncidentDomain
import Postgres

@testable import MusterServer

/// A database with something in every table that archives have.
enum ArchiveSample {
    static func fill(_ daemon: TestDaemon) async throws {
        try await daemon.put([
            Component(slug: "cdn", name: "CDN", tier: 0), Component(slug: "player", name: "Player", tier: 1),
        ])
        let first = try await daemon.open("Videos do not play – \u{1F4A5} \"café\" \\ \n", components: ["cdn"])
        let second = try await daemon.open("Images are slow")
        try await daemon.tell(.addNote(text: "a secret", key: true), first)
        try await daemon.tell(.addNote(text: "tabs\tand\nlines and \u{1} controls", key: false), second)
        try await daemon.bringToRestore(first)
        _ = try await daemon.desk.redact(2, of: first, reason: "a secret", CommandContext(principal: .mia))
        for statement in statements { try await daemon.pool.query(SQL(unescaped: statement)) }
    }

    private static let heartbeats = "'00000000-0000-7000-8000-000000000001'"
    private static let alert = "'01990000-0000-7000-8000-00000000000a'"

    /// What no command of a desk is needed for, with values at the edges of their types.
    private static let statements = [
        """
        INSERT INTO access_token (id, name, role, secret_hash, created_at, created_by)
        VALUES (gen_random_uuid(), 'Möwe', 'viewer', sha256('x'), '2026-01-01 00:00:00.123456+00', 'mia')
        """,
        "INSERT INTO audit_line (actor_id, actor, action, subject, data) VALUES ('a', 'b', 'c', 'd', '{\"x\": 1.50}')",
        "INSERT INTO help_book (body, version) VALUES ('{\"symptoms\": [], \"x\": 1.50}', 9007199254740993)",
        """
        INSERT INTO subscription (id, channel, address_code, network_code, sealed, token_code, question_code,
            question_until, components, language, confirmed_at)
        VALUES (gen_random_uuid(), 'mail', '\\x00ff01', '\\x00ff02', 'sealed', '\\x00ff03', '\\x00ff04', now(),
            ARRAY['a', 'b"\\'], 'de', now())
        """,
        "INSERT INTO public_told (subject, state) VALUES ('incident/1', '{\"x\": 1.50}')",
        """
        INSERT INTO routing_rule (id, position, name, body, created_by, updated_by)
        VALUES (gen_random_uuid(), 2, 'second', '{}', 'mia', 'mia'), (gen_random_uuid(), 1, 'first', '{}', 'mia', 'mia')
        """,
        """
        INSERT INTO silence (id, matchers, starts_at, ends_at, comment, created_by, source)
        VALUES (gen_random_uuid(), '[1]', now(), now(), 'why', 'mia', \(heartbeats))
        """,
        """
        INSERT INTO restoration_sample (incident, sequence, component, started_at, restored_at)
        VALUES (1, 3, 'cdn', now(), now())
        """,
        """
        INSERT INTO restoration_forecast (incident, made_at, expected_median_at, expected_p90_at)
        VALUES (1, now(), now(), now()) ON CONFLICT DO NOTHING
        """,
        "INSERT INTO component_duration (component, samples, median_seconds, p90_seconds) VALUES ('cdn', 1, 2, 3)",
        """
        INSERT INTO alert (id, source, identity, group_key, title, status, occurrences, starts_at, first_seen_at,
            last_seen_at, labels, annotations, incident, routed, payload)
        VALUES (\(alert), \(heartbeats), 'i', 'g', 't', 'firing', 9007199254740993, now(), now(), now(),
            '{"a": "b"}', '{}', 1, true, '\\x00ff0a')
        """,
        "INSERT INTO alert_group (source, group_key, incident) VALUES (\(heartbeats), 'g', 1)",
        "INSERT INTO alert_note (alert, author, text) VALUES (\(alert), 'mia', 'seen')",
        "INSERT INTO attachment (incident, number, type, bytes) VALUES (1, 1, 'image/png', '\\x00ff89')",
        "INSERT INTO alert_delivery (incident, ended, alerts) VALUES (1, false, ARRAY[\(alert)]::uuid[])",
        """
        INSERT INTO alert_request (id, source, action, is_success, status)
        VALUES (gen_random_uuid(), \(heartbeats), 'Create', true, 'done')
        """,
        """
        INSERT INTO dead_letter (id, source, entry, headers, body, body_hash, body_bytes, reason)
        VALUES (gen_random_uuid(), \(heartbeats), '/hooks', '{}', '\\x7b00', sha256('y'), 2, 'none')
        """,
        """
        INSERT INTO change_event (id, source, at, summary, labels, links)
        VALUES (gen_random_uuid(), \(heartbeats), now(), 's', '{}', ARRAY['a,b', '"c"', '{d}', 'NULL', ''])
        """,
        """
        INSERT INTO endpoint (id, name, format, settings, secrets, created_by, updated_by)
        VALUES (gen_random_uuid(), 'Möwe', 'slack', '{"a": 1.50}', '{"url": "c2VhbGVk"}', 'mia', 'mia')
        """,
        "UPDATE sense_fleet SET seen_at = '2026-01-01'",
        "INSERT INTO heartbeat (name, interval_seconds, grace_seconds, enabled) VALUES ('nightly', 60, 5, true)",
        """
        INSERT INTO probe (name, target, interval_seconds, timeout_seconds, failures_to_fire, successes_to_resolve,
            enabled)
        VALUES ('page', '{"kind":  "http"}', 60, 5, 3, 2, true)
        """,
        "INSERT INTO probe_result (probe, slot, run, checked_at, passed, detail) VALUES ('page', 0, 1, now(), true, '')",
        """
        INSERT INTO sense_signal (source, identity, firing, title, labels, annotations, starts_at)
        VALUES (\(heartbeats), 'i', true, 't', '{}', '{}', now())
        """,
        "INSERT INTO report_count (minute, component, symptom, region, reports) VALUES (now(), 'cdn', 's', '', 3)",
        """
        INSERT INTO report_baseline (component, symptom, mean, variance, learnt_until)
        VALUES ('cdn', 's', 0.1, 1e-300, now())
        """,
        """
        INSERT INTO maintenance (id, title, components, regions, local_start, time_zone, duration_seconds, rrule, ends,
            created_by, updated_by)
        VALUES (\(alert), 'Switches', '{cdn,"a,b"}', '{}', '2026-12-06T02:30:00', 'Europe/Berlin', 60, 'FREQ=DAILY',
            'by_hand', 'mia', 'mia')
        """,
        """
        INSERT INTO maintenance_occurrence (maintenance, local_start, starts_at, ends_at, state, incident, next_at)
        VALUES (\(alert), '2026-12-06T02:30:00', now(), now() + interval '60 seconds', 'overrun', 1, now())
        """,
        "INSERT INTO report_salt (day, salt) VALUES (current_date, sha256('salt'))",
        """
        INSERT INTO idempotency (scope, body_hash, command_id, claim_id, answer, expires_at)
        VALUES (sha256('a'), sha256('b'), gen_random_uuid(), gen_random_uuid(), '\\x01', now() + interval '1 day')
        """,
    ]
}
