import Postgres

/// Reads everything that an archive holds, within one transaction and so of one moment.
struct ArchiveStore: Sendable {
    /// A table as the database has it now.
    struct Columns: Sendable {
        let table: ArchiveTable
        /// In the table's order.
        var names: [String] = []
        var types: [String: String] = [:]
        /// Columns that number themselves.
        var identities: [String] = []

        /// What an archive has of it.
        var shown: [String] { names.filter { !table.omitted.contains($0) } }
    }

    /// One row, as JSON, and its key as texts.
    struct Row: Sendable {
        let line: String
        let key: [String]
    }

    let runner: any SQLRunner

    /// Texts have to come out the same in every installation, or parts could not be compared. Reading alone takes no
    /// transaction id, so that the feed, which waits for older ids, goes on however long an export takes.
    static let settings: [SQL] = [
        "SET TRANSACTION READ ONLY", "SET LOCAL timezone = 'UTC'", "SET LOCAL datestyle = 'ISO'",
        "SET LOCAL intervalstyle = 'postgres'", "SET LOCAL bytea_output = 'hex'", "SET LOCAL extra_float_digits = 1",
        // Whoever takes the archive may be slow; this only ends what hangs for good.
        "SET LOCAL idle_in_transaction_session_timeout = '15min'",
    ]

    func prepare() async throws {
        _ = try await runner.pipeline(Self.settings)
    }

    /// The moment that this transaction sees. Numbers of incidents are drawn outside of transactions: this one may be newer
    /// than the snapshot, which leaves a gap at most.
    func facts(rows: Int) async throws -> ArchiveFacts {
        let row = try await runner.query(
            """
            SELECT to_json(now()) #>> '{}' AS moment, pg_current_snapshot()::text AS snapshot,
                CASE WHEN is_called THEN last_value ELSE 0 END AS number
            FROM incident_number
            """)[0]
        return ArchiveFacts(
            exportedAt: try row.decode("moment"), snapshot: try row.decode("snapshot"),
            incidentNumber: try row.decode("number"), rows: rows)
    }

    /// Every table of the schema that we work in, by name.
    func tables() async throws -> [String] {
        try await runner.query(
            """
            SELECT relname::text AS name FROM pg_class
            WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') ORDER BY relname
            """
        ).map { try $0.decode("name") }
    }

    func columns(of table: ArchiveTable) async throws -> Columns {
        let rows = try await runner.query(
            """
            SELECT attname::text AS name, format_type(atttypid, atttypmod) AS type, attidentity <> '' AS is_identity
            FROM pg_attribute
            WHERE attrelid = to_regclass(\(table.name.sqlIdentifier)) AND attnum > 0 AND NOT attisdropped
                AND attgenerated = ''
            ORDER BY attnum
            """)
        var columns = Columns(table: table)
        for row in rows {
            let name: String = try row.decode("name")
            columns.names.append(name)
            columns.types[name] = try row.decode("type")
            if try row.decode("is_identity", as: Bool.self) { columns.identities.append(name) }
        }
        return columns
    }

    /// How many rows there may be, as the last ANALYZE found.
    func estimate(of table: ArchiveTable) async throws -> Int {
        let rows = try await runner.query(
            "SELECT reltuples::bigint AS rows FROM pg_class WHERE oid = to_regclass(\(table.name.sqlIdentifier))")
        return try max(0, rows.first?.decode("rows") ?? 0)
    }

    /// The next rows in the order of the key.
    func page(_ columns: Columns, after: [String]?, through: [String]?, limit: Int) async throws -> [Row] {
        let key = columns.table.key.map { "part.\($0.sqlIdentifier)" }
        let texts = key.map { "\($0)::text" }.joined(separator: ", ")
        return try await runner.query(
            """
            SELECT \(fragment: Self.line(columns)) AS line, ARRAY[\(unescaped: texts)] AS key
            FROM (
                SELECT * FROM \(unescaped: columns.table.name.sqlIdentifier) AS part
                WHERE \(fragment: Self.range(columns, after: after, through: through))
                ORDER BY \(unescaped: key.joined(separator: ", ")) LIMIT \(limit)
            ) AS part ORDER BY \(unescaped: key.joined(separator: ", "))
            """
        ).map { Row(line: try $0.decode("line"), key: try $0.decode("key")) }
    }

    /// SHA-256 of the lines of a range, computed where the rows are; nil when there are none.
    func digest(_ columns: Columns, after: [String]?, through: [String]) async throws -> (sha256: String, rows: Int) {
        let key = columns.table.key.map { "part.\($0.sqlIdentifier)" }.joined(separator: ", ")
        let row = try await runner.query(
            """
            SELECT count(*) AS rows, encode(sha256(convert_to(
                coalesce(string_agg(\(fragment: Self.line(columns)) || E'\\n', '' ORDER BY \(unescaped: key)), ''),
                'UTF8')), 'hex') AS digest
            FROM \(unescaped: columns.table.name.sqlIdentifier) AS part
            WHERE \(fragment: Self.range(columns, after: after, through: through))
            """)[0]
        return (try row.decode("digest"), try row.decode("rows"))
    }

    /// A row as one JSON object. `row_to_json` copies what is stored as `json` byte by byte, which the digests of timeline
    /// entries depend on.
    private static func line(_ columns: Columns) -> SQL {
        let shown = columns.shown.map { "part.\($0.sqlIdentifier)" }.joined(separator: ", ")
        return "(SELECT row_to_json(shown)::text FROM (SELECT \(unescaped: shown)) AS shown)"
    }

    private static func range(_ columns: Columns, after: [String]?, through: [String]?) -> SQL {
        let names = columns.table.key.map { "part.\($0.sqlIdentifier)" }.joined(separator: ", ")
        func bound(_ values: [String]) -> SQL {
            zip(columns.table.key, values).map { name, value -> SQL in
                "\(value)::text::\(unescaped: columns.types[name] ?? "text")"
            }.joined(separator: ", ")
        }
        var conditions: [SQL] = ["true"]
        if let after { conditions.append("(\(unescaped: names)) > (\(fragment: bound(after)))") }
        if let through { conditions.append("(\(unescaped: names)) <= (\(fragment: bound(through)))") }
        return conditions.joined(separator: " AND ")
    }
}
