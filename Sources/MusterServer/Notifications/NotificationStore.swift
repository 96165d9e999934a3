import FoundationEssentials
import IncidentDomain
import Postgres

/// The outbox: claiming what is due, and writing down what became of it.
struct NotificationStore: Sendable {
    let pool: PostgresPool

    /// What an attempt can come to.
    static let outcomes = ["delivered", "retry", "failed", "disabled"]
    private static let pruneRows = 50
    /// So many of one lane are taken at once, and about so many bytes of notices.
    static let laneRows = 8
    private static let laneBytes = 128 << 10

    /// Claims lanes that are due, for each endpoint no more than it has room for. One that fails gets one lane at a time. What has a format
    /// that this release does not know waits for a daemon that does.
    ///
    /// - Parameters:
    ///   - busy: How many this daemon sends at the moment, by endpoint.
    ///   - leaseSeconds: When others may claim what was neither released nor renewed.
    func claim(perEndpoint: Int, busy: [UUID: Int], leaseSeconds: Double) async throws -> [ClaimedLane] {
        let claim = UUID()
        let (ids, counts) = (Array(busy.keys), Array(busy.values))
        let began = ContinuousClock.now
        let rows = try await pool.query(
            """
            WITH room AS (
                SELECT endpoint.id, endpoint.updated_at, failing_since IS NOT NULL AS is_failing,
                    CASE WHEN failing_since IS NULL THEN \(perEndpoint)::integer ELSE 1 END - coalesce(busy.count, 0) AS free
                FROM endpoint LEFT JOIN unnest(\(ids), \(counts)) AS busy (id, count) ON busy.id = endpoint.id
                WHERE enabled AND paused_until <= now() AND format = ANY (\(EndpointFormat.allCases.map(\.rawValue)))
            ), due AS MATERIALIZED (
                SELECT room.id, room.updated_at, room.is_failing, lane.lane FROM room CROSS JOIN LATERAL (
                    SELECT lane FROM notification_lane
                    WHERE endpoint = room.id AND next_at <= now() ORDER BY next_at LIMIT greatest(room.free, 0)
                    FOR UPDATE SKIP LOCKED
                ) AS lane
            ), claimed AS (
                UPDATE notification_lane AS lane
                SET claim = \(claim), next_at = now() + make_interval(secs => \(leaseSeconds))
                FROM due WHERE lane.endpoint = due.id AND lane.lane = due.lane
                RETURNING lane.endpoint, lane.lane, due.updated_at, due.is_failing
            )
            SELECT claimed.endpoint, claimed.lane, claimed.updated_at, claimed.is_failing, now() AS now, waiting.id,
                waiting.attempts, waiting.tries, waiting.body, thread.reference
            FROM claimed LEFT JOIN LATERAL (
                SELECT * FROM (
                    SELECT notification.id, attempts, tries, body, coalesce(sum(octet_length(body::text)) OVER (
                        ORDER BY notification.id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS bytes_before
                    FROM (
                        SELECT id, attempts, tries, notice FROM notification
                        WHERE endpoint = claimed.endpoint AND lane = claimed.lane AND state = 'pending'
                        ORDER BY id LIMIT \(Self.laneRows)
                    ) AS notification JOIN notice ON notice.id = notification.notice
                ) AS oldest WHERE bytes_before < \(Self.laneBytes)
            ) AS waiting ON true
            LEFT JOIN notification_thread AS thread
                ON thread.endpoint = claimed.endpoint AND thread.lane = claimed.lane
            ORDER BY claimed.endpoint, claimed.lane, waiting.id
            """)
        return try Self.lanes(Array(rows), claim, began)
    }

    private static func lanes(
        _ rows: [PostgresRow], _ claim: UUID, _ began: ContinuousClock.Instant
    ) throws -> [ClaimedLane] {
        var lanes: [ClaimedLane] = []
        var index = 0
        while index < rows.count {
            let first = rows[index]
            let (endpoint, lane): (UUID, String) = (try first.decode("endpoint"), try first.decode("lane"))
            var due: [DueNotification] = []
            while index < rows.count, try rows[index].decode("endpoint", as: UUID.self) == endpoint,
                try rows[index].decode("lane", as: String.self) == lane
            {
                defer { index += 1 }
                guard let id: Int = try rows[index].decode("id") else { continue }
                due.append(
                    DueNotification(
                        id: id, attempts: try rows[index].decode("attempts"), tries: try rows[index].decode("tries"),
                        body: try rows[index].decode("body", as: PostgresJSON.self).bytes,
                        thread: try rows[index].decode("reference")))
            }
            lanes.append(
                ClaimedLane(
                    endpoint: endpoint, lane: lane, claim: claim, endpointChangedAt: try first.decode("updated_at"),
                    isFailing: try first.decode("is_failing"), claimedAt: try first.decode("now"), began: began,
                    due: due))
        }
        return lanes
    }

