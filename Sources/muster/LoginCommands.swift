import ArgumentParser
import MusterClient

/// `muster login`: keeps a daemon's address and a token for it.
struct Login: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Log in to a daemon with a token, and keep both for later commands.",
        discussion: """
            Asks for the token, or reads it from standard input: muster login https://muster.example <token.txt. It is \
            kept in ~/.config/muster/contexts.json, which only you can read.
            """)

    @Argument(help: "The daemon's address.")
    var address: String?

    @Option(help: ArgumentHelp("What to call it; its host's name without this.", valueName: "name"))
    var name: String?

    @OptionGroup(title: "Options of every command") var shared: DaemonOptions

    func run() async throws {
        let environment = ProcessEnvironment.all
        let directory = try Contexts.directory(environment)
        let before = try Contexts.load(directory) { Terminal.tell("muster: \($0)") }
        let known = (shared.context ?? before.current).flatMap { before.named($0) }
        guard let text = address ?? shared.url ?? environment["MUSTER_URL"] ?? known?.url else {
            throw Failure(.usage, "Which daemon?\nNext:\n  muster login https://muster.example")
        }
        let daemon = try Setup.address(text)
        let token =
            Terminal.isInput
            ? try Terminal.ask("Token for \(daemon.text): ", isSecret: true) : try LocalFile.text("-").trimmed
        var settings = Connection.Settings(address: daemon, token: token)
        // Later commands run in other folders.
        settings.caFile = (shared.caFile ?? environment["MUSTER_CA_FILE"]).map { LocalFile.absolute($0) }
        settings.isOpenAllowed = shared.isOpenAllowed
        settings.timeout = Double(shared.timeout)
        let connection = try Connection(settings)
        let version: String?
        do {
            // Everybody may read; what is wrong with the token shows here, before anything is kept.
            _ = try await connection.get("/v1/incidents?limit=1&fields=number")
            version = await connection.daemonVersion()
        } catch {
            await connection.close()
            throw error
        }
        await connection.close()
        var context = ClientContext(
            name: name ?? Self.name(of: daemon), url: daemon.text, token: token)
        context.caFile = settings.caFile
        context.isOpenAllowed = settings.isOpenAllowed
        let (made, isNamed) = (context, name != nil)
        try Contexts.change(directory) { contexts throws(Failure) in
            var kept = made
            if let before = contexts.named(kept.name) {
                guard before.url == kept.url || isNamed else {
                    throw Failure(
                        .usage,
                        "The context \(kept.name) is \(before.url). Give this one another name, or the same to replace it."
                            + "\nNext:\n  muster login \(Hint.word(kept.url)) --name NAME")
                }
                if before.url == kept.url { kept.incident = before.incident }
            }
            try contexts.put(kept)
            contexts.current = kept.name
        }
        if !shared.quiet {
            Terminal.tell(
                "Logged in to \(daemon.text) (Muster \(SafeText.line(version ?? "of an unknown version"))) as context \(made.name)."
            )
        }
    }

    private static func name(of daemon: DaemonAddress) -> String {
        let host = String(daemon.host.filter { $0.isLetter || $0.isNumber || $0 == "." || $0 == "-" })
        let usual = daemon.scheme == "https" ? 443 : 80
        return daemon.port == usual ? host : "\(host)-\(daemon.port)"
    }
}

/// `muster use`: the incident that later commands are about.
struct Use: RemoteCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say which incident later commands are about; without a number, say which one it is.")

    @Argument(help: "The incident, as 42 or INC-42.", completion: Completions.incidents)
    var number: String?

    @Flag(help: "None any more.")
    var none = false

    @OptionGroup(title: "Options of every command") var shared: DaemonOptions

    func run(_ session: Session) async throws {
        if none { return try UseStore.keep(nil, session) }
        guard let number else {
            let incident = try await session.incident(nil)
            return session.answer(.string(incident), quiet: incident) { "INC-\(incident)" }
        }
        // Wrong numbers show now, and not at the next command.
        let incident = try await session.connection.get("/v1/incidents/\(try Session.number(number))")
        try UseStore.keep(incident["number"].plain, session)
        session.answer(incident, quiet: incident["number"].plain) {
            "INC-\(incident["number"].plain) \(SafeText.line(incident["phase"].plain)): \(SafeText.line(incident["title"].plain))"
        }
    }
}

/// Where the used incident is kept.
enum UseStore {
    static func keep(_ number: String?, _ session: Session) throws {
        guard let name = session.context?.name else {
            throw Failure(
                .usage,
                "There is no context to keep it in.\nNext:\n  export MUSTER_INCIDENT=\(number ?? "")\n  muster login \(session.connection.settings.address.text)"
            )
        }
        try Contexts.change(try Contexts.directory(session.environment)) { contexts throws(Failure) in
            guard let index = contexts.all.firstIndex(where: { $0.name == name }) else { return }
            contexts.all[index].incident = number
        }
    }
}

/// `muster context`: the daemons that were logged in to.
struct ContextCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "context", abstract: "List the daemons that you logged in to, choose one, or forget one.",
        subcommands: [Ls.self, Choose.self, Remove.self], defaultSubcommand: Ls.self)

    struct Ls: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List contexts; the current one has a star.")

        func run() throws {
            let directory = try Contexts.directory(ProcessEnvironment.all)
            let contexts = try Contexts.load(directory) { Terminal.tell("muster: \($0)") }
            guard !contexts.all.isEmpty else {
                return Terminal.say("There is none yet: muster login https://muster.example")
            }
            let rows = contexts.all.map { context in
                [
                    Cell(context.name == contexts.current ? "*" : ""), Cell(context.name), Cell(context.url),
                    Cell(context.incident.map { "INC-\($0)" } ?? "-"),
                ]
            }
            Terminal.say(
                Table.write(
                    rows, titles: ["", "CONTEXT", "URL", "INCIDENT"], cut: [], style: Style(isColoured: false),
                    width: nil))
        }
    }

    struct Choose: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "use", abstract: "Talk to this daemon from now on.")

        @Argument(help: "The context's name.", completion: Completions.contexts)
        var name: String

        func run() throws {
            let name = name
            try Contexts.change(try Contexts.directory(ProcessEnvironment.all)) { contexts throws(Failure) in
                guard contexts.named(name) != nil else { throw ContextCommand.unknown(name) }
                contexts.current = name
            }
        }
    }

    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rm", abstract: "Forget a daemon and its token. The token goes on to be good: muster token rm."
        )

        @Argument(help: "The context's name.", completion: Completions.contexts)
        var name: String

        func run() throws {
            let name = name
            try Contexts.change(try Contexts.directory(ProcessEnvironment.all)) { contexts throws(Failure) in
                guard contexts.named(name) != nil else { throw ContextCommand.unknown(name) }
                contexts.all.removeAll { $0.name == name }
                if contexts.current == name { contexts.current = contexts.all.first?.name }
            }
        }
    }

    private static func unknown(_ name: String) -> Failure {
        Failure(.notFound, "There is no context \(SafeText.line(name)).\nNext:\n  muster context ls")
    }
}
