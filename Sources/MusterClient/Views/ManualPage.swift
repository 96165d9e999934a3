/// The manual page muster(1), made of what the command line says of itself, so that it says what is true.
package struct ManualPage {
    private var lines: [String] = []
    private let date: String

    /// - Parameters:
    ///   - help: What ArgumentParser dumps of the commands.
    ///   - date: As `2026-12-03`.
    /// - Returns: roff, for `man`.
    package static func write(_ help: JSON, date: String) -> String {
        var page = ManualPage(date: date)
        page.head(help["command"])
        page.commands(help["command"])
        page.tail(help["command"])
        return page.lines.joined(separator: "\n") + "\n"
    }

    private init(date: String) { self.date = date }

    private mutating func head(_ root: JSON) {
        lines += [
            ".TH MUSTER 1 \"\(date)\" \"Muster \(ClientVersion.current)\" \"User Commands\"", ".SH NAME",
            "muster \\- carry incidents from detection to a finished review", ".SH SYNOPSIS", ".B muster",
            ".I command", ".RI [ argument ...]", ".RI [ option ...]", ".SH DESCRIPTION",
            "The command line of Muster, a daemon for incident management. It uses the daemon's REST interface and nothing else.",
        ]
        paragraph(root["discussion"].text)
    }

    // MARK: - Commands

    private mutating func commands(_ root: JSON) {
        lines.append(".SH COMMANDS")
        for command in Self.shown(root["subcommands"]) { self.command(command, "muster") }
    }

    private static func shown(_ items: JSON) -> [JSON] {
        items.items.filter { !($0["shouldDisplay"] == .bool(false)) && $0["commandName"].text != "help" }
    }

    private mutating func command(_ command: JSON, _ before: String) {
        let name = "\(before) \(command["commandName"].plain)"
        let children = Self.shown(command["subcommands"])
        let own = command["arguments"].items.filter {
            $0["shouldDisplay"] != .bool(false) && $0["sectionTitle"].text != "Options of every command"
                && !["help", "version"].contains($0["preferredName"]["name"].plain)
        }
        let places = own.filter { $0["kind"].text == "positional" }.map { argument in
            let value = argument["valueName"].plain + (argument["isRepeating"].isTrue ? " ..." : "")
            return argument["isOptional"].isTrue ? "[\(value)]" : value
        }
        lines.append(".SS \"\(Self.escape(([name] + places).joined(separator: " ")))\"")
        paragraph(command["abstract"].text)
        if let usual = command["defaultSubcommand"].text { paragraph("Without a further word: \(usual).") }
        example(command["discussion"].text)
        for argument in own { option(argument) }
        for child in children { self.command(child, name) }
    }

    private mutating func option(_ argument: JSON) {
        let names = argument["names"].items.map { name in
            (name["kind"].text == "short" ? "-" : "--") + name["name"].plain
        }
        let value = argument["valueName"].plain
        let head =
            switch argument["kind"].text {
            case "positional": value
            case "flag": names.joined(separator: ", ")
            default: names.joined(separator: ", ") + " " + value
            }
        var text = argument["abstract"].text ?? ""
        if let usual = argument["defaultValue"].text { text += " (default: \(usual))" }
        lines += [".TP", ".B \(Self.escape(head))", Self.safe(text.isEmpty ? "." : text)]
    }

    // MARK: - The end

    private mutating func tail(_ root: JSON) {
        lines.append(".SH COMMON OPTIONS")
        let any = Self.shown(root["subcommands"]).first { !$0["arguments"].items.isEmpty } ?? .null
        for argument in any["arguments"].items where argument["sectionTitle"].text == "Options of every command" {
            option(argument)
        }
        lines.append(".SH ENVIRONMENT")
        for (name, text) in Self.variables { lines += [".TP", ".B \(name)", Self.safe(text)] }
        lines += [
            ".SH FILES", ".TP", ".I ~/.config/muster/contexts.json",
            "Addresses and tokens, for the owner only (or below XDG_CONFIG_HOME).", ".SH EXIT STATUS",
        ]
        for ending in Ending.allCases { lines += [".TP", ".B \(ending.rawValue)", Self.safe(ending.meaning)] }
        lines += [".SH SEE ALSO", ".BR musterd (8)"]
    }

    private static let variables = [
        (
            "MUSTER_URL, MUSTER_TOKEN",
            "The daemon and the token, before what was logged in to. A token that was logged in with goes to its own daemon only."
        ),
        ("MUSTER_CONTEXT", "Which of the daemons that were logged in to."),
        ("MUSTER_INCIDENT", "The incident of commands that name none."),
        ("MUSTER_CA_FILE", "Certificates to trust (PEM)."),
        ("VISUAL, EDITOR", "The editor for notes, updates and reviews."),
        ("NO_COLOR", "Set: no colours, whatever the terminal has."),
    ]

    private mutating func paragraph(_ text: String?) {
        guard let text, !text.isEmpty else { return }
        lines.append(".PP")
        lines += text.split(separator: "\n").map { Self.safe(String($0)) }
    }

    /// With its lines as they are.
    private mutating func example(_ text: String?) {
        guard let text, !text.isEmpty else { return }
        lines += [".PP", ".nf"] + text.split(separator: "\n").map { Self.safe(String($0)) } + [".fi"]
    }

    private static func escape(_ text: String) -> String {
        text.replacing("\\", with: "\\e").replacing("-", with: "\\-").replacing("\"", with: "\\(dq")
    }

    /// A line that begins with no request of roff.
    private static func safe(_ text: String) -> String {
        let text = escape(text.replacing("\n", with: " "))
        return text.hasPrefix(".") || text.hasPrefix("'") ? "\\&" + text : text
    }
}
