import FoundationEssentials
import IncidentDomain
import Postgres

/// A silence to make. Who made it may be a name that a foreign tool sends.
struct SilenceDraft: Sendable {
    var matchers: [LabelMatcher]
    /// Nil means now, as the database has it.
    var startsAt: Timestamp?
    /// When it ends; nil when it is said how long it lasts.
    var endsAt: Timestamp?
    var seconds: Int?
    var comment: String
    var createdBy: String
    /// The inbound key by which it is made, if it is by one.
    var source: UUID?

    /// What is wrong with it apart from its times, which the database judges (`SilenceStore.Saving`).
    ///
    /// - Throws: `Problem` with every place, also of what could be stored and not be read again.
    func check() throws(Problem) {
        guard !matchers.isEmpty else { throw .invalid("/matchers", "should have at least 1 matcher") }
        guard !comment.allSatisfy(\.isWhitespace) else {
            throw .invalid("/comment", "must not be empty; say why this is silenced")
        }
        _ = try MatcherBodies.stored(MatcherBodies.bytes(matchers))
    }
}

/// A silence with what people want to know of it.
struct StoredSilence: Sendable {
    let silence: Silence
    let comment: String
    let createdBy: String
    let createdAt: Timestamp
    /// When it was changed or ended last, as far as the audit knows.
    let updatedAt: Timestamp
    let source: UUID?
    let state: Silence.State
    /// How many alerts that are not over it keeps from opening an incident; none when it is over itself.
    let holding: Int
}

/// What a list of silences may be narrowed to, and its order.
struct SilenceFilter: Sendable {
    /// Any of them; empty for all.
    var states: [Silence.State] = []
    var source: UUID?
    /// The newest first; or first all that are not over, for tools that read no pages.
    var currentFirst = false
}

/// The rows of silences.
struct SilenceStore: Sendable {
    let pool: PostgresPool

    /// Silences that are not over; each is looked at for every group that opens something.
    static let silencesMax = 1000
    /// Of these, one source may have so many,
    static let silencesOfSourceMax = 250
    /// and all sources leave so many to people.
    static let silencesOfPeople = 250
    /// Silences in a list that has no pages: all that are not over, and the newest of the others.
    static let unpagedMax = 2 * silencesMax

    /// What became of a silence that was to be stored.
    enum Saving: Sendable {
        case saved(StoredSilence)
        /// There is none of that id.
        case unknown
        /// There are as many as there may be.
        case tooMany(Int)
        case refused(field: String, detail: String)
    }

    /// Makes a silence. The same id again changes nothing.
    func create(_ id: UUID, _ draft: SilenceDraft, by principal: Principal) async throws -> Saving {
        try draft.check()
        return try await pool.transaction { transaction in
            // First, so that no two count the silences at the same time.
            _ = try await transaction.pipeline(RuleStore.bump)
            if let made = try await found(id, in: transaction) { return .saved(try made.get()) }
            return try await insert(id, draft, by: principal, in: transaction)
        }
    }

    /// Puts a silence in the place of another one of the same source, as Alertmanager does: one that goes on with the same
    /// matchers and beginning keeps its id, every other one ends now and `new` follows it.
    func replace(
        _ old: UUID, by draft: SilenceDraft, new: UUID, by principal: Principal
    ) async throws -> Saving {
        try draft.check()
        return try await pool.transaction { transaction in
            _ = try await transaction.pipeline(RuleStore.bump)
            guard let before = try await found(old, of: draft.source, in: transaction) else { return .unknown }
            if let stored = before.readable, stored.canBecome(draft) {
                return try await change(stored, draft, by: principal, in: transaction)
            }
            let saving = try await insert(new, draft, replacing: old, by: principal, in: transaction)
            if case .saved = saving { try await end(old, by: principal, in: transaction) }
            return saving
        }
    }

