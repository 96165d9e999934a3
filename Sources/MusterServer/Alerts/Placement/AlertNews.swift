import FoundationEssentials
import IncidentDomain

/// What an incident hears of new alerts of one group.
struct AlertNews: Sendable {
    let key: AlertGroup.Key
    let sourceName: String
    let mentions: [AlertMention]
    /// The components that they fire on.
    let firingComponents: Set<String>

    /// The source acts in its own name.
    var principal: Principal { .source(key.source, name: sourceName) }

    /// A firing alert on a component of the catalog is evidence of harm; how bad it is, people say. What they have said
    /// already stays.
    func impacts(graph: DependencyGraph, beside incident: Incident?) -> [ComponentImpact] {
        guard incident?.phase != .review else { return [] }
        let known = Set(incident?.impacts.map(\.component) ?? [])
        return firingComponents.subtracting(known).filter { graph.components[$0] != nil }.sorted()
            .map { ComponentImpact(component: $0, impact: .degraded) }
    }
}

extension Principal {
    /// A source that does something, or somebody of whom it told.
    static func source(_ id: UUID, name: String) -> Principal {
        Principal(id: "source:\(id.uuidString.lowercased())", name: name, role: .responder)
    }
}
