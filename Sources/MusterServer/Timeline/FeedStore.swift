import IncidentDomain
import Postgres

/// A place in the committed order of all timelines. Opaque to callers, who send it back to go on from there.
struct FeedPosition: Hashable, Comparable, Sendable {
    /// The transaction that appended the entry.
    let transaction: Int
    let position: Int

    static let beginning = FeedPosition(transaction: 0, position: 0)

    static func < (left: FeedPosition, right: FeedPosition) -> Bool {
        (left.transaction, left.position) < (right.transaction, right.position)
    }

    init(transaction: Int, position: Int) {
        self.transaction = transaction
        self.position = position
    }

    /// Reads `<transaction>-<position>`; nil when it is not that.
    init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let transaction = Int(parts[0]), let position = Int(parts[1]), transaction >= 0,
            position >= 0
        else { return nil }
        self.init(transaction: transaction, position: position)
    }

    var text: String { "\(transaction)-\(position)" }
}

/// Reads all timelines in the order in which they were committed.
///
/// Transactions do not commit in the order in which they began, so a reader that went by the newest entry would pass
/// by one that is still to be committed. It therefore stops below the oldest transaction that still runs: everything
/// below is decided for good.
struct FeedStore: Sendable {
    let pool: PostgresPool

    static let channel = "muster_feed"

    static func notify(in pool: PostgresPool) async throws {
        _ = try await pool.query("SELECT pg_notify(\(channel), '')")
    }

    /// Entries after a position, oldest first.
    func read(after position: FeedPosition, limit: Int) async throws -> [(position: FeedPosition, entry: TimelineEntry)]
    {
        try await pool.query(Self.page(after: position, limit: limit)).map { row in
            let place = FeedPosition(
                transaction: try row.decode("transaction_id"), position: try row.decode("position"))
            return (place, try TimelineStore.entry(row))
        }
    }

    static func page(after position: FeedPosition, limit: Int) -> SQL {
        """
        SELECT transaction_id, position, \(fragment: TimelineStore.columns) FROM timeline_entry
        WHERE (transaction_id, position) > (\(String(position.transaction))::text::xid8, \(position.position))
            AND transaction_id < pg_snapshot_xmin(pg_current_snapshot())
        ORDER BY transaction_id, position LIMIT \(limit)
        """
    }

    /// Behind everything that is committed for good by now.
    func end() async throws -> FeedPosition {
        let row = try await pool.query("SELECT pg_snapshot_xmin(pg_current_snapshot()) AS horizon").first
        return FeedPosition(transaction: try row?.decode("horizon") ?? 0, position: 0)
    }
}
