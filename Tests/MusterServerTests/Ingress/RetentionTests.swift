import IncidentDomain
import Postgres
import TestSupport
import Testing

@testable import MusterServer

/// What is forgotten when its time is over, and what never is.
@Suite(.timeLimit(.minutes(20))) struct RetentionTests {
    private func runner(_ daemon: TestDaemon, _ retention: IngressPruneRunner.Retention) -> IngressPruneRunner {
        let pool = daemon.pool
        return IngressPruneRunner(
            retention: retention, alerts: AlertStore(pool: pool), deadLetters: DeadLetterStore(pool: pool),
            changes: ChangeStore(pool: pool), requests: OpsgenieStore(pool: pool), silences: SilenceStore(pool: pool),
            notifications: NotificationStore(pool: pool),
            logger: TestServer.quietLogger)
    }

    /// Everything that has an age becomes two years old, as far as the database lets it.
    private func age(_ pool: PostgresPool) async throws {
        for statement in [
            "UPDATE alert SET status = 'resolved', resolved_at = now() - interval '2 years'",
            "UPDATE dead_letter SET last_at = now() - interval '2 years'",
            "UPDATE change_event SET at = now() - interval '2 years'",
            """
            UPDATE silence SET starts_at = now() - interval '2 years', ends_at = now() - interval '2 years'
            """,
            "UPDATE audit_line SET at = now() - interval '2 years'",
            "UPDATE alert_request SET processed_at = now() - interval '2 years'",
        ] {
            #expect(try await pool.query(SQL(unescaped: statement)).affectedRows > 0, "\(statement)")
        }
    }

    @Test func `what is old enough goes, and every timeline stays whole`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await ArchiveSample.fill(daemon)
            let entries = try await daemon.count("timeline_entry")
            try await age(daemon.pool)
            try await runner(daemon, .init(auditDays: 365)).pass()
            for table in [
                "alert", "alert_note", "dead_letter", "change_event", "silence", "audit_line", "alert_request",
            ] {
                #expect(try await daemon.count(table) == 0, "\(table)")
            }
            #expect(try await daemon.count("timeline_entry") == entries)
            #expect(try await daemon.count("component_change") > 0)
            #expect(try await daemon.differences() == [])
        }
    }

    @Test func `zero keeps for ever, and so is the audit unless somebody asks`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await ArchiveSample.fill(daemon)
            try await age(daemon.pool)
            let kept = IngressPruneRunner.Retention(alertDays: 0, deadLetterDays: 0, changeDays: 0, silenceDays: 0)
            try await runner(daemon, kept).pass()
            for table in ["alert", "dead_letter", "change_event", "silence", "audit_line"] {
                #expect(try await daemon.count(table) > 0, "\(table)")
            }
        }
    }

    @Test func `what is young, firing or in force stays`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await ArchiveSample.fill(daemon)
            try await daemon.pool.query("UPDATE silence SET ends_at = now() + interval '1 hour'")
            let all = IngressPruneRunner.Retention(
                alertDays: 1, deadLetterDays: 1, changeDays: 1, silenceDays: 1, auditDays: 1)
            try await runner(daemon, all).pass()
            for table in ["alert", "dead_letter", "change_event", "silence", "audit_line"] {
                #expect(try await daemon.count(table) > 0, "\(table)")
            }
        }
    }
}
