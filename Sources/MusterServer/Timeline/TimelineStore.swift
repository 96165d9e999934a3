import FoundationEssentials
import IncidentDomain
import Postgres

/// A timeline entry as it is stored.
struct TimelineEntry: Sendable {
    let incident: Int
    let recorded: RecordedEvent
    let stored: EventCodec.Stored
    /// Nil once the entry was redacted.
    let salt: [UInt8]?
    let payloadDigest: [UInt8]
    let hash: [UInt8]

    var isRedacted: Bool { salt == nil }
}

/// In which order entries are listed, by the words of `order`.
enum TimelineOrder: String, CaseIterable, Sendable {
    case oldest = "asc"
    case newest = "desc"
}

/// The rows of the timeline: appended, read, and redacted; never changed otherwise.
struct TimelineStore: Sendable {
    /// The end of a statement that begins with `WITH changed AS (...)`: appends the entries if the incident's row was
    /// changed, and nothing if it was not.
    static func append(_ entries: [NewTimelineEntry], commandID: UUID) -> SQL {
        let actor = entries.first?.recorded.actor ?? .daemon
        let occurredAt = entries.first?.recorded.occurredAt
        let recordedAt = entries.first?.recorded.recordedAt
        return """
            INSERT INTO timeline_entry (incident, sequence, transaction_id, command_id, kind, kind_version, actor_id,
                actor_name, actor_token, actor_role, occurred_at, recorded_at, payload, salt, payload_digest, hash)
            SELECT changed.number, entry.sequence, changed.last_transaction, \(commandID), entry.kind,
                entry.kind_version, \(actor.id), \(actor.name), \(actor.token), \(actor.role.rawValue), \(occurredAt),
                \(recordedAt),
                entry.payload::json, entry.salt, entry.digest, entry.hash
            FROM changed, unnest(\(entries.map(\.recorded.sequence)), \(entries.map(\.stored.kind)),
                \(entries.map(\.stored.version)), \(entries.map { String(decoding: $0.stored.payload, as: UTF8.self) }),
                \(entries.map(\.salt)), \(entries.map(\.payloadDigest)), \(entries.map(\.hash)))
                AS entry (sequence, kind, kind_version, payload, salt, digest, hash)
            """
    }

    /// The entries of an incident after a sequence, oldest first.
    ///
    /// - Parameter kinds: Only events of these kinds; nil reads all.
    func entries(
        of number: Int, kinds: [String]? = nil, after sequence: Int = 0, limit: Int, in runner: some SQLRunner
    ) async throws -> [TimelineEntry] {
        let condition: SQL = kinds.map { "AND kind = ANY (\($0))" } ?? ""
        let found = try await runner.query(
            """
            SELECT \(fragment: Self.columns) FROM timeline_entry
            WHERE incident = \(number) AND sequence > \(sequence) \(fragment: condition) ORDER BY sequence LIMIT \(limit)
            """)
        return try await WorkerPool.run { try found.map(Self.entry) }
    }

    /// The first entries after a sequence that somebody made, and neither the daemon nor a source of alerts (`Principal.isPerson`).
    func byPeople(
        of number: Int, after sequence: Int, limit: Int, in runner: some SQLRunner
    ) async throws -> [TimelineEntry] {
        let found = try await runner.query(
            """
            SELECT \(fragment: Self.columns) FROM timeline_entry
            WHERE incident = \(number) AND sequence > \(sequence) AND actor_id <> \(Principal.daemon.id)
                AND NOT starts_with(actor_id, \(Principal.sourcePrefix))
            ORDER BY sequence LIMIT \(limit)
            """)
        return try await WorkerPool.run { try found.map(Self.entry) }
    }

