import FoundationEssentials
import TestSupport
import Testing

/// Debian's real Prometheus takes us for its Alertmanager.
@Suite(
    .endToEnd, .timeLimit(.minutes(20)),
    .enabled("prometheus cannot be fetched here, so nothing evaluates rules") { await Tool.isThere(.prometheus) })
struct PrometheusTests {
    private static let errors = "prometheus_notifications_errors_total"

    @Test func `a rule fires, goes on, ends in part and in whole, with the daemon killed in between`() async throws {
        try await Daemon.with { daemon in
            let api = daemon.api
            try await api.putPlatform()
            let key = try await api.makeKey("prometheus")
            try await Prometheus.with(daemon: daemon.address, key: key) { prometheus in
                try prometheus.set(["db1": true, "db2": true])
                try await want(["db1": "firing", "db2": "firing"], api)
                try await api.wantIncident(firing: 2, of: 2)
                let first = try await alert("db1", api)
                #expect(first["annotations"]["summary"] == "Disk of db1 is full – café", "\(first)")
                #expect(first["component"] == "database" && first["labels"]["cluster"] == "test", "\(first)")
                #expect(first["expires_at"] != .null, "Prometheus says until when it holds")
                try await Eventually.holds("it is said again, and holds for longer") {
                    let later = try await alert("db1", api)
                    return (later["occurrences"].int ?? 0) > (first["occurrences"].int ?? 0)
                        && (later["expires_at"].string ?? "") > (first["expires_at"].string ?? "")
                }

                try await daemon.kill9()
                try prometheus.set(["db1": true, "db2": false])
                try await Eventually.holds("failed attempts") { try await prometheus.count(Self.errors) > 0 }
                try await daemon.start()
                try await want(["db1": "firing", "db2": "resolved"], api)
                try await api.wantIncident(firing: 1, of: 2)

                try prometheus.set(["db1": false, "db2": false])
                try await want(["db1": "resolved", "db2": "resolved"], api)
                try await api.wantIncident(firing: 0, of: 2)
            }
            #expect(try await daemon.run("verify").status == 0)
        }
    }

    @Test func `what a full intake refuses, Prometheus says again`() async throws {
        try await TestDatabase.with { database in
            try await Daemon.with(.database(database.conninfo), FullIntake.settings) { daemon in
                try await daemon.api.putPlatform()
                let key = try await daemon.api.makeKey("prometheus")
                try await Prometheus.with(daemon: daemon.address, key: key) { prometheus in
                    try await FullIntake.run(daemon, database, refusing: "/api/v2/alerts") {
                        try prometheus.set(["db1": true, "db2": true])
                        try await want(["db1": "firing", "db2": "firing"], daemon.api)
                    }
                    #expect(try await prometheus.count(Self.errors) > 0)
                    try await daemon.api.wantIncident(firing: 2, of: 2)
                }
                #expect(try await daemon.run("verify").status == 0)
            }
        }
    }

    @Test func `Prometheus under a wrong key is refused, and nothing is stored`() async throws {
        try await Daemon.with { daemon in
            try await Prometheus.with(daemon: daemon.address, key: "wrong") { prometheus in
                try prometheus.set(["db1": true])
                try await Eventually.holds("a refusal") { try await prometheus.count(Self.errors) > 0 }
            }
            #expect(try await daemon.api.all("/v1/alerts").isEmpty)
        }
    }

    private func want(_ states: [String: String], _ api: API) async throws {
        try await Eventually.holds("alerts \(states)") {
            let known = try await api.all("/v1/alerts").filter { $0["labels"]["alertname"] == "DiskFull" }
                .map { ($0["labels"]["disk"].string ?? "", $0["status"].string ?? "") }
            return Dictionary(known) { "\($0) and \($1)" } == states
        }
    }

    private func alert(_ disk: String, _ api: API) async throws -> JSON {
        try #require(try await api.all("/v1/alerts?label=disk:\(disk)").first)
    }
}
