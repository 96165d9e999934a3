import IncidentDomain
import Postgres
import TestSupport
import Testing

@testable import MusterServer

/// What an import does not take, and what it goes on with.
@Suite(.timeLimit(.minutes(20))) struct ArchiveRefusalTests {
    private static func withArchive(_ body: (String, TestDaemon) async throws -> Void) async throws {
        try await ArchiveSite.withFile { path async throws in
            try await TestDaemon.with { daemon async throws in
                try await ArchiveSample.fill(daemon)
                try await ArchiveSite.export(daemon, to: path)
                try await body(path, daemon)
            }
        }
    }

    private func failure(_ path: String, into database: TestDatabase) async -> String {
        do {
            try await ArchiveSite.read(path, into: database)
            return ""
        } catch {
            return "\(error)"
        }
    }

    @Test func `a flipped bit anywhere is found`() async throws {
        try await Self.withArchive { path, _ async throws in
            let bytes = ArchiveSite.bytes(path)
            #expect(try ArchiveSite.pieces(bytes).last == .end(parts: ArchiveTables.all.count))
            var numbers = SeededNumbers(seed: 5)
            // The ends, where the control lines are, and anywhere between.
            let places =
                Array(bytes.indices.suffix(400))
                + (0..<400).map { _ in
                    Int.random(in: bytes.indices, using: &numbers)
                }
            for place in places {
                var spoilt = bytes
                spoilt[place] ^= 1 << UInt8.random(in: 0...7, using: &numbers)
                #expect(throws: ArchiveFailure.self, "byte \(place)") { try ArchiveSite.pieces(spoilt) }
            }
        }
    }

    @Test func `an archive that ends early is not whole, wherever it ends`() async throws {
        try await Self.withArchive { path, _ async throws in
            let bytes = ArchiveSite.bytes(path)
            let ends = bytes.indices.filter { bytes[$0] == 10 }.dropLast()
            for end in Array(ends) + [0, 5, bytes.count - 1] {
                #expect(throws: ArchiveFailure.self, "\(end) bytes") { try ArchiveSite.pieces(Array(bytes[..<end])) }
            }
        }
    }

    @Test func `what was cut off goes on behind its last part, and was never to be seen`() async throws {
        try await Self.withArchive { path, daemon async throws in
            let bytes = ArchiveSite.bytes(path)
            try await TestDatabase.with { database async throws in
                try await ArchiveSite.withFile { cut async throws in
                    try ArchiveSite.write(Array(bytes[..<(bytes.count * 2 / 3)]), to: cut)
                    for _ in 0..<2 {
                        let said = await failure(cut, into: database)
                        #expect(said.contains("truncated"), "\(said)")
                        #expect(try await ArchiveStore(runner: database.pool).tables() == [])
                    }
                }
                let read = try await ArchiveSite.read(path, into: database)
                #expect(read.isInPlace && read.partsFound > 5 && read.partsFound < read.parts)
                #expect(try await ArchiveSite.digests(daemon.pool) == ArchiveSite.digests(database.pool))
            }
        }
    }

    @Test func `another archive does not go on where the first broke off, unless the first is forgotten`() async throws
    {
        try await Self.withArchive { path, daemon async throws in
            try await ArchiveSite.withFile { other async throws in
                try await ArchiveSite.export(daemon, to: other)
                try await TestDatabase.with { database async throws in
                    let bytes = ArchiveSite.bytes(path)
                    try ArchiveSite.write(Array(bytes[..<(bytes.count / 2)]), to: path)
                    _ = await failure(path, into: database)
                    let said = await failure(other, into: database)
                    #expect(said.contains("another archive") && said.contains("--restart"), "\(said)")
                    let read = try await ArchiveSite.read(other, into: database, options: .init(restarts: true))
                    #expect(read.isInPlace && read.partsFound == 0)
                }
            }
        }
    }

    @Test func `a database that has something is refused, so also a second time`() async throws {
        try await Self.withArchive { path, daemon async throws in
            let said = await failure(path, into: daemon.database)
            #expect(said.contains("not empty") && said.contains("createdb"), "\(said)")
            try await TestDatabase.with { database async throws in
                try await ArchiveSite.read(path, into: database)
                #expect(await failure(path, into: database).contains("not empty"))
                #expect(try await ArchiveSite.digests(daemon.pool) == ArchiveSite.digests(database.pool))
            }
        }
    }

    @Test func `a daemon that began meanwhile keeps the import from its place, and nothing is lost`() async throws {
        try await Self.withArchive { path, _ async throws in
            try await TestDatabase.with { database async throws in
                let bytes = ArchiveSite.bytes(path)
                try await ArchiveSite.withFile { cut async throws in
                    try ArchiveSite.write(Array(bytes[..<(bytes.count / 2)]), to: cut)
                    _ = await failure(cut, into: database)
                }
                try await database.pool.query("CREATE TABLE catalog (x text)")
                #expect(await failure(path, into: database).contains("not empty"))
                try await database.pool.query("DROP TABLE catalog")
                #expect(try await ArchiveSite.read(path, into: database).isInPlace)
            }
        }
    }

    @Test func `an account that may make no schema is told what it lacks`() async throws {
        try await Self.withArchive { path, _ async throws in
            try await TestDatabase.with(connections: 1) { database async throws in
                let role = "\(database.name)_nobody"
                try await database.pool.query("CREATE ROLE \(unescaped: role)")
                try await database.pool.query("SET ROLE \(unescaped: role)")
                let said = await failure(path, into: database)
                try await database.pool.query("RESET ROLE")
                try await database.pool.query("DROP ROLE \(unescaped: role)")
                #expect(said.contains("GRANT CREATE ON DATABASE"), "\(said)")
            }
        }
    }

    @Test func `a newer archive is refused by name`() async throws {
        try await Self.withArchive { path, _ async throws in
            var pieces = try ArchiveSite.pieces(ArchiveSite.bytes(path))
            guard case .head(var head) = pieces[0] else { return #expect(Bool(false)) }
            head.schema = (Migrations.all.last?.number ?? 0) + 1
            head.program = "9.9.9"
            pieces[0] = .head(head)
            try ArchiveSite.write(pieces, to: path)
            try await TestDatabase.with { database async throws in
                let schema = await failure(path, into: database)
                #expect(schema.contains("musterd 9.9.9") && schema.contains("schema"), "\(schema)")
                let text = #"["muster-archive",{"format":2,"something":"else","program":"9.9.9"}]"# + "\n"
                try ArchiveSite.write(Array(text.utf8), to: path)
                let format = await failure(path, into: database)
                #expect(format.contains("musterd 9.9.9") && format.contains("format 2"), "\(format)")
                #expect(
                    try await database.pool.query("SELECT FROM pg_namespace WHERE nspname = 'muster_import'").isEmpty)
            }
        }
    }

    @Test func `an archive of an older schema is brought up to the newest`() async throws {
        try await Self.withArchive { path, _ async throws in
            // As the program of migration 10 would have written it: users' reports came with the next one, and columns later.
            let isNewer = { (name: String) in
                name.hasPrefix("report_") || name.hasPrefix("maintenance")
                    || ["endpoint", "attachment", "help_book", "subscription", "public_told"].contains(name)
            }
            let newer = [
                "due_at", "words", "timeline_bytes", "said_end_at", "ignored", "ignored_reason", "ignored_at",
                "resolved_by", "still_said_at", "merged_from", "person", "actor_token",
            ]
            let calibrated = ["attempts", "expected_p80_at", "bias", "spread"]
            var pieces = try ArchiveSite.pieces(ArchiveSite.bytes(path)).compactMap { (piece) -> ArchiveReader.Piece? in
                switch piece {
                case .table(let name, let columns):
                    isNewer(name)
                        ? nil
                        : .table(
                            name: name,
                            columns: columns.filter {
                                !newer.contains($0) && !(name == "idempotency" && $0 == "incident")
                                    && !(name.hasPrefix("restoration_") && calibrated.contains($0))
                            })
                case .part(let part, _): isNewer(part.table) ? nil : piece
                case .head, .facts, .end: piece
                }
            }
            guard case .head(var head) = pieces[0] else { return #expect(Bool(false)) }
            head.schema = 10
            pieces[0] = .head(head)
            try ArchiveSite.write(pieces, to: path)
            try await TestDatabase.with { database async throws in
                let read = try await ArchiveSite.read(path, into: database)
                #expect(read.isInPlace && read.verified.differences == [])
                let status = try await Migrator(migrations: Migrations.all).status(database.pool)
                #expect(status.pending.isEmpty)
                #expect(try await database.pool.query("SELECT FROM report_count").isEmpty)
            }
        }
    }

    @Test func `timelines that do not verify stay out, unless they are wanted as they are`() async throws {
        try await ArchiveSite.withFile { path async throws in
            try await TestDaemon.with { daemon async throws in
                try await ArchiveSample.fill(daemon)
                try await daemon.pool.query("UPDATE incident SET title = 'changed' WHERE number = 2")
                try await ArchiveSite.export(daemon, to: path)
            }
            try await TestDatabase.with { database async throws in
                let read = try await ArchiveSite.read(path, into: database)
                #expect(!read.isInPlace && read.verified.differences.count == 1)
                #expect(try await ArchiveStore(runner: database.pool).tables() == [])
                let again = try await ArchiveSite.read(
                    path, into: database, options: .init(toleratesDifferences: true))
                #expect(again.isInPlace && again.partsFound == again.parts && again.verified.differences.count == 1)
            }
        }
    }

    @Test func `an export that was interrupted goes on, and shows the new moment`() async throws {
        try await Self.withArchive { path, daemon async throws in
            let bytes = ArchiveSite.bytes(path)
            try await ArchiveSite.withFile { cut async throws in
                try ArchiveSite.write(Array(bytes[..<(bytes.count * 3 / 4)]), to: cut)
                try await daemon.tell(.addNote(text: "since then", key: false), 1)
                try await daemon.pool.query("DELETE FROM alert_note")
                let resumed = try await ArchiveSite.export(daemon, to: path, resuming: cut)
                #expect(resumed.partsTaken > 5 && resumed.partsTaken < resumed.parts)
                let fresh = cut + ".previous"
                try await ArchiveSite.export(daemon, to: fresh)
                #expect(try rows(path) == rows(fresh))
                try await TestDatabase.with { database async throws in
                    #expect(try await ArchiveSite.read(path, into: database).isInPlace)
                }
            }
        }
    }

    private func rows(_ path: String) throws -> [UInt8] {
        try ArchiveSite.pieces(ArchiveSite.bytes(path)).flatMap { piece -> [UInt8] in
            if case .part(_, let lines) = piece { lines } else { [] }
        }
    }
}
