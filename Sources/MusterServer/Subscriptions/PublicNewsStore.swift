import FoundationEssentials
import IncidentDomain
import Postgres

/// What subscribers were told of, and handing news out to them.
struct PublicNewsStore: Sendable {
    let pool: PostgresPool

    /// Subscriptions that one statement looks at.
    static let batchRows = 1_000

    private static let toldReader = RowReader(
        table: "public_told", key: { try $0.decode("subject") },
        decode: { row in
            let state: PostgresJSON = try row.decode("state")
            return Told(
                subject: try row.decode("subject"),
                state: try JSONDecoder().decode(PublicTold.self, from: Data(state.bytes)))
        })

    static let examined = ExaminedTable(toldReader, all: "SELECT subject, state FROM public_told") {
        "DELETE FROM public_told of \($0) by hand; subscribers may be told of it again"
    }

    private struct Told: Sendable {
        let subject: String
        let state: PublicTold
    }

    // MARK: - Telling

    /// The right to compare, for a while.
    struct Claim: Hashable, Sendable {
        let id: UUID
        /// When it was given, by the database's clock: what is compared has to be at least as new, or something that another daemon told
        /// already would look as if it had been taken back.
        let at: Timestamp
    }

    /// Nil while another daemon has it.
    func claim(seconds: Double) async throws -> Claim? {
        let id = UUID()
        let rows = try await pool.query(
            """
            UPDATE public_teller SET claim = \(id), until = clock_timestamp() + make_interval(secs => \(seconds))
            WHERE until < clock_timestamp() RETURNING clock_timestamp() AS at
            """)
        return try rows.first.map { Claim(id: id, at: try $0.decode("at")) }
    }

    /// What was told of some subjects, or of all. One that cannot be read is left alone: nothing is told of it.
    func told(_ subjects: [String]?) async throws -> (told: [String: PublicTold], unreadable: Set<String>) {
        let rows = try await pool.query(
            """
            SELECT subject, state FROM public_told
            WHERE \(subjects)::text[] IS NULL OR subject = ANY (\(subjects)::text[])
            """)
        let read = Self.toldReader.read(rows, in: pool)
        let values = read.compactMap(\.readable).map { ($0.subject, $0.state) }
        return (Dictionary(values) { first, _ in first }, Set(read.filter { $0.reason != nil }.map(\.key)))
    }

    /// Stores what there is to tell, and gives the claim back.
    ///
    /// - Returns: False when the claim is somebody else's by now: nothing was stored.
    func tell(_ result: PublicTeller.Result, _ claim: Claim) async throws -> Bool {
        let kept = result.told.compactMap { subject, state in state.map { (subject, $0) } }.sorted { $0.0 < $1.0 }
        let gone = result.told.filter { $0.value == nil }.keys.sorted()
        let states = try kept.map { try StoredJSON.text($0.1) }
        let bodies = try result.news.map { try StoredJSON.text($0) }
        return try await pool.transaction { transaction in
            let held = try await transaction.query(
                "UPDATE public_teller SET claim = NULL, until = '-infinity' WHERE claim = \(claim.id) RETURNING 1")
            guard !held.isEmpty else { return false }
            var statements: [SQL] = []
            if !kept.isEmpty {
                statements.append(
                    """
                    INSERT INTO public_told (subject, state)
                    SELECT subject, state::json FROM unnest(\(kept.map(\.0)), \(states)) AS told (subject, state)
                    ON CONFLICT (subject) DO UPDATE SET state = excluded.state, told_at = now()
                    """)
            }
            if !gone.isEmpty { statements.append("DELETE FROM public_told WHERE subject = ANY (\(gone))") }
            for (news, body) in zip(result.news, bodies) {
                statements.append(
                    """
                    INSERT INTO public_news (subject, body, hears, for_told_only)
                    VALUES (\(news.subject), \(body)::json, \(news.hears), \(news.isForToldOnly))
                    ON CONFLICT (subject) DO UPDATE SET edition = excluded.edition, body = excluded.body,
                        hears = excluded.hears, for_told_only = excluded.for_told_only, created_at = now(),
                        cursor = excluded.cursor, fanned_out = false
                    """)
            }
            if !statements.isEmpty { _ = try await transaction.pipeline(statements) }
            return true
        }
    }

    // MARK: - Handing out

    /// Hands the oldest news that are not handed out to the next subscribers, one row in the outbox each. Newer news of a subject take the
    /// place of older ones that were not sent.
    ///
    /// - Returns: False when nothing was left to do.
    func handOut() async throws -> Bool {
        let rows = try await pool.query(
            """
            WITH news AS (
                SELECT subject, edition, hears, for_told_only, created_at, cursor FROM public_news
                WHERE NOT fanned_out ORDER BY edition LIMIT 1 FOR UPDATE SKIP LOCKED
            ), batch AS MATERIALIZED (
                SELECT next.id, next.channel, news.subject, news.edition,
                    (next.components IS NULL OR next.components && news.hears) AND next.disabled_at IS NULL
                        AND next.confirmed_at <= news.created_at AND NOT news.for_told_only AS hears
                FROM news CROSS JOIN LATERAL (
                    SELECT id, channel, components, confirmed_at, disabled_at FROM subscription
                    WHERE id > news.cursor ORDER BY id LIMIT \(Self.batchRows)
                ) AS next
            ), told AS (
                INSERT INTO subscription_delivery (subscription, subject, channel, edition)
                SELECT id, subject, channel, edition FROM batch WHERE hears ORDER BY id
                ON CONFLICT (subscription, subject) DO UPDATE SET edition = excluded.edition, next_at = now(),
                    claim = NULL, tries = 0, outcome = NULL, reason = NULL, finished_at = NULL
                WHERE subscription_delivery.edition < excluded.edition
            ), withdrawn AS (
                UPDATE subscription_delivery AS sent SET edition = news.edition, tries = 0,
                    next_at = CASE WHEN told IS NOT NULL OR claim IS NOT NULL THEN now() END,
                    outcome = CASE WHEN told IS NOT NULL OR claim IS NOT NULL THEN NULL ELSE 'dropped' END,
                    claim = NULL, reason = NULL,
                    finished_at = CASE WHEN told IS NOT NULL OR claim IS NOT NULL THEN NULL ELSE now() END
                FROM news, batch
                WHERE news.for_told_only AND sent.subscription = batch.id AND sent.subject = news.subject
                    AND sent.edition < news.edition
            )
            UPDATE public_news SET
                cursor = coalesce((SELECT id FROM batch ORDER BY id DESC LIMIT 1), public_news.cursor),
                fanned_out = (SELECT count(*) FROM batch) < \(Self.batchRows)
            FROM news WHERE public_news.subject = news.subject RETURNING 1
            """)
        return !rows.isEmpty
    }
}
