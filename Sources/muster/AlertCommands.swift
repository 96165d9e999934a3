import ArgumentParser
import MusterClient

/// `muster alerts`: what fires.
struct Alerts: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List alerts, and acknowledge, resolve or move them.",
        subcommands: [Ls.self, ShowOne.self, Ack.self, Resolve.self, Move.self], defaultSubcommand: Ls.self)

    private static let columns: [Column] = [
        Column("ALERT", "id"), .state("STATUS", "status"), .time("SINCE", "starts_at"),
        Column("COMPONENT", "component"), Column("SEV", "severity"),
        Column("INCIDENT") { item, _ in Cell(item["incident"].int.map { "INC-\($0)" } ?? "-") },
        Column("HELD") { item, _ in Cell(item["held"].text ?? "-") }, Column("TITLE", "title", isCut: true),
    ]

    struct Ls: RemoteCommand {
        static let configuration = CommandConfiguration(
            abstract: "List alerts: those that fire, or what the filters find.")

        @Option(
            help: "firing, acknowledged or resolved; with commas between.",
            completion: .list(["firing", "acknowledged", "resolved"]))
        var status: String?

        @Option(name: .shortAndLong, help: "Only of this component.", completion: Completions.components)
        var component: String?

        @Flag(help: "Only those that no incident has.")
        var orphaned = false

        @Option(help: "Only with this label; may be repeated.")
        var label: [String] = []

        @Flag(name: .shortAndLong, help: "Also those that are over.")
        var all = false

        @Option(help: "How many at most.")
        var limit = 100

        @OptionGroup var incident: IncidentOption
        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws {
            let number = try incident.incident.map { try Session.number($0) }
            let labels = try Pairs.read(label, "label").map { "\($0.name):\($0.value)" }
            let items = try await session.items(
                "/v1/alerts",
                [
                    ("status", status ?? (all || number != nil ? nil : "firing,acknowledged")), ("incident", number),
                    ("component", component), ("orphaned", orphaned ? "true" : nil),
                ] + RequestPath.pairs("label", labels), limit: max(1, limit))
            session.list(items, Alerts.columns, id: "id", empty: "No alert is like that.")
        }
    }

    struct ShowOne: RemoteCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Show an alert with what its sender said.")

        @Argument(help: "The id of the alert.")
        var alert: String

        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws {
            let alert = try await session.connection.get("/v1/alerts/\(RequestPath.segment(alert))")
            session.answer(alert, quiet: alert["status"].text) { Details.text(alert, session) }
        }
    }

    struct Ack: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "Acknowledge alerts.")

        @Argument(help: "The ids of the alerts.")
        var alert: [String]

        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws { try await Alerts.send("acknowledge", alert, session) }
    }

    struct Resolve: RemoteCommand {
        static let configuration = CommandConfiguration(
            abstract: "End alerts that are over though their sender says nothing of it.")

        @Argument(help: "The ids of the alerts.")
        var alert: [String]

        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws { try await Alerts.send("resolve", alert, session) }
    }

    private static func send(_ verb: String, _ ids: [String], _ session: Session) async throws {
        for id in ids {
            let answer = try await session.connection.send("POST", "/v1/alerts/\(RequestPath.segment(id))/\(verb)")
            session.answer(answer.body) {
                "\(SafeText.line(id)): \(SafeText.line(answer.body["status"].plain))  \(SafeText.line(answer.body["title"].plain))"
            }
        }
    }

    struct Move: RemoteCommand {
        static let configuration = CommandConfiguration(
            abstract: "Move alerts into another incident, a new one, or out of theirs.")

        @Argument(help: "The ids of the alerts.")
        var alert: [String]

        @Option(
            help: ArgumentHelp("The incident; new, or none.", valueName: "number"), completion: Completions.incidents)
        var to: String

        @Option(name: .shortAndLong, help: "Why.")
        var reason: String

        @OptionGroup var when: WhenOptions
        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws {
            let target: JSON =
                switch to.lowercased() {
                case "new": "new"
                case "none": .null
                default: .number(try Session.number(to))
                }
            let body: JSON = ["alerts": JSON(alert), "incident": target, "reason": .string(reason)]
            let answer = try await session.connection.send(
                "PATCH", "/v1/alerts", body.adding(try await session.members(when)))
            session.list(answer.body["items"].items, Alerts.columns, id: "id", empty: "Nothing was moved.")
        }
    }
}

