import IncidentDomain
import Logging
import Postgres

/// Reads an archive into a database in which nothing of Muster is yet. Each part is a transaction, so an import that was
/// interrupted goes on behind the last one; what has come so far cannot be seen by anybody before all of it is there, has
/// the right checksums, and has been verified.
struct ArchiveImport {
    /// The database as daemons use it.
    let target: PostgresPool
    /// Behind its head.
    let reader: ArchiveReader
    let head: ArchiveHead
    let policy: PhasePolicy
    var options = Options()
    let logger: Logger
    /// Told how far it is.
    let progress: (String) -> Void

    /// What an operator may ask for.
    struct Options: Sendable {
        /// Forgets what an interrupted import has brought.
        var restarts = false
        /// Puts the archive in place although it does not verify: as it was, so it is again.
        var toleratesDifferences = false
    }

    /// What was brought.
    struct Summary: Sendable {
        var rows = 0
        var parts = 0
        /// Parts that an interrupted import had brought already.
        var partsFound = 0
        var verified = VerifyReport()
        var isInPlace = false
    }

    /// Reads how an archive begins; throws when that is no archive, or one that this program does not know.
    static func head(_ reader: ArchiveReader) throws -> ArchiveHead {
        guard case .head(let head)? = try reader.next() else {
            throw ArchiveFailure("not a musterd archive: the header is missing")
        }
        guard (1...Migrations.all.count).contains(head.schema) else {
            throw ArchiveFailure(
                "the archive has schema \(head.schema), this program supports up to \(Migrations.all.count); it was written by "
                    + "musterd \(head.program): use that version or newer")
        }
        return head
    }

    func run() async throws -> Summary {
        let (schema, parts) = try await begin(head)
        let configuration = try target.configuration.searching(ArchiveImportStore.staging)
        let staging = PostgresPool(configuration: configuration, logger: logger)
        do {
            let summary = try await bring(head, parts, staging)
            await staging.close()
            guard summary.verified.differences.isEmpty || options.toleratesDifferences else { return summary }
            return try await putInPlace(summary, schema)
        } catch {
            await staging.close()
            throw error
        }
    }

    /// Where everything will be, and what is there of an earlier attempt.
    /// How many rows that cannot be read are named; the doctor names them all.
    private static let unreadableNamed = 20

    private func begin(_ head: ArchiveHead) async throws -> (schema: String, parts: [Int: String]) {
        let store = ArchiveImportStore(pool: target)
        let names = ArchiveTables.all.map(\.name) + ArchiveTables.leftOut.keys
        let (schema, occupied) = try await store.target(names)
        guard let schema else {
            throw ArchiveFailure("the database has no schema to create tables in; check search_path")
        }
        guard occupied.isEmpty else {
            throw ArchiveFailure(
                "the database is not empty: it has \(occupied.joined(separator: ", ")); create a new one with createdb, or set "
                    + "another data.directory, and import before running musterd serve or migrate")
        }
        if options.restarts { try await store.abandon() }
        guard let begun = try await store.begun() else {
            try await makeRoom(head, store)
            return (schema, [:])
        }
        guard begun.archive == head.id else {
            throw ArchiveFailure(
                "an import of another archive (\(begun.archive)) was interrupted here; resume that one, or discard it "
                    + "with --restart")
        }
        progress("\(begun.parts.count) parts already imported by an earlier attempt")
        return (schema, begun.parts)
    }

    private func makeRoom(_ head: ArchiveHead, _ store: ArchiveImportStore) async throws {
        do {
            try await store.begin(head.id)
        } catch let error as PostgresError where error.sqlState == "42501" {
            throw ArchiveFailure(
                "this account cannot create a schema, which an import needs while it runs; import as the "
                    + "database owner, or GRANT CREATE ON DATABASE to this account")
        }
    }

