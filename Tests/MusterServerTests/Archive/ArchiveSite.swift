import FoundationEssentials
import Glibc
import IncidentDomain
import Postgres
import Synchronization
import TestSupport

@testable import MusterServer

/// Archives as files of a test's own, and databases to read them into.
enum ArchiveSite {
    /// Writes an archive of a daemon's database; its path.
    @discardableResult
    static func export(
        _ daemon: TestDaemon, to path: String, resuming previous: String? = nil
    ) async throws -> ArchiveExport.Summary {
        unlink(path)
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        defer { close(descriptor) }
        return try await ArchiveExport(
            pool: daemon.pool, writer: ArchiveWriter(descriptor: descriptor),
            previous: try previous.flatMap { try ArchivePrevious(path: $0) }, progress: { _ in }
        ).run()
    }

    /// Reads an archive into a database.
    @discardableResult
    static func read(
        _ path: String, into database: TestDatabase, options: ArchiveImport.Options = .init()
    ) async throws -> ArchiveImport.Summary {
        let descriptor = open(path, O_RDONLY)
        defer { close(descriptor) }
        let reader = try ArchiveReader(descriptor: descriptor)
        return try await ArchiveImport(
            target: database.pool, reader: reader, head: ArchiveImport.head(reader), policy: PhasePolicy(),
            options: options, logger: TestServer.quietLogger, progress: { _ in }
        ).run()
    }

    /// Every piece of an archive, or the failure.
    static func pieces(_ bytes: [UInt8]) throws -> [ArchiveReader.Piece] {
        try withFile { path in
            try write(bytes, to: path)
            let descriptor = open(path, O_RDONLY)
            defer { close(descriptor) }
            let reader = try ArchiveReader(descriptor: descriptor)
            var pieces: [ArchiveReader.Piece] = []
            while let piece = try reader.next() { pieces.append(piece) }
            return pieces
        }
    }

    /// Writes pieces as an archive with right checksums.
    static func write(_ pieces: [ArchiveReader.Piece], to path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        defer { close(descriptor) }
        let writer = try ArchiveWriter(descriptor: descriptor)
        for piece in pieces {
            switch piece {
            case .head(let head): try writer.write(.head(head))
            case .table(let name, let columns): try writer.write(.table(name: name, columns: columns))
            case .part(let part, let lines):
                try writer.write(
                    rows: part.rows, lines, of: part.table, after: part.after, through: part.through)
            case .facts(var facts):
                facts.rows = writer.rows
                try writer.write(.facts(facts))
            case .end: try writer.end()
            }
        }
    }

    static func bytes(_ path: String) -> [UInt8] {
        FileManager.default.contents(atPath: path).map(Array.init) ?? []
    }

    static func write(_ bytes: [UInt8], to path: String) throws {
        try Data(bytes).write(to: URL(filePath: path))
    }

    /// A path for a file that is removed afterwards.
    static func withFile<T>(_ body: (String) throws -> T) throws -> T {
        let path = newPath()
        defer { remove(path) }
        return try body(path)
    }

    static func withFile<T>(_ body: (String) async throws -> T) async throws -> T {
        let path = newPath()
        defer { remove(path) }
        return try await body(path)
    }

    private static let made = Atomic(0)

    private static func newPath() -> String {
        "/tmp/muster-archive-\(getpid())-\(made.wrappingAdd(1, ordering: .relaxed).newValue)"
    }

    private static func remove(_ path: String) {
        for suffix in ["", ".partial", ".previous"] { unlink(path + suffix) }
    }

    /// A checksum of each table that archives have, without what belongs to one cluster.
    static func digests(_ pool: PostgresPool) async throws -> [String: String] {
        try await pool.transaction(.repeatableRead) { transaction in
            let store = ArchiveStore(runner: transaction)
            try await store.prepare()
            var digests: [String: String] = [:]
            for table in ArchiveTables.all {
                let columns = try await store.columns(of: table)
                var lines: [String] = []
                var after: [String]?
                while let last = try await store.page(columns, after: after, through: nil, limit: 1_000).map({ row in
                    lines.append(row.line)
                    return row.key
                }).last { after = last }
                digests[table.name] = lines.joined(separator: "\n")
            }
            return digests
        }
    }
}
