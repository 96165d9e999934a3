/// What a pager does about a notice. It is told of nothing else.
enum PagerAction: Hashable, Sendable {
    case trigger, acknowledge, resolve

    /// Nil when it does nothing: a pager rings for what opens, becomes worse, comes back or was not answered elsewhere, and falls
    /// silent when somebody acknowledges or users are well again.
    init?(_ notice: Notice) {
        guard let incident = notice.incident else {
            guard notice.kind == NoticeKinds.test else { return nil }
            self = .trigger
            return
        }
        switch notice.kind {
        case "incident_opened", "severity_set", "phase_reverted", NoticeKinds.page, NoticeKinds.test:
            // What is over by now rings nobody, and a trigger would open an alert that nothing ends.
            self = incident.isOver ? .resolve : .trigger
        case "acknowledged": self = incident.isOver ? .resolve : .acknowledge
        case "phase_entered", "incident_dismissed", "incident_merged", "self_recovered":
            guard incident.isOver else { return nil }
            self = .resolve
        case _: return nil
        }
    }
}
