import ArgumentParser
import Glibc
import MusterClient

/// `muster`: the command line of a daemon, over REST only. docs/command-line.md has its exit statuses.
@main
struct Muster: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "muster",
        abstract: "Carry incidents from detection to a finished review.",
        discussion: """
            Begin with: muster login https://muster.example
            An incident is named by its number. Commands that get none take the one of -i, MUSTER_INCIDENT, \
            'muster use 42', or the only one that is open.
            """,
        version: "muster \(ClientVersion.current)",
        groupedSubcommands: [
            CommandGroup(
                name: "Looking",
                subcommands: [List.self, Show.self, Next.self, Timeline.self, Watch.self, Alerts.self, Actions.self]),
            CommandGroup(
                name: "Carrying an incident",
                subcommands: [
                    Open.self, Acknowledge.self, Advance.self, Amend.self, Role.self, Cause.self, Impact.self,
                    AudienceCommand.self, Note.self, TaskCommand.self, Mitigate.self, Restore.self, Update.self,
                    Review.self,
                    Revert.self, Dismiss.self, Reopen.self, Merge.self, Unmerge.self,
                ]),
            CommandGroup(
                name: "Setting up",
                subcommands: [
                    Silence.self, Source.self, Catalog.self, Maintenance.self, Endpoint.self, Token.self,
                ]),
            CommandGroup(
                name: "This command line",
                subcommands: [Login.self, Use.self, ContextCommand.self, CallAPI.self, Complete.self, Manual.self]),
        ])

    static func main() async {
        let ending = await runCommand(Array(CommandLine.arguments.dropFirst()))
        fflush(nil)
        // Not through the exit handlers of libraries whose threads still run.
        _exit(ending.rawValue)
    }

    private static func runCommand(_ arguments: [String]) async -> Ending {
        do {
            var command = try parseAsRoot(arguments)
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            return .done
        } catch let failure as Failure {
            Complaint.tell(failure, arguments)
            return failure.ending
        } catch is CancellationError {
            return .interrupted
        } catch {
            let (status, message) = (exitCode(for: error), fullMessage(for: error))
            guard status != .success else {
                Terminal.say(message)
                return .done
            }
            if !message.isEmpty { Terminal.tell(message) }
            return .usage
        }
    }
}

/// What is said of a failure.
enum Complaint {
    /// For people on standard error; with `-o json` or `yaml` the daemon's own problem document.
    static func tell(_ failure: Failure, _ arguments: [String]) {
        guard !failure.description.isEmpty else { return }
        let form = outputForm(arguments)
        guard form != .table, !failure.problem.isNull else {
            return Terminal.tell("muster: \(failure.description)")
        }
        Terminal.tell(form == .json ? failure.problem.pretty : YAMLText.write(failure.problem).trimmed)
    }

    /// As it was asked for; the parsed command is gone when its failure arrives here.
    private static func outputForm(_ arguments: [String]) -> OutputForm {
        for (index, argument) in arguments.enumerated() {
            let value: String?
            switch argument {
            case "-o", "--output": value = arguments.dropFirst(index + 1).first
            case _ where argument.hasPrefix("--output="): value = String(argument.dropFirst("--output=".count))
            case "-ojson", "-oyaml": value = String(argument.dropFirst(2))
            default: continue
            }
            if let value, let form = OutputForm(rawValue: value) { return form }
        }
        return .table
    }
}

/// A command that talks to a daemon.
protocol RemoteCommand: AsyncParsableCommand {
    var shared: DaemonOptions { get }
    func run(_ session: Session) async throws
}

extension RemoteCommand {
    func run() async throws { try await Session.with(shared) { try await run($0) } }
}
