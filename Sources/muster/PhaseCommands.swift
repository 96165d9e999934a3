import ArgumentParser
import MusterClient

/// `muster open`: opens an incident.
struct Open: RemoteCommand {
    static let configuration = CommandConfiguration(
        abstract: "Open an incident.",
        discussion: "muster open \"Nobody can sign in\" -c auth=major_outage -s sev1")

    @Argument(help: "What is wrong, as users would say it.")
    var title: String

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "A component with its impact (major_outage without one); may be repeated.", valueName: "component=impact"),
        completion: Completions.components)
    var component: [String] = []

    @Option(name: .shortAndLong, help: "sev1 to sev4.", completion: Completions.severities)
    var severity: String?

    @Option(name: .shortAndLong, help: "More than fits into a title.")
    var message: String?

    @Option(help: ArgumentHelp("When the harm began.", valueName: "time"))
    var began: String?

    @Option(help: ArgumentHelp("A label; may be repeated.", valueName: "name=value"))
    var label: [String] = []

    @Flag(help: "Make it the incident that later commands are about, as 'muster use' does.")
    var use = false

    @OptionGroup var when: WhenOptions
    @OptionGroup(title: "Options of every command") var shared: DaemonOptions

    func run(_ session: Session) async throws {
        let components = component.map { text -> JSON in
            let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
            return [
                "component": .string(parts.first ?? text),
                "impact": .string(parts.count > 1 ? parts[1] : "major_outage"),
            ]
        }
        let body = JSON.of([
            "title": .string(title), "summary": message.map { .string($0) },
            "severity": severity.map { .string(Words.severity($0)) },
            "components": components.isEmpty ? nil : .array(components), "started_at": try await session.time(began),
            "labels": try Pairs.labels(label),
        ]).adding(try await session.members(when))
        let answer = try await session.connection.send("POST", "/v1/incidents", body, headers: session.preference)
        if use { try UseStore.keep(answer.body["number"].plain, session) }
        session.answer(answer.body, quiet: answer.body["number"].plain) {
            NextView(head: answer.body, style: session.style).line("opened")
        }
    }
}

/// Words that may be said shorter than the API has them.
enum Words {
    /// `1` for `sev1`.
    static func severity(_ text: String) -> String {
        text.count == 1 && ("1"..."4").contains(text) ? "sev\(text)" : text.lowercased()
    }
}

struct Acknowledge: RemoteCommand {
    static let configuration = CommandConfiguration(
        commandName: "ack", abstract: "Acknowledge an incident: you look at it.")

    @OptionGroup var named: IncidentArgument

    @Option(name: .shortAndLong, help: "What there is to say at once.")
    var message: String?

    @OptionGroup var when: WhenOptions
    @OptionGroup(title: "Options of every command") var shared: DaemonOptions

    func run(_ session: Session) async throws {
        let number = try await session.incident(named)
        let body = JSON.of(["note": message.map { .string($0) }]).adding(try await session.members(when))
        try await session.change("POST", "/v1/incidents/\(number)/acknowledge", body, says: "acknowledged")
    }
}

struct Advance: RemoteCommand {
    static let configuration = CommandConfiguration(
        abstract: "Go on to the next phase, or say what is missing.",
        discussion: "With --override and --reason a commander goes on although something is missing.")

    @OptionGroup var named: IncidentArgument

    @Option(help: "The phase to enter; the next one without it.", completion: Completions.phases)
    var to: String?

    @Flag(help: "Go on although something is missing; takes --reason.")
    var override = false

    @Option(name: .shortAndLong, help: "Why.")
    var reason: String?

    @OptionGroup var when: WhenOptions
    @OptionGroup(title: "Options of every command") var shared: DaemonOptions

    func run(_ session: Session) async throws {
        let number = try await session.incident(named)
        let body = JSON.of([
            "to": to.map { .string($0) }, "override": override ? true : nil, "reason": reason.map { .string($0) },
        ]).adding(try await session.members(when))
        try await session.change("POST", "/v1/incidents/\(number)/advance", body, says: "advanced")
    }
}

struct Revert: RemoteCommand {
    static let configuration = CommandConfiguration(abstract: "Go back to an earlier phase, with a reason.")

    @OptionGroup var named: IncidentArgument

    @Option(help: "The phase to go back to.", completion: Completions.phases)
    var to: String

    @Option(name: .shortAndLong, help: "Why.")
    var reason: String

    @OptionGroup var when: WhenOptions
    @OptionGroup(title: "Options of every command") var shared: DaemonOptions

    func run(_ session: Session) async throws {
        let number = try await session.incident(named)
        let body = JSON.of(["to": .string(to), "reason": .string(reason)]).adding(try await session.members(when))
        try await session.change("POST", "/v1/incidents/\(number)/revert", body, says: "gone back")
    }
}