    /// Renews the leases of lanes that are being sent.
    ///
    /// - Returns: Those that are still claimed. The others were claimed by somebody else, as the lease was over.
    func renew(_ claims: [LaneKey: UUID], leaseSeconds: Double) async throws -> Set<LaneKey> {
        let lanes = Array(claims)
        let rows = try await pool.query(
            """
            WITH held AS (
                SELECT lane.endpoint, lane.lane FROM notification_lane AS lane, unnest(\(lanes.map(\.key.endpoint)),
                    \(lanes.map(\.key.lane)), \(lanes.map(\.value))) AS mine (endpoint, lane, claim)
                WHERE lane.endpoint = mine.endpoint AND lane.lane = mine.lane AND lane.claim = mine.claim
                ORDER BY lane.endpoint, lane.lane FOR UPDATE OF lane
            )
            UPDATE notification_lane AS lane SET next_at = now() + make_interval(secs => \(leaseSeconds))
            FROM held WHERE lane.endpoint = held.endpoint AND lane.lane = held.lane
            RETURNING lane.endpoint, lane.lane
            """)
        return Set(try rows.map { LaneKey(endpoint: try $0.decode("endpoint"), lane: try $0.decode("lane")) })
    }

    /// Has everything that waits for its next attempt at an endpoint tried now: it works again, or was changed.
    func hurry(_ endpoint: UUID) async throws {
        _ = try await pool.query(
            """
            UPDATE notification_lane SET next_at = now() WHERE (endpoint, lane) IN (
                SELECT endpoint, lane FROM notification_lane
                WHERE endpoint = \(endpoint) AND claim IS NULL AND next_at > now()
                ORDER BY lane LIMIT \(Self.replayMax) FOR UPDATE SKIP LOCKED)
            """)
    }

    // MARK: - Results

    /// Writes down what attempts came to, and frees lanes, in one round trip. A lane is locked before it is asked whether something
    /// waits in it, and so does the fan-out that adds to it: nothing is left in a lane that nobody looks at.
    func record(_ results: [AttemptResult], _ releases: [LaneRelease]) async throws {
        // The last one of a lane holds.
        var references: [LaneKey: String] = [:]
        for result in results {
            if let reference = result.reference {
                references[LaneKey(endpoint: result.endpoint, lane: result.lane)] = reference
            }
        }
        let threads = references.map { (endpoint: $0.key.endpoint, lane: $0.key.lane, reference: $0.value) }
        var statements: [SQL] = []
        if !releases.isEmpty { statements.append(Self.lock(releases)) }
        if !results.isEmpty { statements.append(Self.store(results)) }
        if !threads.isEmpty {
            statements.append(
                """
                INSERT INTO notification_thread (endpoint, lane, reference)
                SELECT * FROM unnest(\(threads.map(\.endpoint)), \(threads.map(\.lane)),
                    \(threads.map(\.reference))) AS thread (endpoint, lane, reference)
                WHERE EXISTS (SELECT 1 FROM endpoint WHERE endpoint.id = thread.endpoint)
                ON CONFLICT (endpoint, lane) DO UPDATE SET reference = excluded.reference, updated_at = now()
                """)
        }
        if let statement = Self.health(of: results) { statements.append(statement) }
        if !releases.isEmpty { statements += Self.free(releases) }
        try await pool.pipeline(statements)
    }

    private static func lock(_ releases: [LaneRelease]) -> SQL {
        """
        SELECT 1 FROM notification_lane AS lane, unnest(\(releases.map(\.endpoint)), \(releases.map(\.lane)),
            \(releases.map(\.claim))) AS mine (endpoint, lane, claim)
        WHERE lane.endpoint = mine.endpoint AND lane.lane = mine.lane AND lane.claim = mine.claim
        ORDER BY lane.endpoint, lane.lane FOR UPDATE OF lane
        """
    }

