import FoundationEssentials
import IncidentDomain
import Postgres
import TestSupport
import Testing

@testable import MusterServer

/// Paging as the database has it: by severity, by rule, over restarts, by any daemon.
@Suite(.timeLimit(.minutes(20))) struct EscalationRunnerTests {
    private static let plan = EscalationPlan(
        notify: ["first"], escalate: [.init(afterSeconds: 300, endpoints: ["second"])])

    private func endpoint(_ name: String, on daemon: TestDaemon) async throws -> UUID {
        let id = UUID()
        let settings = EndpointSettings(
            name: name, format: .standardWebhooks, filter: NoticeFilter(events: []), headers: [], options: [:],
            timeoutSeconds: 5)
        let secrets = EndpointSecrets(url: "https://\(name).example/", signing: try .make(.hmac))
        let outcome = try await EndpointStore(pool: daemon.pool, secretsKey: nil).create(
            id, settings, secrets, by: .mia)
        guard case .done = outcome else { throw CancellationError() }
        return id
    }

    private func fanOut(_ daemon: TestDaemon) async throws {
        let loop = NoticeFanOut(
            pool: daemon.pool, policy: PhasePolicy(),
            escalations: EscalationDefaults(bySeverity: [.sev1: Self.plan]), signal: nil, sending: WakeSignal(),
            logger: TestServer.quietLogger)
        try await loop.fanOutAll()
    }

    private func escalate(_ daemon: TestDaemon) async throws {
        let runner = EscalationRunner(
            pool: daemon.pool, policy: PhasePolicy(), signal: nil, noticing: WakeSignal(),
            logger: TestServer.quietLogger)
        try await runner.pass()
        try await fanOut(daemon)
    }

    /// What every endpoint was told, in order.
    private func told(_ daemon: TestDaemon) async throws -> [String] {
        try await daemon.pool.query(
            """
            SELECT endpoint.name || ' ' || notice.kind AS line FROM notification
                JOIN notice ON notice.id = notification.notice JOIN endpoint ON endpoint.id = notification.endpoint
            ORDER BY notification.id
            """
        ).map { try $0.decode("line", as: String.self) }
    }

    private func expect(_ daemon: TestDaemon, _ lines: [String], line: Int = #line) async throws {
        let found = try await told(daemon)
        #expect(found == lines, "line \(line)")
    }

    /// As if so much time had passed.
    private func pass(seconds: Int, _ daemon: TestDaemon) async throws {
        _ = try await daemon.pool.query(
            """
            UPDATE escalation SET begun_at = begun_at - make_interval(secs => \(Double(seconds))),
                next_at = next_at - make_interval(secs => \(Double(seconds)))
            """)
    }

    private func openSev1(_ daemon: TestDaemon) async throws -> Int {
        let number = try await daemon.open()
        try await daemon.tell(.amend(IncidentAmendment(severity: .sev1)), number)
        return number
    }

    @Test func `a severity pages its endpoints, and the next ones when nobody acknowledges`() async throws {
        try await TestDaemon.with { daemon in
            for name in ["first", "second"] { _ = try await endpoint(name, on: daemon) }
            _ = try await openSev1(daemon)
            try await fanOut(daemon)
            try await expect(daemon, [])
            try await escalate(daemon)
            try await expect(daemon, ["first page"])
            try await pass(seconds: 299, daemon)
            try await escalate(daemon)
            try await expect(daemon, ["first page"])
            try await pass(seconds: 1, daemon)
            // Another daemon, as after a restart.
            try await daemon.beside { other in
                try await escalate(other)
                try await escalate(other)
            }
            try await expect(daemon, ["first page", "second page"])
            try await escalate(daemon)
            try await expect(daemon, ["first page", "second page"])
        }
    }

    @Test func `acknowledging stops it, and whoever was paged hears so`() async throws {
        try await TestDaemon.with { daemon in
            for name in ["first", "second"] { _ = try await endpoint(name, on: daemon) }
            let number = try await openSev1(daemon)
            try await fanOut(daemon)
            try await escalate(daemon)
            try await daemon.tell(.acknowledge, number)
            try await pass(seconds: 400, daemon)
            try await escalate(daemon)
            try await expect(daemon, ["first page", "first acknowledged"])
            let rows = try await daemon.pool.query("SELECT ended FROM escalation")
            #expect(try rows.map { try $0.decode("ended", as: String?.self) } == ["acknowledged"])
        }
    }

    @Test func `an acknowledgement that was a mistake pages again`() async throws {
        try await TestDaemon.with { daemon in
            for name in ["first", "second"] { _ = try await endpoint(name, on: daemon) }
            let number = try await openSev1(daemon)
            try await fanOut(daemon)
            try await escalate(daemon)
            try await daemon.tell(.acknowledge, number)
            try await pass(seconds: 400, daemon)
            try await escalate(daemon)
            let entry = try await daemon.count("timeline_entry")
            let mistake = IncidentEvent.acknowledged
            try await daemon.tell(.strike(entry, mistake, reason: "the wrong incident"), number)
            try await escalate(daemon)
            try await pass(seconds: 300, daemon)
            for _ in 1...2 { try await escalate(daemon) }
            try await expect(
                daemon,
                [
                    "first page", "first acknowledged", "first entry_struck", "first page", "second page",
                ])
        }
    }

    @Test func `an incident that is acknowledged already pages nobody, and neither does another severity`() async throws
    {
        try await TestDaemon.with { daemon in
            _ = try await endpoint("first", on: daemon)
            let number = try await daemon.open()
            try await daemon.tell(.acknowledge, number)
            try await daemon.tell(.amend(IncidentAmendment(severity: .sev1)), number)
            let other = try await daemon.open("other")
            try await daemon.tell(.amend(IncidentAmendment(severity: .sev3)), other)
            try await fanOut(daemon)
            try await escalate(daemon)
            #expect(try await daemon.count("escalation") == 0)
        }
    }

    @Test func `a step whose endpoints are gone is passed by at once`() async throws {
        try await TestDaemon.with { daemon in
            _ = try await endpoint("second", on: daemon)
            _ = try await openSev1(daemon)
            try await fanOut(daemon)
            try await escalate(daemon)
            try await expect(daemon, ["second page"])
        }
    }

    @Test func `two daemons at once tell each step once`() async throws {
        try await TestDaemon.with(connections: 8) { daemon in
            for name in ["first", "second"] { _ = try await endpoint(name, on: daemon) }
            for _ in 1...5 { _ = try await openSev1(daemon) }
            try await fanOut(daemon)
            try await daemon.beside { other in
                try await withThrowingTaskGroup { group in
                    for one in [daemon, other, daemon, other] { group.addTask { try await escalate(one) } }
                    try await group.waitForAll()
                }
            }
            try await fanOut(daemon)
            let count = try await told(daemon).count
            #expect(count == 5)
        }
    }

    @Test func `the rule of an alert pages its endpoints`() async throws {
        try await TestDaemon.with { daemon in
            _ = try await endpoint("first", on: daemon)
            var rule = RoutingRule(id: .timeOrdered(at: .now()), name: "databases", matchers: [])
            rule.paging = EscalationPlan(notify: ["first"], escalate: [])
            _ = try await RuleStore(pool: daemon.pool).create(rule, at: nil, by: .mia)
            let source = try await daemon.makeSource()
            try await daemon.book.refresh()
            let alert = IncomingAlert(
                identity: "disk", groupKey: "disk", status: .firing, title: "Disk is full", startsAt: .now(),
                labels: [:],
                annotations: [:])
            try await daemon.store(source, [alert])
            try await daemon.routeAll()
            try await fanOut(daemon)
            try await escalate(daemon)
            try await expect(daemon, ["first page"])
        }
    }

    @Test func `whoever heard of an incident hears its end, also when its severity fell meanwhile`() async throws {
        try await TestDaemon.with { daemon in
            let settings = EndpointSettings(
                name: "worst", format: .standardWebhooks, filter: NoticeFilter(severities: ["sev1"]), headers: [],
                options: [:], timeoutSeconds: 5)
            let secrets = EndpointSecrets(url: "https://worst.example/", signing: try .make(.hmac))
            _ = try await EndpointStore(pool: daemon.pool, secretsKey: nil)
                .create(UUID(), settings, secrets, by: .mia)
            let number = try await openSev1(daemon)
            try await fanOut(daemon)
            try await daemon.tell(.amend(IncidentAmendment(severity: .sev4)), number)
            try await daemon.tell(.dismiss(reason: "a test"), number)
            let other = try await daemon.open("never of sev1")
            try await daemon.tell(.dismiss(reason: "a test"), other)
            try await fanOut(daemon)
            try await expect(
                daemon,
                ["worst incident_opened", "worst severity_set", "worst severity_set", "worst incident_dismissed"])
        }
    }

    @Test func `an escalation that cannot be read stops no other`() async throws {
        try await TestDaemon.with { daemon in
            _ = try await endpoint("first", on: daemon)
            let broken = try await openSev1(daemon)
            try await fanOut(daemon)
            _ = try await daemon.pool.query("UPDATE escalation SET plan = '[]' WHERE incident = \(broken)")
            _ = try await openSev1(daemon)
            try await fanOut(daemon)
            try await escalate(daemon)
            try await expect(daemon, ["first page"])
            // A daemon of a newer release may read it: it waits, and is not given up.
            let waiting = try await daemon.count(
                "escalation", where: "incident = \(broken) AND next_at > now() AND ended IS NULL")
            #expect(waiting == 1)
        }
    }
}

extension NoticeFanOut {
    /// Until everything that was committed was read. Tests of other databases hold transactions on the same server, and the feed ends
    /// below the oldest one.
    func fanOutAll() async throws {
        while true {
            while try await fanOut() {}
            let behind = try await pool.query(
                """
                SELECT EXISTS (SELECT 1 FROM timeline_entry, notification_cursor AS cursor
                    WHERE (timeline_entry.transaction_id, timeline_entry.position)
                        > (cursor.transaction_id, cursor.position)) AS behind
                """
            ).first
            guard try behind?.decode("behind", as: Bool.self) == true else { return }
            await Task.yield()
        }
    }
}
