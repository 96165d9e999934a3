import Postgres

/// The statements of an import. It works in a schema of its own, which no daemon looks into, and moves everything into place
/// at the end: until then, nothing of it can be seen.
struct ArchiveImportStore: Sendable {
    /// Where an import works until it is whole.
    static let staging = "muster_import"

    /// An import that has begun.
    struct Begun: Sendable {
        let archive: String
        /// Whether the rows that migrations put into an empty database have made room.
        let isCleared: Bool
        /// The checksums of the parts that are there, by their numbers.
        let parts: [Int: String]
    }

    let pool: PostgresPool

    /// The schema in which the daemon will find its tables, and which of these names it has already.
    func target(_ names: [String]) async throws -> (schema: String?, occupied: [String]) {
        let row = try await pool.query("SELECT current_schema()::text AS name")[0]
        let occupied = try await pool.query(
            """
            SELECT relname::text AS name FROM pg_class
            WHERE relnamespace = current_schema()::regnamespace AND relname::text = ANY (\(names)) ORDER BY relname
            """)
        return (try row.decode("name"), try occupied.map { try $0.decode("name") })
    }

    /// What an earlier attempt has left; nil when there was none.
    func begun() async throws -> Begun? {
        let there = try await pool.query("SELECT to_regclass('muster_import.archive_import') IS NOT NULL")
        guard try there[0].decode(0, as: Bool.self) else { return nil }
        let rows = try await pool.query("SELECT archive, is_cleared FROM muster_import.archive_import")
        guard let row = rows.first else { return nil }
        let parts = try await pool.query("SELECT number, sha256 FROM muster_import.archive_import_part").map { part in
            (try part.decode("number", as: Int.self), try part.decode("sha256", as: String.self))
        }
        return Begun(
            archive: try row.decode("archive"), isCleared: try row.decode("is_cleared"),
            parts: Dictionary(parts) { first, _ in first })
    }

    func begin(_ archive: String) async throws {
        _ = try await pool.pipeline([
            "CREATE SCHEMA muster_import",
            """
            CREATE TABLE muster_import.archive_import (
                archive text PRIMARY KEY, is_cleared boolean NOT NULL DEFAULT false
            )
            """,
            "CREATE TABLE muster_import.archive_import_part (number bigint PRIMARY KEY, sha256 text NOT NULL)",
            "INSERT INTO muster_import.archive_import (archive) VALUES (\(archive))",
        ])
    }

    /// Forgets an attempt and all that it brought.
    func abandon() async throws {
        _ = try await pool.query("DROP SCHEMA IF EXISTS muster_import CASCADE")
    }

    /// Removes what migrations put into an empty database: the archive has these rows as they became.
    func clear(_ tables: [String]) async throws {
        let removals = tables.reversed().map { SQL(unescaped: "DELETE FROM \($0.sqlIdentifier)") }
        _ = try await pool.pipeline(removals + ["UPDATE muster_import.archive_import SET is_cleared = true"])
    }

    /// Puts a part's rows in and marks it as there, both or neither. What a table's own number or transaction was is made
    /// anew, in the order of the rows.
    ///
    /// - Parameter lines: JSON objects, each with a line end.
    /// - Returns: How many rows went in.
    func insert(_ part: ArchivePart, _ columns: [String], lines: [UInt8]) async throws -> Int {
        var json = [UInt8(ascii: "[")]
        json += lines.map { $0 == 10 ? UInt8(ascii: ",") : $0 }
        json[json.count - 1] = UInt8(ascii: "]")
        let names = columns.map(\.sqlIdentifier).joined(separator: ", ")
        let table = part.table.sqlIdentifier
        let results = try await pool.pipeline([
            """
            INSERT INTO \(unescaped: table) (\(unescaped: names)) OVERRIDING SYSTEM VALUE
            SELECT \(unescaped: names)
            FROM json_populate_recordset(NULL::\(unescaped: table), \(String(decoding: json, as: UTF8.self))::json)
                WITH ORDINALITY
            ORDER BY ordinality
            """,
            "INSERT INTO muster_import.archive_import_part (number, sha256) VALUES (\(part.number), \(part.sha256))",
        ])
        return results[0].affectedRows
    }

    /// Lets each column that numbers itself go on behind its greatest number.
    func setSequences(_ tables: [ArchiveStore.Columns], incidentNumber: Int) async throws {
        var statements: [SQL] = [
            """
            SELECT setval('incident_number', greatest(last, 1), last > 0)
            FROM (SELECT greatest(\(incidentNumber), (SELECT coalesce(max(number), 0) FROM incident)) AS last) AS used
            """
        ]
        // Nobody is told what was told before the archive was made.
        statements.append(
            """
            UPDATE notification_cursor SET (transaction_id, position) = (
                SELECT transaction_id, position FROM timeline_entry ORDER BY transaction_id DESC, position DESC LIMIT 1)
            WHERE EXISTS (SELECT 1 FROM timeline_entry)
            """)
        for columns in tables {
            for column in columns.identities where !columns.table.omitted.contains(column) {
                let table = columns.table.name.sqlIdentifier
                statements.append(
                    """
                    SELECT setval(pg_get_serial_sequence(\(table), \(column)), greatest(last, 1), last > 0)
                    FROM (
                        SELECT coalesce(max(\(unescaped: column.sqlIdentifier)), 0) AS last FROM \(unescaped: table)
                    ) AS used
                    """)
            }
        }
        _ = try await pool.pipeline(statements)
    }

    /// Without figures about the rows, the first statements of the daemon would be planned badly.
    func analyze(_ tables: [String]) async throws {
        for table in tables { _ = try await pool.query("ANALYZE \(unescaped: table.sqlIdentifier)") }
    }

    /// Moves everything to where daemons look for it, at once.
    func publish(into schema: String) async throws {
        let relations = try await pool.query(
            """
            SELECT CASE relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END AS kind,
                format('%I.%I', \(Self.staging), relname) AS name
            FROM pg_class
            WHERE relnamespace = 'muster_import'::regnamespace AND relkind IN ('r', 'p', 'v', 'S') AND NOT EXISTS (
                SELECT FROM pg_depend
                WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype IN ('a', 'i')
                    AND refclassid = 'pg_class'::regclass AND refobjsubid > 0
            ) AND relname NOT IN ('archive_import', 'archive_import_part')
            UNION ALL
            SELECT 'FUNCTION', format('%I.%I(%s)', \(Self.staging), proname, pg_get_function_identity_arguments(oid))
            FROM pg_proc WHERE pronamespace = 'muster_import'::regnamespace
            """)
        let moves = try relations.map { row -> SQL in
            let (kind, name): (String, String) = (try row.decode("kind"), try row.decode("name"))
            return SQL(unescaped: "ALTER \(kind) \(name) SET SCHEMA \(schema.sqlIdentifier)")
        }
        _ = try await pool.pipeline(
            ["DROP TABLE muster_import.archive_import, muster_import.archive_import_part"] + moves
                + ["DROP SCHEMA muster_import"])
    }
}
