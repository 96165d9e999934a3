import FoundationEssentials
import IncidentDomain

/// One alert as a format read it from a foreign payload, before it is stored.
struct IncomingAlert: Hashable, Sendable {
    /// Whether it began or ended.
    enum Status: String, Hashable, Sendable {
        case firing, resolved
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
}

/// What one message of a source says.
struct IncomingMessage: Sendable {
    var alerts: [IncomingAlert]
    /// A group of which everything is over, including alerts that the message had no room to name.
    var resolvedGroup: String?
}