    /// A result that is stored again, as the answer of the first time was lost, changes nothing. Notifications that are gone are left
    /// out.
    private static func store(_ results: [AttemptResult]) -> SQL {
        let states = results.map { result in
            result.isEnd ? (result.isDelivered ? "delivered" : "dead") : nil
        }
        return """
            WITH result AS (
                SELECT * FROM unnest(\(results.map(\.notification)), \(results.map(\.attempt)), \(results.map(\.at)),
                    \(results.map(\.durationMilliseconds)), \(results.map(\.status)), \(results.map(\.outcome)),
                    \(results.map(\.detail)), \(results.map(\.answer)), \(states))
                    AS result (id, attempt, at, duration_ms, status, outcome, detail, answer, state)
            ), changed AS (
                UPDATE notification SET attempts = greatest(attempts, result.attempt),
                    tries = tries + CASE WHEN attempts < result.attempt THEN 1 ELSE 0 END,
                    state = CASE WHEN notification.state = 'pending' THEN coalesce(result.state, 'pending')
                        ELSE notification.state END,
                    reason = CASE WHEN notification.state = 'pending' AND result.state IS NOT NULL THEN result.detail
                        ELSE reason END,
                    finished_at = CASE WHEN notification.state = 'pending' AND result.state IS NOT NULL THEN now()
                        ELSE finished_at END
                FROM result WHERE notification.id = result.id
                RETURNING notification.id
            )
            INSERT INTO notification_attempt (notification, attempt, at, duration_ms, status, outcome, detail, answer)
            SELECT result.id, attempt, at, duration_ms, status, outcome, detail, answer
            FROM result JOIN changed ON changed.id = result.id
            ON CONFLICT DO NOTHING
            """
    }

    /// Which endpoints fail from now on or no more, and which want nothing for a while; nil when there is no news. One that works, as
    /// nearly all do, costs no statement.
    private static func health(of results: [AttemptResult]) -> SQL? {
        struct News {
            var isFailing: Bool?
            var pause: Double?
        }
        var news: [UUID: News] = [:]
        let succeeded = Set(results.filter(\.isDelivered).map(\.endpoint))
        for result in results {
            if succeeded.contains(result.endpoint) {
                if result.wasFailing || result.isFailure { news[result.endpoint, default: News()].isFailing = false }
            } else if result.isFailure, !result.wasFailing {
                news[result.endpoint, default: News()].isFailing = true
            }
            if let seconds = result.pauseSeconds {
                news[result.endpoint, default: News()].pause = max(news[result.endpoint]?.pause ?? 0, seconds)
            }
        }
        guard !news.isEmpty else { return nil }
        let all = Array(news)
        return """
            WITH news AS (
                SELECT endpoint.id, news.is_failing, news.pause FROM endpoint, unnest(\(all.map(\.key)),
                    \(all.map(\.value.isFailing)), \(all.map(\.value.pause))) AS news (id, is_failing, pause)
                WHERE endpoint.id = news.id ORDER BY endpoint.id FOR NO KEY UPDATE OF endpoint
            )
            UPDATE endpoint SET
                failing_since = CASE WHEN news.is_failing THEN coalesce(failing_since, now())
                    WHEN NOT news.is_failing THEN NULL ELSE failing_since END,
                paused_until = greatest(paused_until, now() + make_interval(secs => coalesce(news.pause, 0)))
            FROM news WHERE endpoint.id = news.id
            """
    }

    private static func free(_ releases: [LaneRelease]) -> [SQL] {
        [
            """
            DELETE FROM notification_lane AS lane USING unnest(\(releases.map(\.endpoint)), \(releases.map(\.lane)),
                \(releases.map(\.claim))) AS mine (endpoint, lane, claim)
            WHERE lane.endpoint = mine.endpoint AND lane.lane = mine.lane AND lane.claim = mine.claim
                AND NOT EXISTS (SELECT 1 FROM notification AS waiting
                    WHERE waiting.endpoint = lane.endpoint AND waiting.lane = lane.lane
                        AND waiting.state = 'pending')
            """,
            """
            UPDATE notification_lane AS lane
            SET claim = NULL, next_at = now() + make_interval(secs => coalesce(mine.seconds, 0))
            FROM unnest(\(releases.map(\.endpoint)), \(releases.map(\.lane)), \(releases.map(\.claim)),
                \(releases.map(\.retrySeconds))) AS mine (endpoint, lane, claim, seconds)
            WHERE lane.endpoint = mine.endpoint AND lane.lane = mine.lane AND lane.claim = mine.claim
            """,
        ]
    }

    /// Puts a notice into the outbox of one endpoint, whatever its filters say. The same key again is the same request.
    ///
    /// - Returns: The notification's id.
    func tell(_ notice: Notice, key: String, to endpoint: UUID) async throws -> Int {
        try await pool.transaction { transaction in
            let results = try await transaction.pipeline([
                NoticeStore.put([(key, notice)], only: [endpoint]),
                """
                INSERT INTO notification (notice, endpoint, lane)
                SELECT id, \(endpoint), key FROM notice WHERE key = \(key)
                ON CONFLICT (endpoint, notice) DO NOTHING
                """,
                "UPDATE notice SET fanned_out = true WHERE key = \(key)",
                Self.wake(lanes: [(endpoint, key)]),
                """
                SELECT notification.id FROM notification JOIN notice ON notice.id = notification.notice
                WHERE notification.endpoint = \(endpoint) AND notice.key = \(key)
                """,
            ])
            guard let id: Int = try results[4].first?.decode("id") else {
                throw PostgresError.decoding(column: "id", reason: "an insert returned no row")
            }
            return id
        }
    }

