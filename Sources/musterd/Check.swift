import ArgumentParser
import MusterServer

/// `musterd check`: reads the whole configuration and says each wrong key.
struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Read the configuration and say what is wrong with it.")

    @OptionGroup var installation: InstallationOptions

    func run() throws {
        do {
            let configuration = try ServerConfiguration.load(
                file: installation.config, environment: Process.environment)
            for warning in configuration.warnings { Process.complain("warning: \(warning)") }
            print("the configuration is right")
        } catch {
            Process.complain(error.description)
            throw ExitCode(1)
        }
    }
}
