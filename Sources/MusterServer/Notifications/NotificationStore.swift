import FoundationEssentials
import IncidentDomain
import Postgres

/// A notification that is to be sent now.
struct DueNotification: Sendable {
    let id: Int
    /// Attempts ever, and those of this round: a replay begins a new one.
    let attempts: Int
    let tries: Int
    let notice: Notice
    /// What the channel calls the message of this incident.
    let thread: String?

    /// What receivers know repeats by.
    var publicID: String { NotificationID.text(id) }
}

/// `ntf_42`.
enum NotificationID {
    static func text(_ id: Int) -> String { "ntf_\(id)" }

    static func number(_ text: String) -> Int? {
        guard text.hasPrefix("ntf_"), let number = Int(text.dropFirst(4)), number > 0 else { return nil }
        return number
    }
}

/// A lane that this daemon sends: the oldest notifications of one incident at one endpoint, in their order.
struct ClaimedLane: Sendable {
    let endpoint: UUID
    let lane: String
    let claim: UUID
    /// When the endpoint was changed last: what was kept of an older one is read anew.
    let endpointChangedAt: Timestamp
    /// The database's time.
    let now: Timestamp
    let due: [DueNotification]
    /// Those whose notice cannot be read.
    let unreadable: [Int]
}

/// What one attempt came to.
struct AttemptResult: Sendable {
    let notification: Int
    let endpoint: UUID
    let lane: String
    let attempt: Int
    let at: Timestamp
    let durationMilliseconds: Int
    /// Nil when there was no answer.
    let status: Int?
    let verdict: OutboundVerdict
    let answer: String?
    /// Whether this notification is given up if it is to be tried again.
    let isLast: Bool
}

/// How a daemon leaves a lane: at once free for what is next, or not before a moment.
struct LaneRelease: Sendable {
    let endpoint: UUID
    let lane: String
    let claim: UUID
    /// Seconds from now until the next attempt; nil when the last notification was dealt with.
    let retrySeconds: Double?
}

/// The outbox: claiming what is due, and writing down what became of it.
struct NotificationStore: Sendable {
    let pool: PostgresPool

    /// What an attempt can come to.
    static let outcomes = ["delivered", "retry", "failed", "disabled"]
    /// So many of one lane are taken at once.
    static let laneRows = 8

    /// Claims lanes that are due, for each endpoint no more than it has room for.
    ///
    /// - Parameters:
    ///   - busy: How many this daemon sends at the moment, by endpoint.
    ///   - leaseSeconds: When others may claim what was not released.
    func claim(
        perEndpoint: Int, busy: [UUID: Int], limit: Int, leaseSeconds: Double
    ) async throws -> [ClaimedLane] {
        let claim = UUID()
        let (ids, counts) = (Array(busy.keys), Array(busy.values))
        let rows = try await pool.query(
            """
            WITH room AS (
                SELECT endpoint.id, endpoint.updated_at, \(perEndpoint) - coalesce(busy.count, 0) AS free
                FROM endpoint LEFT JOIN unnest(\(ids), \(counts)) AS busy (id, count) ON busy.id = endpoint.id
                WHERE enabled AND paused_until <= now() AND coalesce(busy.count, 0) < \(perEndpoint)
            ), due AS MATERIALIZED (
                SELECT room.id, room.updated_at, lane.lane FROM room CROSS JOIN LATERAL (
                    SELECT lane FROM notification_lane
                    WHERE endpoint = room.id AND next_at <= now() ORDER BY next_at LIMIT room.free
                    FOR UPDATE SKIP LOCKED
                ) AS lane LIMIT \(limit)
            ), claimed AS (
                UPDATE notification_lane AS lane
                SET claim = \(claim), next_at = now() + make_interval(secs => \(leaseSeconds))
                FROM due WHERE lane.endpoint = due.id AND lane.lane = due.lane
                RETURNING lane.endpoint, lane.lane, due.updated_at
            )
            SELECT claimed.endpoint, claimed.lane, claimed.updated_at, now() AS now, waiting.id, waiting.attempts,
                waiting.tries, notice.body, thread.reference
            FROM claimed LEFT JOIN LATERAL (
                SELECT * FROM notification
                WHERE endpoint = claimed.endpoint AND lane = claimed.lane AND state = 'pending'
                ORDER BY id LIMIT \(Self.laneRows)
            ) AS waiting ON true
            LEFT JOIN notice ON notice.id = waiting.notice
            LEFT JOIN notification_thread AS thread
                ON thread.endpoint = claimed.endpoint AND thread.lane = claimed.lane
            ORDER BY claimed.endpoint, claimed.lane, waiting.id
            """)
        return try Self.lanes(Array(rows), claim)
    }

