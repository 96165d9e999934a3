import ArgumentParser
import Glibc
import MusterClient
import Synchronization

/// A command's daemon, and where its answers go.
struct Session: Sendable {
    let shared: DaemonOptions
    let connection: Connection
    /// What the command was logged in by; nil where address and token come from the environment.
    let context: ClientContext?
    let environment: [String: String]
    private let written = WrittenFile()

    static func with(_ shared: DaemonOptions, _ body: (Session) async throws -> Void) async throws {
        let environment = ProcessEnvironment.all
        let (settings, context) = try Setup(shared, environment).settings()
        let session = Session(
            shared: shared, connection: try Connection(settings), context: context, environment: environment)
        do {
            try await body(session)
        } catch {
            await session.connection.close()
            session.written.keep()
            throw error
        }
        session.written.remove()
        await session.connection.close()
    }

    var moments: Moments { Moments(now: connection.now, areAbsolute: shared.utc) }
    var style: Style { Style(isColoured: Terminal.isOutput && ProcessEnvironment.hasColours(environment)) }
    var width: Int? { Terminal.size?.columns }

    /// A time that somebody typed, as the API takes it.
    func time(_ text: String?) async throws -> JSON? {
        guard let text else { return nil }
        // "10m ago" is by the daemon's clock, as the incident's own times are.
        if Moments.parse(text.trimmed) == nil { _ = try await connection.send("GET", "/healthz") }
        guard let time = moments.typed(text) else {
            throw Failure(
                .usage,
                "\"\(SafeText.line(text))\" is no time. One looks like 14:05 (UTC), \"10m ago\", \"in 2h\" or 2026-11-22T03:12:00Z."
            )
        }
        return .string(time)
    }

    /// The members that say when it happened and who did it.
    func members(_ when: WhenOptions) async throws -> [JSON.Member] {
        let pairs: KeyValuePairs<String, JSON?> = [
            "occurred_at": try await time(when.at), "on_behalf_of": when.onBehalfOf.map { .string($0) },
        ]
        return JSON.of(pairs).members
    }
}

// MARK: - Which incident

extension Session {
    /// The incident that a command is about: named, by the environment, by `muster use`, or the only one that is open.
    func incident(_ named: String?) async throws -> String {
        if let named = named ?? environment["MUSTER_INCIDENT"].flatMap({ $0.isEmpty ? nil : $0 }) ?? context?.incident {
            return try Self.number(named)
        }
        let page = try await connection.get("/v1/incidents?open=true&fields=number,title,severity,phase&limit=20")
        let open = page["items"].items
        if open.count == 1, page["next_cursor"].isNull, let number = open[0]["number"].int { return String(number) }
        guard !open.isEmpty else {
            throw Failure(
                .usage, "No incident is open, and none was named.\nNext:\n  muster ls --all\n  muster open TITLE")
        }
        let lines = open.map { "  INC-\($0["number"].plain)  \(SafeText.line($0["title"].text ?? ""))" }
        throw Failure(
            .usage,
            "Which incident? These are open:\n" + lines.joined(separator: "\n")
                + "\nNext:\n  muster use \(open[0]["number"].plain)")
    }

    func incident(_ argument: IncidentArgument) async throws -> String { try await incident(argument.named) }
    func incident(_ option: IncidentOption) async throws -> String { try await incident(option.incident) }

    static func number(_ text: String) throws -> String {
        guard let match = text.trimmed.wholeMatch(of: /(?:[Ii][Nn][Cc]-)?0*([1-9][0-9]{0,17})/) else {
            throw Failure(.usage, "\"\(SafeText.line(text))\" is no incident; one is named 42 or INC-42.")
        }
        return String(match.output.1)
    }
}

// MARK: - Answers

extension Session {
    /// Prints an answer in the form that was asked for.
    ///
    /// - Parameter quiet: What `--quiet` prints; nothing if it is nil.
    func answer(_ value: JSON, quiet: String? = nil, _ text: () -> String) {
        switch shared.output {
        case .json: Terminal.say(value.pretty)
        case .yaml: Terminal.write(YAMLText.write(value))
        case .table:
            if shared.quiet {
                if let quiet { Terminal.say(quiet) }
            } else {
                let text = text()
                if !text.isEmpty { Terminal.say(text) }
            }
        }
    }

    /// Prints a list as a table.
    ///
    /// - Parameters:
    ///   - id: The member that `--quiet` prints of each.
    ///   - empty: What is said of an empty list.
    func list(_ items: [JSON], _ columns: [Column], id: String, empty: String) {
        let quiet = items.map { $0[id].plain }.joined(separator: "\n")
        answer(.array(items), quiet: items.isEmpty ? nil : quiet) {
            items.isEmpty ? empty : table(items, columns)
        }
    }

