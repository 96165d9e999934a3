import ArgumentParser
import MusterClient

/// `muster source`: who may send alerts.
struct Source: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Add, list and remove the sources of alerts.",
        discussion: "muster source add prometheus --kind alertmanager",
        subcommands: [Ls.self, Add.self, Rotate.self, Remove.self], defaultSubcommand: Ls.self)

    private static let columns: [Column] = [
        Column("SOURCE", "id"), Column("KIND", "kind"), Column("NAME", "name", isCut: true),
        .time("MADE", "created_at"), Column("BY", "created_by"),
    ]

    struct Ls: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "List sources.")

        @Option(help: "How many at most.")
        var limit = 200

        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws {
            let items = try await session.items("/v1/sources", limit: max(1, limit))
            session.list(
                items, Source.columns, id: "id", empty: "There is no source: muster source add NAME --kind KIND")
        }
    }

    /// The key is shown this once.
    private static func tell(_ source: JSON, _ session: Session) {
        session.answer(source, quiet: source["url"].plain) {
            """
            \(source["id"].plain) \(SafeText.line(source["name"].plain)) (\(SafeText.line(source["kind"].plain)))
            Send alerts to   \(SafeText.line(source["url"].plain))
            Key              \(SafeText.line(source["key"].plain))   (shown this once)
            """
        }
    }

    struct Add: RemoteCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a source, and print the address that its alerts are to be sent to.")

        @Argument(help: "What people call it.")
        var name: String

        @Option(
            help: "What sends: alertmanager, grafana, pagerduty, generic, ...",
            completion: .list([
                "alertmanager", "apprise", "azure-monitor", "checkly", "cloudevents", "cloudwatch", "coralogix",
                "datadog", "formatted", "gcp-monitoring", "generic", "grafana", "graylog", "kapacitor", "librenms",
                "newrelic", "opsgenie", "pagerduty", "pagerduty-webhook", "pingdom", "prometheus", "riemann", "sentry",
                "signalfx", "thousandeyes", "updown", "uptime-kuma", "uptimerobot", "vrealize", "zabbix",
            ]))
        var kind: String

        @Option(
            help: ArgumentHelp("How generic JSON becomes alerts (JSON; docs/alert-formats.md).", valueName: "file"),
            completion: .file())
        var mapping: String?

        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws {
            let body = JSON.of([
                "name": .string(name), "kind": .string(kind), "mapping": try mapping.map { try JSONFile.read($0) },
            ])
            Source.tell(try await session.connection.send("POST", "/v1/sources", body).body, session)
        }
    }

    struct Rotate: RemoteCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give a source a new key; the one before stops working.")

        @Argument(help: "The id of the source.")
        var source: String

        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws {
            let path = "/v1/sources/\(RequestPath.segment(source))/rotate"
            Source.tell(try await session.connection.send("POST", path, [:]).body, session)
        }
    }

    struct Remove: RemoteCommand {
        static let configuration = CommandConfiguration(commandName: "rm", abstract: "Remove a source.")

        @Argument(help: "The id of the source.")
        var source: String

        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws {
            try await session.connection.send("DELETE", "/v1/sources/\(RequestPath.segment(source))")
            session.answer(.null) { "\(SafeText.line(source)) is gone" }
        }
    }
}

/// JSON that somebody typed or has in a file.
enum JSONFile {
    static func read(_ path: String) throws -> JSON { try parse(try LocalFile.text(path), SafeText.line(path)) }

    static func parse(_ text: String, _ name: String) throws -> JSON {
        do {
            return try JSONReader.read(text)
        } catch {
            throw Failure(.usage, "\(name) is \(error.description).")
        }
    }
}

/// `muster token`: who may call the API.
struct Token: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make, list and revoke API tokens.",
        discussion: "muster token add \"Amara's laptop\" --role responder --person Amara",
        subcommands: [Ls.self, Add.self, Remove.self], defaultSubcommand: Ls.self)

    struct Ls: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "List tokens that are not revoked.")

        @Flag(name: .shortAndLong, help: "Also those that are revoked.")
        var all = false

        @Option(help: "How many at most.")
        var limit = 1000

        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws {
            let items = try await session.items("/v1/tokens", limit: max(1, limit))
            session.list(
                items.filter { all || $0["revoked_at"].isNull },
                [
                    Column("TOKEN", "id"), Column("ROLE", "role"),
                    Column("PERSON") { item, _ in Cell(item["person"].text ?? "-") },
                    .time("LAST USED", "last_used_at"), .time("REVOKED", "revoked_at"),
                    Column("NAME", "name", isCut: true),
                ], id: "id", empty: "There is no token.")
        }
    }

    struct Add: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "Make a token. It is shown this once.")

        @Argument(help: "What it is for.")
        var name: String

        @Option(
            help: "viewer, responder, commander or admin.",
            completion: .list(["viewer", "responder", "commander", "admin"]))
        var role: String

        @Option(help: "Whose it is.")
        var person: String?

        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws {
            let body = JSON.of([
                "name": .string(name), "role": .string(role), "person": person.map { .string($0) },
            ])
            let token = try await session.connection.send("POST", "/v1/tokens", body).body
            session.answer(token, quiet: token["token"].plain) {
                "\(token["id"].plain) \(SafeText.line(token["name"].plain)) (\(SafeText.line(token["role"].plain)))\n"
                    + "\(SafeText.line(token["token"].plain))   (shown this once)"
            }
        }
    }

    struct Remove: RemoteCommand {
        static let configuration = CommandConfiguration(commandName: "rm", abstract: "Revoke a token.")

        @Argument(help: "The id of the token.")
        var token: String

        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws {
            try await session.connection.send("DELETE", "/v1/tokens/\(RequestPath.segment(token))")
            session.answer(.null) { "\(SafeText.line(token)) is revoked" }
        }
    }
}
