import ArgumentParser
import MusterServer

/// `musterd export`: everything, as of one moment, in one file.
struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write an archive of everything in the database, as of one moment.",
        discussion: """
            The archive has one JSON value a line and checksums of every part and of the whole. It holds what people \
            wrote, and the hashes (never the secrets) of tokens and of sources' keys. The daemon may go on working.
            """)

    @OptionGroup var installation: InstallationOptions

    @Argument(help: "The file to write, which must not be there yet; - is standard output.")
    var file: String

    @Flag(help: "Go on with an export that was interrupted: its parts are taken where their rows are still the same.")
    var resume = false

    func validate() throws {
        guard file != "-" || !resume else { throw ValidationError("--resume needs a file.") }
    }

    func run() async throws {
        let configuration = installation.load()
        let summary = await Process.failing {
            try await Commands.export(
                to: file, resumes: resume, configuration, logger: configuration.makeLogger(),
                progress: Process.complain)
        }
        Process.complain(summary)
    }
}
