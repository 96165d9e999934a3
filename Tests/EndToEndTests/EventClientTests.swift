import TestSupport
import Testing

/// CloudEvents' SDK and Apprise send to us.
@Suite(
    .endToEnd, .timeLimit(.minutes(20)),
    .enabled("the clients cannot be fetched here, so nothing sends as they do") { await PythonClient.areThere() })
struct EventClientTests {
    @Test func `cloudevents are taken structured, binary and batched, and each ends what it began`() async throws {
        try await Daemon.with { daemon in
            let api = daemon.api
            try await api.putPlatform()
            let (url, key) = ("http://\(daemon.address)", try await api.makeKey("cloudevents"))
            let script = "cloudevents_client.py"
            let begun = try await PythonClient.run(
                script, url, key, "structured", "structured", "binary", "binary", "batch", "binary_untyped")
            #expect(begun.allSatisfy { $0["value"]["status"] == 200 }, "\(begun)")
            #expect(begun.map { $0["value"]["body"]["accepted"].int } == [1, 1, 1, 1, 2, 1])
            var wanted = ["structured": "firing 2", "binary": "firing 2", "batch-a": "firing 1", "batch-b": "firing 1"]
            wanted["5"] = "firing 1"
            func named(_ states: [String: String]) -> [String: String] {
                .init(uniqueKeysWithValues: states.map { ("/checks/disk|\($0.key)", $0.value) })
            }
            try await api.wantAlerts(named(wanted))
            try await api.wantIncident(firing: 5, of: 5)
            let binary = try await api.all("/v1/alerts?label=type:com.example.check.failed")
            #expect(binary.count == 5 && binary.allSatisfy { $0["labels"]["subject"] == "disk é" }, "\(binary)")

            let ended = try await PythonClient.run(script, url, key, "structured_end", "binary_end", "batch_end")
            #expect(ended.allSatisfy { $0["value"]["status"] == 200 }, "\(ended)")
            for name in wanted.keys where name != "5" { wanted[name]?.replace("firing", with: "resolved") }
            try await api.wantAlerts(named(wanted))
            try await api.wantIncident(firing: 1, of: 5)

            let nameless = try await PythonClient.run(script, url, key, "nameless")[0]
            #expect(nameless["status"] == 422, "\(nameless)")
            #expect(try await api.all("/v1/dead-letters").count == 1)
            #expect(try await PythonClient.run(script, url, "wrong", "structured")[0]["status"] == 404)
            try await api.wantAlerts(named(wanted))
            #expect(try await daemon.run("verify").status == 0)
        }
    }

    @Test func `apprise notifies by JSON, by a form, and by its PagerDuty and Opsgenie plug-ins`() async throws {
        try await Daemon.with { daemon in
            let api = daemon.api
            try await api.putPlatform()
            let (url, key) = ("http://\(daemon.address)", try await api.makeKey("apprise"))
            let script = "apprise_client.py"
            let json = try await PythonClient.run(script, url, key, "json_failure", "json_failure")
            #expect(json.allSatisfy { $0["value"] == true }, "\(json)")
            try await api.wantAlerts(["Disk is full": "firing 2"])
            try await api.wantIncident(firing: 1, of: 1)
            let others = try await PythonClient.run(
                script, url, key, "json_success", "form_failure", "pagerduty_failure", "pagerduty_failure",
                "pagerduty_success", "opsgenie_failure", "opsgenie_failure", "opsgenie_success")
            #expect(others.allSatisfy { $0["value"] == true }, "\(others)")
            let alerts = try await api.all("/v1/alerts")
            // PagerDuty's plug-in makes a key of its own.
            let pagerDuty = try #require(alerts.compactMap { $0["identity"].string }.first { $0.count == 64 })
            try await api.wantAlerts([
                "Disk is full": "resolved 2", "A form": "firing 1", pagerDuty: "resolved 2", "apprise": "resolved 2",
            ])
            let refused = try await PythonClient.run(
                script, url, "wrong", "json_failure", "pagerduty_failure", "opsgenie_failure")
            #expect(refused.allSatisfy { $0["value"] == false }, "\(refused)")
            #expect(try await api.all("/v1/alerts").count == alerts.count)
            #expect(try await daemon.run("verify").status == 0)
        }
    }

    @Test func `apprise, which does not try again by itself, says so when the intake is full`() async throws {
        try await TestDatabase.with { database in
            try await Daemon.with(.database(database.conninfo), FullIntake.settings) { daemon in
                let (url, key) = ("http://\(daemon.address)", try await daemon.api.makeKey("apprise"))
                let script = "apprise_client.py"
                let refused = try await FullIntake.run(daemon, database, refusing: "/v2/enqueue") {
                    try await PythonClient.run(script, url, key, "pagerduty_failure")
                }
                #expect(refused[0]["value"] == false, "\(refused)")
                let taken = try await PythonClient.run(script, url, key, "pagerduty_failure")
                #expect(taken[0]["value"] == true, "\(taken)")
                let stored = try await daemon.api.all("/v1/alerts").filter { $0["labels"]["alertname"] != "filler" }
                #expect(stored.map { $0["occurrences"] } == [1], "what was refused is not stored: \(stored)")
                try await daemon.api.wantIncident(firing: 1, of: 1)
                #expect(try await daemon.run("verify").status == 0)
            }
        }
    }
}
