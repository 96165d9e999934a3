import ArgumentParser
import MusterClient

/// `muster role`: who has which role.
struct Role: RemoteCommand {
    static let configuration = CommandConfiguration(
        abstract: "Give somebody a role in an incident, or take it back.",
        discussion: "muster role commander Amara")

    @Argument(
        help: "commander, operations, communications, scribe or liaison.",
        completion: .list(["commander", "operations", "communications", "scribe", "liaison"]))
    var role: String

    @Argument(help: "The name of the person.")
    var person: String?

    @Flag(help: "Nobody has it any more.")
    var none = false

    @OptionGroup var incident: IncidentOption
    @OptionGroup var when: WhenOptions
    @OptionGroup(title: "Options of every command") var shared: DaemonOptions

    func validate() throws {
        guard (person == nil) == none else { throw ValidationError("name a person, or say --none") }
    }

    func run(_ session: Session) async throws {
        let path = "/v1/incidents/\(try await session.incident(incident))/roles/\(RequestPath.segment(role))"
        let members = try await session.members(when)
        guard let person else {
            return try await session.change("DELETE", path, .object(members), says: "nobody is \(role)")
        }
        let body = JSON.of(["person": .string(person)]).adding(members)
        try await session.change("PUT", path, body, says: "\(person) is \(role)")
    }
}

/// `muster cause`: why it happens.
struct Cause: RemoteCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say what causes the incident, as far as it is known.",
        discussion: "muster cause technical --subcategory database_fault --confidence suspected")

    @Argument(
        help: "technical, maintenance, attack, connectivity, or unknown (not known yet).",
        completion: .list(["technical", "maintenance", "attack", "connectivity", "unknown"]))
    var category: String

    @Option(help: "What kind of it, as database_fault.")
    var subcategory: String?

    @Option(help: "suspected, confirmed or refuted.", completion: .list(["suspected", "confirmed", "refuted"]))
    var confidence: String?

    @Option(name: .shortAndLong, help: "What speaks for it; what is looked at while it is unknown.")
    var evidence: String?

    @Option(help: "trigger, root, contributing, detection_gap or process.")
    var role: String?

    @Option(name: .shortAndLong, help: "The component at fault.", completion: Completions.components)
    var component: String?

    @Option(help: "The change at fault.")
    var change: String?

    @OptionGroup var incident: IncidentOption
    @OptionGroup var when: WhenOptions
    @OptionGroup(title: "Options of every command") var shared: DaemonOptions

    func run(_ session: Session) async throws {
        let number = try await session.incident(incident)
        let body = JSON.of([
            "category": .string(category), "subcategory": subcategory.map { .string($0) },
            "confidence": confidence.map { .string($0) }, "evidence": evidence.map { .string($0) },
            "role": role.map { .string($0) }, "component": component.map { .string($0) },
            "change": change.map { .string($0) },
        ]).adding(try await session.members(when))
        try await session.change("PUT", "/v1/incidents/\(number)/cause", body, says: "cause: \(category)")
    }
}

/// `muster impact`: how hard a component is hit.
struct Impact: RemoteCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say how hard a component is hit.",
        discussion: "muster impact auth major_outage --region eu-west")

    @Argument(help: "The component.", completion: Completions.components)
    var component: String

    @Argument(
        help: "major_outage, partial_outage, degraded, maintenance or none (it is over).",
        completion: Completions.levels)
    var level: String?

    @Option(help: "Only in this region; may be repeated.")
    var region: [String] = []

    @Option(help: ArgumentHelp("When it began.", valueName: "time"))
    var began: String?

    @Option(help: ArgumentHelp("When it was over.", valueName: "time"))
    var ended: String?

    @Flag(help: "It was switched off on purpose.")
    var deliberate = false

    @Flag(help: "It was said by mistake: take it out.")
    var remove = false

    @OptionGroup var incident: IncidentOption
    @OptionGroup var when: WhenOptions
    @OptionGroup(title: "Options of every command") var shared: DaemonOptions

    func validate() throws {
        guard (level == nil) == remove else { throw ValidationError("say how hard it is hit, or --remove") }
    }

    func run(_ session: Session) async throws {
        let path = "/v1/incidents/\(try await session.incident(incident))/impacts/\(RequestPath.segment(component))"
        guard let level else { return try await session.change("DELETE", path, says: "\(component) is not affected") }
        let body = JSON.of([
            "impact": .string(level), "regions": region.isEmpty ? nil : JSON(region),
            "started_at": try await session.time(began), "ended_at": try await session.time(ended),
            "deliberate": deliberate ? true : nil,
        ]).adding(try await session.members(when))
        try await session.change("PUT", path, body, says: "\(component): \(level)")
    }
}

/// `muster audience`: what people notice.
struct AudienceCommand: RemoteCommand {
    static let configuration = CommandConfiguration(
        commandName: "audience", abstract: "Say what users, creators, businesses or the reputation suffer.",
        discussion: "muster audience users \"Nobody can sign in\" --people 120000")

    @Argument(
        help: "users, creators, businesses or reputation.",
        completion: .list(["users", "creators", "businesses", "reputation"]))
    var audience: String

    @Argument(help: "What they notice.")
    var description: String

    @Option(help: "How many people.")
    var people: Int?

    @Option(help: ArgumentHelp("How much it costs, as 125000EUR.", valueName: "amount"))
    var money: String?

    @Option(help: "How many reported it.")
    var reports: Int?

    @OptionGroup var incident: IncidentOption
    @OptionGroup var when: WhenOptions
    @OptionGroup(title: "Options of every command") var shared: DaemonOptions

