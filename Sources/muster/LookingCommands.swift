import ArgumentParser
import MusterClient

/// `muster ls`: finds incidents.
struct List: RemoteCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls", abstract: "List incidents: those that are open, or what the filters find.")

    @Argument(help: ArgumentHelp("Words in title or summary.", valueName: "words"))
    var words: [String] = []

    @Flag(name: .shortAndLong, help: "Also those that are closed, dismissed or merged.")
    var all = false

    @Option(
        name: .shortAndLong, help: "Only of these severities, with commas between.", completion: Completions.severities)
    var severity: String?

    @Option(name: .shortAndLong, help: "Only in these phases.", completion: Completions.phases)
    var phase: String?

    @Option(name: .shortAndLong, help: "Only with an impact on this component.", completion: Completions.components)
    var component: String?

    @Option(help: "Only with this label; may be repeated.")
    var label: [String] = []

    @Option(help: ArgumentHelp("number, -number or severity (the worst first).", valueName: "order"))
    var sort: String?

    @Option(help: ArgumentHelp("Opened after this time.", valueName: "time"))
    var since: String?

    @Option(help: "How many at most.")
    var limit = 50

    @OptionGroup(title: "Options of every command") var shared: DaemonOptions

    func run(_ session: Session) async throws {
        let labels = try Pairs.read(label, "label").map { "\($0.name):\($0.value)" }
        let isOpenOnly = !all && phase == nil && words.isEmpty
        let form: [(String, String?)] = shared.output == .table ? [("fields", IncidentView.fields)] : []
        let items = try await session.items(
            "/v1/incidents",
            [
                ("open", isOpenOnly ? "true" : nil), ("severity", severity), ("phase", phase), ("component", component),
                ("q", words.isEmpty ? nil : words.joined(separator: " ")), ("sort", sort),
                ("opened_after", try await session.time(since)?.text),
            ] + RequestPath.pairs("label", labels) + form, limit: max(1, limit))
        session.list(
            items, IncidentView.columns, id: "number",
            empty: isOpenOnly ? "No incident is open." : "No incident is like that.")
    }
}

/// `muster show`: one incident.
struct Show: RemoteCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show an incident: what is known, what is affected, what is missing.")

    @OptionGroup var named: IncidentArgument

    @Flag(help: "What the catalog suggests: roots, affected components, severity.")
    var suggestions = false

    @OptionGroup(title: "Options of every command") var shared: DaemonOptions

    func run(_ session: Session) async throws {
        let number = try await session.incident(named)
        if suggestions {
            let answer = try await session.connection.get("/v1/incidents/\(number)/suggestions")
            return session.answer(answer) {
                SuggestionView.lines(answer, style: session.style).joined(separator: "\n")
            }
        }
        let incident = try await session.connection.get("/v1/incidents/\(number)")
        session.answer(incident, quiet: incident["phase"].text) {
            IncidentView(incident, moments: session.moments, style: session.style, width: session.width).lines
                .joined(separator: "\n")
        }
    }
}

/// `muster next`: what is missing, with the commands that meet it.
struct Next: RemoteCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say what the phase still asks for, with the commands that meet it.")

    @OptionGroup var named: IncidentArgument
    @OptionGroup(title: "Options of every command") var shared: DaemonOptions

    func run(_ session: Session) async throws {
        let incident = try await session.connection.get("/v1/incidents/\(try await session.incident(named))")
        let next = incident["next"]
        session.answer(next, quiet: next["ready"].isTrue ? "ready" : nil) {
            NextView(head: incident, style: session.style).text
        }
    }
}

/// `muster timeline`: what happened.
struct Timeline: RemoteCommand {
    static let configuration = CommandConfiguration(abstract: "Print what happened in an incident, the newest last.")

    @OptionGroup var named: IncidentArgument

    @Option(name: .shortAndLong, help: ArgumentHelp("How many of the newest entries.", valueName: "count"))
    var limit = 50

    @OptionGroup(title: "Options of every command") var shared: DaemonOptions

    func run(_ session: Session) async throws {
        let number = try await session.incident(named)
        let entries = try await session.items(
            "/v1/incidents/\(number)/timeline", [("order", "desc")], limit: max(1, limit))
        let ordered = Array(entries.reversed())
        session.answer(.array(ordered), quiet: ordered.map { $0["sequence"].plain }.joined(separator: "\n")) {
            TimelineView.lines(ordered, moments: session.moments, style: session.style).joined(separator: "\n")
        }
    }
}