    /// The entries of a page between two sequences: at most `limit`, and of entries that are together larger than `bytesMax` no
    /// more than one behind it, which tells that there are more.
    ///
    /// - Parameter kinds: Only events of these kinds; nil reads all.
    func page(
        of number: Int, after sequence: Int, before end: Int = .max, kinds: [String]? = nil, order: TimelineOrder,
        limit: Int, bytesMax: Int, in runner: some SQLRunner
    ) async throws -> [TimelineEntry] {
        let condition: SQL = kinds.map { "AND kind = ANY (\($0))" } ?? ""
        let order: SQL =
            switch order {
            case .oldest: "sequence"
            case .newest: "sequence DESC"
            }
        let found = try await runner.query(
            """
            SELECT \(fragment: Self.columns) FROM (
                SELECT *, coalesce(sum(octet_length(payload::text)) OVER (
                    ORDER BY \(fragment: order) ROWS BETWEEN UNBOUNDED PRECEDING AND 2 PRECEDING), 0) AS bytes_before
                FROM (
                    SELECT \(fragment: Self.columns) FROM timeline_entry
                    WHERE incident = \(number) AND sequence > \(sequence) AND sequence < \(end)
                        \(fragment: condition)
                    ORDER BY \(fragment: order) LIMIT \(limit)
                ) AS entry
            ) AS page WHERE bytes_before < \(bytesMax) ORDER BY \(fragment: order)
            """)
        return try await WorkerPool.run { try found.map(Self.entry) }
    }

    /// The first entry that a command appended, to one incident or to any; nil when it was not carried out.
    func firstEntry(of commandID: UUID, on number: Int?, in runner: some SQLRunner) async throws -> TimelineEntry? {
        try await runner.query(
            """
            SELECT \(fragment: Self.columns) FROM timeline_entry
            WHERE command_id = \(commandID) AND incident = coalesce(\(number), incident)
            ORDER BY incident, sequence LIMIT 1
            """
        ).first.map(Self.entry)
    }

    /// The whole timeline of an incident, or all of its events of some kinds.
    func all(
        of number: Int, kinds: [String]? = nil, in runner: some SQLRunner
    ) async throws -> [TimelineEntry] {
        var found: [TimelineEntry] = []
        while true {
            let page = try await entries(
                of: number, kinds: kinds, after: found.last?.recorded.sequence ?? 0, limit: Self.pageRows, in: runner)
            found += page
            if page.count < Self.pageRows { return found }
        }
    }

    /// The incidents that an incident was merged with, directly or through others, undone or not; itself among them.
    func merged(with number: Int, in runner: some SQLRunner) async throws -> [Int] {
        try await runner.query(
            """
            WITH RECURSIVE merged (incident) AS (
                SELECT \(number)::bigint
                UNION
                SELECT coalesce(payload ->> 'into', payload ->> 'number')::bigint
                FROM merged JOIN timeline_entry USING (incident)
                WHERE kind IN (\(IncidentMerged.kind), \(IncidentAbsorbed.kind))
            )
            SELECT incident FROM merged
            """
        ).map { try $0.decode("incident") }
    }

    /// Puts `replacement` in the place of an entry's payload and drops its salt. It is announced by an entry of its own.
    func redact(_ sequence: Int, of number: Int, replacement: [UInt8], in runner: some SQLRunner) async throws {
        _ = try await runner.query(
            """
            UPDATE timeline_entry SET payload = \(String(decoding: replacement, as: UTF8.self))::json, salt = NULL,
                redacted_at = greatest(clock_timestamp(), redacted_at + interval '1 microsecond')
            WHERE incident = \(number) AND sequence = \(sequence)
            """)
    }

    static let pageRows = 1000

    /// Refuses a second opening by the same command.
    static let openingConstraint = "timeline_entry_opening"

    static let columns: SQL = """
        incident, sequence, kind, kind_version, actor_id, actor_name, actor_token, actor_role, occurred_at, recorded_at, payload,
        salt, payload_digest, hash
        """

    static func entry(_ row: PostgresRow) throws -> TimelineEntry {
        let payload: PostgresJSON = try row.decode("payload")
        let stored = EventCodec.Stored(
            kind: try row.decode("kind"), version: try row.decode("kind_version"), payload: payload.bytes)
        let role: String = try row.decode("actor_role")
        let recorded = RecordedEvent(
            sequence: try row.decode("sequence"),
            event: try EventCodec.decode(kind: stored.kind, version: stored.version, payload: stored.payload),
            actor: Principal(
                id: try row.decode("actor_id"), name: try row.decode("actor_name"),
                role: Role(rawValue: role) ?? .viewer, token: try row.decode("actor_token")),
            occurredAt: try row.decode("occurred_at"), recordedAt: try row.decode("recorded_at"))
        return TimelineEntry(
            incident: try row.decode("incident"), recorded: recorded, stored: stored, salt: try row.decode("salt"),
            payloadDigest: try row.decode("payload_digest"), hash: try row.decode("hash"))
    }
}
