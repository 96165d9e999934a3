import FoundationEssentials
import IncidentDomain
import Postgres

/// Something that was changed, as it is stored and shown.
struct StoredChange: Sendable {
    let id: UUID
    let source: UUID
    let at: Timestamp
    let summary: String
    let origin: String?
    let component: String?
    /// JSON.
    let labels: [UInt8]
    let links: [String]
}

/// The rows of changes: deployments, configurations and whatever else tools say that they changed.
struct ChangeStore: Sendable {
    let pool: PostgresPool

    /// Stores changes. One that says when it was done is the same when it comes again; without a time, nothing tells a repeat
    /// from a second change.
    func insert(_ changes: [IncomingChange], from source: UUID) async throws {
        for change in changes {
            _ = try await pool.query(
                """
                INSERT INTO change_event (id, source, at, summary, origin, component, labels, links)
                VALUES (\(Self.id(change, source)), \(source), date_trunc('milliseconds', least(coalesce(\(change.at), now()), now())), \(change.summary),
                    \(change.source), \(change.component), \(AlertTexts.json(change.labels)), \(change.links))
                ON CONFLICT (id) DO NOTHING
                """)
        }
    }

    /// Out of what was done when, and by whom.
    private static func id(_ change: IncomingChange, _ source: UUID) -> UUID {
        guard let at = change.at else { return .random() }
        let words = [source.uuidString, at.description, change.summary, change.source ?? "", change.component ?? ""]
        return .digest(of: words.joined(separator: "\u{1F}"))
    }

    /// Changes within a time, the newest first.
    func list(
        component: String?, since: Timestamp?, until: Timestamp?, before last: (at: Timestamp, id: UUID)?, limit: Int
    ) async throws -> [StoredChange] {
        var conditions: [SQL] = ["true"]
        if let component { conditions.append("component = \(component)") }
        if let since { conditions.append("at >= \(since)") }
        if let until { conditions.append("at <= \(until)") }
        if let last { conditions.append("(at, id) < (\(last.at), \(last.id))") }
        return try await pool.query(
            """
            SELECT id, source, at, summary, origin, component, labels, links FROM change_event
            WHERE \(fragment: conditions.joined(separator: " AND ")) ORDER BY at DESC, id DESC LIMIT \(limit)
            """
        ).map { row in
            StoredChange(
                id: try row.decode("id"), source: try row.decode("source"), at: try row.decode("at"),
                summary: try row.decode("summary"), origin: try row.decode("origin"),
                component: try row.decode("component"), labels: try row.decode("labels", as: PostgresJSON.self).bytes,
                links: try row.decode("links"))
        }
    }

    /// Forgets some that are older than so many days; how many those were.
    func prune(days: Int, limit: Int) async throws -> Int {
        try await pool.query(
            """
            DELETE FROM change_event WHERE id IN (
                SELECT id FROM change_event WHERE at < now() - make_interval(days => \(Int32(days)))
                ORDER BY at LIMIT \(limit)
            ) RETURNING id
            """
        ).count
    }
}
