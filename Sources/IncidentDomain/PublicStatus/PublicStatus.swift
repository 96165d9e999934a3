/// All that the outside may know, as of one moment: what the page, the feeds and the JSON are made of, and what is written to disk.
package struct PublicRecord: Hashable, Codable, Sendable {
    /// In the order of the page.
    package var components: [PublicComponent]
    /// The newest first.
    package var incidents: [PublicIncident]
    /// In the order of time.
    package var maintenance: [PublicMaintenance]
    /// What to choose from and to try, by public ids.
    package var help: HelpBook
    /// As which of these incidents one goes on that was public and was merged, by its number; nil in files of releases that did not keep it.
    package let merged: [Int: Int]?

    /// Open incidents, and those that are over, of which more are left out.
    package static let openMax = 500
    package static let pastMax = 200
    package static let pastDays = 400
    package static let maintenanceMax = 200

    /// - Parameter merged: Into which incident others were merged, one step each; kept where it leads to an incident that is shown.
    package init(
        components: [PublicComponent], incidents: [PublicIncident], maintenance: [PublicMaintenance],
        help: HelpBook = HelpBook(), merged: [Int: Int] = [:]
    ) {
        self.help = help
        let shown = Set(incidents.map(\.number))
        self.merged = merged.compactMapValues { target in
            var (end, steps) = (target, 0)
            while let next = merged[end], steps < merged.count { (end, steps) = (next, steps + 1) }
            return shown.contains(end) ? end : nil
        }
        self.components = components
        self.incidents = incidents.sorted { ($0.startedAt, $0.number) > ($1.startedAt, $1.number) }
        self.maintenance = maintenance.sorted { ($0.startsAt, $0.id) < ($1.startsAt, $1.id) }
    }
}

/// How a component is, in the words of Statuspage.
package enum PublicComponentState: String, CaseIterable, Sendable {
    case operational
    case degradedPerformance = "degraded_performance"
    case partialOutage = "partial_outage"
    case majorOutage = "major_outage"
    case underMaintenance = "under_maintenance"

    package init(_ level: ImpactLevel, isMaintained: Bool = false) {
        switch level {
        case .none: self = isMaintained ? .underMaintenance : .operational
        case .maintenance: self = .underMaintenance
        case .degraded: self = .degradedPerformance
        case .partialOutage: self = .partialOutage
        case .majorOutage: self = .majorOutage
        }
    }
}

/// The state of everything in one word, as Statuspage says it.
package enum PublicIndicator: String, CaseIterable, Sendable {
    case none, minor, major, critical, maintenance

    /// As clients of Statuspage know it, in English.
    package var description: String {
        switch self {
        case .none: "All Systems Operational"
        case .minor: "Minor Service Outage"
        case .major: "Partial System Outage"
        case .critical: "Major Service Outage"
        case .maintenance: "Service Under Maintenance"
        }
    }
}

/// What is so at a moment by what is known: nothing in it comes from anywhere else.
package struct PublicStatus: Sendable {
    package struct Row: Sendable {
        package let component: PublicComponent
        package let state: PublicComponentState
        package let uptime: PublicUptime
        /// Since when it is in this state; nil while it is operational.
        package let since: Timestamp?
    }

    package let record: PublicRecord
    package let now: Timestamp
    /// One for each component, in the order of the page.
    package let rows: [Row]
    package let indicator: PublicIndicator

    package init(_ record: PublicRecord, at now: Timestamp) {
        (self.record, self.now) = (record, now)
        let stretches = Dictionary(grouping: record.incidents.flatMap(\.hits)) { $0.component }
        // Figures go by whole minutes, so that all daemons answer the same bytes.
        let minute = Timestamp(milliseconds: now.milliseconds / 60_000 * 60_000)
        let maintained = record.maintenance.filter { $0.status(at: now) == .inProgress }
        rows = record.components.map { component in
            let own = stretches[component.id]?.flatMap(\.stretches) ?? []
            let level = own.filter { $0.holds(at: now) }.map(\.level).max { $0.rank < $1.rank } ?? .none
            let work = maintained.filter { $0.components.contains(component.id) }
            let state = PublicComponentState(level, isMaintained: !work.isEmpty)
            let since =
                level.isHarm
                ? own.filter { $0.holds(at: now) && $0.level == level }.map(\.begin).min() : work.map(\.startsAt).min()
            return Row(
                component: component, state: state,
                uptime: PublicUptime(own, since: component.createdAt, now: minute), since: since)
        }
        indicator = Self.indicator(rows.map(\.state), record.incidents, isMaintained: !maintained.isEmpty)
    }

    /// The worst that a component is in. An incident that hits none of them and goes on is a minor one at least.
    private static func indicator(
        _ states: [PublicComponentState], _ incidents: [PublicIncident], isMaintained: Bool
    ) -> PublicIndicator {
        if states.contains(.majorOutage) { return .critical }
        if states.contains(.partialOutage) { return .major }
        let isUnresolved = incidents.contains { $0.status == .investigating || $0.status == .identified }
        if isUnresolved || states.contains(.degradedPerformance) { return .minor }
        return isMaintained || states.contains(.underMaintenance) ? .maintenance : .none
    }

    /// The newest first.
    package var unresolved: [PublicIncident] { record.incidents.filter { !$0.status.isResolved } }

    package func component(_ id: String) -> PublicComponent? { record.components.first { $0.id == id } }

    package func state(of id: String) -> PublicComponentState {
        rows.first { $0.component.id == id }?.state ?? .operational
    }

    package func maintenance(_ status: PublicMaintenanceStatus...) -> [PublicMaintenance] {
        record.maintenance.filter { status.contains($0.status(at: now)) }
    }

    /// When something of what is known changes by itself after a moment: maintenance begins or ends, an expected end passes.
    package static func changes(_ record: PublicRecord, after moment: Timestamp) -> Timestamp {
        (record.maintenance.flatMap { [$0.startsAt, $0.endsAt] } + record.incidents.compactMap(\.eta))
            .filter { $0 > moment }.min() ?? .latest
    }
}