    /// The limit that is reached, if one is: of all silences, of those of sources, of those of this source.
    private func limitReached(
        _ draft: SilenceDraft, without replaced: UUID?, in transaction: PostgresTransaction
    ) async throws -> Int? {
        let row = try await transaction.query(
            """
            SELECT count(*), count(*) FILTER (WHERE source IS NOT NULL), count(*) FILTER (WHERE source = \(draft.source))
            FROM silence WHERE ends_at > now() AND id IS DISTINCT FROM \(replaced)
            """)[0]
        let (all, ofSources, own): (Int, Int, Int) = (try row.decode(0), try row.decode(1), try row.decode(2))
        if all >= Self.silencesMax { return Self.silencesMax }
        guard draft.source != nil else { return nil }
        if ofSources >= Self.silencesMax - Self.silencesOfPeople { return Self.silencesMax - Self.silencesOfPeople }
        return own >= Self.silencesOfSourceMax ? Self.silencesOfSourceMax : nil
    }

    /// - Parameter replaced: One that ends with it, and does not count.
    private func insert(
        _ id: UUID, _ draft: SilenceDraft, replacing replaced: UUID? = nil, by principal: Principal,
        in transaction: PostgresTransaction
    ) async throws -> Saving {
        let times = try await times(of: draft, in: transaction)
        if let fault = times.fault { return .refused(field: fault.field, detail: fault.detail) }
        if let full = try await limitReached(draft, without: replaced, in: transaction) { return .tooMany(full) }
        _ = try await transaction.pipeline([
            """
            INSERT INTO silence (id, matchers, starts_at, ends_at, comment, created_by, source)
            SELECT \(id), \(Self.json(draft.matchers)), starts_at, ends_at, \(draft.comment), \(draft.createdBy),
                \(draft.source)
            FROM (\(fragment: Self.times(draft))) AS times
            """,
            Self.audit("silence.create", id, draft.matchers, until: times.endsAt, by: principal),
        ])
        guard let made = try await found(id, in: transaction) else { return .unknown }
        return .saved(try made.get())
    }

    private func change(
        _ stored: StoredSilence, _ draft: SilenceDraft, by principal: Principal, in transaction: PostgresTransaction
    ) async throws -> Saving {
        var draft = draft
        if stored.state == .active { draft.startsAt = stored.silence.startsAt }
        let id = stored.silence.id
        let times = try await times(of: draft, in: transaction)
        if let fault = times.fault { return .refused(field: fault.field, detail: fault.detail) }
        _ = try await transaction.pipeline([
            """
            UPDATE silence SET starts_at = CASE WHEN silence.starts_at <= now() THEN silence.starts_at
                    ELSE times.starts_at END,
                ends_at = times.ends_at, comment = \(draft.comment), created_by = \(draft.createdBy)
            FROM (\(fragment: Self.times(draft))) AS times WHERE silence.id = \(id)
            """,
            Self.letGo(of: id),
            Self.audit("silence.change", id, draft.matchers, until: times.endsAt, by: principal),
        ])
        guard let changed = try await found(id, in: transaction) else { return .unknown }
        return .saved(try changed.get())
    }

    private func times(
        of draft: SilenceDraft, in runner: some SQLRunner
    ) async throws -> (endsAt: Timestamp, fault: (field: String, detail: String)?) {
        let row = try await runner.query(
            """
            SELECT ends_at, now() AS now, CASE WHEN ends_at <= now() THEN 'over'
                WHEN starts_at > now() + interval '366 days' THEN 'far' WHEN ends_at <= starts_at THEN 'backwards'
                WHEN ends_at > starts_at + \(fragment: Self.longest) THEN 'long' END AS fault
            FROM (\(fragment: Self.times(draft))) AS times
            """)[0]
        let now: Timestamp = try row.decode("now")
        let fault: (field: String, detail: String)? =
            switch try row.decode("fault", as: String?.self) {
            case "over"?: ("ends_at", "is in the past; the server's time is \(now)")
            case "far"?: ("starts_at", "should be at most a year ahead; the server's time is \(now)")
            case "backwards"?: ("ends_at", "should be after the silence starts")
            case "long"?: ("ends_at", "should be at most 30 days after the silence starts")
            default: nil
            }
        return (try row.decode("ends_at"), fault)
    }

    private static let longest: SQL = "interval '30 days'"

