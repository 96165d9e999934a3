/// What is known of an incident as far as an audience is told: what the drafts of updates are written from. Nothing in it is a
/// guess, and components stand under the names that the catalog has for people.
package struct KnownSituation: Hashable, Sendable {
    /// Something that does not work as it should.
    package struct Affected: Hashable, Sendable {
        package let name: String
        package let impact: ImpactLevel
        package let regions: [String]
    }

    package let number: Int
    package let phase: Phase
    package let severity: Severity?
    package let audience: UpdateAudience
    /// For staff: a title may be the one of an alert.
    package let title: String?
    package let since: Timestamp
    package let restoredAt: Timestamp?
    /// What users notice, the worst first; for staff everything that is down.
    package let affected: [Affected]
    /// How many more are affected than are named: those that have no name for people, and those for which there is no room.
    package let unnamed: Int
    /// The cause, once it is confirmed.
    package let cause: CauseHypothesis?
    /// For staff: what is suspected and not confirmed.
    package let suspected: CauseHypothesis?
    package let eta: Timestamp?
    package let nextUpdateAt: Timestamp?
}

extension KnownSituation {
    /// More than these nobody reads.
    static let namesMax = 8

    /// - Parameters:
    ///   - eta: What the update tells; nil takes what was said last.
    ///   - nextUpdateAt: What the update promises.
    package init(
        of incident: Incident, in graph: DependencyGraph, for audience: UpdateAudience, eta: Timestamp? = nil,
        nextUpdateAt: Timestamp? = nil
    ) {
        let isStaff = audience == .staff
        let harmed = incident.harmed(isStaff ? nil : graph)
        let named = harmed.compactMap { impact -> Affected? in
            let name = graph.components[impact.component].flatMap { $0.name == $0.slug ? nil : $0.name }
            guard let name = name ?? (isStaff ? impact.component : nil) else { return nil }
            return Affected(name: name, impact: impact.impact, regions: impact.regions)
        }
        number = incident.number
        phase = incident.phase
        severity = incident.severity
        self.audience = audience
        title = isStaff ? incident.title : nil
        since = incident.times.startedAt
        restoredAt = incident.clocks.restoredAt
        affected = Array(named.prefix(Self.namesMax))
        unnamed = harmed.count - affected.count
        let known = incident.cause.flatMap { $0.category == .unknown ? nil : $0 }
        cause = known?.confidence == .confirmed ? known : nil
        suspected = isStaff && known?.confidence == .suspected ? known : nil
        self.eta = eta ?? incident.eta
        self.nextUpdateAt = nextUpdateAt
    }
}

extension Incident {
    /// What is down, the worst first; of what is over, what was down.
    ///
    /// - Parameter graph: Leaves out what users do not meet themselves: what another component is built on that is hit at least as hard,
    ///   and the least critical tier. When that leaves nothing, all of it stays.
    fileprivate func harmed(_ graph: DependencyGraph?) -> [ComponentImpact] {
        let open = Set(unrestored)
        let now = impacts.filter { open.contains($0.component) }
        let all = now.isEmpty && !phase.hasWaitingPeople ? impacts.filter(\.impact.isHarm) : now
        let ranks: [ImpactLevel] = [.majorOutage, .partialOutage, .degraded]
        func rank(_ impact: ComponentImpact) -> Int { ranks.firstIndex(of: impact.impact) ?? ranks.count }
        let sorted = all.sorted { (rank($0), $0.component) < (rank($1), $1.component) }
        guard let graph else { return sorted }
        /// How hard that is hit at most which is built on a component.
        var above: [String: Int] = [:]
        for impact in all {
            for need in graph.components[impact.component]?.dependsOn ?? [] {
                above[need.component] = min(above[need.component] ?? .max, rank(impact))
            }
        }
        let met = sorted.filter { impact in
            above[impact.component].map { $0 > rank(impact) } ?? true
                && (graph.components[impact.component]?.tier ?? 0) < Component.leastCriticalTier
        }
        return met.isEmpty ? sorted : met
    }
}
