import FoundationEssentials
import Postgres
import TestSupport
import Testing

/// Any number of daemons on one database, none of them special: work is claimed, and what one claimed and did not bring to
/// its end, another does.
@Suite(.endToEnd, .timeLimit(.minutes(20)))
struct ManyDaemonsTests {
    /// Runs the body with four, which start at the same time on an empty database.
    private func withFour(_ body: (_ daemons: [Daemon], _ database: TestDatabase) async throws -> Void) async throws {
        try await TestDatabase.with(connections: 1) { database in
            let place = Daemon.Place.database(database.conninfo)
            let settings = ["database.connections": "4", "probes.concurrent_max": "4"]
            func with(_ count: Int, _ daemons: [Daemon]) async throws {
                guard count > 0 else {
                    for daemon in daemons { try daemon.launch() }
                    for daemon in daemons { try await daemon.ready() }
                    return try await body(daemons, database)
                }
                try await Daemon.with(place, settings, starts: false) { try await with(count - 1, daemons + [$0]) }
            }
            try await with(4, [])
        }
    }

    @Test func `four that start at once on an empty database migrate it once`() async throws {
        try await withFour { daemons, database in
            let migrated = daemons.filter { $0.logLines.contains { $0.contains("schema changed") } }
            #expect(migrated.count == 1)
            let rows = try await database.pool.query(
                "SELECT count(*) = max(number) AND max(number) > 10 AS whole FROM schema_migration")
            #expect(try rows[0].decode("whole", as: Bool.self))
            for (index, daemon) in daemons.enumerated() {
                try await daemon.api.post("/v1/incidents", ["title": .string("\(index)")]).expect(201)
            }
            for daemon in daemons { #expect(try await daemon.api.all("/v1/incidents").count == 4) }
        }
    }

    @Test func `what all of them look for happens once`() async throws {
        try await withFour { daemons, database in
            let api = daemons[0].api
            let catalog: JSON = ["components": [["slug": "database", "tier": 0, "soak_seconds": 2]]]
            try await api.put("/v1/components", catalog).expect(200)
            let port = Port.free()
            let probe: JSON = [
                "kind": "tcp", "host": "127.0.0.1", "port": .number(Double(port)), "interval_seconds": 5,
                "timeout_seconds": 1, "failures_to_fire": 1,
            ]
            try await api.put("/v1/probes/closed", probe).expect(201)
            try await api.put("/v1/heartbeats/quick", ["interval_seconds": 5]).expect(201)
            try await api.post("/v1/heartbeats/quick/ping").expect(200)
            let path = try await api.open(
                ["title": "Down", "components": [["component": "database", "impact": "major_outage"]]])
            for _ in 0..<3 {
                try await api.post(path + "/advance", ["override": true, "reason": "a test"]).expect(200)
            }
            try await api.post(path + "/restoration/database/start").expect(200)
            try await api.post(path + "/restoration/database/verify").expect(200)
            let source = try await api.makeSource("prometheus")
            for number in 0..<60 {
                let message = AlertmanagerMessage(group: "group \(number % 20)", [.init("\(number)")])
                try await daemons[number % 4].api.post(source.hook, message.json).expect(200)
            }

            try await Eventually.holds("everything has happened", within: .seconds(60)) {
                let alerts = try await api.all("/v1/alerts")
                let looks = try await api.get("/v1/probes/closed/results").expect(200)["items"].items
                let plan = try await api.get(path + "/restoration").expect(200)
                return !alerts.contains { $0["incident"] == .null } && alerts.count >= 62 && looks.count >= 3
                    && plan.planStep("database")["state"] == "restored"
            }
            let alerts = try await api.all("/v1/alerts")
            #expect(alerts.count == 62 && alerts.allSatisfy { $0["incident"] != .null })
            #expect(try await api.all("/v1/incidents").count == 1 + 20 + 2)
            let restored = try await api.all(path + "/timeline").filter { $0["kind"] == "step_restored" }
            #expect(restored.count == 1)
            let looks = try await api.get("/v1/probes/closed/results").expect(200)["items"].items
            let moments = looks.compactMap { Moment.date($0["checked_at"].string) }
            for (later, earlier) in zip(moments, moments.dropFirst()) {
                #expect(later.timeIntervalSince(earlier) > 4, "two looked at the same time: \(looks)")
            }
            try await checkFeeds(of: daemons, api)
            #expect(try await daemons[3].run("verify").status == 0)
        }
    }

    /// Each daemon shows everything, once, every incident's events in their order.
    private func checkFeeds(of daemons: [Daemon], _ api: API) async throws {
        let incidents = try await api.all("/v1/incidents")
        let entries = incidents.compactMap { $0["version"].int }.reduce(0, +)
        for daemon in daemons {
            let follower = FeedFollower(fleet: Fleet([daemon]))
            let following = Task { await follower.run(seed: 1) }
            defer { following.cancel() }
            try await Eventually.holds("all is read") { follower.events.count >= entries }
            var next: [Int: Int] = [:]
            for event in follower.events {
                #expect(event.sequence == next[event.incident, default: 1])
                next[event.incident] = event.sequence + 1
            }
            #expect(next.count == incidents.count)
        }
    }

    @Test func `what a killed daemon had claimed is done by another within seconds`() async throws {
        try await TestDatabase.with(connections: 1) { database in
            let place = Daemon.Place.database(database.conninfo)
            try await Daemon.with(place) { first in
                // Takes connections and says nothing, so that whoever looks is at it for a while.
                let port = Port.free()
                let silent = try ListeningSocket(port: port)
                defer { withExtendedLifetime(silent) {} }
                let probe: JSON = [
                    "kind": "http", "url": .string("http://127.0.0.1:\(port)/"), "interval_seconds": 5,
                    "timeout_seconds": 3, "failures_to_fire": 1,
                ]
                try await first.api.put("/v1/probes/silent", probe).expect(201)
                try await Eventually.holds("it is claimed") {
                    let claimed: SQL = "SELECT FROM probe WHERE claim IS NOT NULL"
                    return try await !database.pool.query(claimed).isEmpty
                }
                try await first.kill9()
                let killed = ContinuousClock.now
                try await Daemon.with(place) { second in
                    try await Eventually.holds("another has looked") {
                        let looks = try await second.api.get("/v1/probes/silent/results").expect(200)
                        return !looks["items"].items.isEmpty
                    }
                    #expect(killed.duration(to: .now) < .seconds(25))
                    try await Eventually.holds("and told") { try await second.api.all("/v1/alerts").count == 1 }
                    try await first.start()
                }
            }
        }
    }
}
