import FoundationEssentials
import IncidentDomain
import Postgres

/// The rows of subscriptions.
struct SubscriptionStore: Sendable {
    let pool: PostgresPool

    /// Requests are decided one after the other, so that the limits hold.
    private static let lockKey = 5_830_217_446_120_731
    /// What all questions of a day are counted under.
    private static let everybody = Array("all".utf8)
    /// What wishes are counted under of which nothing comes.
    private static let nobody = Array("nobody".utf8)
    /// The subject under which a question waits in the outbox.
    static let question = "question"
    /// Rows that one statement removes.
    private static let pruneRows = 1_000

    private static let columns: SQL = """
        subscription.id, subscription.channel, address_code, sealed, components, language, subscription.created_at,
        confirmed_at, failing_since, disabled_at, disabled_reason
        """

    static let reader = RowReader(
        table: "subscription", key: { try $0.decode("id", as: UUID.self).text }, decode: subscription)

    static let examined = ExaminedTable(reader, all: "SELECT \(fragment: columns) FROM subscription") {
        "DELETE /v1/subscriptions/\($0)"
    }

    static func subscription(_ row: PostgresRow) throws -> Subscription {
        guard let channel = SubscriptionChannel(rawValue: try row.decode("channel")) else {
            throw PostgresError.decoding(column: "channel", reason: "this release does not have it")
        }
        guard let language = Language(rawValue: try row.decode("language")) else {
            throw PostgresError.decoding(column: "language", reason: "this release does not have it")
        }
        return Subscription(
            id: try row.decode("id"), channel: channel, addressCode: try row.decode("address_code"),
            sealed: try row.decode("sealed"), components: try row.decode("components"), language: language,
            createdAt: try row.decode("created_at"), confirmedAt: try row.decode("confirmed_at"),
            failingSince: try row.decode("failing_since"), disabledAt: try row.decode("disabled_at"),
            disabledReason: try row.decode("disabled_reason"))
    }

    // MARK: - Asking

    /// A subscription that somebody asks for, with everything that is stored of it.
    struct Asked: Sendable {
        let id: UUID
        let wish: SubscriptionWish
        let addressCode: [UInt8]
        let networkCode: [UInt8]
        let receiverCode: [UInt8]
        let tokenCode: [UInt8]
        let questionCode: [UInt8]
        let sealed: String
    }

    /// Decides about a wish and does what was decided, in one transaction.
    func ask(_ asked: Asked, _ limits: SubscriptionLimits) async throws -> SubscriptionDecision {
        try await pool.transaction { transaction in
            _ = try await transaction.query("SELECT pg_advisory_xact_lock(\(Self.lockKey))")
            let counts = try await Self.counts(asked, in: transaction)
            let decision = limits.decide(counts, asked.wish.address.channel)
            switch decision {
            case .ask:
                _ = try await transaction.pipeline([Self.insert(asked), Self.wake(asked)] + Self.questions(asked))
            case .remind: _ = try await transaction.pipeline([Self.wake(asked)] + Self.questions(asked))
            // What is written down takes as long as what else would have been.
            case .beQuiet: _ = try await transaction.query(Self.count(Self.nobody))
            case .refuse: break
            }
            return decision
        }
    }

    private static func counts(_ asked: Asked, in transaction: PostgresTransaction) async throws -> SubscriptionCounts {
        let row = try await transaction.query(
            """
            SELECT (SELECT count(*) FROM subscription) AS every,
                (SELECT count(*) FROM subscription WHERE confirmed_at IS NULL) AS pending,
                (SELECT count(*) FROM subscription WHERE network_code = \(asked.networkCode)) AS of_network,
                (SELECT count(*) FROM subscription WHERE network_code = \(asked.networkCode) AND confirmed_at IS NULL)
                    AS pending_of_network,
                (SELECT count FROM subscription_question WHERE day = \(fragment: today) AND receiver = \(everybody))
                    AS today,
                (SELECT count FROM subscription_question WHERE day = \(fragment: today)
                    AND receiver = \(asked.receiverCode)) AS receiver_today,
                (SELECT CASE WHEN confirmed_at IS NULL OR disabled_at IS NOT NULL THEN 'pending' ELSE 'confirmed' END
                    FROM subscription WHERE address_code = \(asked.addressCode)) AS existing
            """
        ).first
        var counts = SubscriptionCounts()
        guard let row else { return counts }
        counts.all = try row.decode("every")
        counts.pending = try row.decode("pending")
        counts.ofNetwork = try row.decode("of_network")
        counts.pendingOfNetwork = try row.decode("pending_of_network")
        counts.questionsToday = Int(try row.decode("today", as: Int32?.self) ?? 0)
        counts.questionsToReceiverToday = Int(try row.decode("receiver_today", as: Int32?.self) ?? 0)
        counts.existing = SubscriptionCounts.Existing(rawValue: try row.decode("existing") ?? "none") ?? .none
        return counts
    }

