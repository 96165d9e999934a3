import FoundationEssentials
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
                id: UUID.random().uuidString.lowercased(), schema: Migrations.all.count, program: MusterVersion.current)
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
            pool, whyNotNewer: "the schema is newer than this program; export with the musterd that runs on it")
    }

    /// Tables of others, who may share the schema with us. One of ours cannot be among them: a test sees to that.
    private func tellOfOthers(_ store: ArchiveStore) async throws {
        let known = Set(ArchiveTables.all.map(\.name)).union(ArchiveTables.leftOut.keys)
        let others = try await store.tables().filter { !known.contains($0) }
        guard !others.isEmpty else { return }
        progress("not in the archive, since they are none of Muster's: \(others.joined(separator: ", "))")
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
                    throw ArchiveFailure("a row of \(columns.table.name) has a line end within its JSON: \(row.key)")
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
