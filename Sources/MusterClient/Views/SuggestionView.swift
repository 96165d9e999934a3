/// What the catalog suggests for an incident, with the commands that take it over.
package enum SuggestionView {
    package static func lines(_ answer: JSON, style: Style) -> [String] {
        var lines: [String] = []
        func add(_ title: String, _ items: [JSON], _ text: (JSON) -> String) {
            guard !items.isEmpty else { return }
            lines.append(style.paint(title, .bold))
            for item in items.prefix(20) {
                lines.append("  " + SafeText.line(text(item)))
                lines += item["reasons"].items.prefix(3).map { style.paint("      \(SafeText.line($0.plain))", .dim) }
                if let command = Hint.command(for: item["how"]) { lines.append("      " + style.paint(command, .cyan)) }
            }
        }
        add("Likely roots", answer["root"].items) { "\($0["component"].plain)  explains \(names($0["explains"]))" }
        add("Probably affected", answer["affected"].items) { "\($0["component"].plain)  \($0["impact"].plain)" }
        if answer["severity"]["differs"].isTrue {
            add("Severity", [answer["severity"]]) {
                "\($0["suggested"].plain) instead of \($0["current"].text ?? "none")"
            }
        }
        return lines.isEmpty ? ["The catalog has nothing to suggest."] : lines
    }

    /// Of a sample of components.
    private static func names(_ sample: JSON) -> String {
        let names = sample["components"].items.map(\.plain)
        let more = (sample["total"].int ?? names.count) - names.count
        return names.joined(separator: ", ") + (more > 0 ? " and \(more) more" : "")
    }
}
