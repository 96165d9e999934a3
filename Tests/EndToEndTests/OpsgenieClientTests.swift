import TestSupport
import Testing

/// Opsgenie's own SDK creates, reads, acknowledges and closes alerts with us.
@Suite(
    .endToEnd, .timeLimit(.minutes(20)),
    .enabled("the clients cannot be fetched here, so nothing sends as Opsgenie's does") {
        await PythonClient.areThere()
    })
struct OpsgenieClientTests {
    private static let script = "opsgenie_client.py"

    @Test func `opsgenie-sdk creates an alert twice, reads it, acknowledges and closes it`() async throws {
        try await Daemon.with { daemon in
            let api = daemon.api
            try await api.putPlatform()
            let (url, key) = ("http://\(daemon.address)", try await api.makeKey("opsgenie"))
            let made = try await PythonClient.run(Self.script, url, key, "create", "create", "read", "list", "count")
            #expect(made[0]["value"]["success"] == true && made[0]["value"]["alias"] == "disk", "\(made)")
            #expect(made[0]["value"]["request"] == made[0]["value"]["alert"], "clients name the alert by its request")
            #expect(made[1]["value"]["alert"] == made[0]["value"]["alert"])
            let read = made[2]["value"]
            #expect(read["id"] == made[0]["value"]["alert"] && read["status"] == "open" && read["count"] == 2)
            #expect(read["message"] == "Disk is full – café" && read["tags"] == ["storage", "urgent"])
            #expect(made[3]["value"] == ["disk"] && made[4]["value"] == 1)
            try await api.wantAlerts(["disk": "firing 2"])
            try await api.wantIncident(firing: 1, of: 1)

            let looked = try await PythonClient.run(
                Self.script, url, key, "acknowledge", "read_by_id", "read", "note", "notes")
            #expect(looked.allSatisfy { $0["error"] == .null }, "\(looked)")
            #expect(looked[2]["value"]["acknowledged"] == true)
            #expect(Set(looked[4]["value"].items) == ["Looking", "Half of it is logs"])
            try await api.wantAlerts(["disk": "acknowledged 2"])
            try await api.wantIncident(firing: 1, of: 1, isAcknowledged: true)
            let alert = try await api.all("/v1/alerts")[0]
            #expect(alert["acknowledged_by"] == "Jo" && alert["component"] == "database")

            let closed = try await PythonClient.run(Self.script, url, key, "close", "close", "read")
            #expect(closed[2]["value"]["status"] == "closed", "\(closed)")
            try await api.wantAlerts(["disk": "resolved 2"])
            try await api.wantIncident(firing: 0, of: 1, isAcknowledged: true)
            #expect(try await daemon.run("verify").status == 0)
        }
    }

    @Test func `opsgenie-sdk understands every no of ours`() async throws {
        try await Daemon.with { daemon in
            let (url, key) = ("http://\(daemon.address)", try await daemon.api.makeKey("opsgenie"))
            let lines = try await PythonClient.run(
                Self.script, url, key, "close_unknown", "read_unknown", "create_wrong")
            #expect(
                lines[0]["value"]["success"] == false, "an unknown alias is taken, and its outcome says so: \(lines)")
            #expect(lines[1]["error"] == "ApiException" && lines[1]["status"] == 404)
            #expect(lines[2]["error"] == "ConfigurationException" && lines[2]["status"] == 422)
            let refused = try await PythonClient.run(Self.script, url, "wrong", "create")[0]
            #expect(refused["error"] == "AuthenticationException" && refused["status"] == 401)
            #expect(try await daemon.api.all("/v1/alerts").isEmpty)
        }
    }

    @Test func `opsgenie-sdk goes on until a full intake has room again`() async throws {
        try await TestDatabase.with { database in
            try await Daemon.with(.database(database.conninfo), FullIntake.settings) { daemon in
                let (url, key) = ("http://\(daemon.address)", try await daemon.api.makeKey("opsgenie"))
                let lines = try await FullIntake.run(daemon, database, refusing: "/v2/alerts") {
                    try await PythonClient.run(Self.script, url, key, "create")
                }
                #expect(lines[0]["value"]["success"] == true, "\(lines)")
                try await daemon.api.wantAlerts(["disk": "firing 1"])
                try await daemon.api.wantIncident(firing: 1, of: 1)
                #expect(try await daemon.run("verify").status == 0)
            }
        }
    }
}
