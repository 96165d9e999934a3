import ArgumentParser
import MusterClient
import Testing

@testable import muster

/// The commands as they describe themselves.
struct CommandTreeTests {
    private static func help() throws -> JSON { try JSONReader.read(Muster._dumpHelp())["command"] }

    /// Every command with the words that call it, the root left out.
    private static func commands(_ command: JSON, _ before: [String] = []) -> [(words: [String], command: JSON)] {
        command["subcommands"].items.filter { $0["commandName"] != "help" }.flatMap { child -> [([String], JSON)] in
            let words = before + [child["commandName"].plain]
            return [(words, child)] + commands(child, words)
        }
    }

    @Test func `all commands of the issue are there`() throws {
        let names = Set(Self.commands(try Self.help()).map { $0.words.joined(separator: " ") })
        let wanted = [
            "login", "ls", "show", "open", "ack", "next", "advance", "set", "role", "cause", "impact", "note",
            "mitigate", "restore", "restore start", "update", "review", "review edit", "review show", "review approve",
            "review export", "actions", "alerts", "silence", "source add", "catalog diff", "catalog apply",
            "maintenance", "endpoint", "watch", "token",
        ]
        let missing = wanted.filter { !names.contains($0) }
        #expect(missing.isEmpty)
    }

    @Test func `every command and every argument says what it is for`() throws {
        for (words, command) in Self.commands(try Self.help()) {
            let name = words.joined(separator: " ")
            let abstract = command["abstract"].plain
            #expect(abstract.hasSuffix("."), "\(name): \(abstract)")
            for argument in command["arguments"].items where argument["shouldDisplay"] != .bool(false) {
                #expect(argument["abstract"].text?.isEmpty == false, "\(name) \(argument["valueName"].plain)")
            }
        }
    }

    @Test func `no two options of a command have the same letter or name`() throws {
        for (words, command) in Self.commands(try Self.help()) {
            let names = command["arguments"].items.flatMap {
                $0["names"].items.map { "\($0["kind"].plain) \($0["name"].plain)" }
            }
            #expect(Set(names).count == names.count, "\(words.joined(separator: " ")): \(names)")
        }
    }

    @Test(arguments: [
        "ls --phase assess -s sev1 full disk", "ls -a -o json", "show 42", "show -i INC-42",
        "open Title -c auth=degraded -s 1",
        "note - -i 42 --key", "note The disk is full", "restore 42", "restore -i 42", "restore --without feed",
        "restore start feed -i 42 --expected in\u{A0}20m", "update 42", "update draft users --template auto",
        "review", "review 42", "review export 42 --format pdf -f x.pdf", "alerts -i 42", "alerts resolve a b",
        "silence add component=auth --lasts 2h -m known", "source add x --kind alertmanager", "catalog diff -",
        "token add x --role viewer -q", "watch", "watch 42 -o json", "api GET /v1/policy", "complete incidents",
        "context", "context use x", "login https://muster.example --name x", "use --none",
    ])
    func `what people type parses`(line: String) throws {
        let words = line.split(separator: " ").map { String($0).replacing("\u{A0}", with: " ") }
        do {
            _ = try Muster.parseAsRoot(words)
        } catch {
            Issue.record("\(line): \(Muster.fullMessage(for: error))")
        }
    }

    @Test(arguments: [
        "show 42 -i 42", "set 42", "role commander", "role commander Ann --none", "impact auth",
        "update eta --plan --none -r x",
        "update eta", "restore ramp feed", "review export --format doc", "actions set 42-1", "api GET v1/policy",
        "ls --timeout 0", "ls -o xml",
    ])
    func `what says nothing, or two things, is refused before anything is sent`(line: String) {
        #expect(throws: (any Error).self) { try Muster.parseAsRoot(line.split(separator: " ").map(String.init)) }
    }

    @Test func `the manual page names every command and every exit status`() throws {
        let page = ManualPage.write(try JSONReader.read(Muster._dumpHelp()), date: "2026-12-03")
        for (words, command) in Self.commands(try Self.help()) where command["shouldDisplay"] != .bool(false) {
            let heading = ".SS \"muster " + words.joined(separator: " ").replacing("-", with: "\\-")
            #expect(page.contains(heading), "\(words)")
        }
        for ending in Ending.allCases { #expect(page.contains("\n.B \(ending.rawValue)\n")) }
        #expect(page.hasPrefix(".TH MUSTER 1 \"2026-12-03\""))
        // No line begins with a request of roff by accident.
        let requests: Set<Substring> = [".TH", ".SH", ".SS", ".PP", ".TP", ".B", ".I", ".RI", ".BR", ".nf", ".fi"]
        let wrong = page.split(separator: "\n").filter { line in
            line.hasPrefix(".") && !requests.contains(line.prefix { $0 != " " })
        }
        #expect(wrong.isEmpty)
    }

    @Test func `completion scripts ask for names, and end quietly without a daemon`() {
        for shell in [CompletionShell.bash, .zsh, .fish] {
            let script = Muster.completionScript(for: shell)
            for kind in ["components", "incidents", "contexts"] {
                #expect(script.contains("muster complete \(kind) 2>/dev/null"), "\(shell.rawValue) \(kind)")
            }
        }
    }
}
