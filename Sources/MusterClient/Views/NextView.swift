/// Where an incident stands and what its phase still asks for, with the commands that meet it.
package struct NextView: Sendable {
    private let head: JSON
    private let style: Style

    /// - Parameter head: An incident, or the short answer of a change.
    package init(head: JSON, style: Style) {
        self.head = head
        self.style = style
    }

    private var number: String { "INC-\(head["number"].plain)" }
    private var phase: String { SafeText.line(head["phase"].text ?? head["next"]["phase"].text ?? "") }
    private var unmet: [JSON] { head["next"]["unmet"].items }

    /// After a change: what was done, and what it takes to go on.
    package func line(_ what: String) -> String {
        var lines = ["\(style.paint(number, .bold)) \(phase): \(SafeText.line(what))"]
        if head["next"]["ready"].isTrue {
            lines.append("Ready for the next phase: muster advance \(head["number"].plain)")
        } else if !unmet.isEmpty {
            lines.append("Missing: \(unmet.map { SafeText.line($0["detail"].plain) }.joined(separator: "; "))")
        }
        return lines.joined(separator: "\n")
    }

    /// All of it: each thing that is missing, and the commands that would meet it.
    package var text: String {
        var lines: [String] = []
        if !unmet.isEmpty {
            lines.append("Before \(phase) can be left:")
            for item in unmet {
                lines.append("  \(style.paint("○", .yellow)) \(SafeText.line(item["detail"].plain))")
                lines += commands(for: item).map { "      \(style.paint($0, .cyan))" }
            }
        } else if head["next"]["ready"].isTrue {
            lines.append("Nothing is missing:")
            lines.append("      \(style.paint("muster advance \(head["number"].plain)", .cyan))")
        }
        for offer in head["next"]["offers"].items {
            lines.append("  \(style.paint("◇", .blue)) \(SafeText.line(offer["detail"].plain))")
            if let command = Hint.command(for: offer["how"]) { lines.append("      \(style.paint(command, .cyan))") }
        }
        return lines.isEmpty ? "Nothing is asked for in \(phase)." : lines.joined(separator: "\n")
    }

    private func commands(for item: JSON) -> [String] {
        var calls = [item["how"]] + item["alternatives"].items
        if item["suggestions"].text != nil { calls.append(["method": "GET", "path": item["suggestions"]]) }
        return calls.compactMap { Hint.command(for: $0) }
    }
}
