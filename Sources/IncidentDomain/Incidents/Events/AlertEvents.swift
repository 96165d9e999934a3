package struct AlertsAttached: ValueEvent {
    package var value: AlertBatch

    package init(_ value: AlertBatch) { self.value = value }

    package static let kind = "alerts_attached"
    package static let examples = [
        AlertsAttached(AlertBatch([AlertMention(id: "0199-a", title: "Errors", component: "cdn")]))
    ]

    package var redacted: AlertsAttached { AlertsAttached(value.redacted) }
    package var phrase: Phrase { value.phrase { "\($0) attached" } }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.alerts += value.total
        if let seen = value.firstSeenAt { incident.clockFacts?.noteAlert(seen, start: incident.times.startedAt) }
        incident.fireAgain()
        incident.firing.merge(value.counts, uniquingKeysWith: +)
        incident.keep(value)
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
    package var phrase: Phrase {
        value.phrase { "\($0) cleared\(value.atOnce == true ? " at once" : "")\(value.byHand)" }
    }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.remove(firing: value.counts)
        guard value.clearsAll ?? false else { return }
        incident.clearedAt = moment
        incident.closing = value.closesAt
    }
}

/// Alerts that a person had ended by hand fire after all.
package struct AlertsReopened: TimelineEvent {
    package var batch: AlertBatch
    package var reason: String

    package static let kind = "alerts_reopened"
    package static let examples = [
        AlertsReopened(
            batch: AlertBatch([AlertMention(id: "0199-a", title: "Errors", component: "cdn")]), reason: "wrong alert")
    ]
    package var isNotified: Bool { true }

    package var redacted: AlertsReopened { AlertsReopened(batch: batch.redacted, reason: reason.redacted) }
    package var phrase: Phrase { batch.phrase { "\($0), ended by hand, fires after all" }.giving(reason) }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.fireAgain()
        incident.firing.merge(batch.counts, uniquingKeysWith: +)
        incident.alerts = max(incident.alerts, incident.firing.values.reduce(0, +))
    }
}

/// A person moved alerts here.
package struct AlertsMovedIn: TimelineEvent {
    package var batch: AlertBatch
    /// Those that fire, by component; those without one stand under the empty name.
    package var firing: [String: Int]
    /// Nil when they belonged to no incident.
    package var from: Int?
    package var reason: String

    package init(_ batch: AlertBatch, firing: [String: Int], from: Int?, reason: String) {
        self.batch = batch
        self.firing = firing
        self.from = from
        self.reason = reason
    }

    package static let kind = "alerts_moved_in"
    package static let examples = [
        AlertsMovedIn(
            AlertBatch([AlertMention(id: "0199-a", title: "Errors", component: "cdn")]), firing: ["cdn": 1], from: 3,
            reason: "another outage")
    ]
    package var isNotified: Bool { true }

    package var redacted: AlertsMovedIn {
        AlertsMovedIn(batch.redacted, firing: firing, from: from, reason: reason.redacted)
    }

    package var phrase: Phrase {
        batch.phrase { "\($0) moved here\(from.map { " from INC-\($0)" } ?? ", which belonged to no incident")" }
            .giving(reason)
    }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.alerts += batch.total
        if let seen = batch.firstSeenAt { incident.clockFacts?.noteAlert(seen, start: incident.times.startedAt) }
        if !firing.isEmpty { incident.fireAgain() }
        incident.firing.merge(firing, uniquingKeysWith: +)
        incident.keep(batch)
    }
}

/// A person moved alerts away.
package struct AlertsMovedOut: TimelineEvent {
    package var batch: AlertBatch
    /// Those that fire, by component; those without one stand under the empty name.
    package var firing: [String: Int]
    /// Nil when they belong to no incident from now on.
    package var to: Int?
    package var reason: String

    package init(_ batch: AlertBatch, firing: [String: Int], to: Int?, reason: String) {
        self.batch = batch
        self.firing = firing
        self.to = to
        self.reason = reason
    }

    package static let kind = "alerts_moved_out"
    package static let examples = [
        AlertsMovedOut(
            AlertBatch([AlertMention(id: "0199-a", title: "Errors", component: "cdn")]), firing: ["cdn": 1], to: 7,
            reason: "another outage")
    ]
    package var isNotified: Bool { true }

    package var redacted: AlertsMovedOut {
        AlertsMovedOut(batch.redacted, firing: firing, to: to, reason: reason.redacted)
    }

    package var phrase: Phrase {
        batch.phrase { "\($0) moved \(to.map { "to INC-\($0)" } ?? "out of all incidents")" }.giving(reason)
    }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.remove(firing: firing)
        incident.alerts = max(incident.firing.values.reduce(0, +), incident.alerts - batch.total)
        // No alert of its own says any more when it was detected.
        if incident.alerts == 0 { incident.clockFacts?.arrivals = AlertArrivals() }
        guard batch.clearsAll ?? false else { return }
        incident.clearedAt = moment
        incident.closing = batch.closesAt
    }
}

extension Incident {
    /// What was over is not.
    fileprivate mutating func fireAgain() {
        (clearedAt, closing) = (nil, nil)
    }

    mutating func remove(firing counts: [String: Int]) {
        for (component, count) in counts {
            let left = (firing[component] ?? 0) - count
            firing[component] = left > 0 ? left : nil
        }
    }

    /// Keeps what alerts say.
    fileprivate mutating func keep(_ batch: AlertBatch) {
        let new = (batch.links ?? []).filter { $0 != $0.redacted }
        if !new.isEmpty { links = new.adding(to: links ?? [], max: IncidentLimits.links) }
        if let said = batch.severity { alertSeverity = min(alertSeverity ?? said, said) }
        if let rule = batch.whenCleared { ruledClearing = ruledClearing?.stricter(rule) ?? rule }
        if batch.opens ?? false { openedByAlerts = true }
    }
}

extension AlertBatch {
    fileprivate var redacted: AlertBatch {
        var copy = self
        copy.alerts = alerts.map { AlertMention(id: $0.id, title: $0.title.redacted, component: $0.component) }
        copy.links = links?.map(\.redacted)
        copy.resolvedBy = resolvedBy?.map(\.redacted)
        return copy
    }

    /// - Parameter happened: Puts "2 alerts" into a clause that says what they did.
    fileprivate func phrase(_ happened: (Phrase) -> Phrase) -> Phrase {
        let places = counts.keys.filter { !$0.isEmpty }.sorted()
        let names = Phrase.names(places, max: 5)
        let titles = alerts.prefix(3).map { Phrase("“\($0.title.onOneLine)”") }.joined(separator: ", ")
        let more: Phrase = total > 3 ? " and \(total - 3) more" : ""
        return happened(total == 1 ? "1 alert" : "\(total) alerts") + (places.isEmpty ? "" : " on \(names)")
            + (titles.isEmpty ? "" : ": \(titles)\(more)")
            + (reason.map { ", because \($0)." } ?? ".")
    }

    /// As in ", ended by hand by Mia".
    fileprivate var byHand: Phrase {
        resolvedBy.map { ", ended by hand by \($0.map(\.onOneLine).joined(separator: ", "))" } ?? ""
    }

    private var reason: Phrase? {
        correlation.map(\.phrase) ?? affecting.map { "\($0) is affected" }
    }
}

extension AlertCorrelation {
    /// A clause: `feed depends on user-db`.
    var phrase: Phrase {
        let between = through.dropFirst().dropLast().joined(separator: ", ")
        let way: Phrase = between.isEmpty ? "" : " (via \(between))"
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

    package var phrase: Phrase { value.phrase }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.reports = ReportImpact(value, at: moment)
    }
}
