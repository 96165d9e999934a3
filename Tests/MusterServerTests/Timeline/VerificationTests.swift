import FoundationEssentials
import IncidentDomain
import Postgres
import Testing

@testable import MusterServer

/// What `musterd verify` finds when a superuser went behind the program's back, and that it finds nothing otherwise.
@Suite(.timeLimit(.minutes(20))) struct VerificationTests {
    struct Tampering: CustomTestStringConvertible, Sendable {
        let statement: String
        let finding: String
        var testDescription: String { statement }
    }

    private static let tamperings = [
        Tampering(
            statement: #"UPDATE timeline_entry SET payload = '{"key":false,"text":"changed"}' WHERE sequence = 3"#,
            finding: "entry 3 has a payload that does not match its digest"),
        Tampering(statement: "DELETE FROM timeline_entry WHERE sequence = 3", finding: "entry 3 is missing"),
        Tampering(
            statement: "DELETE FROM timeline_entry WHERE sequence = 6",
            finding: "the stored state differs from the replayed timeline"),
        Tampering(
            statement: "UPDATE timeline_entry SET hash = sha256('x') WHERE sequence = 4",
            finding: "entry 4 breaks the hash chain"),
        Tampering(
            statement: "UPDATE timeline_entry SET actor_name = 'Eve' WHERE sequence = 4",
            finding: "entry 4 breaks the hash chain"),
        Tampering(
            statement: "UPDATE timeline_entry SET occurred_at = occurred_at - interval '1 hour' WHERE sequence = 4",
            finding: "entry 4 breaks the hash chain"),
        Tampering(
            statement: "UPDATE timeline_entry SET recorded_at = recorded_at - interval '1 ms' WHERE sequence = 4",
            finding: "entry 4 breaks the hash chain"),
        Tampering(
            statement: "UPDATE timeline_entry SET kind = 'task_added' WHERE sequence = 3", finding: "cannot be read"),
        Tampering(
            statement: "UPDATE timeline_entry SET kind_version = 9 WHERE sequence = 3",
            finding: "unknown version"),
        Tampering(
            statement: #"UPDATE timeline_entry SET payload = '{"key":true,"text":"nothing"}' WHERE sequence = 2"#,
            finding: "entry 2 has a replacement that does not match its redaction"),
        Tampering(
            statement: "UPDATE timeline_entry SET salt = NULL, redacted_at = now() WHERE sequence = 3",
            finding: "entry 3 has a replacement that does not match its redaction"),
        Tampering(
            statement:
                #"UPDATE incident SET state = replace(state::text, '"phase":"detect"', '"phase":"closed"')::json"#,
            finding: "the stored state differs from the replayed timeline"),
        Tampering(
            statement: "UPDATE incident SET last_hash = sha256('x')",
            finding: "the stored last hash is not the hash of the newest entry"),
        Tampering(
            statement: "UPDATE incident SET version = version - 1",
            finding: "the stored columns differ from the stored state"),
        Tampering(
            statement: "UPDATE incident SET title = 'changed'",
            finding: "the stored columns differ from the stored state"),
        Tampering(
            statement: "UPDATE incident SET phase = 'closed'",
            finding: "the stored columns differ from the stored state"),
        Tampering(
            statement: "UPDATE incident SET severity = 'sev1'",
            finding: "the stored columns differ from the stored state"),
        Tampering(
            statement: "UPDATE incident SET summary = 'changed'",
            finding: "the stored columns differ from the stored state"),
        Tampering(
            statement: "UPDATE incident SET cause = 'attack'",
            finding: "the stored columns differ from the stored state"),
        Tampering(
            statement: "UPDATE incident SET next_deadline_at = now()",
            finding: "the stored columns differ from the stored state"
        ),
        Tampering(
            statement: #"UPDATE incident SET labels = '{"a":"b"}'"#,
            finding: "the stored columns differ from the stored state"),
        Tampering(
            statement: "UPDATE incident SET components = '{cdn}'",
            finding: "the stored columns differ from the stored state"),
        Tampering(
            statement: "UPDATE incident SET opened_at = now() - interval '1 day'",
            finding: "the stored columns differ from the stored state"),
        Tampering(
            statement: "UPDATE incident SET representation = replace(representation, 'Videos', 'Images')",
            finding: "the stored representation differs from the stored state"),
    ]

    @Test(arguments: tamperings)
    func `a change behind the program's back is found`(tampering: Tampering) async throws {
        try await TestDaemon.with { daemon async throws in
            try await Self.fill(daemon)
            try await daemon.pool.query("ALTER TABLE timeline_entry DISABLE TRIGGER ALL")
            let changed = try await daemon.pool.query("\(unescaped: tampering.statement)").affectedRows
            #expect(changed > 0)
            let found = try await Self.verify(daemon)
            #expect(found.contains { $0.hasPrefix("INC-1: ") && $0.contains(tampering.finding) }, "\(found)")
        }
    }

    @Test func `a file that is another one, or is gone, is found`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await Self.fill(daemon)
            let files = AttachmentDesk(desk: daemon.desk, pool: daemon.pool)
            let text = AttachmentDesk.Description(name: "errors.txt", type: .text, caption: nil)
            _ = try await files.add(Array("errors".utf8), text, to: 1, CommandContext(principal: .mia))
            _ = try await files.add(Array("more".utf8), text, to: 1, CommandContext(principal: .mia))
            #expect(try await Self.verify(daemon).isEmpty)
            try await daemon.pool.query("UPDATE attachment SET bytes = 'changed' WHERE number = 1")
            try await daemon.pool.query("DELETE FROM attachment WHERE number = 2")
            #expect(
                try await Self.verify(daemon) == [
                    "INC-1: attachment 1 (entry 7) is not the file that was added",
                    "INC-1: attachment 2 (entry 8) is missing",
                ])
        }
    }

    @Test func `what nobody touched is clean, in any number`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await Self.fill(daemon)
            for _ in 0..<250 { _ = try await daemon.open() }
            var seen: [Int] = []
            let report = try await Self.verification(daemon).run { seen.append($0) }
            #expect(report.differences == [] && report.incidents == 251 && report.entries == 256)
            #expect(seen == [200, 251])
        }
    }

    @Test func `an empty database is clean`() async throws {
        try await TestDaemon.with { daemon async throws in
            let report = try await Self.verification(daemon).run()
            #expect(report.differences == [] && report.incidents == 0)
        }
    }

    @Test func `verifying while everybody writes finds nothing`() async throws {
        try await TestDaemon.with(connections: 6) { daemon async throws in
            try await Self.fill(daemon)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for note in 0..<60 {
                        try await daemon.tell(.addNote(text: "\(note)", key: false), 1)
                        guard note.isMultiple(of: 20) else { continue }
                        _ = try await daemon.desk.redact(7 + note, of: 1, reason: "r", CommandContext(principal: .mia))
                    }
                }
                group.addTask {
                    for _ in 0..<20 {
                        let found = try await Self.verify(daemon)
                        #expect(found == [])
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    private static func verification(_ daemon: TestDaemon) -> Verification {
        Verification(pool: daemon.pool)
    }

    private static func verify(_ daemon: TestDaemon) async throws -> [String] {
        try await verification(daemon).run().differences
    }

    /// Incident 1 with six entries, of which the second is redacted by the last.
    private static func fill(_ daemon: TestDaemon) async throws {
        let number = try await daemon.open()
        try await daemon.tell(.addNote(text: "a secret", key: true), number)
        try await daemon.tell(.addNote(text: "no secret", key: false), number)
        try await daemon.tell(.acknowledge, number)
        try await daemon.tell(.amend(IncidentAmendment(severity: .sev3)), number)
        _ = try await daemon.desk.redact(2, of: number, reason: "a secret", CommandContext(principal: .mia))
    }
}
