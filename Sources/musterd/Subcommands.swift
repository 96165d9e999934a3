import ArgumentParser
import IncidentDomain
import Logging
import MusterServer

// What a command prints on standard output is its result, for a person or a pipe: these are the only places that print. What
// is said beside it goes to standard error (`Process.complain`), and the daemon logs.

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

/// `musterd migrate`: brings the schema up to date.
struct Migrate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Apply pending migrations to the database.")

    @OptionGroup var installation: InstallationOptions

    func run() async throws {
        let configuration = installation.load()
        let applied = await Process.failing {
            try await Commands.migrate(configuration, logger: configuration.makeLogger())
        }
        print(applied.isEmpty ? "up to date" : applied.map { "applied \($0)" }.joined(separator: "\n"))
    }
}

/// `musterd check`: reads the whole configuration and says each wrong key.
struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Check the configuration and report errors.")

    @OptionGroup var installation: InstallationOptions

    func run() throws {
        do {
            let configuration = try ServerConfiguration.load(
                file: installation.config, environment: Process.environment)
            for warning in configuration.warnings { Process.complain("warning: \(warning)") }
            print("the configuration is valid")
        } catch {
            Process.complain(error.description)
            throw ExitCode(1)
        }
    }
}

/// `musterd doctor`: examines the installation and says what to do.
struct Examine: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check configuration, files, address, database and clock, and suggest fixes.",
        discussion: """
            Prints one line per check: ok, warning or problem. The exit status is 1 if there is a problem. Changes \
            nothing. Run it as the daemon's account, because it checks what that account can do.
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

/// `musterd token`: the API tokens.
struct Token: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Manage API tokens.", subcommands: [Create.self])

    /// `musterd token create`: prints a new token, and nothing else, on standard output.
    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create an API token and print it. It cannot be shown again.")

        @OptionGroup var installation: InstallationOptions

        @Option(help: "Who or what the token is for; shown in incident timelines.")
        var name: String

        @Option(help: "viewer, responder, commander or admin.")
        var role: String

        @Option(help: "Whose token it is, as incidents name this person in their roles; leave it out for a tool's own.")
        var person: String?

        private var knownRole: Role? { Role(rawValue: role.lowercased()) }

        func validate() throws {
            guard knownRole != nil else {
                let names = Role.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("--role should be one of \(names).")
            }
            for (option, text, most) in [("name", name, 100), ("person", person ?? name, 200)] {
                guard (1...most).contains(text.unicodeScalars.count), !text.allSatisfy(\.isWhitespace),
                    !text.utf8.contains(0)
                else {
                    throw ValidationError("--\(option) should have 1 to \(most) characters.")
                }
            }
        }

        func run() async throws {
            let configuration = installation.load()
            let role = knownRole ?? .viewer
            let person = person.map { $0.split(whereSeparator: \.isWhitespace).joined(separator: " ") }
            let secret = await Process.failing {
                try await Commands.createToken(
                    name: name, role: role, person: person, configuration, logger: configuration.makeLogger())
            }
            print(secret)
        }
    }
}

/// `musterd verify`: replays the timelines and compares.
struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Verify every timeline: its hash chain, and the rows derived from it.")

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

/// `musterd export`: everything, as of one moment, in one file.
struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Export the whole database to an archive, from one snapshot.",
        discussion: """
            The archive is JSON lines with checksums of every part and of the whole. It contains what people wrote, \
            and the hashes of API tokens and source keys, never the secrets. The daemon can keep running.
            """)

    @OptionGroup var installation: InstallationOptions

    @Argument(help: "The file to write, which must not exist yet; - is standard output.")
    var file: String

    @Flag(help: "Resume an interrupted export: parts whose rows have not changed are reused.")
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

/// `musterd import`: an archive into an empty database.
struct Import: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Import an archive into an empty database.",
        discussion: """
            The data becomes visible only when all of it is imported, every checksum matches and every timeline is \
            verified. To resume an interrupted import, run the same command again.
            """)

    @OptionGroup var installation: InstallationOptions

    @Argument(help: "The archive file; - is standard input.")
    var file: String

    @Flag(help: "Discard an interrupted import and start over.")
    var restart = false

    @Flag(help: "Accept the archive although timelines do not verify; they stay as they are.")
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
                "the import was not put in place because of these differences; use --despite-differences to accept them"
            )
            throw ExitCode(1)
        }
    }
}

/// `musterd version`.
struct Version: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Print the version.")

    func run() {
        print("musterd \(MusterVersion.current)")
    }
}
