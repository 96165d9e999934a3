import ArgumentParser
import MusterServer

/// `musterd verify`: replays the timelines and compares.
struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Replay every timeline and check its chain and the rows made from it.")

    @OptionGroup var installation: InstallationOptions

    func run() async throws {
        let configuration = installation.load()
        let report = await Process.failing {
            try await Commands.verify(configuration, logger: configuration.makeLogger())
        }
        for difference in report.differences { Process.complain(difference) }
        print(report.summary)
        guard report.differences.isEmpty else { throw ExitCode(1) }
    }
}
