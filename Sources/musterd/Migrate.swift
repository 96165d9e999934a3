import ArgumentParser
import MusterServer

/// `musterd migrate`: brings the schema up to date.
struct Migrate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Bring the database's schema up to date.")

    @OptionGroup var installation: InstallationOptions

    func run() async throws {
        let configuration = installation.load()
        let applied = await Process.failing {
            try await Commands.migrate(configuration, logger: configuration.makeLogger())
        }
        print(applied.isEmpty ? "up to date" : applied.map { "applied \($0)" }.joined(separator: "\n"))
    }
}