    private static func lanes(_ rows: [PostgresRow], _ claim: UUID) throws -> [ClaimedLane] {
        var lanes: [ClaimedLane] = []
        var index = 0
        while index < rows.count {
            let first = rows[index]
            let (endpoint, lane): (UUID, String) = (try first.decode("endpoint"), try first.decode("lane"))
            var due: [DueNotification] = []
            var unreadable: [Int] = []
            while index < rows.count, try rows[index].decode("endpoint", as: UUID.self) == endpoint,
                try rows[index].decode("lane", as: String.self) == lane
            {
                defer { index += 1 }
                guard let id: Int = try rows[index].decode("id") else { continue }
                let body: PostgresJSON? = try rows[index].decode("body")
                guard let body, let json = try? JSONParser.parse(body.bytes), let notice = Notice(json) else {
                    unreadable.append(id)
                    continue
                }
                due.append(
                    DueNotification(
                        id: id, attempts: try rows[index].decode("attempts"), tries: try rows[index].decode("tries"),
                        notice: notice, thread: try rows[index].decode("reference")))
            }
            lanes.append(
                ClaimedLane(
                    endpoint: endpoint, lane: lane, claim: claim, endpointChangedAt: try first.decode("updated_at"),
                    now: try first.decode("now"), due: due, unreadable: unreadable))
        }
        return lanes
    }

    // MARK: - Results