    func table(_ items: [JSON], _ columns: [Column]) -> String {
        let moments = moments
        return Table.write(
            items.map { item in columns.map { $0.cell(item, moments) } }, titles: columns.map(\.title),
            cut: Set(columns.indices.filter { columns[$0].isCut }), style: style, width: width)
    }

    /// Items of a list, page by page; says on standard error when there are more.
    func items(_ path: String, _ query: [(String, String?)] = [], limit: Int) async throws -> [JSON] {
        var items: [JSON] = []
        var cursor: String?
        repeat {
            let page = try await connection.get(
                path
                    + RequestPath.query(query + [("limit", String(min(200, limit - items.count))), ("cursor", cursor)]))
            items += page["items"].items
            cursor = page["next_cursor"].text
        } while cursor != nil && items.count < limit
        if cursor != nil && shared.output == .table && !shared.quiet {
            Terminal.tell("There are more than these \(items.count): --limit shows them.")
        }
        return items
    }

    /// Says on standard error what goes on, to somebody who waits at a terminal.
    func progress(_ text: String) {
        if Terminal.isErrors && !shared.quiet { Terminal.tell(style.paint(text, .dim)) }
    }

    /// Header fields for a change: the short answer is enough for a table.
    var preference: [(String, String)] { shared.output == .table ? [("prefer", "return=minimal")] : [] }

    /// Changes an incident, and says where it stands then.
    func change(
        _ method: String, _ path: String, _ body: JSON? = nil, says what: String
    ) async throws {
        let body = body.flatMap { $0.members.isEmpty ? nil : $0 }
        let answer = try await connection.send(method, path, body, headers: preference)
        tell(answer.body, says: what)
    }

    func tell(_ head: JSON, says what: String) {
        answer(head) { NextView(head: head, style: style).line(what) }
    }
}

// MARK: - Texts

extension Session {
    /// What somebody says: the words, standard input for `-` or where no words are and no terminal is, else the editor.
    func text(_ words: [String], draft: String = "", isOptional: Bool = false) throws -> String {
        if words == ["-"] { return try filled(LocalFile.text("-").trimmed) }
        if !words.isEmpty { return try filled(words.joined(separator: " ").trimmed) }
        if !Terminal.isInput { return try filled(LocalFile.text("-").trimmed) }
        let text = try edit(draft).trimmed
        if text.isEmpty { written.remove() }
        return try filled(text)
    }

    /// What somebody makes of a text in the editor. The file stays where the command fails: nobody writes a text twice.
    func edit(_ draft: String) throws -> String {
        let (text, file) = try Terminal.edit(draft, suffix: ".md", environment)
        written.note(file)
        return text
    }

    private func filled(_ text: String) throws -> String {
        guard !text.isEmpty else { throw Failure(.usage, "There is no text, so nothing was sent.") }
        return text
    }
}

/// The file with what somebody wrote in the editor. It goes when the command has succeeded, and stays where it failed.
private final class WrittenFile: Sendable {
    private let file = Mutex<String?>(nil)

    func note(_ path: String) { file.withLock { $0 = path } }

    func remove() {
        file.withLock { path in
            if let path { unlink(path) }
            path = nil
        }
    }

    func keep() {
        if let path = file.withLock({ $0 }) { Terminal.tell("What you wrote is in \(SafeText.line(path)).") }
    }
}

/// `name=value` pairs that somebody typed.
enum Pairs {
    static func read(_ texts: [String], _ what: String) throws -> [(name: String, value: String)] {
        try texts.map { text in
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty else {
                throw Failure(.usage, "\"\(SafeText.line(text))\" is no \(what); one looks like name=value.")
            }
            return (String(parts[0]), String(parts[1]))
        }
    }

    static func labels(_ texts: [String]) throws -> JSON? {
        guard !texts.isEmpty else { return nil }
        return .object(try read(texts, "label").map { JSON.Member($0.name, .string($0.value)) })
    }
}

/// The process around a command.
enum ProcessEnvironment {
    static var all: [String: String] {
        var variables: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let pair = String(cString: text)
            if let sign = pair.firstIndex(of: "=") {
                variables[String(pair[..<sign])] = String(pair[pair.index(after: sign)...])
            }
            entry += 1
        }
        return variables
    }

    /// https://no-color.org, and terminals that have none.
    static func hasColours(_ environment: [String: String]) -> Bool {
        environment["NO_COLOR", default: ""].isEmpty && environment["TERM"] != "dumb"
    }
}
