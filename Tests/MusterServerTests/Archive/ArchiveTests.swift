import IncidentDomain
import Postgres
import TestSupport
import Testing

@testable import MusterServer

/// What an archive brings from one database into another.
@Suite(.timeLimit(.minutes(20))) struct ArchiveTests {
    @Test func `every table is in the archive, or left out for a reason`() async throws {
        try await TestDaemon.with { daemon in
            let tables = Set(try await ArchiveStore(runner: daemon.pool).tables())
            let decided = ArchiveTables.all.map(\.name) + ArchiveTables.leftOut.keys
            #expect(Set(decided).count == decided.count, "a table stands twice")
            #expect(
                tables.subtracting(decided).isEmpty,
                "add these to ArchiveTables.all, or to leftOut with a reason: \(tables.subtracting(decided).sorted())")
            #expect(Set(decided).subtracting(tables).isEmpty, "these are no tables any more")
            #expect(ArchiveTables.leftOut.values.allSatisfy { !$0.isEmpty })
            for table in ArchiveTables.all {
                let columns = try await ArchiveStore(runner: daemon.pool).columns(of: table)
                #expect(table.omitted.isSubset(of: columns.names) && Set(table.key).isSubset(of: columns.names))
            }
        }
    }

    @Test func `sequences of their own are carried over by name`() async throws {
        try await TestDaemon.with { daemon in
            let alone = try await daemon.pool.query(
                """
                SELECT relname::text FROM pg_class WHERE relkind = 'S' AND relnamespace = current_schema()::regnamespace
                    AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype IN ('a', 'i'))
                """
            ).map { try $0.decode(0, as: String.self) }
            #expect(
                alone == ["incident_number"], "let ArchiveImportStore.setSequences set it, and ArchiveFacts carry it")
        }
    }

    @Test func `all of it is there again, and verifies`() async throws {
        try await ArchiveSite.withFile { path async throws in
            try await TestDaemon.with { daemon async throws in
                try await ArchiveSample.fill(daemon)
                let written = try await ArchiveSite.export(daemon, to: path)
                try await TestDatabase.with { database async throws in
                    let read = try await ArchiveSite.read(path, into: database)
                    #expect(read.isInPlace && read.verified.differences == [] && read.verified.incidents == 2)
                    #expect(read.rows == written.facts.rows && read.parts == written.parts && read.partsFound == 0)
                    let (before, after) = (
                        try await ArchiveSite.digests(daemon.pool), try await ArchiveSite.digests(database.pool)
                    )
                    for table in ArchiveTables.all.map(\.name) {
                        #expect(before[table]?.isEmpty == false, "ArchiveSample has no row of \(table)")
                        #expect(before[table] == after[table], "\(table)")
                    }
                    #expect(try await database.pool.query("SELECT FROM report_salt").isEmpty)
                    #expect(
                        try await database.pool.query("SELECT FROM pg_namespace WHERE nspname = 'muster_import'")
                            .isEmpty)
                }
            }
        }
    }

    @Test func `the daemon goes on where it was: numbers, the feed, and what was pending`() async throws {
        try await ArchiveSite.withFile { path async throws in
            try await TestDaemon.with { daemon async throws in
                try await ArchiveSample.fill(daemon)
                let number = try await daemon.open("the last")
                try await ArchiveSite.export(daemon, to: path)
                let before = try await feed(daemon.pool, count: try await daemon.count("timeline_entry"))
                try await TestDatabase.with { database async throws in
                    try await ArchiveSite.read(path, into: database)
                    let other = TestDaemon(
                        database, pool: database.pool, policy: daemon.desk.policy, soak: daemon.desk.soak)
                    #expect(try await feed(database.pool, count: before.count) == before)
                    let end = try await FeedStore(pool: database.pool).end()
                    let next = try await other.open("the next")
                    #expect(next == number + 1)
                    try await other.tell(.addNote(text: "goes on", key: false), 1)
                    let more = try await feed(database.pool, after: end, count: 2)
                    #expect(more.map(\.first) == [next, 1])
                    #expect(try await other.differences() == [])
                    // A number that was handed out before is not handed out again.
                    try await database.pool.query(
                        "INSERT INTO audit_line (actor_id, actor, action, subject) VALUES ('', '', '', '')")
                    try await database.pool.query(
                        "INSERT INTO alert_delivery (incident, ended, alerts) SELECT 1, true, alerts FROM alert_delivery"
                    )
                }
            }
        }
    }

    @Test func `an export shows one moment, and holds up neither writers nor the feed`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await ArchiveSample.fill(daemon)
            try await daemon.pool.transaction(.repeatableRead) { transaction in
                let store = ArchiveStore(runner: transaction)
                try await store.prepare()
                let incidents = try #require(ArchiveTables.all.first { $0.name == "incident" })
                let columns = try await store.columns(of: incidents)
                let number = try await daemon.open("meanwhile")
                while try await !feed(daemon.pool, count: 1).contains([number, 1]) {}
                #expect(try await store.page(columns, after: nil, through: nil, limit: 10).count == 2)
            }
        }
    }

    /// So many entries of the feed, as soon as it shows them: another test's transaction can hold it back for a while.
    private func feed(
        _ pool: PostgresPool, after position: FeedPosition = .beginning, count: Int
    ) async throws -> [[Int]] {
        while true {
            let entries = try await FeedStore(pool: pool).read(after: position, limit: 1_000).map(\.entry)
            if entries.count >= count { return entries.map { [$0.incident, $0.recorded.sequence] } }
            await Task.yield()
        }
    }
}
