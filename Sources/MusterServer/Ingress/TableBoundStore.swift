import Postgres

/// A table that grows with what comes in from outside, and how large it may be. Beyond, the oldest rows go.
struct TableBound: Sendable {
    /// What its rows are, as a label.
    let what: String
    let rows: Int
    /// All rows together, of what is large in them; nil where every row is small.
    let bytes: Int?
    fileprivate let table: String
    fileprivate let key: String
    /// What makes a row older than another.
    fileprivate let age: String
    /// The bytes of a row.
    fileprivate var size = "0"
    /// Which rows may go.
    fileprivate var condition = "true"

    /// Those that a sender with a key, or a client with a token, can fill. What anybody can fill, users' reports, is bounded by
    /// `ReportLimiter` and `ReportStore`. Pings and results of probes are written in place.
    static let all = [
        TableBound(
            what: "dead letters", rows: 50_000, bytes: 1 << 30, table: "dead_letter", key: "id", age: "last_at",
            size: "octet_length(body)"),
        TableBound(what: "changes", rows: 200_000, bytes: nil, table: "change_event", key: "id", age: "at"),
        TableBound(what: "requests", rows: 200_000, bytes: nil, table: "alert_request", key: "id", age: "processed_at"),
        TableBound(what: "notes", rows: 200_000, bytes: nil, table: "alert_note", key: "id", age: "id"),
        TableBound(
            what: "silences", rows: 20_000, bytes: nil, table: "silence", key: "id", age: "ends_at",
            condition: "ends_at <= now()"),
        TableBound(
            what: "maintenance", rows: 20_000, bytes: nil, table: "maintenance", key: "id", age: "updated_at",
            condition: """
                plan_at IS NULL AND NOT EXISTS (
                    SELECT FROM maintenance_occurrence WHERE maintenance_occurrence.maintenance = maintenance.id
                        AND state IN ('scheduled', 'running', 'overrun')
                )
                """),
        TableBound(
            what: "idempotent answers", rows: 500_000, bytes: 1 << 30, table: "idempotency", key: "scope",
            age: "expires_at", size: "coalesce(octet_length(answer), 0)",
            // A claim that runs is nobody's to take.
            condition: "claimed_until IS NULL OR claimed_until <= now()"),
    ]

    /// The same with other limits, for tests.
    func limited(rows: Int, bytes: Int? = nil) -> TableBound {
        TableBound(
            what: what, rows: rows, bytes: bytes, table: table, key: key, age: age, size: size, condition: condition)
    }
}

/// Keeps tables within their bounds.
struct TableBoundStore: Sendable {
    let pool: PostgresPool

    /// Removes some of the oldest rows beyond a bound; how many those were.
    ///
    /// - Parameter small: A table of at most so many bytes on disk is not looked at.
    func cut(_ bound: TableBound, limit: Int, small: Int = 16 << 20) async throws -> Int {
        let size: Int =
            try await pool.query("SELECT pg_total_relation_size(\(bound.table)::text::regclass) AS bytes").first?
            .decode("bytes") ?? 0
        guard size > small else { return 0 }
        let (table, key, age): (SQL, SQL, SQL) = (
            "\(unescaped: bound.table)", "\(unescaped: bound.key)", "\(unescaped: bound.age)"
        )
        return try await pool.query(
            """
            DELETE FROM \(fragment: table) WHERE \(fragment: key) IN (
                SELECT row_key FROM (
                    SELECT \(fragment: key) AS row_key, \(fragment: age) AS row_age, row_number() OVER newest AS number,
                        sum(\(unescaped: bound.size)) OVER newest AS bytes, (\(unescaped: bound.condition)) AS may_go
                    FROM \(fragment: table)
                    WINDOW newest AS (ORDER BY \(fragment: age) DESC, \(fragment: key) DESC ROWS UNBOUNDED PRECEDING)
                ) AS counted
                WHERE may_go AND (number > \(bound.rows) OR bytes > coalesce(\(bound.bytes), bytes))
                ORDER BY row_age LIMIT \(limit)
            )
            """
        ).affectedRows
    }
}
