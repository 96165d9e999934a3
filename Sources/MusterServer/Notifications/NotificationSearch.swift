import FoundationEssentials
import IncidentDomain
import Postgres

/// Reads what was sent: of an endpoint each attempt, of an incident each notification.
struct NotificationSearch: Sendable {
    let pool: PostgresPool

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
}
