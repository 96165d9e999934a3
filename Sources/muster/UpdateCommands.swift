import ArgumentParser
import MusterClient

/// `muster update`: what those who wait are told.
struct Update: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tell those who wait how it is: drafts, approvals, publishing, corrections, ETAs.",
        discussion: "muster update draft users --template auto; muster update approve 1; muster update publish 1",
        subcommands: [
            Ls.self, ShowOne.self, Draft.self, Post.self, Edit.self, Approve.self, Publish.self, Withdraw.self,
            Correct.self, Eta.self,
        ],
        defaultSubcommand: Ls.self)

    fileprivate static let columns: [Column] = [
        Column("UPDATE", "id"), .state("STATE", "state"), Column("AUDIENCE", "audience"), Column("LANG", "language"),
        Column("APPROVAL") { item, _ in
            Cell(item["approved_by"].text.map { "by \($0)" } ?? (item["needs_approval"].isTrue ? "needed" : "-"))
        },
        Column("PUBLISHED") { item, moments in Cell(moments.say(item["versions"].items.last?["published_at"] ?? .null))
        },
        Column("TEXT", isCut: true) { item, _ in Cell(item["body"].text) },
    ]

    fileprivate static func say(_ update: JSON, _ session: Session) {
        session.answer(update, quiet: update["id"].plain) {
            let state = update["state"].text
            var lines = [
                "Update \(update["id"].plain) for \(SafeText.line(update["audience"].plain)): "
                    + session.style.paint(SafeText.line(state ?? ""), Style.tint(state: state))
                    + ", revision \(update["revision"].plain)"
            ]
            if update["needs_approval"].isTrue {
                lines.append("Somebody else has to approve it: muster update approve \(update["id"].plain)")
            }
            if let held = update["held"].text { lines.append("It is held: \(SafeText.line(held))") }
            lines.append(SafeText.block(update["body"].plain))
            lines += update["steps"].items.map { "- \(SafeText.line($0.plain))" }
            return lines.joined(separator: "\n")
        }
    }

    fileprivate static func path(_ number: String, _ update: String? = nil) -> String {
        "/v1/incidents/\(number)/updates" + (update.map { "/" + RequestPath.segment($0) } ?? "")
    }

    struct Ls: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "List the updates of an incident.")

        @OptionGroup var named: IncidentArgument
        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws {
            let items = try await session.items(Update.path(try await session.incident(named)), limit: 1000)
            session.list(
                items, Update.columns, id: "id",
                empty: "Nobody was told anything yet: muster update draft users --template auto")
        }
    }

    struct ShowOne: RemoteCommand {
        static let configuration = CommandConfiguration(commandName: "show", abstract: "Show an update.")

        @Argument(help: "The number of the update.")
        var update: String

        @OptionGroup var incident: IncidentOption
        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws {
            let number = try await session.incident(incident)
            Update.say(try await session.connection.get(Update.path(number, update)), session)
        }
    }

    /// What an update says, beside its text.
    struct Content: ParsableArguments {
        @Option(help: ArgumentHelp("When it is expected to be over, as \"in 2h\".", valueName: "time"))
        var eta: String?

        @Option(help: ArgumentHelp("When the next update is promised.", valueName: "time"))
        var next: String?

        @Option(help: "What readers can do; may be repeated.")
        var step: [String] = []

        @Option(help: ArgumentHelp("The language of the text.", valueName: "code"))
        var language: String?

        @Flag(name: .customLong("public"), inversion: .prefixedNo, help: "Whether everybody may read it.")
        var isPublic: Bool?

        func members(_ session: Session) async throws -> [JSON.Member] {
            JSON.of([
                "eta": try await session.time(eta), "next_update_at": try await session.time(next),
                "steps": step.isEmpty ? nil : JSON(step), "language": language.map { .string($0) },
                "public": isPublic.map { .bool($0) },
            ]).members
        }
    }

    struct Draft: RemoteCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write a draft: from a template, the arguments, standard input or $EDITOR.")

        @Argument(
            help: "users, creators, businesses, staff or regulators.",
            completion: .list(["users", "creators", "businesses", "staff", "regulators"]))
        var audience: String

        @OptionGroup var text: TextArgument

        @Option(help: "auto, or the name of a template, which Muster fills in.")
        var template: String?

        @Option(help: ArgumentHelp("When the daemon publishes it.", valueName: "time"))
        var publishAt: String?

        @OptionGroup var content: Content
        @OptionGroup var incident: IncidentOption
        @OptionGroup var when: WhenOptions
        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws {
            let number = try await session.incident(incident)
            let body = JSON.of([
                "audience": .string(audience),
                "body": template != nil && text.words.isEmpty ? nil : .string(try session.text(text.words)),
                "template": template.map { .string($0) }, "publish_at": try await session.time(publishAt),
            ]).adding(try await content.members(session)).adding(try await session.members(when))
            Update.say(try await session.connection.send("POST", Update.path(number, "draft"), body).body, session)
        }
    }

    struct Post: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "Publish a text at once.")

        @Argument(
            help: "users, creators, businesses, staff or regulators.",
            completion: .list(["users", "creators", "businesses", "staff", "regulators"]))
        var audience: String

        @OptionGroup var text: TextArgument
        @OptionGroup var content: Content
        @OptionGroup var incident: IncidentOption
        @OptionGroup var when: WhenOptions
        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws {
            let number = try await session.incident(incident)
            let body = JSON.of(["audience": .string(audience), "body": .string(try session.text(text.words))])
                .adding(try await content.members(session)).adding(try await session.members(when))
            try await session.change("POST", Update.path(number), body, says: "told \(audience)")
        }
    }

    struct Edit: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "Change a draft, in $EDITOR if no text is given.")

        @Argument(help: "The number of the update.")
        var update: String

        @OptionGroup var text: TextArgument
        @OptionGroup var content: Content
        @OptionGroup var incident: IncidentOption
        @OptionGroup var when: WhenOptions
        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws {
            let path = Update.path(try await session.incident(incident), update)
            let now = try await session.connection.send("GET", path)
            let members = try await content.members(session)
            let isTextKept = text.words.isEmpty && !members.isEmpty
            let body = JSON.of([
                "body": isTextKept ? nil : .string(try session.text(text.words, draft: now.body["body"].plain))
            ]).adding(members).adding(try await session.members(when))
            // What was shown is what is changed, or nothing.
            Update.say(try await session.connection.send("PATCH", path, body, headers: now.ifMatch).body, session)
        }
    }

    struct Approve: RemoteCommand {
        static let configuration = CommandConfiguration(
            abstract: "Approve a draft of somebody else.",
            discussion: "Shows it and asks; in a script, --revision says which text was read.")

        @Argument(help: "The number of the update.")
        var update: String

        @Option(help: "The revision that you have read.")
        var revision: Int?

        @OptionGroup var incident: IncidentOption
        @OptionGroup var when: WhenOptions
        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws {
            let path = Update.path(try await session.incident(incident), update)
            var read = revision
            if read == nil {
                guard Terminal.isInput else {
                    throw Failure(
                        .usage,
                        "Say which revision was read.\nNext:\n  muster update show \(Hint.word(update))\n  muster update approve \(Hint.word(update)) --revision NUMBER"
                    )
                }
                let now = try await session.connection.get(path)
                Terminal.tell(SafeText.block(now["body"].plain))
                for step in now["steps"].items { Terminal.tell("- " + SafeText.line(step.plain)) }
                let names = ["language", "public", "eta", "next_update_at", "publish_at"]
                let more = names.filter { !now[$0].isNull }.map { "\($0): \(SafeText.line(now[$0].plain))" }
                Terminal.tell(more.joined(separator: ", "))
                let said = try Terminal.ask(
                    "Approve revision \(now["revision"].plain) for \(SafeText.line(now["audience"].plain))? [y/N] ")
                guard said.lowercased() == "y" || said.lowercased() == "yes" else {
                    throw Failure(.refused, "It is not approved.")
                }
                read = now["revision"].int
                guard read != nil else { throw Failure(.broken, "The update has no revision, so it is not approved.") }
            }
            let body = JSON.of(["revision": read.map { JSON($0) }]).adding(try await session.members(when))
            Update.say(try await session.connection.send("POST", path + "/approve", body).body, session)
        }
    }

    struct Publish: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "Publish a draft, now or later.")

        @Argument(help: "The number of the update.")
        var update: String

        @Option(name: .customLong("later"), help: ArgumentHelp("When the daemon publishes it.", valueName: "time"))
        var publishAt: String?

        @OptionGroup var incident: IncidentOption
        @OptionGroup var when: WhenOptions
        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws {
            let path = Update.path(try await session.incident(incident), update)
            let body = JSON.of(["publish_at": try await session.time(publishAt)]).adding(
                try await session.members(when))
            Update.say(try await session.connection.send("POST", path + "/publish", body).body, session)
        }
    }

    struct Withdraw: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "Withdraw an update.")

        @Argument(help: "The number of the update.")
        var update: String

        @Option(name: .shortAndLong, help: "Why.")
        var reason: String?

        @OptionGroup var incident: IncidentOption
        @OptionGroup var when: WhenOptions
        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws {
            let path = Update.path(try await session.incident(incident), update)
            let body = JSON.of(["reason": reason.map { .string($0) }]).adding(try await session.members(when))
            Update.say(try await session.connection.send("POST", path + "/withdraw", body).body, session)
        }
    }

    struct Correct: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "Correct what was published.")

        @Argument(help: "The number of the update.")
        var update: String

        @OptionGroup var text: TextArgument

        @Option(name: .shortAndLong, help: "Why.")
        var reason: String?

        @OptionGroup var incident: IncidentOption
        @OptionGroup var when: WhenOptions
        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws {
            let path = Update.path(try await session.incident(incident), update)
            let now = try await session.connection.get(path)
            let before = now["body"].plain
            let said = try session.text(text.words, draft: before)
            // Whoever leaves the editor without a change has changed his mind.
            guard said != before.trimmed else { throw Failure(.usage, "The text is as it was, so nothing was sent.") }
            let body = JSON.of([
                "body": .string(said), "steps": now["steps"].items.isEmpty ? nil : now["steps"],
                "reason": reason.map { .string($0) },
            ]).adding(try await session.members(when))
            Update.say(try await session.connection.send("POST", path + "/correct", body).body, session)
        }
    }

    struct Eta: RemoteCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say when it is expected to be over.",
            discussion: "muster update eta \"in 2h\" -r \"The restore runs at 40 MB/s\"; or --plan, or --none")

        @Argument(help: ArgumentHelp("When, as \"in 2h\".", valueName: "time"))
        var eta: String?

        @Flag(help: "What the plan of the restoration expects.")
        var plan = false

        @Flag(help: "Take back what was said.")
        var none = false

        @Option(name: .shortAndLong, help: "What it is based on.")
        var reason: String?

        @OptionGroup var incident: IncidentOption
        @OptionGroup var when: WhenOptions
        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func validate() throws {
            guard [eta != nil, plan, none].filter({ $0 }).count == 1 else {
                throw ValidationError("say a time, --plan or --none")
            }
            guard plan || reason != nil else { throw ValidationError("say with --reason what it is based on") }
        }

        func run(_ session: Session) async throws {
            let number = try await session.incident(incident)
            let body = JSON.of([
                "source": plan ? "plan" : nil, "eta": none ? .null : try await session.time(eta),
                "reason": reason.map { .string($0) },
            ]).adding(try await session.members(when))
            try await session.change("POST", "/v1/incidents/\(number)/eta", body, says: none ? "no ETA" : "ETA told")
        }
    }
}