    private func bring(_ head: ArchiveHead, _ parts: [Int: String], _ staging: PostgresPool) async throws -> Summary {
        let store = ArchiveImportStore(pool: staging)
        // As the schema was when the archive was written; what later migrations do with rows they shall do with these.
        let then = Array(Migrations.all.prefix(head.schema))
        try await Migrator(migrations: then).migrate(staging, logger: logger)
        if try await store.begun()?.isCleared == false {
            let there = Set(try await ArchiveStore(runner: staging).tables())
            try await store.clear(ArchiveTables.all.map(\.name).filter(there.contains))
        }
        var summary = Summary()
        let facts = try await copy(parts, store, staging, &summary)
        try await Migrator(migrations: Migrations.all).migrate(staging, logger: logger)
        var tables: [ArchiveStore.Columns] = []
        for table in ArchiveTables.all { tables.append(try await ArchiveStore(runner: staging).columns(of: table)) }
        try await store.setSequences(tables, incidentNumber: facts.incidentNumber)
        try await store.analyze(ArchiveTables.all.map(\.name))
        progress("all checksums match; verifying timelines")
        summary.verified = try await Verification(pool: staging, policy: policy).run()
        // They come along as they are: an archive is restored whole, and the daemon leaves them out.
        for row in try await RowExamination(pool: staging).unreadable().prefix(Self.unreadableNamed) {
            progress("\(row.table) \(row.key) cannot be read and will be ignored: \(row.reason)")
        }
        return summary
    }

    /// Brings the parts that are not there yet; the facts at the archive's end.
    private func copy(
        _ known: [Int: String], _ store: ArchiveImportStore, _ staging: PostgresPool, _ summary: inout Summary
    ) async throws -> ArchiveFacts {
        var facts: ArchiveFacts?
        var columns: [String] = []
        var count: RowCount?
        while let piece = try reader.next() {
            switch piece {
            case .head: break
            case .table(let name, let names):
                count?.tell()
                count = RowCount(table: name, expected: 0, progress: progress)
                columns = try await checked(names, of: name, staging)
            case .part(let part, let lines):
                try await bring(part, columns, lines, known[part.number], store, &summary)
                count?.add(part.rows)
            case .facts(let found):
                count?.tell()
                facts = found
            case .end: break
            }
        }
        guard let facts, facts.rows == summary.rows else {
            throw ArchiveFailure(
                "the number of rows does not match the archive's own count; get another copy")
        }
        return facts
    }

    private func bring(
        _ part: ArchivePart, _ columns: [String], _ lines: [UInt8], _ known: String?, _ store: ArchiveImportStore,
        _ summary: inout Summary
    ) async throws {
        summary.parts += 1
        summary.rows += part.rows
        guard let known else {
            let count = try await insert(part, columns, lines, store)
            guard count == part.rows else {
                throw ArchiveFailure(
                    "part \(part.number): \(count) rows of \(part.table) inserted, \(part.rows) expected")
            }
            return
        }
        guard known == part.sha256 else {
            throw ArchiveFailure(
                "part \(part.number) differs from the one that an earlier attempt imported; start over with --restart"
            )
        }
        summary.partsFound += 1
    }

    private func insert(
        _ part: ArchivePart, _ columns: [String], _ lines: [UInt8], _ store: ArchiveImportStore
    ) async throws -> Int {
        do {
            return try await store.insert(part, columns, lines: lines)
        } catch let error as PostgresError where error.sqlState == "23505" {
            throw ArchiveFailure(
                "part \(part.number) already exists: another musterd import is running on this database; wait until it ends"
            )
        }
    }

    /// The columns of the archive's table, which the schema has to have.
    private func checked(_ names: [String], of name: String, _ staging: PostgresPool) async throws -> [String] {
        guard let table = ArchiveTables.all.first(where: { $0.name == name }) else {
            throw ArchiveFailure("the archive has table \(name), unknown to this version; use a newer musterd")
        }
        let known = try await ArchiveStore(runner: staging).columns(of: table).shown
        let unknown = names.filter { !known.contains($0) }
        guard unknown.isEmpty else {
            throw ArchiveFailure(
                "the archive's table \(name) has columns unknown to this version: \(unknown.joined(separator: ", "))"
            )
        }
        return names
    }

    private func putInPlace(_ summary: Summary, _ schema: String) async throws -> Summary {
        do {
            try await ArchiveImportStore(pool: target).publish(into: schema)
        } catch let error as PostgresError where error.sqlState == "42P07" || error.sqlState == "42723" {
            throw ArchiveFailure(
                "Muster's tables were created in this database during the import, as musterd serve does. All data is imported; "
                    + "drop these tables and run musterd import again to put it in place")
        }
        var summary = summary
        summary.isInPlace = true
        return summary
    }
}