    private static let today: SQL = "(now() AT TIME ZONE 'UTC')::date"

    private static func insert(_ asked: Asked) -> SQL {
        """
        INSERT INTO subscription (id, channel, address_code, network_code, sealed, token_code, question_code,
            question_until, components, language)
        VALUES (\(asked.id), \(asked.wish.address.channel.rawValue), \(asked.addressCode), \(asked.networkCode),
            \(asked.sealed), \(asked.tokenCode), \(asked.questionCode),
            now() + make_interval(secs => \(SubscriptionLimits.questionSeconds)), \(asked.wish.components),
            \(asked.wish.language.rawValue))
        ON CONFLICT (address_code) DO UPDATE SET network_code = excluded.network_code, sealed = excluded.sealed,
            token_code = excluded.token_code, question_code = excluded.question_code,
            question_until = excluded.question_until, components = excluded.components, language = excluded.language,
            confirmed_at = NULL, failing_since = NULL, disabled_at = NULL, disabled_reason = NULL
        """
    }

    /// Has whoever has the address asked, or told that it is subscribed.
    private static func wake(_ asked: Asked) -> SQL {
        """
        INSERT INTO subscription_delivery (subscription, subject, channel)
        SELECT id, \(question), channel FROM subscription WHERE address_code = \(asked.addressCode)
        ON CONFLICT (subscription, subject) DO UPDATE SET next_at = now(), claim = NULL, tries = 0, outcome = NULL,
            reason = NULL, finished_at = NULL
        """
    }

    private static func questions(_ asked: Asked) -> [SQL] { [count(asked.receiverCode), count(everybody)] }

    private static func count(_ receiver: [UInt8]) -> SQL {
        """
        INSERT INTO subscription_question (day, receiver, count) VALUES (\(fragment: today), \(receiver), 1)
        ON CONFLICT (day, receiver) DO UPDATE SET count = subscription_question.count + 1
        """
    }

    // MARK: - By the links

    /// Somebody says yes; once more changes nothing. Nil when there is no such question, or it was asked too long ago.
    func confirm(_ code: [UInt8]) async throws -> Subscription? {
        let rows = try await pool.query(
            """
            UPDATE subscription SET confirmed_at = coalesce(confirmed_at, now())
            WHERE question_code = \(code) AND question_until > now()
            RETURNING \(fragment: Self.columns)
            """)
        return Self.reader.values(rows, in: pool).first
    }

    /// The confirmed one whose links have a token.
    func find(token code: [UInt8]) async throws -> Subscription? {
        let rows = try await pool.query(
            """
            SELECT \(fragment: Self.columns) FROM subscription
            WHERE token_code = \(code) AND confirmed_at IS NOT NULL
            """)
        return Self.reader.values(rows, in: pool).first
    }

    /// What it hears, and in which language. One that was disabled is used again.
    func change(token code: [UInt8], components: [String]?, language: Language) async throws -> Subscription? {
        let rows = try await pool.query(
            """
            UPDATE subscription SET components = \(components), language = \(language.rawValue), failing_since = NULL,
                disabled_at = NULL, disabled_reason = NULL
            WHERE token_code = \(code) AND confirmed_at IS NOT NULL
            RETURNING \(fragment: Self.columns)
            """)
        return Self.reader.values(rows, in: pool).first
    }

    /// Forgets everything that is stored of it. It is no fault when there is nothing.
    func remove(token code: [UInt8]) async throws {
        _ = try await pool.query("DELETE FROM subscription WHERE token_code = \(code)")
    }

    // MARK: - For operators

