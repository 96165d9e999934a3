import FoundationEssentials
import Glibc
import IncidentDomain
import Postgres

/// Writes everything that the database holds at one moment.
struct ArchiveExport {
    let pool: PostgresPool
    let writer: ArchiveWriter
    /// What an interrupted export left.
    let previous: ArchivePrevious?
    /// Told how far it is.
    let progress: (String) -> Void

    /// What was written.
    struct Summary: Sendable {
        var facts: ArchiveFacts
        var parts: Int
        /// Parts that were taken from the interrupted export.
        var partsTaken: Int
    }

    func run() async throws -> Summary {
        try await Self.checkSchema(pool)
        // One snapshot for all of it; a part that was taken over was compared with what this snapshot shows.
        return try await pool.transaction(.repeatableRead) { transaction in
            let store = ArchiveStore(runner: transaction)
            try await store.prepare()
            try await tellOfOthers(store)
            let head = ArchiveHead(
                id: UUID.random().text, schema: Migrations.all.count, program: MusterVersion.current)
            try writer.write(.head(head))
            var taken = 0
            for table in ArchiveTables.all { taken += try await write(table, store) }
            let facts = try await store.facts(rows: writer.rows)
            try writer.write(.facts(facts))
            try writer.end()
            return Summary(facts: facts, parts: writer.parts, partsTaken: taken)
        }
    }

    /// Throws when the database cannot be exported. To be called before a file is made, too.
    static func checkSchema(_ pool: PostgresPool) async throws {
        try await Commands.checkSchema(
            pool, whyNotNewer: "the schema is newer than this program; export with the musterd version that uses it")
    }

    /// Tables of others, who may share the schema with us. One of ours cannot be among them: a test sees to that.
    private func tellOfOthers(_ store: ArchiveStore) async throws {
        let known = Set(ArchiveTables.all.map(\.name)).union(ArchiveTables.leftOut.keys)
        let others = try await store.tables().filter { !known.contains($0) }
        guard !others.isEmpty else { return }
        progress("not exported, not Muster tables: \(others.joined(separator: ", "))")
    }

    /// Writes a table; returns how many of its parts were taken over.
    private func write(_ table: ArchiveTable, _ store: ArchiveStore) async throws -> Int {
        let columns = try await store.columns(of: table)
        try writer.write(.table(name: table.name, columns: columns.shown))
        var count = RowCount(table: table.name, expected: try await store.estimate(of: table), progress: progress)
        var taken = 0
        var after: [String]?
        for part in previous?.parts(of: table.name, columns: columns.shown) ?? [] {
            let now = try await store.digest(columns, after: after, through: part.through)
            if part.after == after, now == (part.sha256, part.rows) {
                try writer.write(
                    rows: part.rows, try previous?.lines(of: part) ?? [], of: table.name, after: after,
                    through: part.through)
                count.add(part.rows)
                taken += 1
            } else {
                try await write(columns, store, after: after, through: part.through, &count)
            }
            after = part.through
        }
        try await write(columns, store, after: after, through: nil, &count)
        count.tell()
        return taken
    }

    private func write(
        _ columns: ArchiveStore.Columns, _ store: ArchiveStore, after: [String]?, through: [String]?,
        _ count: inout RowCount
    ) async throws {
        let limit = columns.table.partRows
        var after = after
        while true {
            let page = try await store.page(columns, after: after, through: through, limit: limit)
            guard let last = page.last else { return }
            var lines: [UInt8] = []
            for row in page {
                guard !row.line.utf8.contains(10) else {
                    throw ArchiveFailure("a row of \(columns.table.name) contains a line break in its JSON: \(row.key)")
                }
                lines += row.line.utf8
                lines.append(10)
            }
            try writer.write(rows: page.count, lines, of: columns.table.name, after: after, through: last.key)
            count.add(page.count)
            guard page.count == limit else { return }
            after = last.key
        }
    }
}

/// Counts rows, and says so now and then.
struct RowCount {
    let table: String
    /// About so many there will be.
    let expected: Int
    let progress: (String) -> Void
    private var rows = 0
    private var told = ContinuousClock.now

    init(table: String, expected: Int, progress: @escaping (String) -> Void) {
        self.table = table
        self.expected = expected
        self.progress = progress
    }

    mutating func add(_ more: Int) {
        rows += more
        guard told.duration(to: .now) > .seconds(2) else { return }
        told = .now
        progress("\(table): \(rows) rows" + (expected > rows ? " of about \(expected)" : "") + " ...")
    }

    func tell() {
        if rows > 0 { progress("\(table): \(rows) rows") }
    }
}

// MARK: - Writing

/// Writes an archive line by line, and keeps the checksum of all of it.
final class ArchiveWriter {
    private let descriptor: Int32
    private let hash: OpenSSL.SHA256
    private(set) var parts = 0
    private(set) var rows = 0