    func run(_ session: Session) async throws {
        let path = "/v1/incidents/\(try await session.incident(incident))/audiences/\(RequestPath.segment(audience))"
        var amount: (String, String)?
        if let money {
            guard let match = money.wholeMatch(of: /([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]{3})/) else {
                throw Failure(.usage, "An amount looks like 125000EUR.")
            }
            amount = (String(match.output.1), match.output.2.uppercased())
        }
        let body = JSON.of([
            "description": .string(description), "people": people.map { JSON($0) },
            "money": amount.map { .number($0.0) }, "currency": amount.map { .string($0.1) },
            "reports": reports.map { JSON($0) },
        ]).adding(try await session.members(when))
        try await session.change("PUT", path, body, says: "\(audience): \(description)")
    }
}

/// `muster note`: something for the timeline.
struct Note: RemoteCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write a note into the timeline.",
        discussion: "From the arguments, from standard input (muster note - <log.txt), or in $EDITOR.")

    @OptionGroup var text: TextArgument

    @Flag(name: .shortAndLong, help: "A key moment: it stands in the review.")
    var key = false

    @Option(help: "Who said or did it.")
    var by: String?

    @OptionGroup var incident: IncidentOption
    @OptionGroup var when: WhenOptions
    @OptionGroup(title: "Options of every command") var shared: DaemonOptions

    func run(_ session: Session) async throws {
        let number = try await session.incident(incident)
        let members = try await session.members(when)
        let body = JSON.of([
            "text": .string(try session.text(text.words)), "key": key ? true : nil, "by": by.map { .string($0) },
        ]).adding(members)
        let answer = try await session.connection.send("POST", "/v1/incidents/\(number)/notes", body)
        session.answer(answer.body, quiet: answer.body["sequence"].plain) {
            "INC-\(number): noted as entry \(answer.body["sequence"].plain)"
        }
    }
}

/// `muster mitigate`: what is done to stop the harm.
struct Mitigate: RemoteCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say what is done to stop the harm, and how it went.",
        discussion: """
            muster mitigate "Fail over to us-east" --state running
            muster mitigate 1 --state succeeded
            """)

    @Argument(help: "What is done; or the number of a mitigation, to change it.")
    var what: String

    @Option(
        name: .shortAndLong,
        help: "planned, running, succeeded, failed, rolled_back, not_needed, abandoned or rejected.",
        completion: .list([
            "planned", "running", "succeeded", "failed", "rolled_back", "not_needed", "abandoned", "rejected",
        ]))
    var state: String?

    @Option(help: "What kind of it, as rollback.")
    var kind: String?

    @Option(help: "Who does it.")
    var owner: String?

    @Flag(inversion: .prefixedNo, help: "It goes on to work until it is lifted, as a limit on traffic.")
    var inForce: Bool?

    @Flag(help: "It does not work any more: what was in force is lifted.")
    var lifted = false

    @Option(name: .shortAndLong, help: "Why.")
    var reason: String?

    @OptionGroup var incident: IncidentOption
    @OptionGroup var when: WhenOptions
    @OptionGroup(title: "Options of every command") var shared: DaemonOptions

    func run(_ session: Session) async throws {
        let path = "/v1/incidents/\(try await session.incident(incident))/mitigations"
        let isChange = what.wholeMatch(of: /[0-9]{1,9}/) != nil
        let body = JSON.of([
            "description": isChange ? nil : .string(what), "kind": kind.map { .string($0) },
            "owner": owner.map { .string($0) }, "state": state.map { .string($0) },
            "in_force": lifted ? false : inForce.map { .bool($0) }, "reason": reason.map { .string($0) },
        ]).adding(try await session.members(when))
        let answer =
            isChange
            ? try await session.connection.send("PATCH", "\(path)/\(what)", body)
            : try await session.connection.send("POST", path, body)
        let mitigation = answer.body
        session.answer(mitigation, quiet: mitigation["id"].plain) {
            let state = mitigation["state"].text
            return "Mitigation \(mitigation["id"].plain): "
                + session.style.paint(SafeText.line(state ?? ""), Style.tint(state: state))
                + "  \(SafeText.line(mitigation["description"].plain))"
        }
    }
}

/// `muster task`: what somebody has to do.
struct TaskCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "task", abstract: "Hand out tasks during an incident.", subcommands: [Add.self, Done.self])

    struct Add: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "Hand out a task.")

        @Argument(help: "What is to be done.")
        var text: String

        @Option(help: "Who does it.")
        var owner: String?

        @OptionGroup var incident: IncidentOption
        @OptionGroup var when: WhenOptions
        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws {
            let number = try await session.incident(incident)
            let body = JSON.of(["text": .string(text), "owner": owner.map { .string($0) }])
                .adding(try await session.members(when))
            TaskCommand.say(try await session.connection.send("POST", "/v1/incidents/\(number)/tasks", body), session)
        }
    }

    struct Done: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "Say that a task is done.")

        @Argument(help: "The number of the task.")
        var task: String

        @OptionGroup var incident: IncidentOption
        @OptionGroup var when: WhenOptions
        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws {
            let number = try await session.incident(incident)
            let body = JSON.of(["done": true]).adding(try await session.members(when))
            TaskCommand.say(
                try await session.connection.send(
                    "PATCH", "/v1/incidents/\(number)/tasks/\(RequestPath.segment(task))", body), session)
        }
    }

    private static func say(_ answer: Connection.Answer, _ session: Session) {
        let task = answer.body
        session.answer(task, quiet: task["id"].plain) {
            "Task \(task["id"].plain) \(task["done"].isTrue ? "done" : "open")  \(SafeText.line(task["text"].plain))"
        }
    }
}
