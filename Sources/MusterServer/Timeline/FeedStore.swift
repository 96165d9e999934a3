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

    typealias Placed = (position: FeedPosition, entry: TimelineEntry)

    /// The payloads of a page have this many bytes and one entry more at the most, as a few entries can be very large.
    static let pageBytesMax = 1 << 20

    /// Entries after a position, oldest first.
    func read(
        after position: FeedPosition, limit: Int, bytesMax: Int = Self.pageBytesMax
    ) async throws -> [Placed] {
        try await pool.query(Self.page(after: position, limit: limit, bytesMax: bytesMax)).map { row in
            let place = FeedPosition(
                transaction: try row.decode("transaction_id"), position: try row.decode("position"))
            return (place, try TimelineStore.entry(row))
        }
    }

    /// Whether there may be more behind a page.
    static func isFull(_ page: [Placed], limit: Int) -> Bool {
        page.count >= limit || page.reduce(0) { $0 + $1.entry.stored.payload.count } >= pageBytesMax
    }

    static func page(after position: FeedPosition, limit: Int, bytesMax: Int = Self.pageBytesMax) -> SQL {
        """
        SELECT * FROM (
            SELECT transaction_id, position, \(fragment: TimelineStore.columns),
                coalesce(sum(octet_length(payload::text)) OVER (ORDER BY transaction_id, position
                    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS bytes_before
            FROM timeline_entry
            WHERE (transaction_id, position) > (\(String(position.transaction))::text::xid8, \(position.position))
                AND transaction_id < pg_snapshot_xmin(pg_current_snapshot())
            ORDER BY transaction_id, position LIMIT \(limit)
        ) AS page
        WHERE bytes_before < \(bytesMax) ORDER BY transaction_id, position
        """
    }

    /// Behind everything that is committed for good by now.
    func end() async throws -> FeedPosition {
        let row = try await pool.query("SELECT pg_snapshot_xmin(pg_current_snapshot()) AS horizon").first
        return FeedPosition(transaction: try row?.decode("horizon") ?? 0, position: 0)
    }
}
