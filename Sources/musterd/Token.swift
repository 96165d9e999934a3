import ArgumentParser
import IncidentDomain
import MusterServer

/// `musterd token`: the API tokens.
struct Token: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Make API tokens.", subcommands: [Create.self])

    /// `musterd token create`: prints a new token, and nothing else, on standard output.
    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Make an API token and print it, once.")

        @OptionGroup var installation: InstallationOptions

        @Option(help: "Who or what the token is for; shown in the timeline of incidents.")
        var name: String

        @Option(help: "viewer, responder, commander or admin.")
        var role: String

        func validate() throws {
            guard Role(rawValue: role) != nil else {
                let names = Role.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("--role should be one of \(names).")
            }
            guard (1...100).contains(name.unicodeScalars.count), !name.utf8.contains(0) else {
                throw ValidationError("--name should have 1 to 100 characters.")
            }
        }

        func run() async throws {
            let configuration = installation.load()
            let role = Role(rawValue: role) ?? .viewer
            let secret = await Process.failing {
                try await Commands.createToken(
                    name: name, role: role, configuration, logger: configuration.makeLogger())
            }
            print(secret)
        }
    }
}
