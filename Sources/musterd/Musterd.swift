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

    static func main() async {
        Process.leave(await runCommand())
    }

    /// - Returns: The status to end with.
    private static func runCommand() async -> Int32 {
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            return 0
        } catch {
            let (status, message) = (exitCode(for: error).rawValue, fullMessage(for: error))
            if status == 0 {
                print(message)
            } else if !message.isEmpty {
                Process.tell(message)
            }
            return status
        }
    }
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
            Process.leave(78)
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

    /// Ends the process at once, as the one way out of it.
    ///
    /// `exit` would run what libraries have registered for the end, such as OpenSSL's cleaning up, while threads of ours are
    /// still in them: one that connects to PostgreSQL over TLS would crash. Nothing of ours waits for the end: what is open
    /// has been closed by now.
    static func leave(_ status: Int32) -> Never {
        fflush(nil)
        _exit(status)
    }

    /// Has SIGTERM and SIGINT end the process with status 0 while nothing has begun yet. The daemon takes them over.
    static func endQuietlyWhenAsked() {
        for number in [SIGTERM, SIGINT] { signal(number) { _ in _exit(0) } }
    }

    /// Writes to standard error, each line with the program's name.
    static func complain(_ text: String) {
        for line in text.split(separator: "\n") { tell("musterd: \(line)") }
    }

    /// Writes to standard error.
    static func tell(_ text: String) {
        let bytes = Array("\(text)\n".utf8)
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }

    /// Runs the body; what it throws is said, and the process ends with status 1.
    static func failing<Result>(_ body: () async throws -> Result) async -> Result {
        do {
            return try await body()
        } catch {
            complain(FailureText.of(error))
            leave(1)
        }
    }
}
