import IncidentDomain
import Postgres

/// Reads incidents' rows for checking them against their timelines.
struct VerificationStore: Sendable {
    /// What a row says of its incident, in its columns and in its state.
    struct Row: Sendable {
        let number: Int
        let version: Int
        let columns: Columns
        let representation: [UInt8]
        let policy: String
        let incident: Incident
        let lastHash: [UInt8]
    }

    /// The columns that repeat parts of the state, for finding incidents by them.
    struct Columns: Equatable, Sendable {
        var phase: String
        var severity: String?
        var cause: String?
        var title: String
        var summary: String?
        var labels: [String: String]
        var components: [String]
        var openedAt: Timestamp
        var nextDeadline: Timestamp?
    }

    let pool: PostgresPool

    /// Rows of incidents with greater numbers than `number`, in order.
    func rows(after number: Int, limit: Int) async throws -> [Row] {
        try await pool.query(
            """
            SELECT number, version, last_hash, state, phase, severity, cause, title, summary, labels, components,
                opened_at, next_deadline_at, representation, policy
            FROM incident WHERE number > \(number) ORDER BY number LIMIT \(limit)
            """
        ).map { row in
            let stored = try IncidentStore.row(row)
            let representation: String = try row.decode("representation")
            return Row(
                number: try row.decode("number"), version: try row.decode("version"), columns: try Columns(row),
                representation: Array(representation.utf8), policy: try row.decode("policy"),
                incident: stored.incident, lastHash: stored.lastHash)
        }
    }

    /// SHA-256 of the files of an incident, in hexadecimal digits, by their numbers.
    func attachmentDigests(of incident: Int) async throws -> [Int: String] {
        let rows = try await pool.query(
            "SELECT number, encode(sha256(bytes), 'hex') AS digest FROM attachment WHERE incident = \(incident)")
        return try rows.reduce(into: [:]) { $0[try $1.decode("number")] = try $1.decode("digest") as String }
    }
}

extension VerificationStore.Columns {
    fileprivate init(_ row: PostgresRow) throws {
        self.init(
            phase: try row.decode("phase"), severity: try row.decode("severity"), cause: try row.decode("cause"),
            title: try row.decode("title"), summary: try row.decode("summary"),
            labels: try AlertTexts.texts(try row.decode("labels")), components: try row.decode("components"),
            openedAt: try row.decode("opened_at"), nextDeadline: try row.decode("next_deadline_at"))
    }

    /// As they have to be.
    init(of incident: Incident) {
        self.init(
            phase: incident.phase.rawValue, severity: incident.severity?.rawValue,
            cause: incident.cause?.category.rawValue, title: incident.title, summary: incident.summary,
            labels: incident.labels, components: IncidentColumns.components(incident),
            openedAt: incident.times.detectedAt, nextDeadline: incident.nextDeadline)
    }
}
