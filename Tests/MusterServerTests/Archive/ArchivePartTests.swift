import IncidentDomain
import Postgres
import TestSupport
import Testing

@testable import MusterServer

/// Archives of so many rows that tables have several parts.
@Suite(.timeLimit(.minutes(20))) struct ArchivePartTests {
    /// Three parts of incidents, two of their entries; three parts of counts, and heartbeats that fill theirs exactly.
    private static func fill(_ daemon: TestDaemon) async throws {
        for number in 1...210 {
            _ = try await daemon.open("incident \(number)")
            for note in 1...2 { try await daemon.tell(.addNote(text: "note \(note)", key: false), number) }
        }
        try await daemon.pool.query(
            """
            INSERT INTO report_count (minute, component, symptom, region, reports)
            SELECT timestamptz '2026-01-01' + make_interval(mins => number / 4), 'cdn', 's', (number % 4)::text, 1
            FROM generate_series(0, 1199) AS number
            """)
        try await daemon.pool.query(
            """
            INSERT INTO heartbeat (name, interval_seconds, grace_seconds, enabled)
            SELECT 'beat-' || number, 60, 5, true FROM generate_series(1, 500) AS number
            """)
    }

    private func parts(_ path: String) throws -> [String: Int] {
        let tables = try ArchiveSite.pieces(ArchiveSite.bytes(path)).compactMap { piece in
            if case .part(let part, _) = piece { part.table } else { nil }
        }
        return Dictionary(tables.map { ($0, 1) }, uniquingKeysWith: +)
    }

    private func lines(_ path: String) throws -> [UInt8] {
        try ArchiveSite.pieces(ArchiveSite.bytes(path)).flatMap { piece -> [UInt8] in
            if case .part(_, let lines) = piece { lines } else { [] }
        }
    }

    @Test func `parts follow each other without a gap, and go on where rows changed in between`() async throws {
        try await ArchiveSite.withFile { path async throws in
            try await TestDaemon.with { daemon async throws in
                try await Self.fill(daemon)
                try await ArchiveSite.export(daemon, to: path)
                let parts = try parts(path)
                #expect(parts["incident"] == 3 && parts["timeline_entry"] == 2)
                #expect(parts["report_count"] == 3 && parts["heartbeat"] == 1)
                try await TestDatabase.with { database async throws in
                    #expect(try await ArchiveSite.read(path, into: database).isInPlace)
                    #expect(try await ArchiveSite.digests(daemon.pool) == ArchiveSite.digests(database.pool))
                }
                // One fewer in the first part, one more in the second, another text in the third; more at the end.
                for statement in [
                    "DELETE FROM report_count WHERE minute = '2026-01-01 00:05Z' AND region = '1'",
                    """
                    INSERT INTO report_count (minute, component, symptom, region, reports)
                    VALUES ('2026-01-01 03:00:30Z', 'cdn', 's', '', 7), ('2027-01-01 00:00Z', 'cdn', 's', '', 7)
                    """,
                ] { try await daemon.pool.query(SQL(unescaped: statement)) }
                try await daemon.tell(.addNote(text: "changes the last part", key: false), 205)
                try await ArchiveSite.withFile { resumed async throws in
                    let summary = try await ArchiveSite.export(daemon, to: resumed, resuming: path)
                    #expect(summary.partsTaken >= 5)
                    try await ArchiveSite.export(daemon, to: path)
                    #expect(try lines(resumed) == lines(path))
                    try await TestDatabase.with { database async throws in
                        #expect(try await ArchiveSite.read(resumed, into: database).isInPlace)
                        #expect(try await ArchiveSite.digests(daemon.pool) == ArchiveSite.digests(database.pool))
                    }
                }
            }
        }
    }
}
