import ArgumentParser
import Logging
import MusterServer

/// `musterd serve`: the daemon.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Run the daemon.")

    @OptionGroup var installation: InstallationOptions

    func run() async throws {
        Process.endQuietlyWhenAsked()
        let configuration = installation.load()
        let environment = Process.environment
        let logger = configuration.makeLogger(environment: environment)
        for warning in configuration.warnings { logger.warning("\(warning)") }
        await Process.failing {
            try await Server.serve(configuration, environment: environment, logger: logger) { [installation] in
                try ServerConfiguration.load(file: installation.config, environment: environment)
            }
        }
    }
}
