import FoundationEssentials
import IncidentDomain
import Postgres
import TestSupport
import Testing

@testable import MusterServer

/// What senders can fill does not grow for ever.
@Suite(.timeLimit(.minutes(20))) struct TableBoundTests {
    /// Puts ten rows into the table of a bound, one a minute, the last one a minute ago.
    private static func fill(_ bound: TableBound, _ daemon: TestDaemon) async throws {
        let source = BuiltInSource.probes
        let at: SQL = "now() - make_interval(mins => 11 - n)"
        let rows: SQL =
            switch bound.what {
            case "dead letters":
                """
                INSERT INTO dead_letter (id, source, entry, last_at, headers, body, body_hash, body_bytes, reason)
                SELECT gen_random_uuid(), \(source), '/hooks', \(fragment: at), '{}', decode(repeat('00', 1000), 'hex'),
                    sha256(n::text::bytea), 1000, 'r' FROM generate_series(1, 10) AS n
                """
            case "changes":
                """
                INSERT INTO change_event (id, source, at, summary, labels, links)
                SELECT gen_random_uuid(), \(source), \(fragment: at), 's', '{}', '{}' FROM generate_series(1, 10) AS n
                """
            case "requests":
                """
                INSERT INTO alert_request (id, source, action, is_success, status, processed_at)
                SELECT gen_random_uuid(), \(source), 'a', true, 's', \(fragment: at) FROM generate_series(1, 10) AS n
                """
            case "notes":
                """
                WITH made AS (
                    INSERT INTO alert (id, source, identity, group_key, title, status, occurrences, starts_at,
                        first_seen_at, last_seen_at, labels, annotations, routed)
                    VALUES (gen_random_uuid(), \(source), 'i', 'g', 't', 'firing', 1, now(), now(), now(), '{}', '{}', true)
                    RETURNING id
                )
                INSERT INTO alert_note (alert, author, text)
                SELECT made.id, 'a', 't' FROM made, generate_series(1, 10) AS n
                """
            case "silences":
                """
                INSERT INTO silence (id, matchers, starts_at, ends_at, comment, created_by)
                SELECT gen_random_uuid(), '[{"name":"a","operator":"=","value":"b"}]', \(fragment: at) - interval '1 hour',
                    \(fragment: at), 'c', 'c' FROM generate_series(1, 10) AS n
                """
            case "maintenance":
                """
                INSERT INTO maintenance (id, title, components, local_start, time_zone, duration_seconds, ends, created_by,
                    updated_by, updated_at)
                SELECT gen_random_uuid(), 't', '{db}', '2026-01-01T00:00:00', 'UTC', 60, 'automatic', 'c', 'c',
                    \(fragment: at) FROM generate_series(1, 10) AS n
                """
            default:
                """
                INSERT INTO idempotency (scope, body_hash, command_id, claim_id, expires_at, answer)
                SELECT sha256(n::text::bytea), sha256('b'), gen_random_uuid(), gen_random_uuid(), \(fragment: at),
                    decode(repeat('00', 1000), 'hex') FROM generate_series(1, 10) AS n
                """
            }
        try await daemon.pool.query(rows)
    }

    private static func table(_ bound: TableBound) -> String {
        [
            "dead letters": "dead_letter", "changes": "change_event", "requests": "alert_request",
            "notes": "alert_note", "silences": "silence", "maintenance": "maintenance",
        ][bound.what] ?? "idempotency"
    }

    @Test(arguments: TableBound.all)
    func `the oldest rows go, and no others`(bound: TableBound) async throws {
        try await TestDaemon.with { daemon async throws in
            try await Self.fill(bound, daemon)
            let store = TableBoundStore(pool: daemon.pool)
            func rows() async throws -> [String] {
                try await daemon.pool.query(
                    "SELECT to_jsonb(t)::text AS line FROM \(unescaped: Self.table(bound)) AS t ORDER BY 1"
                ).map { try $0.decode("line") }
            }
            let before = try await rows()
            // A table that is small on the disk is not looked at.
            #expect(try await store.cut(bound.limited(rows: 4), limit: 100) == 0)
            #expect(try await store.cut(bound.limited(rows: 10), limit: 100, small: 0) == 0)
            #expect(try await store.cut(bound.limited(rows: 4), limit: 2, small: 0) == 2)
            #expect(try await store.cut(bound.limited(rows: 4), limit: 100, small: 0) == 4)
            let left = try await rows()
            #expect(left.count == 4 && Set(left).isSubset(of: before))
            if bound.what != "notes" {
                // The newest four are of the last minutes.
                let column =
                    [
                        "dead letters": "last_at", "changes": "at", "requests": "processed_at", "silences": "ends_at",
                        "maintenance": "updated_at",
                    ][bound.what] ?? "expires_at"
                #expect(
                    try await daemon.count(
                        Self.table(bound), where: "\(column) > now() - interval '4 minutes 30 seconds'") == 4)
            }
        }
    }

    @Test(arguments: TableBound.all.filter { $0.bytes != nil })
    func `what is large is bounded in bytes as well`(bound: TableBound) async throws {
        try await TestDaemon.with { daemon async throws in
            try await Self.fill(bound, daemon)
            let store = TableBoundStore(pool: daemon.pool)
            #expect(try await store.cut(bound.limited(rows: 100, bytes: 10_000), limit: 100, small: 0) == 0)
            #expect(try await store.cut(bound.limited(rows: 100, bytes: 3_500), limit: 100, small: 0) == 7)
        }
    }

    @Test func `a silence that is not over and a request that runs are nobody's to remove`() async throws {
        try await TestDaemon.with { daemon async throws in
            for bound in TableBound.all where ["silences", "idempotent answers"].contains(bound.what) {
                try await Self.fill(bound, daemon)
            }
            try await daemon.pool.query("UPDATE silence SET ends_at = now() + interval '1 day'")
            try await daemon.pool.query(
                "UPDATE idempotency SET answer = NULL, claimed_until = now() + interval '1 day'")
            let store = TableBoundStore(pool: daemon.pool)
            for bound in TableBound.all {
                #expect(try await store.cut(bound.limited(rows: 1), limit: 100, small: 0) == 0, "\(bound.what)")
            }
        }
    }
}
