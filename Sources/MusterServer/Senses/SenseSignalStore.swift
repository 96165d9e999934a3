import FoundationEssentials
import IncidentDomain
import Postgres

/// What an alert of Muster's own has to hear: that it began, or that it is over.
struct SenseSignal: Hashable, Sendable {
    let source: UUID
    /// The name of the heartbeat or probe.
    let identity: String
    let title: String
    let component: String?
    let severity: String?
    let labels: [String: String]
    let annotations: [String: String]
    let startsAt: Timestamp
    /// Nil while it goes on.
    let endsAt: Timestamp?

    /// The alert says the same however often it is told: its name and its beginning tell it from all others.
    var alert: IncomingAlert {
        IncomingAlert(
            identity: identity, groupKey: identity, status: endsAt == nil ? .firing : .resolved, title: title,
            component: component, severity: severity, startsAt: startsAt, endsAt: endsAt, labels: labels,
            annotations: annotations)
    }
}

/// The signals that no alert has heard yet. They are written in the statement that changes the heartbeat or probe, and go
/// when the alert is committed: whatever ends in between, nothing is lost, and telling twice changes nothing.
struct SenseSignalStore: Sendable {
    let pool: PostgresPool

    /// A signal that this daemon is to tell.
    struct Claimed: Sendable {
        let turn: Int
        let signal: SenseSignal
    }

    /// For how long a claim keeps others away.
    private static let lease: SQL = "interval '10 seconds'"

    /// Stores what `rows` selects, in the order of the columns below. The newest signal of a heartbeat or probe replaces the
    /// one that was not told: what counts is how it stands.
    static func put(_ rows: SQL) -> SQL {
        """
        INSERT INTO sense_signal (source, identity, firing, title, component, severity, labels, annotations, starts_at,
            ends_at)
        \(fragment: rows)
        ON CONFLICT (source, identity) DO UPDATE SET turn = excluded.turn, firing = excluded.firing,
            title = excluded.title, component = excluded.component, severity = excluded.severity,
            labels = excluded.labels, annotations = excluded.annotations, starts_at = excluded.starts_at,
            ends_at = excluded.ends_at, claimed_until = '-infinity'
        """
    }

    /// Stores signals, if a condition holds; each heartbeat or probe stands at most once.
    static func put(_ signals: [SenseSignal], if condition: SQL = "true") -> SQL {
        put(
            """
            SELECT source, identity, ends_at IS NULL, title, component, severity, labels, annotations, starts_at, ends_at
            FROM unnest(\(signals.map(\.source)), \(signals.map(\.identity)), \(signals.map(\.title)),
                \(signals.map(\.component)), \(signals.map(\.severity)),
                \(signals.map { AlertTexts.json($0.labels) }), \(signals.map { AlertTexts.json($0.annotations) }),
                \(signals.map(\.startsAt)), \(signals.map(\.endsAt)))
                AS signal (source, identity, title, component, severity, labels, annotations, starts_at, ends_at)
            WHERE \(fragment: condition) ORDER BY source, identity
            """)
    }

    /// Takes the oldest signals that nobody tells at the moment.
    func claim(limit: Int) async throws -> [Claimed] {
        let rows = try await pool.query(
            """
            UPDATE sense_signal AS signal SET claimed_until = now() + \(fragment: Self.lease)
            FROM (
                SELECT source, identity FROM sense_signal WHERE claimed_until <= now()
                ORDER BY turn LIMIT \(limit) FOR UPDATE SKIP LOCKED
            ) AS free
            WHERE signal.source = free.source AND signal.identity = free.identity
            RETURNING signal.source, signal.identity, turn, title, component, severity, labels, annotations, starts_at,
                ends_at
            """)
        let read = Self.reader.read(rows, in: pool)
        let unreadable = try zip(rows, read).filter { $0.1.reason != nil }.map { try $0.0.decode("turn", as: Int.self) }
        if !unreadable.isEmpty { try await setAside(turns: unreadable) }
        return read.compactMap(\.readable)
    }

    private static let reader = RowReader(table: "sense_signal", key: { try $0.decode("identity") }) { row in
        Claimed(
            turn: try row.decode("turn"),
            signal: SenseSignal(
                source: try row.decode("source"), identity: try row.decode("identity"),
                title: try row.decode("title"), component: try row.decode("component"),
                severity: try row.decode("severity"), labels: try AlertTexts.texts(try row.decode("labels")),
                annotations: try AlertTexts.texts(try row.decode("annotations")),
                startsAt: try row.decode("starts_at"), endsAt: try row.decode("ends_at")))
    }

    /// Keeps signals that cannot be told away from the head of the queue: they are tried once an hour, or when their
    /// heartbeat or probe has something new to say.
    func setAside(turns: [Int]) async throws {
        _ = try await pool.query(
            "UPDATE sense_signal SET claimed_until = now() + interval '1 hour' WHERE turn = ANY (\(turns))")
    }

    /// Removes what was told. What changed meanwhile has another turn, and stays.
    func remove(turns: [Int]) async throws {
        _ = try await pool.query("DELETE FROM sense_signal WHERE turn = ANY (\(turns))")
    }
}
