extension ReviewDraft {
    /// What has to be done so that it does not happen again.
    static func actions(_ facts: ReviewFacts) -> String {
        facts.incident.actions.isEmpty ? "No action item is recorded." : actionTable(of: facts.incident)
    }

    /// The action items as they stand.
    static func actionTable(of incident: Incident) -> String {
        var table = MarkdownTable("Id", "What", "Kind", "Owner", "Due", "Required", "State")
        for action in incident.actions {
            table.add(
                incident.id(of: action), Markdown.inline(action.title), action.kind.rawValue,
                action.owner.map(Markdown.inline) ?? "nobody", action.due.map(Markdown.inline) ?? "no date",
                action.required ? "yes" : "no", action.state.words)
        }
        return table.markdown
    }

    /// What the incident's phase still asks for, and the work that nobody has finished.
    static func unmet(_ facts: ReviewFacts) -> String {
        let incident = facts.incident
        let asked = facts.unmet.map { "- \(Markdown.inline($0.detail.beginningSentence))" }
        var parts: [String] = []
        if let next = incident.phase.next {
            parts.append(
                asked.isEmpty
                    ? "Nothing: the incident can go on from \(incident.phase.rawValue) to \(next.rawValue)."
                    : "Before the incident can leave \(incident.phase.rawValue):\n\n\(asked.joined(separator: "\n"))")
        } else {
            parts.append("Nothing is asked for any more: the incident is \(incident.phase.rawValue).")
        }
        let open = incident.actions.filter { $0.state == .open || $0.state == .inProgress }
        if !open.isEmpty {
            let ids = open.map(incident.id(of:)).joined(separator: ", ")
            parts.append("Action items that are not done yet: \(ids).")
        }
        return parts.joined(separator: "\n\n")
    }
}