    // MARK: - Sending again

    /// The most that one call sends again.
    static let replayMax = 10_000

    /// Which notifications of an endpoint are sent again. What still waits is none of them.
    struct Replay: Hashable, Sendable {
        /// A single one.
        var id: Int?
        /// Those made in it.
        var range: ClosedRange<Timestamp>?
        /// Those behind this one: where an earlier call stopped.
        var after = 0
        /// Leaves out what was delivered.
        var onlyDead = true
    }

    /// What a replay came to.
    struct Replayed: Hashable, Sendable {
        var count = 0
        /// The last one, when more are left.
        var stoppedAt: Int?
    }

    /// Puts notifications of an endpoint back into the outbox, in their order and with their ids, `limit` at the most.
    func replay(
        _ endpoint: UUID, _ wanted: Replay, limit: Int = replayMax, by principal: Principal
    ) async throws -> Replayed {
        let range = wanted.range
        let chosen: SQL = """
            endpoint = \(endpoint) AND state <> 'pending' AND (\(wanted.id)::bigint IS NULL OR id = \(wanted.id))
            AND (\(range?.lowerBound)::timestamptz IS NULL
                OR created_at BETWEEN \(range?.lowerBound) AND \(range?.upperBound))
            AND (NOT \(wanted.onlyDead) OR state = 'dead')
            """
        return try await pool.transaction { transaction in
            let rows = try await transaction.query(
                """
                UPDATE notification SET state = 'pending', tries = 0, reason = NULL, finished_at = NULL
                WHERE id IN (
                    SELECT id FROM notification WHERE \(fragment: chosen) AND id > \(wanted.after)
                    ORDER BY id LIMIT \(limit)
                ) RETURNING id, lane
                """)
            guard let last = try rows.map({ try $0.decode("id", as: Int.self) }).max() else { return Replayed() }
            var replayed = Replayed(count: rows.count)
            if rows.count == limit {
                let more = try await transaction.query(
                    "SELECT FROM notification WHERE \(fragment: chosen) AND id > \(last) LIMIT 1")
                if !more.isEmpty { replayed.stoppedAt = last }
            }
            let lanes = Set(try rows.map { try $0.decode("lane", as: String.self) }).sorted()
            _ = try await transaction.pipeline([
                Self.wake(lanes: lanes.map { (endpoint, $0) }),
                AuditStore.insert(
                    actor: principal, action: "endpoint.replay", subject: endpoint.text,
                    data: ["notifications": .integer(rows.count)]),
            ])
            return replayed
        }
    }

    /// Sees to it that lanes are looked at. The rows are locked in their order.
    static func wake(lanes: [(endpoint: UUID, lane: String)]) -> SQL {
        """
        INSERT INTO notification_lane (endpoint, lane)
        SELECT * FROM unnest(\(lanes.map(\.endpoint)), \(lanes.map(\.lane))) AS lane (endpoint, lane)
        ORDER BY endpoint, lane
        ON CONFLICT (endpoint, lane) DO UPDATE SET next_at = notification_lane.next_at
        """
    }

    /// Forgets notices that are older than so many days and wait for nobody, with all that was sent of them.
    func prune(days: Int, limit: Int) async throws -> Int {
        // Each takes the notifications and attempts of all endpoints with it, so there are few in a statement.
        var count = 0
        while count < limit {
            let removed = try await pool.query(
                """
                DELETE FROM notice WHERE id IN (
                    SELECT id FROM notice WHERE created_at < now() - make_interval(days => \(Int32(days))) AND fanned_out
                        AND NOT EXISTS (SELECT 1 FROM notification
                            WHERE notification.notice = notice.id AND state = 'pending')
                    ORDER BY created_at LIMIT \(Self.pruneRows)
                )
                """
            ).affectedRows
            count += removed
            if removed < Self.pruneRows { break }
        }
        _ = try await pool.pipeline([
            """
            DELETE FROM escalation WHERE (incident, policy) IN (
                SELECT incident, policy FROM escalation
                WHERE next_at IS NULL AND ended_at < now() - make_interval(days => \(Int32(days))) LIMIT \(limit))
            """,
            """
            DELETE FROM notification_thread WHERE (endpoint, lane) IN (
                SELECT endpoint, lane FROM notification_thread
                WHERE updated_at < now() - make_interval(days => \(Int32(days))) LIMIT \(limit))
            """,
        ])
        return count
    }
}
