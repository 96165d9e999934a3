import FoundationEssentials
import IncidentDomain
import Postgres
import Synchronization

/// Keeping alerts from opening an incident, by rules and silences. They are stored, join an incident that is there, and
/// end as any other.
extension AlertRouter {
    /// What is asked once for a batch.
    func placing(
        _ alerts: [AlertRoutingStore.Unrouted], now: Timestamp, _ graph: DependencyGraph,
        in transaction: PostgresTransaction
    ) async throws -> Placing {
        let moment = try await RoutingStore.moment(in: transaction)
        let rules = try await book.snapshot(version: moment.version)
        var opensAt: [UUID: Timestamp] = [:]
        for id in Set(alerts.compactMap(\.rule)) {
            guard let hours = rules.rule(id)?.hours else { continue }
            opensAt[id] = try await RoutingStore.opening(of: hours, at: now, in: transaction)
        }
        return Placing(now: now, graph: graph, rules: rules, opensAt: opensAt)
    }

    /// What keeps alerts of a group from opening an incident; the ones that nothing keeps are not among them.
    func holds(
        of group: AlertGroup, _ placing: Placing, in transaction: PostgresTransaction
    ) async throws -> [UUID: AlertHold] {
        var holds: [UUID: AlertHold] = [:]
        var firings: [UUID: Int] = [:]
        for alert in group.alerts {
            let rule = placing.rules.rule(alert.rule)
            if let rule, let threshold = rule.threshold, firings[rule.id] == nil {
                firings[rule.id] = try await count(group, rule, threshold, placing, in: transaction)
            }
            let facts = HoldingFacts(
                now: placing.now, silences: placing.rules.silences, firings: rule.flatMap { firings[$0.id] },
                opensAt: rule.flatMap { placing.opensAt[$0.id] }, before: alert.held, settlesAt: settlesAt(alert),
                overAt: alert.isResolved ? alert.lastSeenAt : nil)
            holds[alert.id] = placing.matching.hold(of: alert.facts, rule: rule, facts)
        }
        book.note(placing.matching.takeSkipped())
        return holds
    }

    /// When an alert has fired for as long as is asked; nil when nothing is.
    private func settlesAt(_ alert: AlertRoutingStore.Unrouted) -> Timestamp? {
        settle > .zero ? alert.firstSeenAt.adding(seconds: Double(settle.components.seconds)) : nil
    }

    /// How many firings of a group a rule has seen within its time. What is silenced does not count.
    private func count(
        _ group: AlertGroup, _ rule: RoutingRule, _ threshold: FiringThreshold, _ placing: Placing,
        in transaction: PostgresTransaction
    ) async throws -> Int {
        let start = placing.now.adding(seconds: -Double(threshold.withinSeconds))
        let coming = group.alerts.filter { alert in
            alert.rule == rule.id && alert.firstSeenAt > start
                && !placing.matching.isSilenced(alert.facts, by: placing.rules.silences, at: placing.now)
        }
        return try await coming.count
            + store.waiting(
                group.key, rule: rule.id, since: start, without: group.alerts.map(\.id), in: transaction)
    }

    /// A group with those of its alerts that were held until now: what still fires, and what was counted towards a
    /// threshold and is over.
    func joinedByWaiting(
        _ group: AlertGroup, _ placing: Placing, in transaction: PostgresTransaction
    ) async throws -> AlertGroup {
        // What a rule or silence that is gone now has held is let go by itself.
        guard !placing.rules.rules.isEmpty || !placing.rules.silences.isEmpty else { return group }
        let windows = group.alerts.compactMap { placing.rules.rule($0.rule)?.threshold?.withinSeconds }
        let waiting = try await store.waiting(
            group.key, countedSince: placing.now.adding(seconds: -Double(windows.max() ?? 0)),
            without: group.alerts.map(\.id), in: transaction)
        return waiting.isEmpty ? group : AlertGroup(key: group.key, alerts: group.alerts + waiting)
    }
}

/// The matching of one batch of alerts, within its budget.
final class BatchMatching: Sendable {
    private let budget = Mutex(MatchBudget())

    func hold(of alert: AlertFacts, rule: RoutingRule?, _ facts: HoldingFacts) -> AlertHold? {
        budget.withLock { budget in
            budget.nextAlert()
            return AlertHold.decide(alert, rule: rule, facts, within: &budget)
        }
    }

    func isSilenced(_ alert: AlertFacts, by silences: [Silence], at now: Timestamp) -> Bool {
        budget.withLock { budget in
            budget.nextAlert()
            return !Silence.matching(alert, of: silences, at: now, within: &budget).isEmpty
        }
    }

    /// What was left out since the last time.
    func takeSkipped() -> [UUID: Int] {
        budget.withLock { $0.takeSkipped() }
    }
}
