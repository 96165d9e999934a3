import ArgumentParser
import MusterClient

/// `muster actions`: what follows from reviews.
struct Actions: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List, add and change the action items of reviews.",
        subcommands: [Ls.self, Add.self, Amend.self], defaultSubcommand: Ls.self)

    private static let columns: [Column] = [
        Column("ACTION", "id"), .state("STATE", "state"),
        Column("DUE") { item, _ in Cell(item["due"].text ?? "-", item["overdue"].isTrue ? .red : .plain) },
        Column("OWNER") { item, _ in Cell(item["owner"].text ?? "-") }, Column("KIND", "kind"),
        Column("REQUIRED") { item, _ in Cell(item["required"].isTrue ? "yes" : "-") },
        Column("TITLE", "title", isCut: true),
    ]

    struct Ls: RemoteCommand {
        static let configuration = CommandConfiguration(
            abstract: "List action items: those that are not done, or what the filters find.")

        @Option(help: "Only of this person.")
        var owner: String?

        @Option(
            help: "open, in_progress, done or dropped.", completion: .list(["open", "in_progress", "done", "dropped"]))
        var state: String?

        @Flag(help: "Only those whose day has passed.")
        var overdue = false

        @Flag(name: .shortAndLong, help: "Also those that are done or dropped.")
        var all = false

        @Option(help: "How many at most.")
        var limit = 100

        @OptionGroup var incident: IncidentOption
        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws {
            let number = try incident.incident.map { try Session.number($0) }
            let states = state ?? (all || overdue ? nil : "open,in_progress")
            let items = try await session.items(
                "/v1/actions",
                [("owner", owner), ("state", states), ("overdue", overdue ? "true" : nil), ("incident", number)],
                limit: max(1, limit))
            session.list(items, Actions.columns, id: "id", empty: "No action item is like that.")
        }
    }

    struct Add: RemoteCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add an action item to an incident.",
            discussion: "muster actions add \"Alert on full disks\" --kind detective --owner Amara --due 2026-12-20")

        @Argument(help: "What is to be done.")
        var title: String

        @Option(
            help: "detective, preventive or corrective.", completion: .list(["detective", "preventive", "corrective"]))
        var kind = "corrective"

        @Option(help: "Who does it.")
        var owner: String?

        @Option(help: ArgumentHelp("Until when.", valueName: "date"))
        var due: String?

        @Flag(help: "The incident is not closed before it has an owner and a date.")
        var required = false

        @Option(help: "urgent, high, medium or low.", completion: .list(["urgent", "high", "medium", "low"]))
        var priority: String?

        @Option(help: ArgumentHelp("Where it is tracked.", valueName: "url"))
        var link: String?

        @OptionGroup var incident: IncidentOption
        @OptionGroup var when: WhenOptions
        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws {
            let number = try await session.incident(incident)
            let body = JSON.of([
                "title": .string(title), "kind": .string(kind), "owner": owner.map { .string($0) },
                "due": due.map { .string($0) }, "required": required ? true : nil,
                "priority": priority.map { .string($0) }, "link": link.map { .string($0) },
            ]).adding(try await session.members(when))
            let answer = try await session.connection.send("POST", "/v1/incidents/\(number)/actions", body)
            session.list([answer.body], Actions.columns, id: "id", empty: "")
        }
    }

    struct Amend: RemoteCommand {
        static let configuration = CommandConfiguration(
            commandName: "set", abstract: "Change an action item: its state, owner, day, priority or link.")

        @Argument(help: "The id of the action item, as 42-3.")
        var action: String

        @Option(
            help: "open, in_progress, done or dropped.", completion: .list(["open", "in_progress", "done", "dropped"]))
        var state: String?

        @Option(help: "Who does it.")
        var owner: String?

        @Option(help: ArgumentHelp("Until when.", valueName: "date"))
        var due: String?

        @Option(help: "urgent, high, medium or low.", completion: .list(["urgent", "high", "medium", "low"]))
        var priority: String?

        @Option(help: ArgumentHelp("Where it is tracked.", valueName: "url"))
        var link: String?

        @OptionGroup var when: WhenOptions
        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func validate() throws {
            guard state != nil || owner != nil || due != nil || priority != nil || link != nil else {
                throw ValidationError("say what to change: --state, --owner, --due, --priority or --link")
            }
        }

        func run(_ session: Session) async throws {
            let body = JSON.of([
                "state": state.map { .string($0) }, "owner": owner.map { .string($0) }, "due": due.map { .string($0) },
                "priority": priority.map { .string($0) }, "link": link.map { .string($0) },
            ]).adding(try await session.members(when))
            let answer = try await session.connection.send("PATCH", "/v1/actions/\(RequestPath.segment(action))", body)
            session.list([answer.body], Actions.columns, id: "id", empty: "")
        }
    }
}
