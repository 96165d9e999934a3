import FoundationEssentials
import IncidentDomain
import Postgres

/// An alert as it is stored and shown.
struct StoredAlert: Sendable {
    let id: UUID
    let source: UUID
    let identity: String
    let title: String
    let status: AlertStatus
    let occurrences: Int
    let startsAt: Timestamp
    let firstSeenAt: Timestamp
    let lastSeenAt: Timestamp
    let acknowledgedAt: Timestamp?
    let acknowledgedBy: String?
    let resolvedAt: Timestamp?
    let component: String?
    let severity: String?
    let labels: PostgresJSON
    let annotations: PostgresJSON
    let incident: Int?
    /// When it is over unless it is said again.
    let expiresAt: Timestamp?
    let flaps: Int
    /// Since when a flapping alert says that it is over.
    let quietSince: Timestamp?
    /// The routing rule that took it.
    let rule: UUID?
    /// Why it opens no incident, and until when.
    let held: String?
    let heldUntil: Timestamp?
    /// The silence that keeps it back.
    let silence: UUID?
    /// How many messages about it changed nothing since they came too late, why the last one did, and when.
    let ignored: Int
    let ignoredReason: String?
    let ignoredAt: Timestamp?

    /// JSON, for those who do not know how it is stored.
    var labelBytes: [UInt8] { labels.bytes }
    var annotationBytes: [UInt8] { annotations.bytes }

    static let columns: SQL = """
        id, source, identity, title, status, occurrences, starts_at, first_seen_at, last_seen_at, acknowledged_at,
        acknowledged_by, resolved_at, component, severity, labels, annotations, incident, expires_at, flaps::bigint AS flaps,
        quiet_since, rule, held, held_until, silence, coalesce(ignored, 0) AS ignored, ignored_reason, ignored_at
        """

    init(_ row: PostgresRow) throws {
        id = try row.decode("id")
        source = try row.decode("source")
        identity = try row.decode("identity")
        title = try row.decode("title")
        let status: String = try row.decode("status")
        guard let known = AlertStatus(rawValue: status) else {
            throw PostgresError.decoding(column: "status", reason: "is no status of an alert")
        }
        self.status = known
        occurrences = try row.decode("occurrences")
        startsAt = try row.decode("starts_at")
        firstSeenAt = try row.decode("first_seen_at")
        lastSeenAt = try row.decode("last_seen_at")
        acknowledgedAt = try row.decode("acknowledged_at")
        acknowledgedBy = try row.decode("acknowledged_by")
        resolvedAt = try row.decode("resolved_at")
        component = try row.decode("component")
        severity = try row.decode("severity")
        labels = try row.decode("labels")
        annotations = try row.decode("annotations")
        incident = try row.decode("incident")
        expiresAt = try row.decode("expires_at")
        flaps = try row.decode("flaps")
        quietSince = try row.decode("quiet_since")
        rule = try row.decode("rule")
        held = try row.decode("held")
        heldUntil = try row.decode("held_until")
        silence = try row.decode("silence")
        ignored = try row.decode("ignored")
        ignoredReason = try row.decode("ignored_reason")
        ignoredAt = try row.decode("ignored_at")
    }
}

extension StoredAlert: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { write(into: &$0) }
    }

    /// Its members, for an object that has more.
    func write(into json: inout JSONWriter) {
        json.member("id", id)
        json.member("source", source)
        json.member("identity", identity)
        json.member("title", title)
        json.member("status", status.rawValue)
        json.member("occurrences", occurrences)
        json.member("starts_at", startsAt)
        json.member("first_seen_at", firstSeenAt)
        json.member("last_seen_at", lastSeenAt)
        json.member("acknowledged_at", acknowledgedAt)
        json.member("acknowledged_by", acknowledgedBy)
        json.member("resolved_at", resolvedAt)
        json.member("expires_at", quietSince == nil ? expiresAt : nil)
        json.member("flapping", flaps >= AlertFlapping.flapsMin)
        json.member("quiet_since", quietSince)
        json.member("component", component)
        json.member("severity", severity)
        json.name("labels")
        json.raw(labels.bytes)
        json.name("annotations")
        json.raw(annotations.bytes)
        json.member("incident", incident)
        json.member("rule", rule)
        json.member("held", held)
        json.member("held_until", heldUntil)
        json.object("ignored") { json in
            json.member("messages", ignored)
            json.member("last_reason", ignoredReason)
            json.member("last_at", ignoredAt)
        }
    }
}
