import FoundationEssentials
import TestSupport
import Testing

/// Alertmanager's receivers for PagerDuty and Opsgenie, pointed at us, beside its webhook.
@Suite(
    .endToEnd, .timeLimit(.minutes(20)),
    .enabled("prometheus-alertmanager cannot be fetched here, so nothing posts alerts") {
        await Tool.isThere(.alertmanager)
    })
struct AlertmanagerReceiverTests {
    private static let integrations = ["webhook", "pagerduty", "opsgenie"]
    private static let failures = "alertmanager_notification_requests_failed_total"

    @Test func `one group by three receivers is one incident, and each tells of its end`() async throws {
        try await Daemon.with { daemon in
            let api = daemon.api
            try await api.putPlatform()
            try await Alertmanager.with(receiver: try await receiver(of: daemon)) { alertmanager in
                try await alertmanager.push("DiskFull", ["db1", "db2"], component: "database")
                try await want("firing", api)
                try await api.wantIncident(firing: 4, of: 4)
                let before = try await occurrences(api)
                try await Eventually.holds("every receiver repeats") {
                    let now = try await occurrences(api)
                    return before.allSatisfy { (now[$0.key] ?? 0) > $0.value }
                }
                try await alertmanager.push("DiskFull", ["db1", "db2"], component: "database", resolvedAt: Date())
                try await want("resolved", api)
                try await api.wantIncident(firing: 0, of: 4)
                for integration in Self.integrations {
                    #expect(try await alertmanager.count(Self.failures, integration) == 0, "\(integration)")
                }
            }
            #expect(try await daemon.run("verify").status == 0)
        }
    }

    @Test func `each receiver goes on until a full intake has room again`() async throws {
        try await TestDatabase.with { database in
            try await Daemon.with(.database(database.conninfo), FullIntake.settings) { daemon in
                let api = daemon.api
                try await api.putPlatform()
                try await Alertmanager.with(receiver: try await receiver(of: daemon)) { alertmanager in
                    try await FullIntake.run(daemon, database, refusing: "/v2/enqueue") {
                        try await alertmanager.push("DiskFull", ["db1", "db2"], component: "database")
                        try await want("firing", api)
                    }
                    #expect(try await alertmanager.count(Self.failures, "pagerduty") > 0)
                    try await api.wantIncident(firing: 4, of: 4)
                }
                #expect(try await daemon.run("verify").status == 0)
            }
        }
    }

    @Test func `under wrong keys each receiver fails, and nothing is stored`() async throws {
        try await Daemon.with { daemon in
            let wrong = (webhook: "wrong", pagerDuty: "wrong", opsgenie: "wrong")
            try await Alertmanager.with(receiver: Self.receiver(daemon.address, wrong)) { alertmanager in
                try await alertmanager.push("DiskFull", ["db1"], component: "database")
                for integration in Self.integrations {
                    try await Eventually.holds("\(integration) fails") {
                        try await alertmanager.count(Self.failures, integration) > 0
                    }
                }
            }
            #expect(try await daemon.api.all("/v1/alerts").isEmpty)
        }
    }

    private func receiver(of daemon: Daemon) async throws -> JSON {
        let keys = (
            webhook: try await daemon.api.makeKey("alertmanager"), pagerDuty: try await daemon.api.makeKey("pagerduty"),
            opsgenie: try await daemon.api.makeKey("opsgenie")
        )
        return Self.receiver(daemon.address, keys)
    }

    private static func receiver(
        _ address: String, _ keys: (webhook: String, pagerDuty: String, opsgenie: String)
    ) -> JSON {
        [
            "webhook_configs": [["url": "http://\(address)/hooks/\(keys.webhook)"]],
            "pagerduty_configs": [
                [
                    "url": "http://\(address)/v2/enqueue", "routing_key": .string(keys.pagerDuty),
                    "component": "database",
                ]
            ],
            "opsgenie_configs": [
                [
                    "api_url": "http://\(address)/", "api_key": .string(keys.opsgenie), "update_alerts": true,
                    "details": ["component": "database"],
                ]
            ],
        ]
    }

    /// Waits until the webhook's two alerts and one of each of the others, which tell of the group, are in a state.
    private func want(_ status: String, _ api: API) async throws {
        var found: [JSON] = []
        do {
            try await Eventually.holds("four alerts \(status)") {
                found = try await api.all("/v1/alerts").filter { $0["labels"]["alertname"] != "filler" }
                // The identity is the group's key, hashed, or Alertmanager's fingerprint.
                let lengths = found.compactMap { $0["identity"].string?.count }.sorted()
                return lengths == [16, 16, 64, 64] && found.allSatisfy { $0["status"] == .string(status) }
            }
        } catch {
            Issue.record("the alerts are \(found)")
            throw error
        }
    }

    private func occurrences(_ api: API) async throws -> [String: Int] {
        let known = try await api.all("/v1/alerts").map { ($0["id"].string ?? "", $0["occurrences"].int ?? 0) }
        return Dictionary(known) { $0 + $1 }
    }
}