    init(descriptor: Int32) throws {
        self.descriptor = descriptor
        hash = try OpenSSL.SHA256()
    }

    func write(_ line: ArchiveLine) throws {
        try write(line.bytes)
    }

    /// Writes rows and the line behind them.
    ///
    /// - Parameter lines: The rows, each with its line end.
    func write(rows: Int, _ lines: [UInt8], of table: String, after: [String]?, through: [String]) throws {
        parts += 1
        self.rows += rows
        try write(lines)
        let part = ArchivePart(
            number: parts, table: table, rows: rows, after: after, through: through,
            sha256: HashChain.hex(OpenSSL.sha256(lines)))
        try write(.part(part))
    }

    func end() throws {
        try write(.end(parts: parts, sha256: hash.finish()), isHashed: false)
    }

    private func write(_ line: ArchiveLine, isHashed: Bool) throws {
        try write(line.bytes, isHashed: isHashed)
    }

    private func write(_ bytes: [UInt8], isHashed: Bool = true) throws {
        if isHashed { hash.update(bytes) }
        try bytes.withUnsafeBytes { buffer in
            var done = 0
            while done < buffer.count {
                let count = Glibc.write(descriptor, buffer.baseAddress! + done, buffer.count - done)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else {
                    throw ArchiveFailure("cannot write the archive: \(String(cString: strerror(errno)))")
                }
                done += count
            }
        }
    }
}

/// The file of an archive that is being written: it gets its name when it is whole, so that half an archive is never
/// taken for one.
struct ArchiveFile {
    let path: String
    /// What is being written.
    var draft: String { path + ".partial" }
    /// What an export that was interrupted has left, while the next one takes from it.
    var previous: String { path + ".previous" }

    /// Opens the draft; readable to its owner alone, as it holds all that people wrote.
    func create() throws -> Int32 {
        guard access(path, F_OK) != 0 else {
            throw ArchiveFailure("\(path) already exists; choose another name or remove it")
        }
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 || errno != EEXIST else {
            throw ArchiveFailure(
                "\(draft) already exists, from an interrupted export: continue with --resume, or remove it")
        }
        guard descriptor >= 0 else { throw Self.failure(draft) }
        return descriptor
    }

    /// Puts what is left of an earlier attempt aside, to be taken from. Of two, the longer one.
    func putDraftAside() throws {
        guard let size = Self.size(draft) else { return }
        if let older = Self.size(previous), older > size {
            unlink(draft)
        } else if rename(draft, previous) != 0 {
            throw Self.failure(draft)
        }
    }

    /// Gives the whole archive its name.
    func finish(_ descriptor: Int32) throws {
        guard fsync(descriptor) == 0, rename(draft, path) == 0 else { throw Self.failure(path) }
        unlink(previous)
    }

    static func size(_ path: String) -> Int? {
        var facts = stat()
        return stat(path, &facts) == 0 ? Int(facts.st_size) : nil
    }

    static func failure(_ path: String) -> ArchiveFailure {
        ArchiveFailure("\(path): \(String(cString: strerror(errno)))")
    }
}

// MARK: - Resuming

/// What an export that was interrupted has written: its whole parts, to be taken again where the rows are still the same.
final class ArchivePrevious {
    private var columns: [String: [String]] = [:]
    private var found: [String: [ArchivePart]] = [:]
    /// Where the rows of each part are, by its number.
    private var places: [Int: (offset: Int, length: Int)] = [:]
    private let descriptor: Int32

    /// Nil when there is nothing to take from.
    init?(path: String) throws {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        let reader = try ArchiveReader(descriptor: descriptor)
        var offset = 0
        // Where it breaks off, or was damaged, is where there is no more to take.
        while let piece = try? reader.next() {
            switch piece {
            case .head(let head): offset += ArchiveLine.head(head).bytes.count
            case .table(let name, let names):
                columns[name] = names
                offset += ArchiveLine.table(name: name, columns: names).bytes.count
            case .part(let part, let lines):
                found[part.table, default: []].append(part)
                places[part.number] = (offset, lines.count)
                offset += lines.count + ArchiveLine.part(part).bytes.count
            case .facts, .end: break
            }
        }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// The parts of a table, if it had the same columns then.
    func parts(of table: String, columns now: [String]) -> [ArchivePart] {
        columns[table] == now ? found[table] ?? [] : []
    }

    /// The rows of a part, each with its line end.
    func lines(of part: ArchivePart) throws -> [UInt8] {
        guard let place = places[part.number] else { return [] }
        var bytes = [UInt8](repeating: 0, count: place.length)
        guard pread(descriptor, &bytes, place.length, place.offset) == place.length else {
            throw ArchiveFailure("cannot read the interrupted export; remove it and export again")
        }
        return bytes
    }
}
