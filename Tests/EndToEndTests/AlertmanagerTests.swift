import FoundationEssentials
import Testing

/// Debian's real Alertmanager posts to us, and every alert and incident is what it should be.
@Suite(
    .endToEnd, .timeLimit(.minutes(20)),
    .enabled("prometheus-alertmanager cannot be fetched here, so nothing posts alerts") {
        await Tool.isThere(.alertmanager)
    })
struct AlertmanagerTests {
    @Test func `a group of three fires, partly ends, repeats and ends: one incident, right alerts`() async throws {
        try await Daemon.with { daemon in
            let api = daemon.api
            try await api.putPlatform()
            let source = try await api.makeSource("alertmanager")
            try await Alertmanager.with(hook: "http://\(daemon.address)\(source.hook)") { alertmanager in
                try await alertmanager.push("DiskFull", ["db1", "db2", "db3"], component: "database")
                try await want(["db1": "firing", "db2": "firing", "db3": "firing"], api)
                try await wantOneIncident(api, firing: 3)

                try await alertmanager.push("DiskFull", ["db2"], component: "database", resolvedAt: Date())
                try await want(["db1": "firing", "db2": "resolved", "db3": "firing"], api)
                try await wantOneIncident(api, firing: 2)

                let before = try await occurrences("db1", api)
                try await Eventually.holds("repeats") { try await occurrences("db1", api) >= before + 2 }
                try await want(["db1": "firing", "db2": "resolved", "db3": "firing"], api)

                try await alertmanager.push("DiskFull", ["db1", "db3"], component: "database", resolvedAt: Date())
                try await want(["db1": "resolved", "db2": "resolved", "db3": "resolved"], api)
                try await wantOneIncident(api, firing: 0)
                #expect(try await alertmanager.count("alertmanager_notifications_failed_total") == 0)
            }
            try await wantTidyTimeline(api)
            #expect(try await daemon.run("verify").status == 0)
        }
    }

    @Test func `the same, with the daemon killed in the middle, again and again`() async throws {
        try await Daemon.with { daemon in
            let api = daemon.api
            try await api.putPlatform()
            let source = try await api.makeSource("alertmanager")
            try await Alertmanager.with(hook: "http://\(daemon.address)\(source.hook)") { alertmanager in
                // Killed as soon as the first message arrived, perhaps before its incident was opened.
                try await alertmanager.push("DiskFull", ["db1", "db2", "db3"], component: "database")
                try await Eventually.holds("the alerts are stored") { try await api.all("/v1/alerts").count == 3 }
                try await daemon.kill9()
                try await alertmanager.push("DiskFull", ["db2"], component: "database", resolvedAt: Date())
                try await wantFailures(alertmanager)
                try await daemon.start()
                try await want(["db1": "firing", "db2": "resolved", "db3": "firing"], api)
                try await wantOneIncident(api, firing: 2)

                try await daemon.kill9()
                try await alertmanager.push("DiskFull", ["db1", "db3"], component: "database", resolvedAt: Date())
                try await wantFailures(alertmanager)
                try await daemon.start()
                try await want(["db1": "resolved", "db2": "resolved", "db3": "resolved"], api)
                try await wantOneIncident(api, firing: 0)
            }
            try await wantTidyTimeline(api)
            #expect(try await daemon.run("verify").status == 0)
        }
    }

    /// Alertmanager has tried, in vain.
    private func wantFailures(_ alertmanager: Alertmanager) async throws {
        let metric = "alertmanager_notification_requests_failed_total"
        let before = try await alertmanager.count(metric)
        try await Eventually.holds("failed attempts") { try await alertmanager.count(metric) > before }
    }

    private func want(_ states: [String: String], _ api: API) async throws {
        var found: [JSON] = []
        do {
            try await Eventually.holds("alerts \(states)") {
                found = try await api.all("/v1/alerts")
                let known = found.map { ($0["labels"]["instance"].string ?? "", $0["status"].string ?? "") }
                return Dictionary(known) { "\($0) and \($1)" } == states
            }
        } catch {
            Issue.record("the alerts are \(found)")
            throw error
        }
    }

    private func wantOneIncident(_ api: API, firing: Int) async throws {
        try await Eventually.holds("one incident with \(firing) firing") {
            let incidents = try await api.all("/v1/incidents")
            try #require(incidents.count <= 1, "more than one incident: \(incidents)")
            return incidents.first?["alerts"]["firing"].int == firing && incidents.first?["alerts"]["total"] == 3
        }
        let incident = try await api.all("/v1/incidents")[0]
        #expect(incident["impacts"][0]["component"] == "database")
        let owners = Set(try await api.all("/v1/alerts").map { $0["incident"] })
        #expect(owners == [incident["number"]])
    }

    /// Every alert joined once and was cleared once, however often it came.
    private func wantTidyTimeline(_ api: API) async throws {
        // Its number is not always 1: one that was drawn by a daemon that was then killed is lost.
        let number = try #require(try await api.all("/v1/incidents").first?["number"].int)
        let entries = try await api.all("/v1/incidents/\(number)/timeline")
        func mentions(_ kind: String) -> [String] {
            entries.filter { $0["kind"] == .string(kind) }
                .flatMap { $0["data"]["alerts"].items.compactMap { $0["id"].string } }.sorted()
        }
        let alerts = try await api.all("/v1/alerts").compactMap { $0["id"].string }.sorted()
        #expect(mentions("alerts_attached") == alerts)
        #expect(mentions("alerts_cleared") == alerts)
    }

    private func occurrences(_ instance: String, _ api: API) async throws -> Int {
        try await api.all("/v1/alerts?label=instance:\(instance)").first?["occurrences"].int ?? 0
    }
}