    /// When it starts and ends, by the database's clock alone: two clocks would not agree on what thirty days are. Somebody
    /// whose own clock is ahead may ask for a little more than that, and gets just that.
    private static func times(_ draft: SilenceDraft) -> SQL {
        let start: SQL = "coalesce(\(draft.startsAt)::timestamptz, now())"
        guard let seconds = draft.seconds else {
            let tolerance: SQL = draft.startsAt == nil ? "interval '5 minutes'" : "interval '0'"
            return """
                SELECT starts_at, CASE WHEN ends_at <= starts_at + \(fragment: longest) + \(fragment: tolerance)
                    THEN least(ends_at, starts_at + \(fragment: longest)) ELSE ends_at END AS ends_at
                FROM (
                    SELECT \(fragment: start) AS starts_at, \(draft.endsAt)::timestamptz AS ends_at
                ) AS given
                """
        }
        return """
            SELECT starts_at, starts_at + make_interval(secs => \(Double(seconds))) AS ends_at
            FROM (SELECT \(fragment: start) AS starts_at) AS given
            """
    }

    private static func json(_ matchers: [LabelMatcher]) -> PostgresJSON {
        PostgresJSON(bytes: MatcherBodies.bytes(matchers))
    }

    private static func audit(
        _ action: String, _ id: UUID, _ matchers: [LabelMatcher], until end: Timestamp, by principal: Principal
    ) -> SQL {
        AuditStore.insert(
            actor: principal, action: action, subject: id.text,
            data: [
                "matchers": .string(matchers.map(\.text).joined(separator: ", ")), "ends_at": .string(end.description),
            ])
    }

    /// What it held is looked at again.
    private static func letGo(of id: UUID) -> SQL {
        "UPDATE alert SET held_until = now() WHERE silence = \(id) AND status <> 'resolved'"
    }

    func find(_ id: UUID, of source: UUID? = nil) async throws -> ReadRow<StoredSilence>? {
        try await found(id, of: source, in: pool)
    }

    private func found(
        _ id: UUID, of source: UUID? = nil, in runner: some SQLRunner
    ) async throws -> ReadRow<StoredSilence>? {
        let condition: SQL = source.map { "AND source = \($0)" } ?? ""
        return try await runner.query(
            "SELECT \(fragment: Self.columns) FROM silence WHERE id = \(id) \(fragment: condition)"
        ).first.map { Self.reader.read($0, in: runner) }
    }

    /// Silences in the order of the filter: the ids of ours do not count upwards, so the time goes first.
    func list(
        _ filter: SilenceFilter, before last: (createdAt: Timestamp, id: UUID)?, limit: Int
    ) async throws -> [ReadRow<StoredSilence>] {
        var conditions: [SQL] = ["true"]
        let states = filter.states.map { state -> SQL in
            switch state {
            case .pending: "starts_at > now() AND ends_at > now()"
            case .active: "starts_at <= now() AND ends_at > now()"
            case .expired: "ends_at <= now()"
            }
        }
        if !states.isEmpty { conditions.append("(\(fragment: states.joined(separator: " OR ")))") }
        if let source = filter.source { conditions.append("source = \(source)") }
        // Times of the API are cut to the millisecond, and so is what is compared with them.
        let created: SQL = "date_trunc('milliseconds', created_at)"
        if let last { conditions.append("(\(fragment: created), id) < (\(last.createdAt), \(last.id))") }
        let rows = try await pool.query(
            """
            SELECT \(fragment: Self.columns) FROM silence WHERE \(fragment: conditions.joined(separator: " AND "))
            ORDER BY \(fragment: filter.currentFirst ? "ends_at <= now()," : "") \(fragment: created) DESC, id DESC LIMIT \(limit)
            """)
        return Self.reader.read(rows, in: pool)
    }