    /// By id.
    func list(_ page: Page) async throws -> [ReadRow<Subscription>] {
        let last = try page.cursor?.uuid(0) ?? Self.first
        let rows = try await pool.query(
            """
            SELECT \(fragment: Self.columns) FROM subscription WHERE id > \(last) ORDER BY id LIMIT \(page.limit + 1)
            """)
        return Self.reader.read(rows, in: pool)
    }

    /// Less than every id.
    private static let first = UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))

    func find(_ id: UUID) async throws -> ReadRow<Subscription>? {
        try await pool.query("SELECT \(fragment: Self.columns) FROM subscription WHERE id = \(id)").first
            .map { Self.reader.read($0, in: pool) }
    }

    func find(address code: [UInt8]) async throws -> ReadRow<Subscription>? {
        try await pool.query("SELECT \(fragment: Self.columns) FROM subscription WHERE address_code = \(code)").first
            .map { Self.reader.read($0, in: pool) }
    }

    /// Whoever reads an address leaves a line, which does not have it.
    func note(_ action: String, _ id: UUID, by principal: Principal) async throws {
        _ = try await pool.query(AuditStore.insert(actor: principal, action: action, subject: id.text, data: [:]))
    }

    /// False when there is none of that id.
    func remove(_ id: UUID, by principal: Principal) async throws -> Bool {
        try await pool.transaction { transaction in
            transaction.unreadable.forget(id.text, of: Self.reader.table)
            let removed = try await transaction.query("DELETE FROM subscription WHERE id = \(id)").affectedRows
            guard removed > 0 else { return false }
            _ = try await transaction.query(
                AuditStore.insert(actor: principal, action: "subscription.delete", subject: id.text, data: [:]))
            return true
        }
    }

    // MARK: - Tidying

    /// Forgets what nobody confirmed in time, counts of days before, and what was sent or told long ago.
    ///
    /// - Parameter days: How long what was sent is kept.
    /// - Returns: Whether there may be more.
    func prune(days: Int) async throws -> Bool {
        let old: SQL = "now() - make_interval(days => \(Int32(days)))"
        let results = try await pool.pipeline([
            """
            DELETE FROM subscription WHERE id IN (
                SELECT id FROM subscription WHERE confirmed_at IS NULL AND question_until < now()
                ORDER BY question_until LIMIT \(Self.pruneRows))
            """,
            """
            DELETE FROM subscription_question WHERE (day, receiver) IN (
                SELECT day, receiver FROM subscription_question WHERE day < \(fragment: Self.today) LIMIT \(Self.pruneRows))
            """,
            """
            DELETE FROM subscription_delivery WHERE (subscription, subject) IN (
                SELECT subscription, subject FROM subscription_delivery
                WHERE next_at IS NULL AND finished_at < \(fragment: old) LIMIT \(Self.pruneRows))
            """,
            """
            DELETE FROM public_news WHERE subject IN (
                SELECT subject FROM public_news WHERE fanned_out AND created_at < \(fragment: old) LIMIT \(Self.pruneRows))
            """,
            """
            DELETE FROM public_told WHERE subject IN (
                SELECT subject FROM public_told
                WHERE told_at < now() - make_interval(days => \(Int32(PublicRecord.pastDays + 50)))
                LIMIT \(Self.pruneRows))
            """,
        ])
        return results.contains { $0.affectedRows == Self.pruneRows }
    }

    /// Disables those of which every attempt failed for so long.
    func disableFailing(days: Int) async throws -> Int {
        let reason = "every attempt failed for \(days) days"
        return try await pool.query(
            """
            WITH failing AS (
                SELECT id FROM subscription
                WHERE failing_since < now() - make_interval(days => \(Int32(days))) AND disabled_at IS NULL
                ORDER BY failing_since LIMIT \(Self.pruneRows)
            ), stopped AS (
                UPDATE subscription_delivery SET next_at = NULL, claim = NULL, outcome = 'dead',
                    reason = \(reason), finished_at = now()
                FROM failing WHERE subscription = failing.id AND next_at IS NOT NULL
            )
            UPDATE subscription SET disabled_at = now(), disabled_reason = \(reason)
            FROM failing WHERE subscription.id = failing.id
            """
        ).affectedRows
    }
}
