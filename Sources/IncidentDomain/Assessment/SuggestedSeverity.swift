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
        let said = incident.alertSeverity
        let verdicts = Self.verdicts(symptoms, catalog)
        guard let worst = verdicts.map(\.severity).min() else {
            severity = said
            reasons =
                [
                    symptoms.firing.isEmpty && symptoms.unknown.isEmpty
                        ? "no component has an impact, and no alert names one"
                        : "no component in the catalog is known to be affected"
                ] + (said.map { ["an alert says \($0.rawValue)"] } ?? [])
            return
        }
        let share = Self.share(symptoms, catalog)
        let raised = SeverityMatrix.severity(worst, raisedBy: share)
        severity = min(raised, said ?? raised)
        let decisive = verdicts.filter { $0.severity == worst }
        let more = decisive.count - Self.namedMax
        reasons =
            decisive.prefix(Self.namedMax).map { "\($0.reason): \(worst.rawValue)" }
            + (more > 0 ? ["\(more) more lead\(more == 1 ? "s" : "") to \(worst.rawValue)"] : [])
            + (raised == worst ? [] : [Self.reason(share, raised)]) + Self.reason(said, raised)
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
            : "has alerts firing, assumed to be a \(level.words) until an impact is recorded"
        return (severity, tier, component.slug, "\(component.slug) (\(rank)) \(what)")
    }

    private static func share(_ symptoms: Symptoms, _ catalog: NumberedCatalog) -> SeverityMatrix.Share {
        let down = symptoms.hit.count { number in
            catalog.component(number).tier <= 1 && symptoms.level(number).map { $0 != .degraded } ?? false
        }
        return SeverityMatrix.Share(down: down, of: catalog.components.count { $0.tier <= 1 })
    }

    /// Nothing milder is proposed than what an alert said: its sender may know more than the catalog.
    private static func reason(_ said: Severity?, _ matrix: Severity) -> [String] {
        guard let said, said < matrix else { return [] }
        return [
            "an alert says \(said.rawValue), which is more severe than what the catalog suggests (\(matrix.rawValue))"
        ]
    }

    private static func reason(_ share: SeverityMatrix.Share, _ severity: Severity) -> String {
        let part = share.isHalf ? "half or more" : "a quarter or more, so one level higher"
        return "\(share.down) of \(share.of) components in tiers 0 and 1 are down (\(part)): \(severity.rawValue)"
    }
}

extension Severity: Comparable {
    /// The more severe one comes first.
    package static func < (left: Severity, right: Severity) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// How severe an incident is by what it hits: criticality x impact x reach. `docs/assessing.md` shows the same tables.
package enum SeverityMatrix {
    /// How much of where a component runs is hit.
    package enum Reach: CaseIterable, Sendable {
        /// At least half of its regions; also when nobody said which.
        case wide
        case narrow
    }

    /// What one component makes of an incident; nil for what does no harm.
    ///
    /// - Parameter tier: The effective one.
    package static func severity(tier: Int, impact: ImpactLevel, reach: Reach) -> Severity? {
        let row = rows[min(max(tier, 0), rows.count - 1)]
        let cell: (wide: Severity, narrow: Severity)
        switch impact {
        case .none, .maintenance: return nil
        case .degraded: cell = row.degraded
        case .partialOutage: cell = row.partial
        case .majorOutage: cell = row.major
        }
        switch reach {
        case .wide: return cell.wide
        case .narrow: return cell.narrow
        }
    }

    private typealias Cell = (wide: Severity, narrow: Severity)
    private typealias Row = (major: Cell, partial: Cell, degraded: Cell)

    /// By tier. Never milder for a more critical one, a worse impact or a wider reach.
    private static let rows: [Row] = [
        (major: (.sev1, .sev1), partial: (.sev1, .sev2), degraded: (.sev2, .sev3)),
        (major: (.sev1, .sev2), partial: (.sev2, .sev3), degraded: (.sev3, .sev4)),
        (major: (.sev2, .sev3), partial: (.sev3, .sev4), degraded: (.sev4, .sev4)),
        (major: (.sev3, .sev4), partial: (.sev4, .sev4), degraded: (.sev4, .sev4)),
    ]

    /// How much of what matters most is down: the components whose own tier is 0 or 1, of the whole catalog.
    package struct Share: Hashable, Sendable {
        package let down: Int
        package let of: Int

        /// Below this a share says nothing: half of a catalog of two is one component.
        package static let downMin = 3

        /// A quarter: one step more severe than the worst component alone.
        var isQuarter: Bool { down >= Self.downMin && down * 4 >= of }
        /// Half: sev1, whatever the components are.
        var isHalf: Bool { down >= Self.downMin && down * 2 >= of }
    }

    /// What the share makes of the severity of the worst component.
    package static func severity(_ worst: Severity, raisedBy share: Share) -> Severity {
        if share.isHalf { return .sev1 }
        guard share.isQuarter else { return worst }
        switch worst {
        case .sev1, .sev2: return .sev1
        case .sev3: return .sev2
        case .sev4: return .sev3
        }
    }
}

extension Component {
    /// How much of where it runs these regions are; none named means everywhere.
    func reach(of hit: [String]) -> SeverityMatrix.Reach {
        guard !regions.isEmpty, !hit.isEmpty else { return .wide }
        return regions.count(where: hit.contains) * 2 >= regions.count ? .wide : .narrow
    }
}
