import FoundationEssentials
import IncidentDomain
import Postgres
import TestSupport

@testable import MusterServer

extension TestDaemon {
    /// What this daemon notices by itself, with an intake that runs while `body` does.
    func withSenses<T: Sendable>(
        networks: ProbeNetworks = ProbeNetworks(), _ body: @escaping @Sendable (Senses) async throws -> T
    ) async throws -> T {
        try await beThereForLong()
        return try await withIntake { intake in try await body(senses(intake, networks: networks)) }
    }

    func senses(_ intake: AlertIntake, networks: ProbeNetworks = ProbeNetworks()) -> Senses {
        Senses(
            pool: pool, intake: intake, rules: book, probes: .init(concurrentMax: 8, networks: networks),
            logger: TestServer.quietLogger)
    }

    /// However slow the test is, it is no downtime; the database may also be the copy of an older one.
    private func beThereForLong() async throws {
        try await pool.query("UPDATE sense_fleet SET seen_at = now() + interval '1 hour'")
    }

    /// Makes everything of a heartbeat so much older, as if that time had gone by.
    func age(heartbeat name: String, by seconds: Int) async throws {
        try await pool.query(
            """
            UPDATE heartbeat SET armed_at = armed_at - make_interval(secs => \(seconds)),
                last_ping_at = last_ping_at - make_interval(secs => \(seconds)),
                due_at = due_at - make_interval(secs => \(seconds))
            WHERE name = \(name)
            """)
        try await beThereForLong()
    }

    /// Makes every probe due.
    func makeProbesDue() async throws {
        try await pool.query("UPDATE probe SET next_at = now()")
    }
}

extension HeartbeatDraft {
    static func named(
        _ name: String, every interval: Int = 60, grace: Int = 30, component: String? = nil, isEnabled: Bool = true
    ) -> HeartbeatDraft {
        HeartbeatDraft(
            name: name, intervalSeconds: interval, graceSeconds: grace, component: component, severity: "critical",
            description: "The nightly backup.", isEnabled: isEnabled)
    }
}

extension ProbeDraft {
    static func named(
        _ name: String, _ target: ProbeTarget, every interval: Int = 60, fires: Int = 1, resolves: Int = 1,
        component: String? = nil, isEnabled: Bool = true
    ) -> ProbeDraft {
        ProbeDraft(
            name: name, target: target, intervalSeconds: interval, timeoutSeconds: 5,
            thresholds: ProbeThresholds(failuresToFire: fires, successesToResolve: resolves), component: component,
            severity: nil, description: nil, isEnabled: isEnabled)
    }
}

extension ProbeTarget {
    static func page(
        _ url: String, contains: String? = nil, matches: String? = nil, latencyMax: Int? = nil, redirects: Int = 5,
        verifies: Bool = true, headers: [HTTPTarget.Header] = []
    ) -> ProbeTarget {
        .http(
            HTTPTarget(
                url: url, method: .get, headers: headers, expectedStatus: [.init(first: 200, last: 399)],
                bodyContains: contains, bodyMatches: matches, latencyMaxMilliseconds: latencyMax,
                redirectsMax: redirects, verifies: verifies))
    }
}
