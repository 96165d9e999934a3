import FoundationEssentials
import IncidentDomain
import Postgres
import Testing

@testable import MusterServer

/// The database itself keeps the timeline: whoever has only SQL cannot rewrite it unnoticed.
@Suite(.timeLimit(.minutes(20))) struct AppendOnlyTests {
    @Test(arguments: [
        "UPDATE timeline_entry SET payload = '{}'", "UPDATE timeline_entry SET occurred_at = now()",
        "UPDATE timeline_entry SET actor_name = 'Eve'", "UPDATE timeline_entry SET hash = sha256('x')",
        "UPDATE timeline_entry SET salt = sha256('x')", "UPDATE timeline_entry SET sequence = sequence + 10",
        "UPDATE timeline_entry SET command_id = gen_random_uuid()", "DELETE FROM timeline_entry",
        "DELETE FROM timeline_entry WHERE sequence = 2", "TRUNCATE timeline_entry", "TRUNCATE incident CASCADE",
        "UPDATE timeline_entry SET salt = NULL, redacted_at = now(), kind = 'acknowledged', payload = '{}'",
        "UPDATE timeline_entry SET salt = NULL, redacted_at = now(), hash = sha256('x')",
    ])
    func `a timeline cannot be rewritten`(statement: String) async throws {
        try await TestDaemon.with { daemon async throws in
            let number = try await daemon.open()
            try await daemon.tell(.addNote(text: "it stays", key: false), number)
            let before = try await daemon.pool.query("SELECT t::text FROM timeline_entry AS t ORDER BY sequence")
            let error = await #expect(throws: PostgresError.self) {
                try await daemon.pool.query("\(unescaped: statement)")
            }
            #expect(error?.sqlState == "23001")
            let after = try await daemon.pool.query("SELECT t::text FROM timeline_entry AS t ORDER BY sequence")
            #expect(try before.map { try $0.decode(0, as: String.self) } == after.map { try $0.decode(0) })
        }
    }

    @Test func `what was redacted cannot be changed again, nor brought back`() async throws {
        try await TestDaemon.with { daemon async throws in
            let number = try await daemon.open()
            _ = try await daemon.desk.redact(1, of: number, reason: "r", CommandContext(principal: .mia))
            for change in ["payload = '{}'", "redacted_at = NULL, salt = '\\x00112233445566778899aabbccddeeff'"] {
                let error = await #expect(throws: PostgresError.self) {
                    try await daemon.pool.query("UPDATE timeline_entry SET \(unescaped: change) WHERE sequence = 1")
                }
                #expect(error?.sqlState == "23001")
            }
        }
    }

    @Test func `an incident with a timeline cannot be deleted`() async throws {
        try await TestDaemon.with { daemon async throws in
            _ = try await daemon.open()
            let error = await #expect(throws: PostgresError.self) {
                try await daemon.pool.query("DELETE FROM incident")
            }
            #expect(error?.sqlState == "23503")
        }
    }

    @Test func `a kind of phase or status that nobody knows is refused by the tables`() async throws {
        try await TestDaemon.with { daemon async throws in
            _ = try await daemon.open()
            for statement in ["UPDATE incident SET phase = 'panic'", "UPDATE incident SET last_hash = '\\x00'"] {
                let error = await #expect(throws: PostgresError.self) {
                    try await daemon.pool.query("\(unescaped: statement)")
                }
                #expect(error?.sqlState == "23514")
            }
        }
    }

    /// Anybody with SHA-256 can check a copy; here PostgreSQL does, from the columns and the words of `HashChain` alone.
    @Test func `the hash chain can be computed without this program`() async throws {
        try await TestDaemon.with { daemon async throws in
            let eve = Principal(id: "token-eve", name: "Eve\nAdams – ünï", role: .admin)
            let number = try await daemon.open("Title with \"quotes\" / and ünïcode ✓")
            try await daemon.tell(.addNote(text: "line\nline", key: true), number, by: eve)
            try await daemon.tell(.amend(IncidentAmendment(summary: "s", severity: .sev1)), number)
            let rows = try await daemon.pool.query(
                """
                SELECT payload_digest = sha256(salt || convert_to(payload::text, 'UTF8')) AS digest, hash = sha256(convert_to(
                    encode(coalesce(lag(hash) OVER (ORDER BY sequence), decode(repeat('00', 32), 'hex')), 'hex') || E'\\n'
                    || incident || E'\\n' || sequence || E'\\n' || kind || E'\\n' || kind_version || E'\\n'
                    || replace(actor_id, E'\\n', ' ') || E'\\n' || replace(actor_name, E'\\n', ' ') || E'\\n'
                    || to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || E'\\n'
                    || to_char(recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || E'\\n'
                    || encode(payload_digest, 'hex') || E'\\n', 'UTF8')) AS chained
                FROM timeline_entry WHERE incident = \(number) ORDER BY sequence
                """)
            #expect(rows.count == 4)
            for row in rows { #expect(try row.decode("digest") && row.decode("chained")) }
        }
    }
}
