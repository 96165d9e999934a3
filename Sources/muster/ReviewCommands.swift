import ArgumentParser
import MusterClient

/// `muster review`: the document that the timeline writes, and what people add.
struct Review: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Read, write, approve and export the post-incident review.",
        subcommands: [
            ShowDocument.self, Start.self, Edit.self, Write.self, Approve.self, Sign.self, Comment.self, Export.self,
        ],
        defaultSubcommand: ShowDocument.self)

    /// Where the review stands, and what it takes to approve it.
    fileprivate static func say(_ review: JSON, _ session: Session) {
        session.answer(review, quiet: review["status"].text) {
            var lines = [
                "INC-\(review["incident"].plain): review \(SafeText.line(review["status"].plain)), revision \(review["revision"].plain)"
            ]
            let empty = review["sections"].items.filter { $0["needs_person"].isTrue && !$0["hidden"].isTrue }
            if !empty.isEmpty {
                lines.append("Only people know: \(empty.map { SafeText.line($0["id"].plain) }.joined(separator: ", "))")
                lines.append("Next:\n  muster review edit \(review["incident"].plain)")
            }
            return lines.joined(separator: "\n")
        }
    }

    struct ShowDocument: RemoteCommand {
        static let configuration = CommandConfiguration(commandName: "show", abstract: "Print the review as Markdown.")

        @OptionGroup var named: IncidentArgument
        @OptionGroup var language: LanguageOptions
        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws {
            let path = "/v1/incidents/\(try await session.incident(named))/review"
            guard shared.output == .table else {
                let review = try await session.connection.get(path + language.query)
                return session.answer(review) { "" }
            }
            let answer = try await session.connection.send("GET", path + ".md" + language.query)
            Terminal.say(SafeText.block(String(decoding: answer.bytes, as: UTF8.self).trimmed))
        }
    }

    struct LanguageOptions: ParsableArguments {
        @Option(help: ArgumentHelp("The language of what is generated, as de.", valueName: "code"))
        var language: String?

        @Option(help: ArgumentHelp("By whose clocks times are written, as Europe/Berlin.", valueName: "zone"))
        var zone: String?

        var query: String { RequestPath.query([("lang", language), ("tz", zone)]) }
    }

    struct Start: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "Begin the review.")

        @OptionGroup var named: IncidentArgument
        @OptionGroup var when: WhenOptions
        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws {
            let number = try await session.incident(named)
            let members = try await session.members(when)
            let answer = try await session.connection.send(
                "POST", "/v1/incidents/\(number)/review", members.isEmpty ? nil : .object(members))
            Review.say(answer.body, session)
        }
    }

    struct Edit: RemoteCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write the review in $EDITOR.",
            discussion: """
                Each section stands below a line <!-- section: id -->. What you leave as it is is not changed; what a \
                person has not written yet is empty.
                """)

        @OptionGroup var named: IncidentArgument

        @Option(help: "Only this section; may be repeated.")
        var section: [String] = []

        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws {
            let path = "/v1/incidents/\(try await session.incident(named))/review"
            let before = try await session.connection.send("GET", path)
            let sections = before.body["sections"].items.filter {
                section.isEmpty ? !$0["hidden"].isTrue : section.contains($0["id"].plain)
            }
            guard !sections.isEmpty else {
                let ids = before.body["sections"].items.map { SafeText.line($0["id"].plain) }
                throw Failure(.notFound, "There is no such section. There are: \(ids.joined(separator: ", "))")
            }
            let changes = try ReviewFile.changes(try session.edit(ReviewFile.write(sections)), of: sections)
            guard !changes.isEmpty else { return Review.say(before.body, session) }
            let answer = try await session.connection.send(
                "PUT", path, ["sections": .array(changes)], headers: before.ifMatch)
            Review.say(answer.body, session)
        }
    }

    struct Write: RemoteCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write one section, from the arguments or standard input.",
            discussion: "muster review write lessons \"Alert on full disks.\"")

        @Argument(help: "The section, as lessons.")
        var section: String

        @OptionGroup var text: TextArgument
        @OptionGroup var incident: IncidentOption
        @OptionGroup var when: WhenOptions
        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws {
            let number = try await session.incident(incident)
            let sections: JSON = [["id": .string(section), "markdown": .string(try session.text(text.words))]]
            let body = JSON.of(["sections": sections]).adding(try await session.members(when))
            Review.say(try await session.connection.send("PUT", "/v1/incidents/\(number)/review", body).body, session)
        }
    }

    struct Approve: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "Approve the review as it is.")

        @OptionGroup var named: IncidentArgument
        @OptionGroup var when: WhenOptions
        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws {
            let number = try await session.incident(named)
            let members = try await session.members(when)
            let answer = try await session.connection.send(
                "POST", "/v1/incidents/\(number)/review/approve", members.isEmpty ? nil : .object(members))
            Review.say(answer.body, session)
        }
    }

    struct Sign: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "Sign the review: you have read it.")

        @OptionGroup var named: IncidentArgument

        @Option(name: .customLong("as"), help: "In which function, as \"head of storage\".")
        var function: String?

        @OptionGroup var when: WhenOptions
        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws {
            let number = try await session.incident(named)
            let body = JSON.of(["as": function.map { .string($0) }]).adding(try await session.members(when))
            Review.say(
                try await session.connection.send("POST", "/v1/incidents/\(number)/review/sign", body).body, session)
        }
    }

    struct Comment: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "Comment on the review.")

        @OptionGroup var text: TextArgument

        @Option(help: "The section that it is about.")
        var section: String?

        @OptionGroup var incident: IncidentOption
        @OptionGroup var when: WhenOptions
        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws {
            let number = try await session.incident(incident)
            let body = JSON.of([
                "text": .string(try session.text(text.words)), "section": section.map { .string($0) },
            ]).adding(try await session.members(when))
            Review.say(
                try await session.connection.send("POST", "/v1/incidents/\(number)/review/comments", body).body,
                session)
        }
    }

    struct Export: RemoteCommand {
        static let configuration = CommandConfiguration(
            abstract: "Save the review as a document.",
            discussion: "muster review export 42 --format pdf -f review.pdf")

        @OptionGroup var named: IncidentArgument

        @Option(help: "md, html, pdf or json.", completion: .list(["md", "html", "pdf", "json"]))
        var format = "md"

        @Option(name: .shortAndLong, help: "Where to; standard output without it.", completion: .file())
        var file: String?

        @OptionGroup var language: LanguageOptions
        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func validate() throws {
            guard ["md", "html", "pdf", "json"].contains(format) else {
                throw ValidationError("a review is exported as md, html, pdf or json")
            }
        }

        func run(_ session: Session) async throws {
            let number = try await session.incident(named)
            if format == "pdf" && file == nil && Terminal.isOutput {
                throw Failure(.usage, "A PDF is nothing for a terminal: -f review.pdf")
            }
            if format == "pdf" { session.progress("The document is being made…") }
            let answer = try await session.connection.send(
                "GET", "/v1/incidents/\(number)/review.\(format)\(language.query)")
            guard let file else {
                return try LocalFile.write(answer.bytes, descriptor: 1, "standard output")
            }
            try LocalFile.write(answer.bytes, to: file)
            if !shared.quiet { Terminal.tell("\(SafeText.line(file)): \(answer.bytes.count) bytes") }
        }
    }
}
