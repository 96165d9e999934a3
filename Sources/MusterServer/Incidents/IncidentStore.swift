import FoundationEssentials
import IncidentDomain
import Postgres

/// What runs a statement: the pool, each statement by itself, or an open transaction.
protocol SQLRunner: Sendable {
    func query(_ sql: SQL) async throws -> PostgresResult
    func pipeline(_ statements: [SQL]) async throws -> [PostgresResult]
    /// Notes rows that cannot be understood.
    var unreadable: UnreadableRows { get }
}

extension PostgresTransaction: SQLRunner {}

extension PostgresPool: SQLRunner {
    @discardableResult
    func query(_ sql: SQL) async throws -> PostgresResult { try await query(sql, deadline: nil) }

    @discardableResult
    func pipeline(_ statements: [SQL]) async throws -> [PostgresResult] {
        try await pipeline(statements, deadline: nil)
    }
}

/// The rows of incidents: loading one for a command, and writing it together with its new timeline entries.
struct IncidentStore: Sendable {
    /// An incident's row as a command needs it.
    struct Row: Sendable {
        var incident: Incident
        let lastHash: [UInt8]
        /// Of the payloads in its timeline, as far as they were counted.
        var timelineBytes = 0
        /// Whether the row was of an older form, and this is what its timeline says.
        var isRebuilt = false
    }

    /// All that one round trip brings for a command.
    struct Loaded: Sendable {
        /// Nil when there is no such incident.
        let row: Row?
        /// The database's time.
        let now: Timestamp
        let catalogVersion: Int
    }

    private let memory = IncidentMemory()

    /// How to hold the row while deciding.
    enum Hold: Sendable {
        /// Not at all: the write compares the version instead.
        case version
        /// Until the transaction ends.
        case lock
    }

    /// The versions of an incident and of the catalog, whatever else can be read of them; nil when there is no such incident.
    func versions(of number: Int, in runner: some SQLRunner) async throws -> (incident: Int, catalog: Int)? {
        try await runner.query(
            "SELECT incident.version, catalog.version FROM incident CROSS JOIN catalog WHERE number = \(number)"
        ).first.map { (try $0.decode(0), try $0.decode(1)) }
    }

    /// Loads what a command on an incident needs. `number` nil brings only the time and the catalog's version.
    func load(_ number: Int?, hold: Hold = .version, in runner: some SQLRunner) async throws -> Loaded {
        let lock: SQL =
            switch hold {
            case .version: ""
            case .lock: " FOR UPDATE OF incident"
            }
        let known = number.flatMap(memory.known)
        let source: SQL = """
            SELECT version, last_hash, timeline_bytes, CASE WHEN last_hash <> \(known?.lastHash ?? []) THEN state END AS state
            FROM incident WHERE number = \(number ?? 0)
            """
        let result = try await runner.query(
            """
            SELECT catalog.version AS catalog, now() AS now, loaded.version, loaded.last_hash,
                loaded.timeline_bytes, loaded.state
            FROM catalog LEFT JOIN (\(fragment: source)\(fragment: lock)) AS loaded ON true
            """)
        guard let row = result.first else {
            throw PostgresError.decoding(column: "catalog", reason: "the catalog's row is missing")
        }
        var found = try row.decode("version", as: Int?.self) == nil ? nil : self.row(row, known)
        if let stored = found, stored.incident.isOfOlderForm {
            let incident = try await Self.rebuilt(stored.incident, in: runner)
            found?.incident = incident
            found?.isRebuilt = !incident.isOfOlderForm
        }
        return Loaded(row: found, now: try row.decode("now"), catalogVersion: try row.decode("catalog"))
    }

