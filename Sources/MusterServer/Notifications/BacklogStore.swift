import FoundationEssentials
import IncidentDomain
import Postgres

/// Endpoints that take nothing, and what waits for them: how much that may be, and how it is given up. A little at a time, each part in a
/// transaction of its own: a long one would hold up the feed, which ends at the oldest transaction that runs.
struct BacklogStore: Sendable {
    let pool: PostgresPool

    /// So many notifications may wait for one endpoint; beyond, the oldest are given up.
    static let waitingMax = 100_000
    private static let batchRows = 5_000

    /// Disables an endpoint, tells the others, and gives up what waits for it.
    ///
    /// - Returns: Its name, if it was enabled until now.
    func disable(_ id: UUID, because reason: String) async throws -> String? {
        let name: String? = try await pool.transaction { transaction in
            let rows = try await transaction.query(
                """
                UPDATE endpoint SET enabled = false, disabled_reason = \(reason), updated_at = now(),
                    updated_by = \(Principal.daemon.name)
                WHERE id = \(id) AND enabled RETURNING name, now() AS now
                """)
            guard let row = rows.first else { return nil }
            let name: String = try row.decode("name")
            let now: Timestamp = try row.decode("now")
            let notice = Notice(
                kind: NoticeKinds.endpointDisabled, version: 1,
                sentence: "Endpoint \(name) was disabled: \(reason).", occurredAt: now, actor: Principal.daemon.name,
                data: ["endpoint": .string(id.text), "name": .string(name), "reason": .string(reason)],
                title: "Endpoint \(name) was disabled", path: "/v1/endpoints/\(id.text)")
            _ = try await transaction.pipeline([
                NoticeStore.put([("endpoint_disabled/\(id.text)/\(now.milliseconds)", notice)]),
                AuditStore.insert(
                    actor: .daemon, action: "endpoint.disable", subject: id.text,
                    data: ["name": .string(name), "reason": .string(reason)]),
            ])
            return name
        }
        if name != nil {
            try await giveUp(id, because: "the endpoint was disabled: \(reason)")
        }
        return name
    }

    /// Those that are enabled and of which every attempt failed for so long, the newest not long ago: one that nobody has sent anything
    /// since may be well.
    func failing(forSeconds seconds: Double) async throws -> [UUID] {
        try await pool.query(
            """
            SELECT id FROM endpoint
            WHERE enabled AND failing_since < now() - make_interval(secs => \(seconds)) AND (
                EXISTS (SELECT 1 FROM notification_lane WHERE notification_lane.endpoint = endpoint.id)
                OR (SELECT state = 'dead' AND finished_at > now() - interval '1 day' FROM notification
                    WHERE notification.endpoint = endpoint.id ORDER BY id DESC LIMIT 1))
            LIMIT 100
            """
        ).map { try $0.decode("id", as: UUID.self) }
    }

    /// Gives up all that waits for an endpoint, as long as it is disabled.
    func giveUp(_ id: UUID, because reason: String) async throws {
        try await repeatBatches {
            """
            UPDATE notification SET state = 'dead', reason = \(reason), finished_at = now()
            WHERE id IN (
                SELECT id FROM notification WHERE endpoint = (SELECT id FROM endpoint WHERE id = \(id) AND NOT enabled)
                    AND state = 'pending' LIMIT \(Self.batchRows))
            """
        }
        try await repeatBatches {
            """
            DELETE FROM notification_lane WHERE (endpoint, lane) IN (
                SELECT endpoint, lane FROM notification_lane AS lane
                WHERE endpoint = (SELECT id FROM endpoint WHERE id = \(id) AND NOT enabled)
                    AND NOT EXISTS (SELECT 1 FROM notification AS waiting WHERE waiting.endpoint = lane.endpoint
                        AND waiting.lane = lane.lane AND waiting.state = 'pending')
                LIMIT \(Self.batchRows) FOR UPDATE SKIP LOCKED)
            """
        }
    }

    /// Removes nearly all that there is of an endpoint that is about to be deleted, so that deleting it is quick. It has to be disabled.
    func clear(_ id: UUID) async throws {
        try await repeatBatches {
            """
            DELETE FROM notification WHERE id IN (
                SELECT id FROM notification WHERE endpoint = \(id) LIMIT \(Self.batchRows))
            """
        }
        for table: SQL in ["notification_lane", "notification_thread"] {
            try await repeatBatches {
                """
                DELETE FROM \(fragment: table) WHERE (endpoint, lane) IN (
                    SELECT endpoint, lane FROM \(fragment: table) WHERE endpoint = \(id) LIMIT \(Self.batchRows))
                """
            }
        }
    }

    /// Gives up what still waits for endpoints that are disabled: whoever disabled one may have ended before.
    func sweep() async throws {
        let rows = try await pool.query(
            """
            SELECT id, coalesce('the endpoint was disabled: ' || disabled_reason, 'the endpoint was disabled') AS reason
            FROM endpoint WHERE NOT enabled AND EXISTS (
                SELECT 1 FROM notification WHERE endpoint = endpoint.id AND state = 'pending')
            """)
        for row in rows { try await giveUp(try row.decode("id"), because: try row.decode("reason")) }
    }

    /// Gives up the oldest of what waits beyond the limit.
    ///
    /// - Returns: The endpoints that had more, by name, and how many were given up.
    func cut(max: Int = Self.waitingMax) async throws -> [(endpoint: String, rows: Int)] {
        let rows = try await pool.query(
            """
            SELECT id, name FROM endpoint WHERE EXISTS (
                SELECT 1 FROM notification WHERE endpoint = endpoint.id AND state = 'pending' OFFSET \(max) LIMIT 1)
            """)
        var found: [(endpoint: String, rows: Int)] = []
        for row in rows {
            let id: UUID = try row.decode("id")
            let count = try await repeatBatches {
                """
                UPDATE notification
                SET state = 'dead', reason = \("more than \(max) notifications waited"), finished_at = now()
                WHERE id IN (
                    SELECT id FROM notification WHERE endpoint = \(id) AND state = 'pending' ORDER BY id LIMIT least(
                        \(Self.batchRows), (SELECT greatest(0, count(*) - \(max)) FROM notification
                            WHERE endpoint = \(id) AND state = 'pending')))
                """
            }
            found.append((try row.decode("name"), count))
        }
        return found
    }

    /// Until one does not find as many rows as it may change; how many all changed.
    @discardableResult
    private func repeatBatches(_ statement: () -> SQL) async throws -> Int {
        var total = 0
        while true {
            let count = try await pool.query(statement()).affectedRows
            total += count
            if count < Self.batchRows { return total }
            try Task.checkCancellation()
        }
    }
}
