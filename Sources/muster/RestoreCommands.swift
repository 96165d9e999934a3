import ArgumentParser
import MusterClient

/// `muster restore`: the plan as a tree, and the steps of bringing components back.
struct Restore: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the plan of the restoration as a tree, and bring components back.",
        discussion: "muster restore; muster restore start feed; muster restore verify feed",
        subcommands: [
            Plan.self, Start.self, Ramp.self, Verify.self, Fail.self, Waive.self, Undo.self, Order.self, Hands.self,
        ],
        defaultSubcommand: Plan.self)

    /// What every step takes.
    struct StepOptions: ParsableArguments {
        @Argument(help: "The component, or component@region.", completion: Completions.components)
        var component: String

        @OptionGroup var incident: IncidentOption
        @OptionGroup var when: WhenOptions

        func send(_ verb: String, _ body: JSON, _ session: Session) async throws {
            let number = try await session.incident(incident)
            let whole = body.adding(try await session.members(when))
            let answer = try await session.connection.send(
                "POST", "/v1/incidents/\(number)/restoration/\(RequestPath.segment(component))/\(verb)", whole,
                headers: session.preference)
            Restore.tell(answer.body, "\(component): \(Self.done[verb] ?? verb)", session)
        }

        private static let done = [
            "start": "started", "ramp": "ramped", "verify": "being verified", "fail": "failed", "waive": "waived",
            "undo": "undone",
        ]
    }

    /// The same of a step that takes a reason and nothing else.
    struct ReasonedStepOptions: ParsableArguments {
        @OptionGroup var step: StepOptions

        @Option(name: .shortAndLong, help: "Why.")
        var reason: String

        func send(_ verb: String, _ session: Session, _ more: [JSON.Member] = []) async throws {
            try await step.send(verb, JSON.of(["reason": .string(reason)]).adding(more), session)
        }
    }

    /// After a step: how far it is, and what can start now.
    fileprivate static func tell(_ plan: JSON, _ what: String, _ session: Session) {
        session.answer(plan) {
            let ready = plan["start_next"].items.prefix(8).map { SafeText.line($0["component"].plain) }
            let progress =
                "INC-\(plan["incident"].plain): \(SafeText.line(what)); \(plan["restored"].plain) of "
                + "\(plan["total"].plain) restored"
            return ready.isEmpty ? progress : progress + "\nCan start now: \(ready.joined(separator: ", "))"
        }
    }

    struct Plan: RemoteCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show what comes back in which order, and what can start now.")

        @OptionGroup var named: IncidentArgument

        @Option(
            name: .customLong("of"), help: "Only what this component or goal needs.", completion: Completions.components
        )
        var goal: String?

        @Option(help: "As if this component were waived; may be repeated.", completion: Completions.components)
        var without: [String] = []

        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws {
            let number = try await session.incident(named)
            let plan = try await Restore.plan(
                number, [("for", goal)] + RequestPath.pairs("without", without), session.connection)
            session.answer(
                plan.first, quiet: plan.first["start_next"].items.map { $0["component"].plain }.joined(separator: "\n")
            ) {
                RestorationTree(plan.first, steps: plan.steps, moments: session.moments, style: session.style).lines
                    .joined(separator: "\n")
            }
        }
    }

    /// How many steps are shown of a plan that has more.
    private static let stepsMax = 2000

    /// The first page, and the steps of all.
    static func plan(_ number: String, _ query: [(String, String?)], _ connection: Connection) async throws -> (
        first: JSON, steps: [JSON]
    ) {
        let path = "/v1/incidents/\(number)/restoration"
        let first = try await connection.get(path + RequestPath.query(query + [("limit", "1000")]))
        var steps = first["waves"].items.flatMap { $0["steps"].items }
        var cursor = first["next_cursor"].text
        while let next = cursor, steps.count < stepsMax {
            let page = try await connection.get(
                path + RequestPath.query(query + [("limit", "1000"), ("cursor", next)]))
            steps += page["waves"].items.flatMap { $0["steps"].items }
            cursor = page["next_cursor"].text
        }
        return (first, steps)
    }

    struct Start: RemoteCommand {
        static let configuration = CommandConfiguration(
            abstract: "Begin to bring a component back.",
            discussion: "With --force and --reason a commander starts it although the plan says wait.")

        @OptionGroup var step: StepOptions

        @Option(help: ArgumentHelp("When you expect it back, as \"in 20m\".", valueName: "time"))
        var expected: String?

        @Flag(help: "Start although an earlier wave is not complete; takes --reason.")
        var force = false

        @Option(
            help: "Start without this component, which it needs; takes --reason. May be repeated.",
            completion: Completions.components)
        var without: [String] = []

        @Option(name: .shortAndLong, help: "Why.")
        var reason: String?

        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws {
            let body = JSON.of([
                "expected_at": try await session.time(expected), "override": force ? true : nil,
                "without": without.isEmpty ? nil : JSON(without), "reason": reason.map { .string($0) },
            ])
            try await step.send("start", body, session)
        }
    }

    struct Ramp: RemoteCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say how much traffic a component carries, when it is expected, or its backlog.")

        @OptionGroup var step: StepOptions

        @Option(help: "Per cent of its traffic.")
        var percent: Int?

        @Option(help: ArgumentHelp("When you expect it back, as \"in 20m\".", valueName: "time"))
        var expected: String?

        @Option(help: "How much has still to be worked off.")
        var backlog: Int?

        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func validate() throws {
            guard percent != nil || expected != nil || backlog != nil else {
                throw ValidationError("say --percent, --expected or --backlog")
            }
        }

        func run(_ session: Session) async throws {
            let body = JSON.of([
                "percent": percent.map { JSON($0) }, "expected_at": try await session.time(expected),
                "backlog": backlog.map { JSON($0) },
            ])
            try await step.send("ramp", body, session)
        }
    }

    struct Verify: RemoteCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say that a component carries its traffic, so that it is watched and then restored.")

        @OptionGroup var step: StepOptions

        @Option(
            help: "Without this component, which it needs; takes --reason. May be repeated.",
            completion: Completions.components)
        var without: [String] = []

        @Option(name: .shortAndLong, help: "Why.")
        var reason: String?

        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws {
            let body = JSON.of([
                "without": without.isEmpty ? nil : JSON(without), "reason": reason.map { .string($0) },
            ])
            try await step.send("verify", body, session)
        }
    }

    struct Fail: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "Say that bringing a component back failed.")

        @OptionGroup var step: StepOptions

        @Option(name: .shortAndLong, help: "Why.")
        var reason: String?

        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws {
            try await step.send("fail", JSON.of(["reason": reason.map { .string($0) }]), session)
        }
    }

    struct Waive: RemoteCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say that a component need not come back for now, with a reason.")

        @OptionGroup var step: ReasonedStepOptions
        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws { try await step.send("waive", session) }
    }

    struct Undo: RemoteCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take the last step of a component back, with a reason.")

        @Flag(help: "The restoration was the mistake, also where the component regressed since.")
        var restoration = false

        @OptionGroup var step: ReasonedStepOptions
        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws {
            try await step.send("undo", session, restoration ? [JSON.Member("restoration", true)] : [])
        }
    }

    struct Order: RemoteCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say which components come first; none restores the order of the plan.")

        @Argument(help: "The components, the first one first.", completion: Completions.components)
        var components: [String] = []

        @Option(name: .shortAndLong, help: "Why.")
        var reason: String?

        @OptionGroup var incident: IncidentOption
        @OptionGroup var when: WhenOptions
        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws {
            let number = try await session.incident(incident)
            let body = JSON.of(["components": JSON(components), "reason": reason.map { .string($0) }])
                .adding(try await session.members(when))
            let answer = try await session.connection.send(
                "PUT", "/v1/incidents/\(number)/restoration/order", body, headers: session.preference)
            Restore.tell(answer.body, "order set", session)
        }
    }

    struct Hands: RemoteCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say how many components each owner can work on at a time.",
            discussion: "muster restore hands storage=1 default=4")

        @Argument(help: ArgumentHelp("Owners with their hands.", valueName: "owner=number"))
        var hands: [String]

        @Option(name: .shortAndLong, help: "Why.")
        var reason: String?

        @OptionGroup var incident: IncidentOption
        @OptionGroup var when: WhenOptions
        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws {
            let number = try await session.incident(incident)
            let members = try Pairs.read(hands, "number of hands").map { pair in
                guard let count = Int(pair.value) else {
                    throw Failure(.usage, "\(SafeText.line(pair.value)) is no number of hands.")
                }
                return JSON.Member(pair.name, JSON(count))
            }
            let body = JSON.of(["hands": .object(members), "reason": reason.map { .string($0) }])
                .adding(try await session.members(when))
            let answer = try await session.connection.send(
                "PUT", "/v1/incidents/\(number)/restoration/hands", body, headers: session.preference)
            Restore.tell(answer.body, "hands set", session)
        }
    }
}