    /// What the timeline of an incident says of it, when a release that kept less wrote its row last. As it was stored when the
    /// timeline cannot be read.
    private static func rebuilt(_ stored: Incident, in runner: some SQLRunner) async throws -> Incident {
        do {
            let entries = try await TimelineStore().all(of: stored.number, in: runner)
            let replayed = entries.prefix(stored.version)
                .reduce(Incident?.none) { Incident.evolve($0, $1.recorded, number: stored.number) }
            guard let replayed, replayed.version == stored.version else { return stored }
            return replayed
        } catch is EventCodec.Unreadable {
            return stored
        }
    }

    /// The numbers of incidents whose rows a release wrote last that kept less, in order.
    func numbersOfOlderForm(after number: Int, limit: Int, in runner: some SQLRunner) async throws -> [Int] {
        try await runner.query(
            """
            SELECT number FROM incident
            WHERE number > \(number) AND coalesce((state ->> 'form')::integer, 0) < \(Incident.currentForm)
            ORDER BY number LIMIT \(limit)
            """
        ).map { try $0.decode("number") }
    }

    /// Writes what follows from an incident's timeline into its row, without a new entry. The row is held.
    func rewrite(_ incident: Incident, policy: PhasePolicy, in runner: some SQLRunner) async throws {
        let shown = String(decoding: IncidentRepresentation.bytes(of: incident, policy: policy), as: UTF8.self)
        _ = try await runner.query(
            """
            UPDATE incident SET \(fragment: Self.searched(incident)),
                state = \(try IncidentColumns.state(incident))::json, representation = \(shown),
                policy = \(IncidentRepresentation.stamp(policy))
            WHERE number = \(incident.number) AND version = \(incident.version)
            """)
    }

    private func row(_ row: PostgresRow, _ known: IncidentMemory.Known?) throws -> Row {
        guard let state: PostgresJSON = try row.decode("state") else {
            guard let known else { throw PostgresError.decoding(column: "state", reason: "it is missing") }
            return Row(
                incident: known.incident, lastHash: known.lastHash, timelineBytes: try row.decode("timeline_bytes"))
        }
        var found = try Self.row(row)
        found.timelineBytes = try row.decode("timeline_bytes")
        // One of an older form is made anew each time, until somebody writes it.
        if !found.incident.isOfOlderForm {
            memory.remember(.init(incident: found.incident, lastHash: found.lastHash, bytes: state.bytes.count))
        }
        return found
    }

    /// How many other incidents a plan looks at, the newest first.
    private static let othersMax = 20

    /// The steps of other open incidents that name one of some components.
    static func steps(of components: [String], except number: Int) -> SQL {
        """
        SELECT number, phase = 'review' AS is_over, (
            SELECT coalesce(json_agg(step), '[]') FROM json_array_elements(state -> 'steps') AS step
            WHERE split_part(step ->> 'component', '@', 1) = ANY (\(components))
        ) AS steps FROM incident
        WHERE components && \(components) AND phase IN ('detect', 'assess', 'mitigate', 'restore', 'review')
            AND number <> \(number)
        ORDER BY number DESC LIMIT \(othersMax)
        """
    }

    /// What cannot be read holds up nothing.
    static func steps(_ result: PostgresResult) throws -> OtherRestorations {
        OtherRestorations(
            try result.flatMap { row -> [OtherRestorations.Step] in
                let incident: Int = try row.decode("number")
                let json: PostgresJSON = try row.decode("steps")
                let steps = try? JSONDecoder().decode([RestorationStep].self, from: Data(json.bytes))
                // What is only reviewed holds up nothing any more; what came back there is back.
                let isOver: Bool = try row.decode("is_over")
                return (steps ?? []).filter { !isOver || $0.state == .restored }
                    .map { OtherRestorations.Step(incident: incident, step: $0) }
            })
    }

    /// The number for a new incident. A number that is not used in the end is a gap, so it is asked for only when the
    /// decision to open has been made.
    func nextNumber(in runner: some SQLRunner) async throws -> Int {
        guard let row = try await runner.query("SELECT nextval('incident_number') AS number").first else {
            throw PostgresError.decoding(column: "number", reason: "a sequence always answers")
        }
        return try row.decode("number")
    }

