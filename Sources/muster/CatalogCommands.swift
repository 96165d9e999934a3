import ArgumentParser
import MusterClient

/// `muster catalog`: components, and what they need.
struct Catalog: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look at components; compare and replace the catalog.",
        discussion:
            "muster catalog export >catalog.yaml; muster catalog diff catalog.yaml; muster catalog apply catalog.yaml",
        subcommands: [Ls.self, ShowOne.self, Diff.self, Apply.self, Export.self], defaultSubcommand: Ls.self)

    struct Ls: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "List components.")

        @Option(help: "How many at most.")
        var limit = 1000

        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws {
            let items = try await session.items("/v1/components", limit: max(1, limit))
            session.list(
                items,
                [
                    Column("COMPONENT", "slug"), Column("TIER", "tier"),
                    Column("OWNER") { item, _ in Cell(item["owner"].text ?? "-") }, Column("NAME", "name", isCut: true),
                    Column("NEEDS", isCut: true) { item, _ in
                        Cell(item["depends_on"].items.map { $0["component"].plain }.joined(separator: " "))
                    },
                ], id: "slug", empty: "The catalog is empty: muster catalog apply FILE")
        }
    }

    struct ShowOne: RemoteCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Show a component, and what fails with it.")

        @Argument(help: "The component.", completion: Completions.components)
        var component: String

        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws {
            let path = "/v1/components/\(RequestPath.segment(component))"
            let component = try await session.connection.get(path)
            let radius = try await session.connection.get(path + "/blast-radius")
            session.answer(component.adding([JSON.Member("blast_radius", radius)])) {
                let hit = radius["tiers"].items.prefix(10).map { tier in
                    "  tier \(tier["tier"].plain): "
                        + tier["fails"].items.prefix(20).map { SafeText.line($0["component"].plain) }.joined(
                            separator: " ")
                }
                return Details.text(component, session)
                    + "\n\(radius["fails"].plain) fail with it, \(radius["degrades"].plain) degrade"
                    + hit.map { "\n" + $0 }.joined()
            }
        }
    }

    /// What would be different.
    private static func say(_ difference: JSON, _ session: Session) {
        session.answer(difference, quiet: difference["version"].plain) {
            var lines: [String] = []
            lines += difference["added"].items.map { session.style.paint("+ \(SafeText.line($0.plain))", .green) }
            for item in difference["changed"].items {
                lines.append(session.style.paint("~ \(SafeText.line(item["component"].plain))", .yellow))
                lines += item["changes"].items.map {
                    "    " + SafeText.line("\($0["field"].plain): \($0["from"].compact) -> \($0["to"].compact)")
                }
            }
            lines += difference["removed"].items.map { session.style.paint("- \(SafeText.line($0.plain))", .red) }
            let count = lines.isEmpty ? "nothing changes" : "\(difference["unchanged"].plain) stay as they are"
            lines.append("\(difference["components"].plain) components, \(count)")
            return lines.joined(separator: "\n")
        }
    }

    private static func put(
        _ file: String, _ text: String, _ query: String, _ headers: [(String, String)], _ session: Session
    ) async throws -> JSON {
        let isJSON = file.hasSuffix(".json") || text.trimmed.hasPrefix("{") || text.trimmed.hasPrefix("[")
        return try await session.connection.send(
            "PUT", "/v1/components\(query)", bytes: Array(text.utf8),
            type: isJSON ? "application/json" : "application/yaml", headers: headers
        ).body
    }

    struct Diff: RemoteCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say what applying a file would change; exits with 1 if anything would.")

        @Argument(help: "YAML or JSON; - reads standard input.", completion: .file())
        var file: String

        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws {
            let difference = try await Catalog.put(file, try LocalFile.text(file), "?dry_run=true", [], session)
            Catalog.say(difference, session)
            let isSame = ["added", "changed", "removed"].allSatisfy { difference[$0].items.isEmpty }
            // As diff(1) ends; everything is said already.
            if !isSame { throw Failure(.refused, "") }
        }
    }

    struct Apply: RemoteCommand {
        static let configuration = CommandConfiguration(
            abstract: "Replace the catalog by a file.",
            discussion: "Shows what changes and asks, at a terminal; --yes does not ask.")

        @Argument(help: "YAML or JSON; - reads standard input.", completion: .file())
        var file: String

        @Flag(name: .shortAndLong, help: "Do not ask.")
        var yes = false

        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws {
            var headers: [(String, String)] = []
            let text = try LocalFile.text(file)
            if !yes && Terminal.isInput && file != "-" {
                let difference = try await Catalog.put(file, text, "?dry_run=true", [], session)
                Catalog.say(difference, session)
                guard ["added", "changed", "removed"].contains(where: { !difference[$0].items.isEmpty }) else { return }
                let said = try Terminal.ask("Apply this? [y/N] ").lowercased()
                guard said == "y" || said == "yes" else { throw Failure(.refused, "Nothing was changed.") }
                // What was shown is what is done, or nothing.
                headers = [("if-match", "\"\(difference["version"].plain)\"")]
            }
            Catalog.say(try await Catalog.put(file, text, "", headers, session), session)
        }
    }

    struct Export: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "Print the catalog as a file that can be applied.")

        @OptionGroup(title: "Options of every command") var shared: DaemonOptions

        func run(_ session: Session) async throws {
            let form = shared.output == .json ? "json" : "yaml"
            let answer = try await session.connection.send("GET", "/v1/catalog.\(form)")
            try LocalFile.write(answer.bytes, descriptor: 1, "standard output")
        }
    }
}
