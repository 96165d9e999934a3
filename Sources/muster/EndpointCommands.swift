import ArgumentParser
import MusterClient

/// `muster endpoint`: who is told.
struct Endpoint: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Add, list, test and remove the endpoints of notifications.",
        discussion: "muster endpoint add chat --format slack --url-file slack-url.txt",
        subcommands: [Ls.self, Add.self, Test.self, Attempts.self, Enable.self, Disable.self, Remove.self],
        defaultSubcommand: Ls.self)

    private static let columns: [Column] = [
        Column("ENDPOINT", "id"), Column("FORMAT", "format"),
        Column("STATE") { item, _ in
            if !item["enabled"].isTrue { return Cell("disabled", .dim) }
            return item["failing_since"].isNull ? Cell("fine", .green) : Cell("failing", .red)
        },
        Column("WAITING", "waiting"), Column("NAME", "name", isCut: true), Column("URL", "url", isCut: true),
    ]

    private static func path(_ id: String) -> String { "/v1/endpoints/\(RequestPath.segment(id))" }

    struct Ls: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "List endpoints.")

        @Option(help: "How many at most.")
        var limit = 200

        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws {
            let items = try await session.items("/v1/endpoints", limit: max(1, limit))
            session.list(
                items, Endpoint.columns, id: "id", empty: "Nobody is told: muster endpoint add NAME --format FORMAT")
        }
    }

    struct Add: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "Make an endpoint.")

        @Argument(help: "What people call it.")
        var name: String

        @Option(
            help: "standard-webhooks, slack, teams, discord, pagerduty, opsgenie, ntfy, email, ...",
            completion: .list([
                "standard-webhooks", "cloudevents", "slack", "teams", "discord", "pagerduty", "opsgenie",
                "alertmanager", "ntfy", "email", "template",
            ]))
        var format: String

        @Option(
            help: ArgumentHelp(
                "Where messages go; it shows in the list of processes, see --url-file.", valueName: "url"))
        var to: String?

        @Option(
            help: ArgumentHelp("A file with the address; - reads standard input.", valueName: "file"),
            completion: .file())
        var urlFile: String?

        @Option(help: "Only these kinds of events; may be repeated.")
        var event: [String] = []

        @Option(
            name: .shortAndLong, help: "Only these severities; may be repeated.", completion: Completions.severities)
        var severity: [String] = []

        @Option(
            name: .shortAndLong, help: "Only these components; may be repeated.", completion: Completions.components)
        var component: [String] = []

        @Option(help: ArgumentHelp("An option of the format; may be repeated.", valueName: "name=value"))
        var option: [String] = []

        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws {
            let address = try urlFile.map { try LocalFile.text($0).trimmed } ?? to
            let options = try Pairs.read(option, "option").map { pair in
                // Numbers and truths as they are; all else is text.
                JSON.Member(pair.name, (try? JSONReader.read(pair.value)) ?? .string(pair.value))
            }
            let body = JSON.of([
                "name": .string(name), "format": .string(format), "url": address.map { .string($0) },
                "events": event.isEmpty ? nil : JSON(event),
                "severities": severity.isEmpty ? nil : JSON(severity.map { Words.severity($0) }),
                "components": component.isEmpty ? nil : JSON(component),
                "options": options.isEmpty ? nil : .object(options),
            ])
            let made = try await session.connection.send("POST", "/v1/endpoints", body).body
            session.answer(made, quiet: made["id"].plain) {
                var lines = [session.table([made], Endpoint.columns)]
                if let secret = made["secret"].text {
                    lines.append("Secret \(SafeText.line(secret))   (shown this once)")
                }
                lines += made["warnings"].items.map { "Warning: \(SafeText.line($0.plain))" }
                lines.append("Next:\n  muster endpoint test \(made["id"].plain)")
                return lines.joined(separator: "\n")
            }
        }
    }

    struct Test: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "Send a message to try an endpoint.")

        @Argument(help: "The id of the endpoint.")
        var endpoint: String

        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws {
            let answer = try await session.connection.send("POST", Endpoint.path(endpoint) + "/test", [:]).body
            session.answer(answer, quiet: answer["notification"].plain) {
                "\(answer["notification"].plain) is on its way\nNext:\n  muster endpoint attempts \(Hint.word(endpoint))"
            }
        }
    }

    struct Attempts: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "List what was sent, and what was answered.")

        @Argument(help: "The id of the endpoint.")
        var endpoint: String

        @Option(help: "How many at most.")
        var limit = 20

        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws {
            let items = try await session.items(Endpoint.path(endpoint) + "/attempts", limit: max(1, limit))
            session.list(
                items,
                [
                    .time("AT", "at"), Column("NOTIFICATION", "notification"), Column("OUTCOME", "outcome"),
                    Column("STATUS", "status"), Column("DETAIL", "detail", isCut: true),
                    Column("TEXT", "text", isCut: true),
                ], id: "notification", empty: "Nothing was sent yet.")
        }
    }

    private static func enable(_ id: String, _ isEnabled: Bool, _ session: Session) async throws {
        let answer = try await session.connection.send("PATCH", path(id), ["enabled": .bool(isEnabled)])
        session.list([answer.body], columns, id: "id", empty: "")
    }

    struct Enable: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "Send to an endpoint again.")

        @Argument(help: "The id of the endpoint.")
        var endpoint: String

        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws { try await Endpoint.enable(endpoint, true, session) }
    }

    struct Disable: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "Send nothing to an endpoint for now.")

        @Argument(help: "The id of the endpoint.")
        var endpoint: String

        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws { try await Endpoint.enable(endpoint, false, session) }
    }

    struct Remove: RemoteCommand {
        static let configuration = CommandConfiguration(commandName: "rm", abstract: "Remove an endpoint.")

        @Argument(help: "The id of the endpoint.")
        var endpoint: String

        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws {
            try await session.connection.send("DELETE", Endpoint.path(endpoint))
            session.answer(.null) { "\(SafeText.line(endpoint)) is gone" }
        }
    }
}
