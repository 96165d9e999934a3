import FoundationEssentials
import IncidentDomain
import Postgres

/// The outbox of subscribers: claiming what is due, and writing down what became of it.
struct DeliveryStore: Sendable {
    let pool: PostgresPool

    /// What an attempt can come to.
    static let outcomes = ["delivered", "retry", "dead", "dropped"]

    /// Claims what is due, questions first, then what waits longest.
    ///
    /// - Parameter leaseSeconds: When others may claim what nothing became of.
    func claim(_ channel: SubscriptionChannel, limit: Int, leaseSeconds: Double) async throws -> [ClaimedDelivery] {
        guard limit > 0 else { return [] }
        let claim = UUID()
        let rows = try await pool.query(
            """
            WITH due AS MATERIALIZED (
                SELECT subscription, subject FROM subscription_delivery
                WHERE channel = \(channel.rawValue) AND next_at <= now()
                ORDER BY (edition IS NOT NULL), next_at LIMIT \(limit) FOR UPDATE SKIP LOCKED
            ), claimed AS (
                UPDATE subscription_delivery AS sent
                SET claim = \(claim), next_at = now() + make_interval(secs => \(leaseSeconds))
                FROM due WHERE sent.subscription = due.subscription AND sent.subject = due.subject
                RETURNING sent.subscription, sent.subject, sent.edition AS wanted, sent.told, sent.tries
            )
            SELECT subject, wanted, told, tries, now() AS now, subscription.id, channel, address_code, sealed, components,
                language, created_at, confirmed_at, failing_since, disabled_at, disabled_reason
            FROM claimed JOIN subscription ON subscription.id = claimed.subscription
            """)
        return try rows.compactMap { row in
            guard let subscription = SubscriptionStore.reader.read(row, in: pool).readable else { return nil }
            return ClaimedDelivery(
                subscription: subscription, subject: try row.decode("subject"), claim: claim,
                wanted: try row.decode("wanted"), told: try row.decode("told"),
                tries: Int(try row.decode("tries", as: Int32.self)), now: try row.decode("now"))
        }
    }

    /// The newest news of some subjects. Those that cannot be read are left out.
    func news(_ subjects: [String]) async throws -> [String: (edition: Int, news: PublicNews)] {
        guard !subjects.isEmpty else { return [:] }
        let rows = try await pool.query(
            "SELECT subject, edition, body FROM public_news WHERE subject = ANY (\(subjects))")
        var found: [String: (edition: Int, news: PublicNews)] = [:]
        for row in rows {
            let body: PostgresJSON = try row.decode("body")
            guard let news = try? JSONDecoder().decode(PublicNews.self, from: Data(body.bytes)) else { continue }
            found[news.subject] = (try row.decode("edition"), news)
        }
        return found
    }

    /// What became of one.
    enum Outcome: Hashable, Sendable {
        /// It was taken, in this edition; nil of a question.
        case delivered(Int?)
        case retry(reason: String, seconds: Double)
        case dead(reason: String)
        /// Nobody has to hear it any more.
        case dropped
        /// Whoever receives wants nothing any more.
        case disabled(reason: String)

        var word: String {
            switch self {
            case .delivered: "delivered"
            case .retry: "retry"
            case .dead, .disabled: "dead"
            case .dropped: "dropped"
            }
        }
    }

    /// Writes down what became of a delivery, unless newer news have taken its place. A newer edition that came meanwhile is sent next.
    func finish(_ delivery: ClaimedDelivery, _ outcome: Outcome) async throws {
        var edition: Int?
        var (reason, seconds): (String?, Double?) = (nil, nil)
        var disabling: String?
        switch outcome {
        case .delivered(let sent): edition = sent
        case .retry(let why, let after): (reason, seconds) = (why, after)
        case .dead(let why): reason = why
        case .disabled(let why): (reason, disabling) = (why, why)
        case .dropped: break
        }
        let isDelivered = outcome.word == "delivered"
        let isFailure = outcome.word == "retry" || outcome.word == "dead"
        _ = try await pool.pipeline([
            """
            UPDATE subscription_delivery SET claim = NULL, told = coalesce(\(edition), told), outcome = \(outcome.word),
                reason = \(reason), tries = CASE WHEN \(isDelivered) THEN 0 ELSE tries + 1 END,
                next_at = CASE WHEN \(edition)::bigint < edition THEN now()
                    WHEN \(seconds)::double precision IS NOT NULL THEN now() + make_interval(secs => \(seconds)) END,
                finished_at = CASE WHEN \(seconds)::double precision IS NULL THEN now() END
            WHERE subscription = \(delivery.subscription.id) AND subject = \(delivery.subject)
                AND claim = \(delivery.claim)
            """,
            """
            UPDATE subscription SET failing_since = CASE WHEN \(isFailure) THEN coalesce(failing_since, now()) END,
                disabled_at = CASE WHEN \(disabling)::text IS NOT NULL THEN now() ELSE disabled_at END,
                disabled_reason = coalesce(\(disabling), disabled_reason)
            WHERE id = \(delivery.subscription.id) AND (\(isFailure) AND failing_since IS NULL
                OR \(isDelivered) AND failing_since IS NOT NULL OR \(disabling)::text IS NOT NULL)
            """,
        ])
    }
}

/// What is to be sent to one subscriber.
struct ClaimedDelivery: Sendable {
    let subscription: Subscription
    /// `question`, or what the news are of.
    let subject: String
    let claim: UUID
    /// The edition that has to be told at least; nil of a question.
    let wanted: Int?
    /// The one that was told last.
    let told: Int?
    let tries: Int
    /// The database's time.
    let now: Timestamp
}
