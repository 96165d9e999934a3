/// What the public page, its feeds and its JSON say that nobody typed.
extension PublicStatus {
    /// Public names of some components, as a list in a sentence.
    package func names(_ ids: [String], max: Int = 3) -> Phrase {
        let names = ids.compactMap { component($0)?.name }.map(Phrase.typed)
        switch names.count {
        case 0: return ""
        case 1: return names[0]
        case 2...max: return "\(names.dropLast().joined(separator: ", ")) and \(names[names.count - 1])"
        default: return "\(names.prefix(max).joined(separator: ", ")) and \(.number(names.count - max)) more"
        }
    }

    /// What an incident is called outside: its public components and the worst that happened to them.
    package func name(of incident: PublicIncident) -> Phrase {
        let names = names(incident.hits.map(\.component))
        guard !names.isEmpty else { return "Service disruption" }
        switch incident.worst {
        case .majorOutage: return "\(names): major outage"
        case .partialOutage: return "\(names): partial outage"
        case .degraded, .maintenance, .some(.none), nil: return "\(names): degraded performance"
        }
    }

    /// What maintenance is called outside.
    package func name(of maintenance: PublicMaintenance) -> Phrase {
        "Planned maintenance: \(names(maintenance.components))"
    }

    /// How far restoring is: `12 of 25 services are back. Back: ... Next: ...`
    package func text(of progress: PublicIncident.Progress) -> Phrase {
        guard progress.total > 1 else {
            return progress.back.isEmpty ? "The service is not back yet." : "The service is back."
        }
        let count: Phrase = "\(.number(progress.back.count)) of \(.number(progress.total)) services are back."
        let back: Phrase = progress.back.isEmpty ? "" : " Back: \(names(progress.back, max: 5))."
        let next: Phrase = progress.next.isEmpty ? "" : " Next: \(names(progress.next, max: 3))."
        return "\(count)\(back)\(next)"
    }

    /// The state of everything in one sentence.
    package var sentence: Phrase {
        switch indicator {
        case .none: return "All systems are operational."
        case .minor:
            let affected = rows.filter { $0.state == .degradedPerformance }.map(\.component.id)
            return affected.isEmpty
                ? "There is a service disruption." : "\(names(affected)): performance is degraded."
        case .major:
            return "Partial outage: \(names(rows.filter { $0.state == .partialOutage }.map(\.component.id)))."
        case .critical:
            let worst: Phrase = "Major outage: \(names(rows.filter { $0.state == .majorOutage }.map(\.component.id)))."
            let partly = rows.count { $0.state == .partialOutage }
            guard partly > 0 else { return worst }
            let more: Phrase = partly == 1 ? "1 more is partly down." : "\(.number(partly)) more are partly down."
            return "\(worst) \(more)"
        case .maintenance: return "Planned maintenance is in progress."
        }
    }
}

extension PublicIncidentStatus {
    package var phrase: Phrase {
        switch self {
        case .investigating: "Investigating"
        case .identified: "Identified"
        case .monitoring: "Monitoring"
        case .resolved: "Resolved"
        case .postmortem: "Post-mortem published"
        }
    }
}

extension PublicComponentState {
    package var phrase: Phrase {
        switch self {
        case .operational: "Operational"
        case .degradedPerformance: "Degraded performance"
        case .partialOutage: "Partial outage"
        case .majorOutage: "Major outage"
        case .underMaintenance: "Under maintenance"
        }
    }
}

extension PublicMaintenanceStatus {
    package var phrase: Phrase {
        switch self {
        case .scheduled: "Scheduled"
        case .inProgress: "In progress"
        case .completed: "Completed"
        }
    }
}
