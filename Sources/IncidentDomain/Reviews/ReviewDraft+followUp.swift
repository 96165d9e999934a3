extension ReviewDraft {
    /// What has to be done so that it does not happen again.
    static func actions(_ facts: ReviewFacts) -> [DocumentBlock] {
        [facts.incident.actions.isEmpty ? .line("No action item is recorded.") : actionTable(of: facts.incident)]
    }

    /// The action items as they stand.
    static func actionTable(of incident: Incident) -> DocumentBlock {
        var table = DocumentTable("Id", "What", "Kind", "Owner", "Due", "Required", "State")
        for action in incident.actions {
            table.add(
                incident.id(of: action), action.title, action.kind.rawValue,
                action.owner ?? "nobody", action.due ?? "no date",
                action.required ? "yes" : "no", action.state.words)
        }
        return table.block
    }

    /// What the incident's phase still asks for, and the work that nobody has finished.
    static func unmet(_ facts: ReviewFacts) -> [DocumentBlock] {
        let incident = facts.incident
        let asked = facts.unmet.map(\.detail.beginningSentence)
        var parts: [DocumentBlock] = []
        if let next = incident.phase.next {
            parts +=
                asked.isEmpty
                ? [.line("Nothing: the incident can go on from \(incident.phase.rawValue) to \(next.rawValue).")]
                : [.line("Before the incident can leave \(incident.phase.rawValue):"), .bullets(asked)]
        } else {
            parts.append(.line("Nothing is asked for any more: the incident is \(incident.phase.rawValue)."))
        }
        let open = incident.actions.filter { $0.state == .open || $0.state == .inProgress }
        if !open.isEmpty {
            let ids = open.map(incident.id(of:)).joined(separator: ", ")
            parts.append(.line("Action items that are not done yet: \(ids)."))
        }
        return parts
    }
}
