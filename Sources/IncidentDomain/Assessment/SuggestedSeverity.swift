/// What the matrix makes of an incident.
package struct SuggestedSeverity: Hashable, Sendable {
    /// Nil while nothing is known to be hit.
    package let severity: Severity?
    /// What is set now.
    package let current: Severity?
    package let reasons: [String]

    /// Whether something else is set than what is suggested.
    package var differs: Bool { severity != nil && severity != current }

    /// How many components are named as reasons.
    private static let namedMax = 3

    init(_ incident: Incident, _ symptoms: Symptoms, _ catalog: NumberedCatalog) {
        current = incident.severity
        let verdicts = Self.verdicts(symptoms, catalog)
        guard let worst = verdicts.map(\.severity).min() else {
            severity = nil
            reasons = [
                symptoms.firing.isEmpty && symptoms.unknown.isEmpty
                    ? "no component has an impact, and no alert names one"
                    : "no component of the catalog is known to be hit"
            ]
            return
        }
        let share = Self.share(symptoms, catalog)
        let raised = SeverityMatrix.severity(worst, raisedBy: share)
        severity = raised
        let decisive = verdicts.filter { $0.severity == worst }
        let more = decisive.count - Self.namedMax
        reasons =
            decisive.prefix(Self.namedMax).map { "\($0.reason): \(worst.rawValue)" }
            + (more > 0 ? ["\(more) more lead\(more == 1 ? "s" : "") to \(worst.rawValue)"] : [])
            + (raised == worst ? [] : [Self.reason(share, raised)])
    }

    private typealias Verdict = (severity: Severity, tier: Int, slug: String, reason: String)

    /// What each component that is hit makes of it, the most critical first.
    private static func verdicts(_ symptoms: Symptoms, _ catalog: NumberedCatalog) -> [Verdict] {
        let known = symptoms.hit.compactMap { number -> Verdict? in
            guard let level = symptoms.level(number) else { return nil }
            let impact = symptoms.impacts[number]
            return verdict(
                catalog.component(number), catalog.effectiveTier(number), level, impact?.regions ?? [], impact != nil)
        }
        let lost = symptoms.unknownImpacts.compactMap { impact in
            let component = Component(slug: impact.component, name: "", tier: Component.leastCriticalTier)
            return verdict(component, component.tier, impact.impact, impact.regions, true)
        }
        return (known + lost).sorted { ($0.tier, $0.slug) < ($1.tier, $1.slug) }
    }

    private static func verdict(
        _ component: Component, _ tier: Int, _ level: ImpactLevel, _ regions: [String], _ isSaid: Bool
    ) -> Verdict? {
        let reach = component.reach(of: regions)
        guard let severity = SeverityMatrix.severity(tier: tier, impact: level, reach: reach) else { return nil }
        let rank = tier == component.tier ? "tier \(tier)" : "tier \(component.tier), needed by tier \(tier)"
        let hit = component.regions.count(where: regions.contains)
        let place =
            regions.isEmpty || component.regions.isEmpty ? "" : " in \(hit) of its \(component.regions.count) regions"
        let what =
            isSaid
            ? "\(level.predicate)\(place)"
            : "has alerts firing, taken as a \(level.words) until somebody says how bad it is"
        return (severity, tier, component.slug, "\(component.slug) (\(rank)) \(what)")
    }

    private static func share(_ symptoms: Symptoms, _ catalog: NumberedCatalog) -> SeverityMatrix.Share {
        let down = symptoms.hit.count { number in
            catalog.component(number).tier <= 1 && symptoms.level(number).map { $0 != .degraded } ?? false
        }
        return SeverityMatrix.Share(down: down, of: catalog.components.count { $0.tier <= 1 })
    }

    private static func reason(_ share: SeverityMatrix.Share, _ severity: Severity) -> String {
        let part = share.isHalf ? "half or more" : "a quarter or more, which is one step more severe"
        return "\(share.down) of the \(share.of) components of tiers 0 and 1 are down (\(part)): \(severity.rawValue)"
    }
}

extension Severity: Comparable {
    /// The more severe one comes first.
    package static func < (left: Severity, right: Severity) -> Bool {
        left.rawValue < right.rawValue
    }
}
