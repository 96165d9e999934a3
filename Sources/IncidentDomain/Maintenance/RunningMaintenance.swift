/// Maintenance that goes on: alerts of its components open no incident until a moment.
package struct RunningMaintenance: Hashable, Sendable {
    package var components: Set<String>
    /// Empty means everywhere.
    package var regions: Set<String>
    package var until: Timestamp

    package init(components: Set<String>, regions: Set<String> = [], until: Timestamp) {
        self.components = components
        self.regions = regions
        self.until = until
    }

    /// The label by which an alert says where it fires.
    private static let regionLabel = "region"

    /// Whether an alert is about what is worked on. One that does not say in which region it fires is of the whole component.
    private func covers(_ alert: AlertFacts) -> Bool {
        guard let component = alert.component, components.contains(component) else { return false }
        guard !regions.isEmpty, let region = alert.labels[Self.regionLabel] else { return true }
        return regions.contains(region)
    }

    /// When the last one that covers an alert is over; nil when none does.
    package static func end(of alert: AlertFacts, among running: [RunningMaintenance], at now: Timestamp) -> Timestamp?
    {
        running.filter { $0.until > now && $0.covers(alert) }.map(\.until).max()
    }
}