    /// Writes the row and appends the entries, in one statement.
    ///
    /// - Returns: False when somebody else changed the incident since it was loaded; nothing was written then.
    func write(_ change: IncidentChange, in runner: some SQLRunner) async throws -> Bool {
        let row = change.before == nil ? Self.insert(change) : Self.update(change)
        let written: SQL =
            "WITH changed AS (\(fragment: row)) \(fragment: TimelineStore.append(change.entries, commandID: change.commandID))"
        let learnt = DurationStore.learn(from: change)
        let result =
            learnt.isEmpty ? try await runner.query(written) : try await runner.pipeline([written] + learnt)[0]
        guard result.affectedRows == change.entries.count else { return false }
        // Also when it is rolled back in the end: no row then has this hash.
        memory.remember(.init(incident: change.after, lastHash: change.lastHash, bytes: change.state.utf8.count))
        return true
    }

    private static func insert(_ change: IncidentChange) -> SQL {
        let incident = change.after
        return """
            INSERT INTO incident (number, version, phase, severity, cause, title, summary, labels, components, opened_at,
                next_deadline_at, last_hash, timeline_bytes, state, representation, policy)
            VALUES (\(incident.number), \(incident.version), \(incident.phase.rawValue), \(incident.severity?.rawValue),
                \(incident.cause?.category.rawValue), \(incident.title), \(incident.summary),
                \(IncidentColumns.labels(incident)), \(IncidentColumns.components(incident)),
                \(incident.times.detectedAt), \(incident.nextDeadline), \(change.lastHash), \(change.bytes),
                \(change.state)::json, \(change.representation), \(change.policy))
            RETURNING number, last_transaction
            """
    }

    /// The columns by which incidents are found, as they follow from the state.
    private static func searched(_ incident: Incident) -> SQL {
        """
        phase = \(incident.phase.rawValue), severity = \(incident.severity?.rawValue),
        cause = \(incident.cause?.category.rawValue), title = \(incident.title), summary = \(incident.summary),
        labels = \(IncidentColumns.labels(incident)), components = \(IncidentColumns.components(incident)),
        next_deadline_at = \(incident.nextDeadline)
        """
    }

    private static func update(_ change: IncidentChange) -> SQL {
        let incident = change.after
        return """
            UPDATE incident SET version = \(incident.version), \(fragment: searched(incident)),
                last_hash = \(change.lastHash), timeline_bytes = timeline_bytes + \(change.bytes),
                state = \(change.state)::json,
                representation = \(change.representation), policy = \(change.policy),
                last_transaction = greatest(last_transaction, pg_current_xact_id())
            WHERE number = \(incident.number) AND version = \(change.before?.version ?? 0)
            RETURNING number, last_transaction
            """
    }

    static func row(_ row: PostgresRow) throws -> Row {
        let state: PostgresJSON = try row.decode("state")
        return Row(incident: try IncidentColumns.incident(state.bytes), lastHash: try row.decode("last_hash"))
    }
}

/// What the columns of an incident's row hold, beside the plain ones.
enum IncidentColumns {
    static func state(_ incident: Incident) throws -> String {
        try StoredJSON.text(incident)
    }

    static func incident(_ state: [UInt8]) throws -> Incident {
        try JSONDecoder().decode(Incident.self, from: Data(state))
    }

    static func labels(_ incident: Incident) -> PostgresJSON {
        var json = JSONWriter(capacity: 128)
        json.object { json in
            for (name, value) in incident.labels.sorted(by: { $0.key < $1.key }) { json.member(name, value) }
        }
        return PostgresJSON(bytes: json.bytes)
    }

    /// Every component that was or is affected, for finding incidents by component.
    static func components(_ incident: Incident) -> [String] {
        Set(incident.impacts.map(\.component)).union(incident.firing.keys.filter { !$0.isEmpty }).sorted()
    }
}
