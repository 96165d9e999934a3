import ArgumentParser
import MusterServer

/// `musterd doctor`: examines the installation and says what to do.
struct Examine: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Examine configuration, files, address, database and clock, and say what to do.",
        discussion: """
            One line for each thing that was looked at: ok, warning or problem. Status 1 when there is a problem. \
            Nothing is changed. Run it as the account of the daemon, since it says what that account may do.
            """)

    @OptionGroup var installation: InstallationOptions

    @Flag(help: "Print one JSON document.")
    var json = false

    func run() async throws {
        let doctor = Doctor(
            file: installation.config, environment: Process.environment,
            logger: Process.quietLogger)
        let findings = await doctor.examine()
        print(json ? Finding.json(findings) : findings.map(\.line).joined(separator: "\n"))
        guard !findings.contains(where: { $0.level == .problem }) else { throw ExitCode(1) }
    }
}
