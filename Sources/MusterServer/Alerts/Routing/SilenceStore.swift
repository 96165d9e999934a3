import FoundationEssentials
import IncidentDomain
import Postgres

/// A silence to make. Who made it may be a name that a foreign tool sends.
struct SilenceDraft: Sendable {
    var matchers: [LabelMatcher]
    /// Nil means now.
    var startsAt: Timestamp?
    var endsAt: Timestamp
    var comment: String
    var createdBy: String
    /// The inbound key by which it is made, if it is by one.
    var source: UUID?

    /// What is wrong with it, by field; nil when nothing is.
    func fault(now: Timestamp) -> (field: String, detail: String)? {
        let start = startsAt ?? now
        if matchers.isEmpty { return ("matchers", "should have at least 1 matcher") }
        if comment.allSatisfy(\.isWhitespace) {
            return ("comment", "must not be empty; say why, for those who come later")
        }
        if endsAt <= now { return ("ends_at", "is over already; the time here is \(now)") }
        if endsAt <= start { return ("ends_at", "should be after the silence starts") }
        guard endsAt.seconds(since: start) <= Silence.secondsMax else {
            return ("ends_at", "should be at most 30 days after the silence starts")
        }
        return nil
    }
}

/// A silence with what people want to know of it.
struct StoredSilence: Sendable {
    let silence: Silence
    let comment: String
    let createdBy: String
    let createdAt: Timestamp
    let source: UUID?
    let state: Silence.State
    /// How many alerts that are not over it keeps from opening an incident.
    let holding: Int
}

/// What a list of silences may be narrowed to.
struct SilenceFilter: Sendable {
    var state: Silence.State?
    var source: UUID?
}

/// The rows of silences.
struct SilenceStore: Sendable {
    let pool: PostgresPool

    /// Silences that are not over; each is looked at for every group that opens something.
    static let silencesMax = 1000

    /// Makes a silence, which `SilenceDraft.fault` has nothing against. The same id again changes nothing.
    ///
    /// - Returns: Nil when there are too many that are not over.
    func create(_ id: UUID, _ draft: SilenceDraft, by principal: Principal) async throws -> StoredSilence? {
        var json = JSONWriter()
        json.object { MatcherBodies.write(draft.matchers, to: &$0) }
        let text = draft.matchers.map(\.text).joined(separator: ", ")
        let told: JSONValue = ["matchers": .string(text), "ends_at": .string(draft.endsAt.description)]
        _ = try await pool.pipeline(
            RuleStore.bump + [
                """
                WITH made AS (
                    INSERT INTO silence (id, matchers, starts_at, ends_at, comment, created_by, source)
                    SELECT \(id), \(PostgresJSON(bytes: json.bytes))::jsonb -> 'matchers',
                        coalesce(\(draft.startsAt)::timestamptz, least(now(), \(draft.endsAt)::timestamptz)),
                        \(draft.endsAt), \(draft.comment), \(draft.createdBy), \(draft.source)
                    WHERE (SELECT count(*) FROM silence WHERE ends_at > now()) < \(Self.silencesMax)
                    ON CONFLICT (id) DO NOTHING RETURNING id
                )
                INSERT INTO audit_line (actor_id, actor, action, subject, data)
                SELECT \(principal.id), \(principal.name), 'silence.create', \(id.uuidString.lowercased()),
                    \(PostgresJSON(bytes: told.bytes)) FROM made
                """
            ])
        return try await find(id)
    }

    func find(_ id: UUID) async throws -> StoredSilence? {
        try await pool.query("SELECT \(fragment: Self.columns) FROM silence WHERE id = \(id)").first.map(Self.stored)
    }

    /// Silences, the newest first: the ids of ours do not count upwards, so the time goes first.
    func list(
        _ filter: SilenceFilter, before last: (createdAt: Timestamp, id: UUID)?, limit: Int
    ) async throws -> [StoredSilence] {
        var conditions: [SQL] = ["true"]
        switch filter.state {
        case .pending?: conditions.append("starts_at > now() AND ends_at > now()")
        case .active?: conditions.append("starts_at <= now() AND ends_at > now()")
        case .expired?: conditions.append("ends_at <= now()")
        case nil: break
        }
        if let source = filter.source { conditions.append("source = \(source)") }
        // Times of the API are cut to the millisecond, and so is what is compared with them.
        let created: SQL = "date_trunc('milliseconds', created_at)"
        if let last { conditions.append("(\(fragment: created), id) < (\(last.createdAt), \(last.id))") }
        return try await pool.query(
            """
            SELECT \(fragment: Self.columns) FROM silence WHERE \(fragment: conditions.joined(separator: " AND "))
            ORDER BY \(fragment: created) DESC, id DESC LIMIT \(limit)
            """
        ).map(Self.stored)
    }

    /// Ends a silence now; what it held is looked at again. One that is over already stays as it is.
    ///
    /// - Returns: The silence as it is then; nil when there is none.
    func expire(_ id: UUID, by principal: Principal) async throws -> StoredSilence? {
        let subject = id.uuidString.lowercased()
        _ = try await pool.pipeline(
            RuleStore.bump + [
                """
                WITH expired AS (
                    UPDATE silence SET ends_at = now(), starts_at = least(starts_at, now())
                    WHERE id = \(id) AND ends_at > now() RETURNING id
                )
                INSERT INTO audit_line (actor_id, actor, action, subject, data)
                SELECT \(principal.id), \(principal.name), 'silence.expire', \(subject), '{}' FROM expired
                """,
                "UPDATE alert SET held_until = now() WHERE silence = \(id) AND status <> 'resolved'",
            ])
        return try await find(id)
    }

    /// Forgets some that ended before so many days; how many those were. What they held has ended long since, or was looked
    /// at again.
    func prune(days: Int, limit: Int) async throws -> Int {
        try await pool.query(
            """
            DELETE FROM silence WHERE id IN (
                SELECT id FROM silence WHERE ends_at < now() - make_interval(days => \(Int32(days)))
                ORDER BY ends_at LIMIT \(limit)
            ) RETURNING id
            """
        ).count
    }

    private static let columns: SQL = """
        id, matchers, starts_at, ends_at, comment, created_by, created_at, source, now() AS now,
        (SELECT count(*) FROM alert WHERE alert.silence = silence.id AND alert.status <> 'resolved') AS holding
        """

    /// Every silence that is not over.
    static let current: SQL = "SELECT id, matchers, starts_at, ends_at FROM silence WHERE ends_at > now() ORDER BY id"

    static func silence(_ row: PostgresRow) throws -> Silence {
        let json: PostgresJSON = try row.decode("matchers")
        var body = try BodyReader(["matchers": try JSONParser.parse(json.bytes)])
        let matchers = MatcherBodies.matchers(&body)
        try body.finish()
        return Silence(
            id: try row.decode("id"), matchers: matchers, startsAt: try row.decode("starts_at"),
            endsAt: try row.decode("ends_at"))
    }

    private static func stored(_ row: PostgresRow) throws -> StoredSilence {
        let silence = try silence(row)
        return StoredSilence(
            silence: silence, comment: try row.decode("comment"), createdBy: try row.decode("created_by"),
            createdAt: try row.decode("created_at"), source: try row.decode("source"),
            state: silence.state(at: try row.decode("now")), holding: try row.decode("holding"))
    }
}
