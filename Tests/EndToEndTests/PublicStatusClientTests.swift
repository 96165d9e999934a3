import FoundationEssentials
import Postgres
import TestSupport
import Testing

/// The public page of a running daemon, read by programs that nobody here wrote, held against a real history, and attacked. The scripts that do so stand in
/// `Clients/`.
/// One after the other: a browser, a validator and a flood at once leave two cores nothing for the other tests.
@Suite(
    .endToEnd, .timeLimit(.minutes(20)), .serialized,
    .enabled("the clients cannot be fetched here, so nobody reads") { await PythonClient.areThere() })
struct PublicStatusClientTests {
    /// Recorded from a public status page; beside the repository on the machines that have it, and never in it.
    private static let history = Files.parent(Files.package) + "/shared/corpus/incidents/github-status-history.atom"

    /// Runs steps of a script, none of which may find anything wrong.
    private static func run(_ script: String, _ daemon: Daemon, _ steps: [String]) async throws {
        let answers = try await PythonClient.run(
            script, "http://\(daemon.address)", Daemon.bootstrapToken, steps: steps,
            environment: ["MUSTER_STATUS_SNAPSHOT": daemon.dataDirectory + "/status-snapshot"], within: .seconds(600))
        for (step, answer) in zip(steps, answers) {
            #expect(answer["value"]["wrong"].array?.isEmpty == true, "\(step): \(answer)")
        }
    }

    @Test func `exporters, readers of feeds, validators and a browser follow a whole incident`() async throws {
        try await Daemon.with { daemon in
            try await Self.run(
                "status_consumers.py", daemon,
                ["catalog", "degraded", "degraded_over", "outage", "restoring", "over", "maintenance"])
        }
    }

    @Test func `they read it while PostgreSQL is away`() async throws {
        try await TestServer.with { server in
            try await Daemon.with(.database(server.conninfo(database: "postgres")), faultsAreMeant: true) { daemon in
                try await Self.run("status_consumers.py", daemon, ["catalog", "degraded"])
                let file = daemon.dataDirectory + "/status-snapshot"
                try await Eventually.holds("it is on disk") { Files.text(file).contains("Search is slow") }
                await server.stop()
                try await daemon.kill9()
                try daemon.launch()
                let api = daemon.api.with(token: nil)
                try await Eventually.holds("the file is shown") { try await api.get("/status").status == 200 }
                try await Self.run("status_consumers.py", daemon, ["interrupted"])
                try await Self.run("status_attack.py", daemon, ["flood=5000"])
                _ = try await server.start()
                try await daemon.ready()
            }
        }
    }

    @Test(.enabled("the recorded history is not on this machine") { Files.exists(history) })
    func `seven weeks of a real history look as they did there`() async throws {
        try await Daemon.with { daemon in
            try await Self.run("status_replay.py", daemon, ["history=\(Self.history)"])
        }
    }

    @Test func `no planted word gets out, and no trick gets anything`() async throws {
        try await Daemon.with { daemon in
            try await Self.run("status_attack.py", daemon, ["leaks", "tricks", "flood=5000"])
        }
    }
}
