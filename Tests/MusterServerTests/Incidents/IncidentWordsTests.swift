import IncidentDomain
import Postgres
import TestSupport
import Testing

@testable import MusterServer

/// Searching by words finds the newest incidents, wherever they stand among the others.
@Suite(.timeLimit(.minutes(20))) struct IncidentWordsTests {
    private static let count = 1_200

    /// Many incidents, so far apart that ranges of numbers hold a few each, and each with words of its place.
    private static func fill(_ daemon: TestDaemon) async throws {
        let first = try await daemon.open("The first")
        let columns: String = try await daemon.pool.query(
            """
            SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) AS names FROM pg_attribute
            WHERE attrelid = 'incident'::regclass AND attnum > 0 AND NOT attisdropped
                AND attname NOT IN ('number', 'title', 'severity')
            """)[0].decode("names")
        try await daemon.pool.query(
            """
            INSERT INTO incident (number, title, severity, \(unescaped: columns))
            SELECT n * 1000, concat_ws(' ', 'all', 'third' || n % 3, 'rare' || n % 300,
                CASE WHEN n < 300 THEN 'old' END, CASE WHEN n = 7 THEN 'once' END),
                CASE WHEN n % 2 = 0 THEN 'sev1' END, \(unescaped: columns)
            FROM incident, generate_series(1, \(Self.count)) AS n WHERE number = \(first)
            """)
        try await daemon.pool.query("ANALYZE incident")
    }

    @Test func `common, rare, old and combined words find the newest, page by page`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await Self.fill(daemon)
            let search = IncidentSearch(pool: daemon.pool, policy: daemon.desk.policy)
            let all = Array((1...Self.count).reversed())
            func expect(_ words: String, _ severity: Severity? = nil, _ isThere: (Int) -> Bool) async throws {
                var filter = IncidentFilter()
                filter.words = words
                if let severity { filter.severities = [severity] }
                let wanted = all.filter { isThere($0) && (severity == nil || $0 % 2 == 0) }.map { $0 * 1000 }
                var found: [Int] = []
                while true {
                    let page = try await search.list(filter, after: found.last.map { .init(number: $0) }, limit: 70)
                        .map(\.number)
                    found += page
                    if page.count < 70 { break }
                }
                #expect(found == wanted, "\(words)")
            }
            try await expect("all") { _ in true }
            try await expect("third1") { $0 % 3 == 1 }
            try await expect("third1", .sev1) { $0 % 3 == 1 }
            try await expect("rare5") { $0 % 300 == 5 }
            try await expect("old") { $0 < 300 }
            try await expect("once") { $0 == 7 }
            try await expect("old -third0") { $0 < 300 && $0 % 3 != 0 }
            try await expect("nowhere") { _ in false }
            try await expect("\"all third2\" rare8") { $0 % 3 == 2 && $0 % 300 == 8 }
        }
    }

    @Test func `a common word is found without reading more than the newest`() async throws {
        try await TestDaemon.with(connections: 1) { daemon async throws in
            try await Self.fill(daemon)
            var filter = IncidentFilter()
            filter.words = "all"
            let search = IncidentSearch(pool: daemon.pool, policy: daemon.desk.policy)
            let before = try await Self.rowsRead(daemon)
            #expect(try await search.list(filter, after: nil, limit: 50).count == 50)
            let read = try await Self.rowsRead(daemon) - before
            #expect(read <= IncidentSearch.walkedMax + 200, "\(read) rows were read")
        }
    }

    /// Rows of incidents that statements of this database fetched so far.
    private static func rowsRead(_ daemon: TestDaemon) async throws -> Int {
        // Sessions tell the statistics a moment after they ended a transaction, or when they are asked to.
        try await daemon.pool.query("SELECT pg_stat_force_next_flush()")
        try await daemon.pool.query("SELECT pg_stat_clear_snapshot()")
        return try await daemon.pool.query(
            """
            SELECT coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) AS fetched FROM pg_stat_user_tables
            WHERE relname = 'incident'
            """)[0].decode("fetched")
    }
}
