import ArgumentParser
import MusterClient

enum OutputForm: String, ExpressibleByArgument, CaseIterable, Sendable {
    case table
    case json
    case yaml
}

/// What every command takes that talks to a daemon.
struct DaemonOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: ArgumentHelp("How answers are printed.", valueName: "form"))
    var output = OutputForm.table

    @Flag(name: .shortAndLong, help: "Print only what a script goes on with: numbers, ids, keys.")
    var quiet = false

    @Flag(help: "Print times as dates in UTC instead of \"7 min ago\".")
    var utc = false

    @Option(
        help: ArgumentHelp("The daemon that was logged in to under this name (MUSTER_CONTEXT).", valueName: "name"),
        completion: Completions.contexts)
    var context: String?

    @Option(help: ArgumentHelp("Another daemon's address (MUSTER_URL).", valueName: "url"))
    var url: String?

    @Option(help: ArgumentHelp("Trust these certificates (PEM).", valueName: "file"), completion: .file())
    var caFile: String?

    @Flag(name: .customLong("insecure-http"), help: "Send the token over plain HTTP to another machine.")
    var isOpenAllowed = false

    @Option(help: ArgumentHelp("How long a request may take with all its tries.", valueName: "seconds"))
    var timeout: Int = 30

    func validate() throws {
        guard (1...3600).contains(timeout) else { throw ValidationError("--timeout is from 1 to 3600 seconds") }
    }
}

/// The incident of a command that has arguments of its own.
struct IncidentOption: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The incident, as 42 or INC-42 (MUSTER_INCIDENT).", valueName: "number"),
        completion: Completions.incidents)
    var incident: String?
}

/// The incident of a command that is about nothing else.
struct IncidentArgument: ParsableArguments {
    @Argument(
        help: ArgumentHelp("The incident, as 42 or INC-42.", valueName: "number"), completion: Completions.incidents)
    var number: String?

    @OptionGroup var option: IncidentOption

    var named: String? { number ?? option.incident }

    func validate() throws {
        guard number == nil || option.incident == nil else { throw ValidationError("the incident is named twice") }
    }
}

/// When something happened, and who did it.
struct WhenOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "When it happened: 14:05 (UTC), \"10m ago\", or RFC 3339; now without it.", valueName: "time"))
    var at: String?

    @Option(name: .customLong("for"), help: ArgumentHelp("Who did it, if not you.", valueName: "name"))
    var onBehalfOf: String?
}

/// Where a text comes from that people write.
struct TextArgument: ParsableArguments {
    @Argument(
        help: ArgumentHelp("The text, in several words if you like; - reads it from standard input.", valueName: "text")
    )
    var words: [String] = []
}

/// Names that shells complete, asked of the daemon.
enum Completions {
    static let components = kind("components")
    static let incidents = kind("incidents")
    static let contexts = kind("contexts")
    static let severities = CompletionKind.list(["sev1", "sev2", "sev3", "sev4"])
    static let phases = CompletionKind.list(["detect", "assess", "mitigate", "restore", "review", "closed"])
    static let levels = CompletionKind.list([
        "major_outage", "partial_outage", "degraded", "maintenance", "none",
    ])

    private static func kind(_ name: String) -> CompletionKind {
        .shellCommand("muster complete \(name) 2>/dev/null")
    }
}
