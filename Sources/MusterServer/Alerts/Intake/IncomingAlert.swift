import FoundationEssentials
import IncidentDomain

/// One alert as a format read it from a foreign payload, before it is stored.
struct IncomingAlert: Hashable, Sendable {
    /// What the message says of it.
    enum Status: String, CaseIterable, Hashable, Sendable {
        /// It began, or goes on.
        case firing
        /// Somebody looks at it: of an open alert, else of nothing.
        case acknowledged
        case resolved
    }

    /// Names the alert within its source, the same for every message about it.
    var identity: String
    /// Alerts with the same key belong into one incident.
    var groupKey: String
    var status: Status
    var title: String
    var component: String?
    var severity: String?
    /// When it began, as the sender says; nil when the sender does not say.
    var startsAt: Timestamp?
    /// When it ended, as the sender says.
    var endsAt: Timestamp?
    var labels: [String: String]
    var annotations: [String: String]
    /// When it is over by itself unless it is said again; for formats that work so, as Prometheus' own API.
    var expiresAt: Timestamp? = nil
    /// Who acknowledged or ended it, where a message names somebody.
    var actor: String? = nil
    /// The id that its sender has been told already; nil lets the store choose.
    var id: UUID? = nil
    /// The routing rule that took it.
    var rule: UUID? = nil
    /// What the sender calls its group, when a rule groups it otherwise.
    var sentGroup: String? = nil
    var payload = AlertPayload.whole([])
    /// Whether a repetition is counted and changes nothing else.
    var isOnlyCounted = false

    /// The content hash of an alert whose repetitions are only counted: they all say the same then.
    static let contentHashOfCounted = 0

    /// What is known after a repetition of a firing: what it says goes before what was said, and what it does not say (no
    /// title of its own, no severity, an annotation that it lacks) stays. The rest is that of the beginning.
    func repeated(by later: IncomingAlert) -> IncomingAlert {
        var alert = self
        alert.expiresAt = later.expiresAt
        guard !later.isOnlyCounted else { return alert }
        if later.title != later.identity { alert.title = later.title }
        alert.severity = later.severity ?? severity
        alert.annotations.merge(later.annotations) { _, said in said }
        if alert.annotations.count > ForeignText.labelsMax { alert.annotations = later.annotations }
        return alert
    }

    /// A hash of everything that a repetition would change in the stored alert, but its times: equal for equal content in
    /// every program, so it may never be computed in another way (FNV-1a, and a sum of the annotations, which have no order).
    /// It is stored in the column `words`.
    var contentHash: Int {
        guard !isOnlyCounted else { return Self.contentHashOfCounted }
        var hash = FNV1a()
        hash.add(title)
        hash.add(0xFF)
        hash.add(severity ?? "")
        hash.add(severity == nil ? 0 : 1)
        var sum = hash.value
        for (name, text) in annotations {
            var hash = FNV1a()
            hash.add(name)
            hash.add(0xFF)
            hash.add(text)
            sum &+= hash.value
        }
        return Int(truncatingIfNeeded: sum)
    }
}

/// Something was changed: a deployment, a configuration. Kept and shown beside incidents.
struct IncomingChange: Hashable, Sendable {
    var summary: String
    var source: String?
    var component: String?
    /// When it was done, as the sender says.
    var at: Timestamp?
    var labels: [String: String]
    /// Where to read more.
    var links: [String]
}

/// What one message of a source says.
struct IncomingMessage: Sendable {
    var alerts: [IncomingAlert]
    /// A group of which everything is over, including alerts that the message had no room to name.
    var resolvedGroup: String? = nil
    var changes: [IncomingChange] = []
    /// Where an administrator confirms that messages may come, as Amazon SNS asks before the first one.
    var confirmationURL: String? = nil
    /// What of the message could not be read, while the rest of it could.
    var refused: Refused? = nil

    /// Elements of a list that are wrong.
    struct Refused: Sendable {
        let errors: [FieldError]
        /// The message with these alone, to be kept as a dead letter.
        let rest: JSONValue
    }

    /// Whether it says nothing of any alert: a test, an installation, a state in between.
    var saysNothing: Bool {
        alerts.isEmpty && resolvedGroup == nil && changes.isEmpty && confirmationURL == nil
    }
}

/// What the sender sent of an alert, for people to look at.
enum AlertPayload: Hashable, Sendable {
    /// All of a message about one alert, as it came.
    case whole([UInt8])
    /// The part of a message about several alerts that is about this one: written out only if it is kept.
    case part(JSONValue)

    /// Bytes that are kept.
    static let bytesMax = 16_384

    /// Whether less is kept than came.
    var isCut: Bool {
        switch self {
        case .whole(let bytes): bytes.count > Self.bytesMax
        case .part(let value): value.bytes.count > Self.bytesMax
        }
    }

    /// What is kept; a character of several bytes is not cut in two.
    var kept: [UInt8] {
        let bytes =
            switch self {
            case .whole(let bytes): bytes
            case .part(let value): value.bytes
            }
        guard bytes.count > Self.bytesMax else { return bytes }
        var end = Self.bytesMax
        while end > 0, bytes[end] & 0xC0 == 0x80 { end -= 1 }
        return Array(bytes[..<end])
    }
}

/// Deduplication keys of senders (identity and group), kept to a length that an index can hold.
enum AlertKey {
    private static let bytesMax = 1000

    /// The key itself, or its SHA-256 when it is too long: cutting it could make two of one.
    static func bounded(_ key: String) -> String {
        guard key.utf8.count > bytesMax else { return key }
        return "sha256:" + HashChain.hex(OpenSSL.sha256(Array(key.utf8)))
    }

    /// Stands for an alert of a source in memory, while this program runs. Two alerts of one hash are rare, and have to do no
    /// harm.
    static func hash(of identity: String, from source: UUID) -> Int {
        var hasher = Hasher()
        hasher.combine(source)
        hasher.combine(identity)
        return hasher.finalize()
    }
}
