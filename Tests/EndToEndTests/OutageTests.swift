import TestSupport
import Testing

/// A whole platform is down, and comes back in the right order.
@Suite(.endToEnd, .timeLimit(.minutes(20)))
struct OutageTests {
    @Test func `a platform comes back by three engineers at once, and two daemons of which one dies`() async throws {
        try await TestDatabase.with(connections: 1) { database in
            let place = Daemon.Place.database(database.conninfo)
            // A later wave waits here: as it was before tiers only ordered.
            let waves = ["restoration.waves": "enforce"]
            try await Daemon.with(place, waves) { survivor in
                try await Daemon.with(place, waves) { mortal in
                    let outage = try await breakDown(survivor, mortal)
                    try await outage.assess()
                    try await outage.mitigate()
                    try await outage.readPlan()
                    try await outage.restoreFirstWave()
                    try await outage.loseFirstWave()
                    try await outage.regainFirstWave()
                    try await outage.join()
                    try await outage.waive()
                    try await outage.force()
                    try await outage.order()
                    try await outage.restoreTheRest(killing: mortal)
                    try await outage.endRestoring()
                    let story = try await OutageStory(survivor.api, outage.path)
                    story.tellsRevisions()
                    story.tellsDecisionsInOrder()
                    try await story.isReviewed(survivor.api)
                    try await story.isMeasured(survivor.api)
                    let verified = try await survivor.run("verify")
                    #expect(verified.status == 0, "\(verified)")
                }
            }
        }
    }

    /// Alerts on ten components reach one daemon, and open one incident.
    private func breakDown(_ survivor: Daemon, _ mortal: Daemon) async throws -> Outage {
        let api = survivor.api
        try await api.put("/v1/components", Demonstration.catalog()).expect(200)
        let source = try await api.makeSource("alertmanager")
        let monitoring = Monitoring(api, hook: source.hook)
        try await monitoring.fire("Unavailable", on: Demonstration.hit)
        let incident = try await Eventually.get("an incident of ten alerts") {
            let incidents = try await mortal.api.all("/v1/incidents")
            try #require(incidents.count <= 1)
            return incidents.first { $0["alerts"]["firing"] == 10 }
        }
        #expect(Set(incident["impacts"].items.map(\.component)) == Set(Demonstration.hit))
        let path = "/v1/incidents/\(incident["number"].int ?? 0)"
        var engineers: [Engineer] = []
        for (number, name) in ["Rosa", "Rudi", "Rita"].enumerated() {
            let here = try await api.client(name, "responder")
            let there = API(address: mortal.address, token: here.token)
            // One begins at the daemon that stays, two at the one that dies.
            let daemons = number == 0 ? [here, there] : [there, here]
            engineers.append(Engineer(number: number, daemons: daemons, path: path, monitoring: monitoring))
        }
        let commander = try await api.client("Carla", "commander")
        return Outage(path: path, commander: commander, engineers: engineers, monitoring: monitoring)
    }
}