    /// Ends a silence now; what it held is looked at again. One that is over already stays as it is, and one that cannot be
    /// read goes, since nobody could say what it ended.
    ///
    /// - Returns: The silence as it is then; nil when there is none.
    func expire(
        _ id: UUID, of source: UUID? = nil, by principal: Principal
    ) async throws -> ReadRow<StoredSilence>? {
        let expired = try await pool.transaction { transaction -> ReadRow<StoredSilence>? in
            _ = try await transaction.pipeline(RuleStore.bump)
            guard let found = try await found(id, of: source, in: transaction) else { return nil }
            guard found.reason != nil else {
                try await end(id, by: principal, in: transaction)
                return try await self.found(id, in: transaction)
            }
            _ = try await transaction.pipeline([
                Self.letGo(of: id), "DELETE FROM silence WHERE id = \(id)",
                AuditStore.insert(actor: principal, action: "silence.delete", subject: id.text),
            ])
            return found
        }
        if expired?.reason != nil { pool.unreadable.forget(id.text, of: Self.reader.table) }
        return expired
    }

    private func end(_ id: UUID, by principal: Principal, in transaction: PostgresTransaction) async throws {
        _ = try await transaction.pipeline([
            """
            WITH expired AS (
                UPDATE silence SET ends_at = now(), starts_at = least(starts_at, now())
                WHERE id = \(id) AND ends_at > now() RETURNING id
            )
            INSERT INTO audit_line (actor_id, actor, action, subject, data)
            SELECT \(principal.id), \(principal.name), 'silence.expire', \(id.text), '{}' FROM expired
            """,
            Self.letGo(of: id),
        ])
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
        coalesce((
            SELECT at FROM audit_line WHERE subject = silence.id::text AND action IN ('silence.change', 'silence.expire')
            ORDER BY audit_line.id DESC LIMIT 1
        ), created_at) AS updated_at,
        CASE WHEN ends_at <= now() THEN 0
            ELSE (SELECT count(*) FROM alert WHERE alert.silence = silence.id AND alert.status <> 'resolved') END AS holding
        """

    /// Every silence that is not over.
    static let current: SQL = """
        SELECT id, matchers, starts_at, ends_at, source FROM silence WHERE ends_at > now() ORDER BY id
        """

    static let examined = ExaminedTable(reader, all: "SELECT \(fragment: columns) FROM silence") {
        "DELETE /v1/silences/\($0)"
    }

    private static let key: @Sendable (PostgresRow) throws -> String = { try $0.decode("id") }

    /// Reads what `current` selects.
    static let currentReader = RowReader(table: "silence", key: key, decode: silence)

    private static let reader = RowReader(
        table: "silence", key: key,
        place: { row in
            let time: Timestamp = try row.decode("created_at")
            return [.integer(Int(time.milliseconds)), .string(try row.decode("id"))]
        }, decode: stored)

    private static func silence(_ row: PostgresRow) throws -> Silence {
        let json: PostgresJSON = try row.decode("matchers")
        let matchers = try MatcherBodies.stored(json.bytes)
        return Silence(
            id: try row.decode("id"), matchers: bound(matchers, to: try row.decode("source")),
            startsAt: try row.decode("starts_at"), endsAt: try row.decode("ends_at"))
    }

    /// The silence of a source holds for that source. In the row stands the name that it had, which another one may have, and
    /// which may be changed: programs of the release before know nothing else.
    fileprivate static func bound(_ matchers: [LabelMatcher], to source: UUID?) -> [LabelMatcher] {
        guard let source else { return matchers }
        return matchers.map { matcher in
            matcher.label == "source" && matcher.comparison == .equal ? LabelMatcher(source: source) : matcher
        }
    }

    private static func stored(_ row: PostgresRow) throws -> StoredSilence {
        let silence = try silence(row)
        return StoredSilence(
            silence: silence, comment: try row.decode("comment"), createdBy: try row.decode("created_by"),
            createdAt: try row.decode("created_at"), updatedAt: try row.decode("updated_at"),
            source: try row.decode("source"),
            state: silence.state(at: try row.decode("now")), holding: try row.decode("holding"))
    }
}

extension StoredSilence {
    /// Whether a draft only changes when it ends and what is said of it; else it is another silence.
    fileprivate func canBecome(_ draft: SilenceDraft) -> Bool {
        guard Set(SilenceStore.bound(draft.matchers, to: draft.source)) == Set(silence.matchers) else { return false }
        switch state {
        case .expired: return false
        case .pending: return true
        case .active: return draft.startsAt.map { abs($0.seconds(since: silence.startsAt)) < 1 } ?? true
        }
    }
}
