import ArgumentParser
import IncidentDomain
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

/// `musterd verify`: replays the timelines and compares.
struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Replay every timeline and check its chain and the rows made from it.")

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

/// `musterd version`.
struct Version: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Print the version.")

    func run() {
        print("musterd \(MusterVersion.current)")
    }
}
