import FoundationEssentials
import IncidentDomain
import Postgres
import TestSupport

@testable import MusterServer

extension TestDaemon {
    /// A source of alerts; its id.
    func makeSource(_ name: String = "prometheus") async throws -> UUID {
        let id = UUID()
        _ = try await SourceStore(pool: pool).create(
            id: id, name: name, kind: .alertmanager, keyHash: OpenSSL.sha256(Array(id.uuidString.utf8)), by: .mia)
        return id
    }

    /// Stores alerts of one message, as the intake does; how many changed their state.
    @discardableResult
    func take(_ source: UUID, _ alerts: IncomingAlert...) async throws -> Int {
        try await take([(source, alerts)])
    }

    /// Stores messages of one batch, as the intake does; how many alerts changed their state.
    @discardableResult
    func take(_ messages: [(source: UUID, alerts: [IncomingAlert])]) async throws -> Int {
        var changed = 0
        for round in AlertFolding.rounds(messages, at: .now()) { changed += try await takeInsisting(round) }
        return changed
    }

    /// Again, when another daemon stored the same alert at the same moment.
    private func takeInsisting(_ round: [AlertIntakeStore.Arrival]) async throws -> Int {
        while true {
            do {
                return try await AlertIntakeStore(pool: pool).apply(round)
            } catch let error as PostgresError where ["23505", "40P01"].contains(error.sqlState) {
                continue
            }
        }
    }

    /// Every alert row, the oldest first.
    func alerts() async throws -> [StoredAlert] {
        try await pool.query("SELECT \(fragment: StoredAlert.columns) FROM alert ORDER BY identity, starts_at")
            .map(StoredAlert.init)
    }

    /// As `identity status occurrences`, for comparing at a glance.
    func summary() async throws -> [String] {
        try await alerts().map { "\($0.identity) \($0.status.rawValue) \($0.occurrences)" }
    }

    /// An intake that runs while `body` does.
    func withIntake<T: Sendable>(
        _ limits: AlertIntake.Limits = AlertIntake.Limits(), _ body: @escaping @Sendable (AlertIntake) async throws -> T
    ) async throws -> T {
        let intake = AlertIntake(
            store: AlertIntakeStore(pool: pool), limits: limits, routing: routing, logger: TestServer.quietLogger)
        return try await withThrowingTaskGroup(of: T?.self) { group in
            group.addTask {
                try await intake.run()
                return nil
            }
            group.addTask { try await body(intake) }
            while let ended = try await group.next() {
                guard let value = ended else { continue }
                group.cancelAll()
                return value
            }
            throw CancellationError()
        }
    }
}

extension Timestamp {
    /// A moment of the past, in minutes after an arbitrary one.
    static func minute(_ minute: Int) -> Timestamp {
        Timestamp(milliseconds: 1_700_000_000_000 + Int64(minute) * 60_000)
    }
}

extension IncomingAlert {
    /// An alert that began at a minute of the past.
    static func firing(
        _ identity: String, at minute: Int = 0, group: String? = nil, component: String? = nil,
        title: String = "It fires"
    ) -> IncomingAlert {
        IncomingAlert(
            identity: identity, groupKey: group ?? identity, status: .firing, title: title, component: component,
            severity: "critical", startsAt: .minute(minute), endsAt: nil, labels: ["alertname": identity],
            annotations: [:])
    }

    /// The end of the alert that began at a minute of the past.
    static func resolved(
        _ identity: String, at minute: Int = 0, until end: Int = 1, group: String? = nil, component: String? = nil
    ) -> IncomingAlert {
        var alert = firing(identity, at: minute, group: group, component: component)
        alert.status = .resolved
        alert.endsAt = .minute(end)
        return alert
    }

    /// Somebody looks at an alert.
    static func acknowledged(_ identity: String, by actor: String? = nil, group: String? = nil) -> IncomingAlert {
        var alert = firing(identity, group: group)
        (alert.status, alert.actor) = (.acknowledged, actor)
        return alert
    }
}

extension IncomingMessage {
    static func of(_ alerts: IncomingAlert...) -> IncomingMessage {
        IncomingMessage(alerts: alerts)
    }
}

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
