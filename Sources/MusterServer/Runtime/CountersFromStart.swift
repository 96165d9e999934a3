import Metrics

/// The counters that are made where something happens. They are shown as 0 from the start of the daemon: of one that first
/// appears with a value, `increase()` does not see that it has grown.
enum CountersFromStart {
    private struct Family {
        let name: String
        var label = ""
        /// Of the label; a counter without one has a single series.
        var values: [String] = []
    }

    private static let families = [
        Family(name: "muster_alerts_ignored", label: "reason", values: IgnoredReason.allCases.map(\.rawValue)),
        Family(name: "muster_dead_letters", label: "kind", values: kinds),
        Family(name: "muster_dropped_rows", label: "what", values: [ReportRunner.droppedRows]),
        Family(
            name: "muster_feed_streams_cut", label: "reason",
            values: [FeedHub.Ending.revoked, .slow].map(\.rawValue)),
        Family(name: "muster_feed_streams_refused"),
        Family(name: "muster_ingress_too_large", label: "kind", values: kinds),
        Family(name: "muster_messages_without_alert", label: "kind", values: kinds),
        Family(name: "muster_probe_lookups_failed"),
        Family(name: "muster_reports_refused", label: "limit", values: ReportLimiter.Limit.allCases.map(\.rawValue)),
    ]

    /// Of sources that people can make.
    private static let kinds = SourceKind.allCases.filter { $0 != .internal }.map(\.rawValue)

    /// To be called once there is a place where metrics live.
    static func show() {
        for family in families {
            let series = family.values.isEmpty ? [[]] : family.values.map { [(family.label, $0)] }
            for dimensions in series { Counter(label: family.name, dimensions: dimensions).increment(by: 0) }
        }
    }
}
