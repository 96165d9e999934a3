import FoundationEssentials
import IncidentDomain

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