    /// Writes down what attempts came to, and frees lanes. A lane is locked before it is asked whether something waits in it, and
    /// so does the fan-out that adds to it: nothing is left in a lane that nobody looks at.
    func record(_ results: [AttemptResult], _ releases: [LaneRelease]) async throws {
        let releases = releases.sorted { ($0.endpoint.text, $0.lane) < ($1.endpoint.text, $1.lane) }
        let done = results.filter { $0.isEnd }
        let threads = results.compactMap { result in
            result.reference.map { (endpoint: result.endpoint, lane: result.lane, reference: $0) }
        }
        let pauses = results.compactMap { result in
            result.pauseSeconds.map { (endpoint: result.endpoint, seconds: $0) }
        }
        let succeeded = Set(results.filter(\.isDelivered).map(\.endpoint))
        let failing = Set(results.filter(\.isFailure).map(\.endpoint)).subtracting(succeeded)
        try await pool.transaction { transaction in
            _ = try await transaction.query(
                """
                SELECT 1 FROM notification_lane AS lane, unnest(\(releases.map(\.endpoint)), \(releases.map(\.lane)),
                    \(releases.map(\.claim))) AS mine (endpoint, lane, claim)
                WHERE lane.endpoint = mine.endpoint AND lane.lane = mine.lane AND lane.claim = mine.claim
                ORDER BY lane.endpoint, lane.lane FOR UPDATE OF lane
                """)
            _ = try await transaction.pipeline([
                """
                INSERT INTO notification_attempt (notification, attempt, at, duration_ms, status, outcome, detail, answer)
                SELECT result.* FROM unnest(\(results.map(\.notification)), \(results.map(\.attempt)),
                    \(results.map(\.at)), \(results.map(\.durationMilliseconds)), \(results.map(\.status)),
                    \(results.map(\.outcome)), \(results.map(\.detail)), \(results.map(\.answer)))
                    AS result (notification, attempt, at, duration_ms, status, outcome, detail, answer)
                JOIN notification ON notification.id = result.notification
                ON CONFLICT DO NOTHING
                """,
                """
                UPDATE notification SET attempts = greatest(attempts, result.attempt), tries = tries + 1
                FROM unnest(\(results.map(\.notification)), \(results.map(\.attempt))) AS result (id, attempt)
                WHERE notification.id = result.id
                """,
                """
                UPDATE notification SET state = done.state, reason = done.reason, finished_at = now()
                FROM unnest(\(done.map(\.notification)), \(done.map { $0.isDelivered ? "delivered" : "dead" }),
                    \(done.map(\.detail))) AS done (id, state, reason)
                WHERE notification.id = done.id AND notification.state = 'pending'
                """,
                """
                INSERT INTO notification_thread (endpoint, lane, reference)
                SELECT DISTINCT ON (endpoint, lane) * FROM unnest(\(threads.map(\.endpoint)), \(threads.map(\.lane)),
                    \(threads.map(\.reference))) AS thread (endpoint, lane, reference)
                WHERE EXISTS (SELECT 1 FROM endpoint WHERE endpoint.id = thread.endpoint)
                ON CONFLICT (endpoint, lane) DO UPDATE SET reference = excluded.reference, updated_at = now()
                """,
                """
                UPDATE endpoint SET failing_since = NULL
                WHERE id = ANY (\(Array(succeeded))) AND failing_since IS NOT NULL
                """,
                """
                UPDATE endpoint SET failing_since = now()
                WHERE id = ANY (\(Array(failing))) AND failing_since IS NULL
                """,
                """
                UPDATE endpoint SET paused_until = greatest(paused_until, now() + make_interval(secs => pause.seconds))
                FROM (SELECT id, max(seconds) AS seconds
                    FROM unnest(\(pauses.map(\.endpoint)), \(pauses.map(\.seconds))) AS pause (id, seconds)
                    GROUP BY id) AS pause
                WHERE endpoint.id = pause.id
                """,
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
            ])
        }
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

    /// Gives up notifications that no message can be made of.
    func giveUp(_ ids: [Int], because reason: String) async throws {
        _ = try await pool.query(
            """
            UPDATE notification SET state = 'dead', reason = \(reason), finished_at = now()
            WHERE id = ANY (\(ids)) AND state = 'pending'
            """)
    }

    // MARK: - Endpoints that take nothing

    /// Disables an endpoint, gives up what waits for it, and tells the others.
    ///
    /// - Returns: Its name, if it was enabled until now.
    func disable(_ id: UUID, because reason: String) async throws -> String? {
        try await pool.transaction { transaction in
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
            _ = try await transaction.pipeline(
                EndpointStore.giveUp(id, because: "the endpoint was disabled: \(reason)") + [
                    NoticeStore.put([("endpoint_disabled/\(id.text)/\(now.milliseconds)", notice)]),
                    AuditStore.insert(
                        actor: .daemon, action: "endpoint.disable", subject: id.text,
                        data: ["name": .string(name), "reason": .string(reason)]),
                ])
            return name
        }
    }

    /// Those that are enabled and of which every attempt failed for so long.
    func failing(forSeconds seconds: Double) async throws -> [UUID] {
        try await pool.query(
            """
            SELECT id FROM endpoint
            WHERE enabled AND failing_since < now() - make_interval(secs => \(seconds)) LIMIT 100
            """
        ).map { try $0.decode("id", as: UUID.self) }
    }

    // MARK: - Sending again

    /// The most that one call sends again.
    static let replayMax = 10_000

    /// Puts notifications of an endpoint back into the outbox, in their order and with their ids.
    ///
    /// - Parameters:
    ///   - range: Those made in it; nil with `id`.
    ///   - onlyDead: Leaves out what was delivered.
    /// - Returns: How many those are; what still waits is not counted.
    func replay(
        _ endpoint: UUID, id: Int?, range: ClosedRange<Timestamp>?, onlyDead: Bool, by principal: Principal
    ) async throws -> Int {
        try await pool.transaction { transaction in
            let rows = try await transaction.query(
                """
                UPDATE notification SET state = 'pending', tries = 0, reason = NULL, finished_at = NULL
                WHERE id IN (
                    SELECT id FROM notification WHERE endpoint = \(endpoint) AND state <> 'pending'
                        AND (\(id)::bigint IS NULL OR id = \(id))
                        AND (\(range?.lowerBound)::timestamptz IS NULL
                            OR created_at BETWEEN \(range?.lowerBound) AND \(range?.upperBound))
                        AND (NOT \(onlyDead) OR state = 'dead')
                    ORDER BY id LIMIT \(Self.replayMax)
                ) RETURNING lane
                """)
            guard !rows.isEmpty else { return 0 }
            let lanes = Set(try rows.map { try $0.decode("lane", as: String.self) }).sorted()
            _ = try await transaction.pipeline([
                Self.wake(lanes: lanes.map { (endpoint, $0) }),
                AuditStore.insert(
                    actor: principal, action: "endpoint.replay", subject: endpoint.text,
                    data: ["notifications": .integer(rows.count)]),
            ])
            return rows.count
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

    // MARK: - Attempts

    /// An attempt as people read it.
    struct Attempt: Sendable {
        let notification: Int
        let kind: String
        let incident: Int?
        let sentence: String
        let state: String
        let attempt: Int
        let at: Timestamp
        let durationMilliseconds: Int
        let status: Int?
        let outcome: String
        let detail: String?
        let answer: String?
    }

    /// The newest first: after a place, as the last one of the page before has it.
    func attempts(
        of endpoint: UUID, before place: (notification: Int, attempt: Int)?, limit: Int
    ) async throws -> [Attempt] {
        let place = place ?? (Int.max, 0)
        return try await pool.query(
            """
            SELECT notification.id, notice.kind, notice.incident, notice.body ->> 'sentence' AS sentence, state,
                attempt.attempt, at, duration_ms, status, outcome, detail, answer
            FROM notification JOIN notice ON notice.id = notification.notice
                JOIN notification_attempt AS attempt ON attempt.notification = notification.id
            WHERE notification.endpoint = \(endpoint) AND notification.id <= \(place.notification)
                AND (notification.id, attempt.attempt) < (\(place.notification), \(place.attempt))
            ORDER BY notification.id DESC, attempt.attempt DESC LIMIT \(limit)
            """
        ).map { row in
            Attempt(
                notification: try row.decode("id"), kind: try row.decode("kind"), incident: try row.decode("incident"),
                sentence: try row.decode("sentence", as: String?.self) ?? "", state: try row.decode("state"),
                attempt: try row.decode("attempt"), at: try row.decode("at"),
                durationMilliseconds: try row.decode("duration_ms"), status: try row.decode("status"),
                outcome: try row.decode("outcome"), detail: try row.decode("detail"), answer: try row.decode("answer"))
        }
    }

    func knows(incident number: Int) async throws -> Bool {
        try await !pool.query("SELECT 1 FROM incident WHERE number = \(number)").isEmpty
    }

    /// A notification of an incident as people read it.
    struct Shown: Sendable {
        let id: Int
        let endpoint: UUID
        let endpointName: String
        let kind: String
        let sentence: String
        let state: String
        let attempts: Int
        let reason: String?
        let createdAt: Timestamp
        let finishedAt: Timestamp?
    }

    /// Of an incident, the newest first, before an id.
    func notifications(of incident: Int, before id: Int?, limit: Int) async throws -> [Shown] {
        try await pool.query(
            """
            SELECT notification.id, endpoint, endpoint.name, notice.kind, notice.body ->> 'sentence' AS sentence, state,
                attempts, reason, notification.created_at, finished_at
            FROM notice JOIN notification ON notification.notice = notice.id
                JOIN endpoint ON endpoint.id = notification.endpoint
            WHERE notice.incident = \(incident) AND notification.id < \(id ?? Int.max)
            ORDER BY notification.id DESC LIMIT \(limit)
            """
        ).map { row in
            Shown(
                id: try row.decode("id"), endpoint: try row.decode("endpoint"), endpointName: try row.decode("name"),
                kind: try row.decode("kind"), sentence: try row.decode("sentence", as: String?.self) ?? "",
                state: try row.decode("state"), attempts: try row.decode("attempts"),
                reason: try row.decode("reason"), createdAt: try row.decode("created_at"),
                finishedAt: try row.decode("finished_at"))
        }
    }

    /// Forgets notices that are older than so many days and wait for nobody, with all that was sent of them.
    func prune(days: Int, limit: Int) async throws -> Int {
        try await pool.query(
            """
            DELETE FROM notice WHERE id IN (
                SELECT id FROM notice WHERE created_at < now() - make_interval(days => \(Int32(days))) AND fanned_out
                    AND NOT EXISTS (SELECT 1 FROM notification
                        WHERE notification.notice = notice.id AND state = 'pending')
                ORDER BY created_at LIMIT \(limit)
            )
            """
        ).affectedRows
    }
}

extension AttemptResult {
    /// The kinds of error of the network and of receivers, by which an endpoint counts as failing.
    fileprivate var isFailure: Bool { !isDelivered }

    fileprivate var isDelivered: Bool {
        guard case .delivered = verdict else { return false }
        return true
    }

    /// Whether the notification is dealt with.
    var isEnd: Bool {
        switch verdict {
        case .delivered, .failed, .anew: true
        case .retry: isLast
        // It may be replayed when the endpoint was put right.
        case .disabled: true
        }
    }

    fileprivate var reference: String? {
        guard case .delivered(let reference?) = verdict else { return nil }
        return reference
    }

    fileprivate var pauseSeconds: Double? {
        guard case .retry(_, let seconds?) = verdict else { return nil }
        return seconds
    }

    var outcome: String {
        switch verdict {
        case .delivered: "delivered"
        case .retry: isLast ? "failed" : "retry"
        case .failed, .anew: "failed"
        case .disabled: "disabled"
        }
    }

    fileprivate var detail: String? {
        switch verdict {
        case .delivered: nil
        case .retry(let reason, _): isLast ? "\(reason); the last attempt" : reason
        case .failed(let reason), .anew(let reason), .disabled(let reason): reason
        }
    }
}
