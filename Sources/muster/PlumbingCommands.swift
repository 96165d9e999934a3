import ArgumentParser
import MusterClient

/// `muster api`: any call of the API.
struct CallAPI: RemoteCommand {
    static let configuration = CommandConfiguration(
        commandName: "api", abstract: "Call the API; for what has no command of its own.",
        discussion: "muster api GET /v1/policy; muster api PATCH /v1/incidents/42 -d '{\"severity\": \"sev1\"}'")

    @Argument(help: "GET, POST, PUT, PATCH or DELETE.", completion: .list(["GET", "POST", "PUT", "PATCH", "DELETE"]))
    var method: String

    @Argument(help: "The path with its query, from the slash on.")
    var path: String

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The body (JSON); @FILE reads a file, - standard input.", valueName: "json"))
    var data: String?

    @OptionGroup(title: "Options of every command") var shared: DaemonOptions

    func validate() throws {
        guard path.hasPrefix("/"), path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw ValidationError("a path begins with a slash, as /v1/policy, and has no spaces")
        }
        guard method.wholeMatch(of: /[A-Za-z]{1,20}/) != nil else { throw ValidationError("\(method) is no method") }
    }

    func run(_ session: Session) async throws {
        var body: JSON?
        if let data {
            let text =
                data == "-"
                ? try LocalFile.text("-") : data.hasPrefix("@") ? try LocalFile.text(String(data.dropFirst())) : data
            body = try JSONFile.parse(text, "The body")
        }
        let answer = try await session.connection.send(method.uppercased(), path, body)
        guard answer.isJSON else {
            return try LocalFile.write(answer.bytes, descriptor: 1, "standard output")
        }
        session.answer(answer.body) { answer.body.pretty }
    }
}

/// `muster complete`: names for the shell, which asks while somebody types. Says nothing that is no name, and soon.
struct Complete: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print names for a shell to complete.", shouldDisplay: false)

    @Argument(help: "components, incidents or contexts.")
    var what: String

    @OptionGroup var shared: DaemonOptions

    /// How long somebody who presses the tabulator waits.
    private static let seconds = 1.5

    func run() async throws {
        let environment = ProcessEnvironment.all
        if what == "contexts" {
            let contexts = try? Contexts.load(try Contexts.directory(environment)) { _ in }
            return write(contexts?.all.map(\.name) ?? [])
        }
        guard var (settings, _) = try? Setup(shared, environment).settings() else { return }
        settings.timeout = Self.seconds
        guard let connection = try? Connection(settings) else { return }
        switch what {
        case "incidents":
            let page = try? await connection.get("/v1/incidents?open=true&limit=50&fields=number")
            write(page?["items"].items.map { $0["number"].plain } ?? [])
        case "components":
            let page = try? await connection.get("/v1/components?limit=200")
            write(page?["items"].items.map { $0["slug"].plain } ?? [])
        default: break
        }
        await connection.close()
    }

    private func write(_ names: [String]) {
        // A name that a shell would take apart is no help.
        let plain = names.filter { $0.wholeMatch(of: /[A-Za-z0-9_.@-]+/) != nil }
        if !plain.isEmpty { Terminal.say(plain.joined(separator: "\n")) }
    }
}

/// `muster manual`: the manual page, for who packages it.
struct Manual: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Print the manual page (roff).", shouldDisplay: false)

    @Option(help: ArgumentHelp("The page's date.", valueName: "date"))
    var date: String

    func run() throws {
        Terminal.write(ManualPage.write(try JSONFile.parse(Muster._dumpHelp(), "the help"), date: date))
    }
}
