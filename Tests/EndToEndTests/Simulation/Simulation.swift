import FoundationEssentials
import Synchronization
import TestSupport
import Testing

/// Many clients, two daemons, one database, a sender of alerts, and ends of daemons in between.
struct Simulation: Sendable {
    let seed: UInt64
    let commands: Int

    private static let clients = ["responder", "commander", "commander", "admin", "responder", "commander"]

    /// All that was seen from outside, for checking.
    struct Report: Sendable {
        let ledger: Ledger
        let alerts: [String: [String: AlertStorm.Expected]]
        let source: String
        let follower: FeedFollower
        let ends: Int
    }

    func run(on fleet: Fleet) async throws -> Report {
        var generator = SeededGenerator(seed: seed)
        let admin = fleet.daemons[0].api
        // Some components are watched for a second before they count as restored.
        let soaking = Platform.catalog["components"].items.map { component in
            component.with(["soak_seconds": .number(component["tier"] == 2 ? 1 : 0)])
        }
        try await admin.put("/v1/components", ["components": .array(soaking)]).expect(200)
        let source = try await admin.makeSource("storm")

        let now = Int(Date().timeIntervalSince1970) * 1000
        let ledger = Ledger(firstMark: now - 3_600_000)
        let startedAt = Moment.text(milliseconds: now - 7_200_000)
        var clients: [SimulatedClient] = []
        for (index, role) in Self.clients.enumerated() {
            let name = "client-\(index)"
            let token = try await admin.client(name, role).token ?? ""
            clients.append(
                SimulatedClient(name: name, token: token, fleet: fleet, ledger: ledger, startedAt: startedAt))
        }
        let follower = FeedFollower(fleet: fleet)
        let seeds = (0..<clients.count + 3).map { _ in generator.next() }
        let following = Task { await follower.run(seed: seeds[0]) }
        defer { following.cancel() }

        let isRunning = RunFlag()
        let storm = AlertStorm(fleet: fleet, hook: source.hook, start: now - 86_400_000)
        async let alerts = storm.run(seed: seeds[1]) { isRunning.value }
        async let ends = fleet.disturb(every: max(commands / 10, 50), ledger, seed: seeds[2])
        let each = commands / clients.count
        try await withThrowingTaskGroup { group in
            for (client, seed) in zip(clients, seeds.dropFirst(3)) {
                group.addTask { try await client.run(commands: each, seed: seed) }
            }
            try await group.waitForAll()
        }
        ledger.finish()
        isRunning.stop()
        let report = Report(
            ledger: ledger, alerts: try await alerts, source: source.id, follower: follower, ends: try await ends)
        try await catchUp(report, admin)
        return report
    }

    /// Until everything that will happen has happened: alerts have reached their incidents, soaks have ended, the
    /// follower has read all.
    private func catchUp(_ report: Report, _ admin: API) async throws {
        try await Eventually.holds("every alert is at its incident") {
            let incidents = try await admin.all("/v1/alerts?source=\(report.source)").map { $0["incident"] }
            return !incidents.contains(.null)
        }
        try await Eventually.holds("every soak has ended") {
            for incident in try await admin.all("/v1/incidents?open=true") {
                let plan = try await admin.get("/v1/incidents/\(incident["number"].int ?? 0)/restoration").expect(200)
                let states = plan["waves"].items.flatMap { $0["steps"].items.map { $0["state"] } }
                if states.contains("verifying") { return false }
            }
            return true
        }
        var written = 0
        try await Eventually.holds("the follower has read everything") {
            let versions = try await admin.all("/v1/incidents").compactMap { $0["version"].int }
            written = versions.reduce(0, +)
            return report.follower.events.count >= written
        }
    }
}

/// Stops once.
final class RunFlag: Sendable {
    private let isStopped = Mutex(false)

    var value: Bool { isStopped.withLock { !$0 } }

    func stop() { isStopped.withLock { $0 = true } }
}
