import Glibc
import TestSupport
import Testing

/// Whatever happens, in whatever order: what was answered is what is stored, once.
@Suite(.endToEnd, .timeLimit(.minutes(20)))
struct SimulationTests {
    /// `MUSTER_SIMULATION_SEED` repeats a run, as far as the machine's timing lets it; `MUSTER_SIMULATION_COMMANDS` says
    /// how long it is.
    private static let seed = number("MUSTER_SIMULATION_SEED") ?? UInt64.random(in: 1...999_999)
    private static let commands = Int(number("MUSTER_SIMULATION_COMMANDS") ?? 4_000)

    private static func number(_ name: String) -> UInt64? {
        getenv(name).flatMap { UInt64(String(cString: $0)) }
    }

    @Test func `two daemons that are killed again and again do every command once or not at all`() async throws {
        let simulation = Simulation(seed: Self.seed, commands: Self.commands)
        print("simulation: MUSTER_SIMULATION_SEED=\(Self.seed) MUSTER_SIMULATION_COMMANDS=\(Self.commands)")
        try await TestDatabase.with(connections: 1) { database in
            // Short limits, so that the key of a lost request is soon free again.
            let settings = ["database.statement_timeout_seconds": "2", "database.statement_deadline_seconds": "3"]
            let place = Daemon.Place.database(database.conninfo)
            try await Daemon.with(place, settings, faultsAreMeant: true) { first in
                try await Daemon.with(place, settings, faultsAreMeant: true) { second in
                    let fleet = Fleet([first, second])
                    let report = try await simulation.run(on: fleet)
                    let check = try await SimulationCheck(report, first.api)
                    check.checkVersions()
                    check.checkFeed()
                    check.checkCommands()
                    try await check.checkAlerts(second.api)
                    let verified = try await first.run("verify")
                    #expect(verified.status == 0, "\(verified)")
                    print(
                        "simulation: \(Self.summary(report)), \(verified.output.split(separator: "\n").last ?? "")")
                }
            }
        }
    }

    private static func summary(_ report: Simulation.Report) -> String {
        var (accepted, refused, unknown) = (0, 0, 0)
        for entry in report.ledger.entries.values {
            switch entry.outcome {
            case .accepted: accepted += 1
            case .refused: refused += 1
            case .unknown: unknown += 1
            }
        }
        return
            "\(accepted) commands accepted, \(refused) refused, \(unknown) unknown, \(report.ends) ends of a daemon, "
            + "\(report.follower.connections) connections of the follower"
    }
}
