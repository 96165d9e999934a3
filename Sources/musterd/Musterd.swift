import ArgumentParser
import Glibc
import Logging
import MusterServer

/// `musterd`: the daemon and its commands. Exit status: 0 done or stopped as asked, 1 failed, 64 bad usage, 78 bad
/// configuration.
@main
struct Musterd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "musterd",
        abstract: "Incident management on PostgreSQL.",
        subcommands: [
            Serve.self, Migrate.self, Check.self, Token.self, Verify.self, Export.self, Import.self,
            Examine.self, Version.self,
        ])
}

/// The options that every command about an installation has.
struct InstallationOptions: ParsableArguments {
    @Option(name: .long, help: ArgumentHelp("The configuration file (YAML).", valueName: "file"))
    var config: String?

    /// The configuration, or the end of the process with status 78 and every mistake on standard error.
    func load() -> ServerConfiguration {
        do {
            return try ServerConfiguration.load(file: config, environment: Process.environment)
        } catch {
            Process.complain(error.description)
            Glibc.exit(78)
        }
    }
}

/// What a command needs of the process around it.
enum Process {
    static var environment: [String: String] {
        var variables: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let pair = String(cString: text)
            if let sign = pair.firstIndex(of: "=") {
                variables[String(pair[..<sign])] = String(pair[pair.index(after: sign)...])
            }
            entry += 1
        }
        return variables
    }

    /// Says nothing: for commands whose output says it all.
    static var quietLogger: Logger {
        Logger(label: "musterd") { _ in SwiftLogNoOpLogHandler() }
    }

    /// Writes to standard error, each line with the program's name.
    static func complain(_ text: String) {
        for line in text.split(separator: "\n") {
            let bytes = Array("musterd: \(line)\n".utf8)
            _ = write(STDERR_FILENO, bytes, bytes.count)
        }
    }

    /// Runs the body; what it throws is said, and the process ends with status 1.
    static func failing<Result>(_ body: () async throws -> Result) async -> Result {
        do {
            return try await body()
        } catch {
            complain(FailureText.of(error))
            Glibc.exit(1)
        }
    }
}