/// What takes a reason and nothing else.
struct ReasonOptions: ParsableArguments {
    @OptionGroup var named: IncidentArgument

    @Option(name: .shortAndLong, help: "Why.")
    var reason: String

    @OptionGroup var when: WhenOptions

    func send(_ verb: String, _ session: Session, says what: String) async throws {
        let number = try await session.incident(named)
        let body = JSON.of(["reason": .string(reason)]).adding(try await session.members(when))
        try await session.change("POST", "/v1/incidents/\(number)/\(verb)", body, says: what)
    }
}

struct Dismiss: RemoteCommand {
    static let configuration = CommandConfiguration(abstract: "Close an incident as a false alarm, with a reason.")

    @OptionGroup var options: ReasonOptions
    @OptionGroup(title: "Options of every command") var shared: DaemonOptions

    func run(_ session: Session) async throws { try await options.send("dismiss", session, says: "dismissed") }
}

struct Reopen: RemoteCommand {
    static let configuration = CommandConfiguration(
        abstract: "Open a dismissed incident again, with a reason (a closed one: muster revert --to).")

    @OptionGroup var options: ReasonOptions
    @OptionGroup(title: "Options of every command") var shared: DaemonOptions

    func run(_ session: Session) async throws { try await options.send("reopen", session, says: "reopened") }
}

struct Unmerge: RemoteCommand {
    static let configuration = CommandConfiguration(abstract: "Take a merge back, with a reason.")

    @OptionGroup var options: ReasonOptions
    @OptionGroup(title: "Options of every command") var shared: DaemonOptions

    func run(_ session: Session) async throws { try await options.send("unmerge", session, says: "stands alone again") }
}

struct Merge: RemoteCommand {
    static let configuration = CommandConfiguration(abstract: "Merge an incident into another that is the same outage.")

    @OptionGroup var named: IncidentArgument

    @Option(help: ArgumentHelp("The incident that goes on.", valueName: "number"), completion: Completions.incidents)
    var into: String

    @Option(name: .shortAndLong, help: "Why.")
    var reason: String?

    @OptionGroup var when: WhenOptions
    @OptionGroup(title: "Options of every command") var shared: DaemonOptions

    func run(_ session: Session) async throws {
        let number = try await session.incident(named)
        let target = try Session.number(into)
        let body = JSON.of(["into": .number(target), "reason": reason.map { .string($0) }])
            .adding(try await session.members(when))
        try await session.change("POST", "/v1/incidents/\(number)/merge", body, says: "merged into INC-\(target)")
    }
}

/// `muster set`: severity, title, summary, labels, the start.
struct Amend: RemoteCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Set severity, title, summary, labels or the start of an incident.")

    @OptionGroup var named: IncidentArgument

    @Option(name: .shortAndLong, help: "sev1 to sev4.", completion: Completions.severities)
    var severity: String?

    @Option(name: .shortAndLong, help: "What is wrong, as users would say it.")
    var title: String?

    @Option(help: "More than fits into a title.")
    var summary: String?

    @Option(
        help: ArgumentHelp(
            "A label, which is added to the others; name= takes it away. May be repeated.", valueName: "name=value"))
    var label: [String] = []

    @Option(help: ArgumentHelp("When the harm began.", valueName: "time"))
    var began: String?

    @OptionGroup var when: WhenOptions
    @OptionGroup(title: "Options of every command") var shared: DaemonOptions

    func validate() throws {
        guard severity != nil || title != nil || summary != nil || began != nil || !label.isEmpty else {
            throw ValidationError("say what to set: --severity, --title, --summary, --label or --began")
        }
    }

    func run(_ session: Session) async throws {
        let path = "/v1/incidents/\(try await session.incident(named))"
        var headers = session.preference
        var labels: JSON?
        if !label.isEmpty {
            // The API takes all labels at once, so that they are read first, and written over that version only.
            let now = try await session.connection.send("GET", path)
            var members = now.body["labels"].members
            for (name, value) in try Pairs.read(label, "label") {
                members.removeAll { $0.name == name }
                if !value.isEmpty { members.append(JSON.Member(name, .string(value))) }
            }
            labels = .object(members)
            headers += now.ifMatch
        }
        let body = JSON.of([
            "severity": severity.map { .string(Words.severity($0)) }, "title": title.map { .string($0) },
            "summary": summary.map { .string($0) }, "labels": labels, "started_at": try await session.time(began),
        ]).adding(try await session.members(when))
        let answer = try await session.connection.send("PATCH", path, body, headers: headers)
        session.tell(answer.body, says: "set")
    }
}
