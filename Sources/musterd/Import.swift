import ArgumentParser
import MusterServer

/// `musterd import`: an archive into an empty database.
struct Import: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Read an archive into an empty database.",
        discussion: """
            Nothing can be seen of it before all of it is there, every checksum is right and every timeline has been \
            verified. What was interrupted goes on when the same command is run again.
            """)

    @OptionGroup var installation: InstallationOptions

    @Argument(help: "The archive; - is standard input.")
    var file: String

    @Flag(help: "Forget what an interrupted import has brought, and begin anew.")
    var restart = false

    @Flag(help: "Put the archive in place although its timelines do not verify: they are then as wrong as they were.")
    var despiteDifferences = false

    func run() async throws {
        let configuration = installation.load()
        let outcome = await Process.failing {
            try await Commands.importArchive(
                from: file, restarts: restart, toleratesDifferences: despiteDifferences, configuration,
                logger: configuration.makeLogger(), progress: Process.complain)
        }
        for difference in outcome.differences { Process.complain(difference) }
        print(outcome.summary)
        guard outcome.isInPlace else {
            Process.complain(
                "it was not put in place, because of these differences; --despite-differences does so all the same")
            throw ExitCode(1)
        }
    }
}
