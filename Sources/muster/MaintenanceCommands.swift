import ArgumentParser
import MusterClient

/// `muster maintenance`: planned work.
struct Maintenance: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Plan maintenance, and begin, end, extend or cancel it.",
        discussion: """
            muster maintenance add "Database upgrade" -c user-db --start 2026-12-06T02:30 --zone Europe/Berlin --lasts 2h
            """,
        subcommands: [Ls.self, Add.self, Begin.self, End.self, Extend.self, Cancel.self, Remove.self],
        defaultSubcommand: Ls.self)

    private static let columns: [Column] = [
        Column("MAINTENANCE", "id"), .state("STATE", "state"),
        Column("STARTS") { item, moments in
            Cell(moments.say((item["running"].items.first ?? item["next"])["starts_at"]))
        },
        Column("LASTS") { item, _ in Cell(item["duration_seconds"].double.map(Moments.length)) },
        Column("REPEATS", "rrule", isCut: true), Column("COMPONENTS", "components", isCut: true),
        Column("TITLE", "title", isCut: true),
    ]

    private static func tell(_ item: JSON, _ session: Session) {
        session.list([item], columns, id: "id", empty: "")
    }

    /// Which maintenance, and which of its times where it repeats.
    struct OccurrenceOptions: ParsableArguments {
        @Argument(help: "The id of the maintenance.")
        var id: String

        @Option(help: ArgumentHelp("Which of its times, as 2026-12-06T02:30.", valueName: "local time"))
        var occurrence: String?

        func send(_ verb: String, _ session: Session, _ more: [JSON.Member] = []) async throws {
            let path = "/v1/maintenance/\(RequestPath.segment(id))/\(verb)"
            let body = JSON.of(["occurrence": occurrence.map { .string($0) }]).adding(more)
            Maintenance.tell(try await session.connection.send("POST", path, body).body, session)
        }
    }

    struct Ls: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "List maintenance that runs or is to come.")

        @Flag(name: .shortAndLong, help: "Also what is over or cancelled.")
        var all = false

        @Option(name: .shortAndLong, help: "Only of this component.", completion: Completions.components)
        var component: String?

        @Option(help: "How many at most.")
        var limit = 100

        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws {
            let items = try await session.items(
                "/v1/maintenance", [("state", all ? nil : "scheduled,running,overrun"), ("component", component)],
                limit: max(1, limit))
            session.list(items, Maintenance.columns, id: "id", empty: "No maintenance is planned.")
        }
    }

    struct Add: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "Plan maintenance.")

        @Argument(help: "What is done.")
        var title: String

        @Option(name: .shortAndLong, help: "What it concerns; may be repeated.", completion: Completions.components)
        var component: [String]

        @Option(
            help: ArgumentHelp(
                "When it begins by the clocks of the zone, as 2026-12-06T02:30.", valueName: "local time"))
        var start: String

        @Option(help: ArgumentHelp("The zone, as Europe/Berlin.", valueName: "zone"))
        var zone = "UTC"

        @Option(help: ArgumentHelp("How long, as 2h.", valueName: "length"))
        var lasts: String

        @Option(help: ArgumentHelp("How it repeats (RFC 5545), as FREQ=WEEKLY;BYDAY=SU.", valueName: "rule"))
        var repeats: String?

        @Option(name: .shortAndLong, help: "What there is to know.")
        var message: String?

        @Option(help: "Only in this region; may be repeated.")
        var region: [String] = []

        @Flag(help: "It goes on until somebody ends it.")
        var byHand = false

        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws {
            let body = JSON.of([
                "title": .string(title), "description": message.map { .string($0) }, "components": JSON(component),
                "regions": region.isEmpty ? nil : JSON(region), "local_start": .string(start),
                "time_zone": .string(zone), "duration_seconds": JSON(try Lengths.seconds(lasts)),
                "rrule": repeats.map { .string($0) }, "ends": byHand ? "by_hand" : nil,
            ])
            Maintenance.tell(try await session.connection.send("POST", "/v1/maintenance", body).body, session)
        }
    }

    struct Begin: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "Begin maintenance now.")

        @OptionGroup var which: OccurrenceOptions
        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws { try await which.send("begin", session) }
    }

    struct End: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "End maintenance now.")

        @OptionGroup var which: OccurrenceOptions
        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws { try await which.send("end", session) }
    }

    struct Extend: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "Give maintenance more time.")

        @Option(help: ArgumentHelp("How much more, as 30m.", valueName: "length"))
        var by: String

        @OptionGroup var which: OccurrenceOptions
        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws {
            try await which.send("extend", session, [JSON.Member("seconds", JSON(try Lengths.seconds(by)))])
        }
    }

    struct Cancel: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "Cancel maintenance, or one of its times.")

        @Option(name: .shortAndLong, help: "Why.")
        var reason: String?

        @OptionGroup var which: OccurrenceOptions
        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws {
            try await which.send("cancel", session, JSON.of(["reason": reason.map { .string($0) }]).members)
        }
    }

    struct Remove: RemoteCommand {
        static let configuration = CommandConfiguration(
            commandName: "rm", abstract: "Remove maintenance that never began.")

        @Argument(help: "The id of the maintenance.")
        var id: String

        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws {
            try await session.connection.send("DELETE", "/v1/maintenance/\(RequestPath.segment(id))")
            session.answer(.null) { "\(SafeText.line(id)) is gone" }
        }
    }
}
