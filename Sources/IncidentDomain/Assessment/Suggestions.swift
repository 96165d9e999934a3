/// What the catalog's graph has to say while an incident is assessed: what may be the root, what else is probably hit, how
/// severe that is. Each with its reasons, for a person to judge; nothing is ever applied.
package struct Suggestions: Hashable, Sendable {
    /// What the roots explain: components on which alerts fire, and those with an ongoing impact; by slug.
    package let symptoms: [String]
    /// On how many of them alerts fire.
    package let firing: Int
    /// Named by alerts or impacts, and not in the catalog; by slug.
    package let unknown: [String]
    /// Unresolved alerts that name no component.
    package let anonymousAlerts: Int
    /// Independent roots, the best first.
    package let roots: [SuggestedRoot]
    /// Components that nobody has given an impact, the most critical first; at most `affectedMax`.
    package let affected: [SuggestedImpact]
    /// How many there are in all.
    package let affectedTotal: Int
    package let severity: SuggestedSeverity

    package static let affectedMax = 200

    package static func make(for incident: Incident, in graph: DependencyGraph) -> Suggestions {
        let catalog = NumberedCatalog(graph)
        let symptoms = Symptoms(incident, catalog)
        let spread = ImpactSpread(catalog, symptoms)
        let affected = incident.mayBreak ? SuggestedImpact.all(spread, symptoms, catalog) : []
        let search = RootSearch(catalog, symptoms: symptoms.all, isHealthy: symptoms.isHealthy)
        return Suggestions(
            symptoms: symptoms.all.map(catalog.slug).sorted(), firing: symptoms.firing.count, unknown: symptoms.unknown,
            anonymousAlerts: symptoms.anonymousAlerts,
            roots: RootReasons(catalog: catalog, symptoms: symptoms).roots(search),
            affected: affected.prefix(affectedMax).compactMap { SuggestedImpact($0, spread, symptoms, catalog) },
            affectedTotal: affected.count, severity: SuggestedSeverity(incident, symptoms, catalog))
    }
}

extension Incident {
    /// Whether components can still be said to be hit.
    package var mayBreak: Bool {
        [.detect, .assess, .mitigate, .restore].contains(phase)
    }
}
