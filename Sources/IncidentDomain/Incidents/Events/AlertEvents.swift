package struct AlertsAttached: ValueEvent {
    package var value: AlertBatch

    package init(_ value: AlertBatch) { self.value = value }

    package static let kind = "alerts_attached"
    package static let examples = [
        AlertsAttached(AlertBatch([AlertMention(id: "0199-a", title: "Errors", component: "cdn")]))
    ]

    package var redacted: AlertsAttached { AlertsAttached(value.redacted) }
    package var sentence: String { value.sentence { "\($0) attached" } }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.alerts += value.total
        if let seen = value.firstSeenAt { incident.clockFacts?.noteAlert(seen, start: incident.times.startedAt) }
        incident.firing.merge(value.counts, uniquingKeysWith: +)
    }
}

package struct AlertsCleared: ValueEvent {
    package var value: AlertBatch

    package init(_ value: AlertBatch) { self.value = value }

    package static let kind = "alerts_cleared"
    package static let examples = [
        AlertsCleared(AlertBatch([AlertMention(id: "0199-b", title: "Latency", component: nil)]))
    ]

    package var redacted: AlertsCleared { AlertsCleared(value.redacted) }
    package var sentence: String { value.sentence { "\($0) cleared\(value.atOnce == true ? " at once" : "")" } }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        for (component, count) in value.counts {
            let left = (incident.firing[component] ?? 0) - count
            incident.firing[component] = left > 0 ? left : nil
        }
    }
}

extension AlertBatch {
    fileprivate var redacted: AlertBatch {
        var copy = self
        copy.alerts = alerts.map { AlertMention(id: $0.id, title: $0.title.redacted, component: $0.component) }
        return copy
    }

    /// - Parameter happened: Puts "2 alerts" into a clause that says what they did.
    fileprivate func sentence(_ happened: (String) -> String) -> String {
        let places = counts.keys.filter { !$0.isEmpty }.sorted()
        let names = places.prefix(5).joined(separator: ", ") + (places.count > 5 ? " and \(places.count - 5) more" : "")
        let titles = alerts.prefix(3).map { "“\($0.title.onOneLine)”" }.joined(separator: ", ")
        let more = total > 3 ? " and \(total - 3) more" : ""
        return happened(total == 1 ? "1 alert" : "\(total) alerts") + (names.isEmpty ? "" : " on \(names)")
            + (titles.isEmpty ? "" : ": \(titles)\(more)")
            + (reason.map { ", because \($0)." } ?? ".")
    }

    private var reason: String? {
        correlation.map(\.text) ?? affecting.map { "\($0) is affected" }
    }
}

extension AlertCorrelation {
    /// A clause: `feed depends on user-db`.
    var text: String {
        let between = through.dropFirst().dropLast().joined(separator: ", ")
        let way = between.isEmpty ? "" : " (via \(between))"
        let (first, last) = (through.first ?? component, through.last ?? component)
        return switch direction {
        case .dependsOnAffected: "\(first) depends on \(last)\(way)"
        case .affectedDependsOn: "\(first), which is affected, depends on \(last)\(way)"
        }
    }
}

/// How many users reported the outage, up to now.
package struct ReportsCounted: ValueEvent {
    package var value: ReportSeries

    package init(_ value: ReportSeries) { self.value = value }

    package static let kind = "reports_counted"
    package static let examples = [
        ReportsCounted(
            ReportSeries(
                total: 84, peakPerMinute: 31, baselinePerMinute: 0.6, from: EventExamples.noon, bucketSeconds: 60,
                buckets: [1, 0, 31, 29, 23]))
    ]

    package var sentence: String { value.sentence }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.reports = ReportImpact(value, at: moment)
    }
}
