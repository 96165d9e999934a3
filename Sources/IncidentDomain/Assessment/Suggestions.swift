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

/// A component whose failure would explain what is seen.
package struct SuggestedRoot: Hashable, Sendable {
    package let component: String
    /// Symptoms that need it (hard, directly or not), itself included if it is one; by slug.
    package let explains: [String]
    /// How many of them no root before it explains.
    package let newlyExplained: Int
    /// Components that need it and are healthy, itself not included; by slug.
    package let healthy: [String]
    /// Whether it is one of the symptoms.
    package let isSymptom: Bool
    /// 0 to 1: how well what needs it is what is hit.
    package let match: Double
    package let reasons: [String]
    /// The impact that would be recorded if it is right; nil when the component has an ongoing one.
    package let suggestedImpact: ImpactLevel?
    /// What might be the root in its place, the likeliest first.
    package let alternatives: [SuggestedRoot]
}

/// Puts what the search for roots found into words.
struct RootReasons {
    let catalog: NumberedCatalog
    let symptoms: Symptoms

    func roots(_ search: RootSearch) -> [SuggestedRoot] {
        var earlier: [String] = []
        return search.roots().map { found in
            let alternatives = found.alternatives.map { root($0, search, after: earlier, alternatives: []) }
            let best = root(found.root, search, after: earlier, alternatives: alternatives)
            earlier.append(best.component)
            return best
        }
    }

    private func root(
        _ candidate: RootSearch.Candidate, _ search: RootSearch, after earlier: [String], alternatives: [SuggestedRoot]
    ) -> SuggestedRoot {
        let explained = search.symptoms.indices.filter(candidate.explained.has).map { search.symptoms[$0] }
        let healthy = search.healthyDependents(of: candidate.number, isHealthy: symptoms.isHealthy)
        let impact = symptoms.impacts[candidate.number]
        let worst = explained.compactMap(symptoms.level).max { ($0.harm ?? 0) < ($1.harm ?? 0) }
        return SuggestedRoot(
            component: catalog.slug(candidate.number), explains: explained.map(catalog.slug).sorted(),
            newlyExplained: candidate.freshCount, healthy: healthy, isSymptom: candidate.isSymptom,
            match: candidate.match,
            reasons: coverage(candidate, explained.count, of: search.symptoms)
                + novelty(candidate, search, after: earlier)
                + itself(candidate, impact) + [others(candidate, healthy)] + leftOut(search),
            suggestedImpact: impact?.isOngoing == true ? nil : worst ?? Symptoms.alertLevel,
            alternatives: alternatives)
    }

    private func coverage(_ candidate: RootSearch.Candidate, _ count: Int, of all: [Int]) -> [String] {
        let slug = catalog.slug(candidate.number)
        if candidate.isSymptom {
            let own =
                symptoms.firing[candidate.number] == nil
                ? "\(slug) itself is affected" : "alerts are firing on \(slug) itself"
            guard all.count > 1 else { return ["\(own), and nothing else in the catalog is known to be affected"] }
            return [own, part(count - 1, of: all.count - 1, "other ") + " it"]
        }
        guard all.count > 1 else { return ["\(catalog.slug(all[0])), the only \(hit(1)), depends on \(slug)"] }
        return [part(count, of: all.count) + " \(slug)"]
    }

    /// As in "7 of the 10 other components with firing alerts depend on".
    private func part(_ count: Int, of total: Int, _ other: String = "") -> String {
        let noun = "\(other)\(hit(total))"
        switch count {
        case 0: return total == 1 ? "the \(noun) does not depend on" : "none of the \(total) \(noun) depends on"
        case total:
            return total == 1 ? "the \(noun) depends on" : "\(total == 2 ? "both" : "all \(total)") \(noun) depend on"
        default: return "\(count) of the \(total) \(noun) \(count == 1 ? "depends on" : "depend on")"
        }
    }

    /// What the symptoms have in common.
    private func hit(_ count: Int) -> String {
        let noun = "component\(count == 1 ? "" : "s")"
        return symptoms.all.allSatisfy { symptoms.firing[$0] != nil }
            ? "\(noun) with firing alerts" : "affected \(noun)"
    }

    private func novelty(
        _ candidate: RootSearch.Candidate, _ search: RootSearch, after earlier: [String]
    ) -> [String] {
        guard !earlier.isEmpty else { return [] }
        let fresh = search.symptoms.indices.filter(candidate.fresh.has).map { catalog.slug(search.symptoms[$0]) }
        let part = fresh.count == candidate.open ? "what" : "\(fresh.count) of the \(candidate.open) that"
        let verb = earlier.count == 1 ? "does" : "do"
        return ["explains \(part) \(earlier.listed(5)) \(verb) not: \(fresh.sorted().listed())"]
    }

    private func itself(_ candidate: RootSearch.Candidate, _ impact: ComponentImpact?) -> [String] {
        var reasons: [String] = []
        if !candidate.isSymptom, !symptoms.firing.isEmpty { reasons.append("no alert is firing on it") }
        guard let impact else { return reasons }
        let ended = impact.endedAt == nil ? "" : ", ended"
        return reasons + ["recorded impact: \(impact.impact.words)\(ended)"]
    }

    private func others(_ candidate: RootSearch.Candidate, _ healthy: [String]) -> String {
        guard !healthy.isEmpty else {
            return catalog.needed.edges(candidate.number).isEmpty
                ? "nothing else depends on it" : "everything that depends on it is affected"
        }
        let verb = healthy.count == 1 ? "component that depends on it has" : "components that depend on it have"
        return "\(healthy.count) \(verb) no alert and no impact: \(healthy.listed())"
    }
    private func leftOut(_ search: RootSearch) -> [String] {
        let total = symptoms.all.count
        guard total > search.symptoms.count else { return [] }
        return [
            "only \(search.symptoms.count) of \(total) \(hit(total)) were considered: those that most others depend on"
        ]
    }
}
