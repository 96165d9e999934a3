import TestSupport
import Testing

/// PagerDuty's own clients send to us.
@Suite(
    .endToEnd, .timeLimit(.minutes(20)),
    .enabled("the clients cannot be fetched here, so nothing sends as PagerDuty's do") {
        await PythonClient.areThere()
    })
struct PagerDutyClientTests {
    private static let disk = "disk/db-1 é"
    private static let script = "pagerduty_client.py"

    @Test func `pagerduty triggers, repeats, acknowledges, resolves, and tells of a change`() async throws {
        try await Daemon.with { daemon in
            let api = daemon.api
            try await api.putPlatform()
            let key = try await api.makeKey("pagerduty")
            try await PythonServer.withTLS(before: daemon.address) { url, trusting in
                func run(_ steps: String...) async throws {
                    for step in steps {
                        let line = try await PythonClient.run(Self.script, url, key, step, environment: trusting)[0]
                        #expect(line["error"] == .null, "\(line)")
                    }
                }
                try await run("trigger", "trigger")
                try await api.wantAlerts([Self.disk: "firing 2"])
                try await api.wantIncident(firing: 1, of: 1)
                try await run("acknowledge")
                try await api.wantAlerts([Self.disk: "acknowledged 2"])
                try await api.wantIncident(firing: 1, of: 1, isAcknowledged: true)
                try await run("resolve", "resolve", "change", "change")
                try await api.wantAlerts([Self.disk: "resolved 2"])
                try await api.wantIncident(firing: 0, of: 1, isAcknowledged: true)
            }
            let alert = try await api.all("/v1/alerts")[0]
            #expect(alert["title"] == "Disk is full: 98 % – café")
            #expect(alert["component"] == "database" && alert["severity"] == "error")
            let changes = try await api.all("/v1/changes")
            #expect(changes.map { $0["at"] } == ["2026-01-01T10:00:00.678Z"], "one, however often it was told")
            #expect(try await daemon.run("verify").status == 0)
        }
    }

    @Test func `pagerduty is told of a wrong key at once, and nothing is stored`() async throws {
        try await Daemon.with { daemon in
            try await PythonServer.withTLS(before: daemon.address) { url, trusting in
                let line = try await PythonClient.run(
                    Self.script, url, "abcdefghijklmnopqrstuvwxyz234567", "trigger", environment: trusting)[0]
                #expect(line["status"] == 400, "\(line)")
            }
            #expect(try await daemon.api.all("/v1/alerts").isEmpty)
        }
    }

    @Test func `pagerduty goes on until a full intake has room again`() async throws {
        try await TestDatabase.with { database in
            try await Daemon.with(.database(database.conninfo), FullIntake.settings) { daemon in
                let api = daemon.api
                let key = try await api.makeKey("pagerduty")
                try await PythonServer.withTLS(before: daemon.address) { url, trusting in
                    let lines = try await FullIntake.run(daemon, database, refusing: "/v2/enqueue") {
                        try await PythonClient.run(Self.script, url, key, "trigger", environment: trusting)
                    }
                    #expect(lines[0]["value"] == .string(Self.disk), "\(lines)")
                }
                try await api.wantAlerts([Self.disk: "firing 1"])
                try await api.wantIncident(firing: 1, of: 1)
                #expect(try await daemon.run("verify").status == 0)
            }
        }
    }

    @Test func `pdpyras, its predecessor, does the same`() async throws {
        try await Daemon.with { daemon in
            let api = daemon.api
            let (url, key) = ("http://\(daemon.address)", try await api.makeKey("pagerduty"))
            func run(_ first: String, _ second: String) async throws {
                let lines = try await PythonClient.run("pdpyras_client.py", url, key, first, second)
                #expect(lines.allSatisfy { $0["error"] == .null }, "\(lines)")
            }
            try await run("trigger", "trigger")
            try await api.wantIncident(firing: 1, of: 1)
            try await run("acknowledge", "change")
            try await api.wantAlerts(["queue": "acknowledged 2"])
            try await api.wantIncident(firing: 1, of: 1, isAcknowledged: true)
            try await run("resolve", "resolve")
            try await api.wantAlerts(["queue": "resolved 2"])
            try await api.wantIncident(firing: 0, of: 1, isAcknowledged: true)
            let refused = try await PythonClient.run("pdpyras_client.py", url, "wrong", "trigger")[0]
            #expect(refused["status"] == 400, "\(refused)")
            #expect(try await api.all("/v1/alerts").count == 1)
            #expect(try await daemon.run("verify").status == 0)
        }
    }
}
