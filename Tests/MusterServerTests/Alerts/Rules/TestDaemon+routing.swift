import FoundationEssentials
import IncidentDomain
import Postgres

@testable import MusterServer

extension TestDaemon {
    /// Adds a rule at the end, as an administrator does.
    @discardableResult
    func addRule(
        _ name: String = "rule", _ matchers: [LabelMatcher] = [], _ change: (inout RoutingRule) -> Void
    ) async throws -> RoutingRule {
        var rule = RoutingRule(id: .timeOrdered(at: .now()), name: name, matchers: matchers)
        change(&rule)
        _ = try await RuleStore(pool: pool).create(rule, at: nil, by: .mia)
        try await book.refresh()
        return rule
    }

    /// Makes a silence that begins now.
    func silence(_ matchers: LabelMatcher..., seconds: Double = 3600) async throws -> UUID {
        let draft = SilenceDraft(
            matchers: matchers, endsAt: Timestamp.now().adding(seconds: seconds), comment: "a test", createdBy: "Mia")
        let id = UUID.timeOrdered(at: .now())
        _ = try await SilenceStore(pool: pool).create(id, draft, by: .mia)
        return id
    }

    /// Takes alerts in as the hook does, rules first, and routes all of them.
    func send(_ source: UUID, _ alerts: IncomingAlert...) async throws {
        try await store(source, alerts)
        try await routeAll()
    }

    func store(_ source: UUID, _ alerts: [IncomingAlert]) async throws {
        var message = IncomingMessage(alerts: alerts)
        if let known = try await SourceStore(pool: pool).source(source) {
            try await book.apply(&message, source: known)
        }
        try await take([(source, message.alerts)])
    }

    func routeAll() async throws {
        await router.releaseDue()
        while try await router.routeBatch() > 0 {}
    }

    /// Each alert as `identity incident`, or why it has none.
    func places() async throws -> [String] {
        try await alerts().map { "\($0.identity) \($0.incident.map(String.init) ?? $0.held ?? "lost")" }
    }

    /// Makes what is due at a moment due now, as time does.
    func passTime() async throws {
        try await pool.query("UPDATE alert SET held_until = now() WHERE held_until IS NOT NULL")
        try await pool.query(
            "UPDATE silence SET starts_at = least(starts_at, now() - interval '1 second'), ends_at = now()")
        _ = try await pool.query("UPDATE routing SET version = version + 1")
    }
}

extension LabelMatcher {
    static func alertname(_ name: String) throws -> LabelMatcher {
        try LabelMatcher("alertname", .equal, name)
    }
}
