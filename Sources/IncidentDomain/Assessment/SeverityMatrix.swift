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