/// All members of something, one a line.
enum Details {
    static func text(_ value: JSON, _ session: Session) -> String {
        let rows = value.members.filter { !$0.value.isNull && $0.value != [] && $0.value != .object([]) }
        let wide = rows.map { SafeText.width($0.name) }.max() ?? 0
        return rows.map { row in
            let name = SafeText.line(row.name)
            let value = row.name.hasSuffix("_at") ? session.moments.say(row.value) : row.value.plain
            return session.style.paint(name + String(repeating: " ", count: max(0, wide - SafeText.width(name))), .dim)
                + "  " + SafeText.line(value)
        }.joined(separator: "\n")
    }
}

/// `muster silence`: alerts that are to open no incident for a while.
struct Silence: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Keep alerts from opening incidents for a while.",
        discussion:
            "muster silence add component=auth severity=~\"warning|info\" --lasts 2h -m \"Known, being mended\"",
        subcommands: [Ls.self, Add.self, Remove.self], defaultSubcommand: Ls.self)

    private static let columns: [Column] = [
        Column("SILENCE", "id"), .state("STATE", "state"), .time("ENDS", "ends_at"), Column("HOLDS", "holding"),
        Column("BY", "created_by"),
        Column("MATCHERS", isCut: true) { item, _ in Cell(matchers(item)) },
        Column("COMMENT", "comment", isCut: true),
    ]

    private static func matchers(_ silence: JSON) -> String {
        silence["matchers"].items.map { "\($0["label"].plain)\($0["operator"].plain)\($0["value"].plain)" }
            .joined(separator: " ")
    }

    /// `label=value`, `label!=value`, `label=~pattern`, `label!~pattern`.
    static func matcher(_ text: String) throws -> JSON {
        guard let match = text.wholeMatch(of: /([^=!~]{1,200}?)(=~|!~|!=|=)(.*)/) else {
            throw Failure(
                .usage,
                "\"\(SafeText.line(text))\" is no matcher; one looks like component=auth or severity=~\"warning|info\"."
            )
        }
        return [
            "label": .string(String(match.output.1).trimmed), "operator": .string(String(match.output.2)),
            "value": .string(String(match.output.3)),
        ]
    }

    struct Ls: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "List silences: those that hold now, or all.")

        @Flag(name: .shortAndLong, help: "Also those that are over.")
        var all = false

        @Option(help: "How many at most.")
        var limit = 100

        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws {
            let items = try await session.items(
                "/v1/silences", [("state", all ? nil : "active,pending")], limit: max(1, limit))
            session.list(items, Silence.columns, id: "id", empty: "Nothing is silenced.")
        }
    }

    struct Add: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "Silence the alerts that all matchers match.")

        @Argument(
            help: ArgumentHelp("label=value, label!=value, label=~pattern or label!~pattern.", valueName: "matcher"))
        var matchers: [String]

        @Option(help: ArgumentHelp("For how long, as 2h.", valueName: "length"))
        var lasts: String

        @Option(name: .shortAndLong, help: "Why.")
        var message: String

        @Option(help: ArgumentHelp("When it begins; now without it.", valueName: "time"))
        var begins: String?

        @Flag(help: "It may hold for every alert.")
        var everything = false

        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws {
            let body = JSON.of([
                "matchers": .array(try matchers.map { try Silence.matcher($0) }),
                "starts_at": try await session.time(begins),
                "duration_seconds": JSON(try Lengths.seconds(lasts)), "comment": .string(message),
                "everything": everything ? true : nil,
            ])
            let answer = try await session.connection.send("POST", "/v1/silences", body)
            session.answer(answer.body, quiet: answer.body["id"].plain) {
                "\(answer.body["id"].plain) holds \(answer.body["holding"].plain) alerts, ends \(session.moments.say(answer.body["ends_at"]))"
            }
        }
    }

    struct Remove: RemoteCommand {
        static let configuration = CommandConfiguration(commandName: "rm", abstract: "End silences now.")

        @Argument(help: "The ids of the silences.")
        var silence: [String]

        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws {
            for id in silence {
                let answer = try await session.connection.send("DELETE", "/v1/silences/\(RequestPath.segment(id))")
                session.answer(answer.body) { "\(SafeText.line(id)) is over" }
            }
        }
    }
}

/// Lengths of time that somebody typed.
enum Lengths {
    static func seconds(_ text: String) throws -> Int {
        guard let seconds = Moments.seconds(text), seconds > 0 else {
            throw Failure(
                .usage, "\"\(SafeText.line(text))\" is no length of time; one looks like 90s, 10m, 2h30m or 1d.")
        }
        return seconds
    }
}
