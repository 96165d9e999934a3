extension ReviewDraft {
    /// What it was, and what it was thought to be on the way there.
    static func cause(_ facts: ReviewFacts) -> String {
        var table = MarkdownTable("When (UTC)", "Cause", "Confidence", "Evidence", "By")
        for recorded in facts.timeline {
            guard case .causeStated(let hypothesis) = recorded.event else { continue }
            table.add(
                recorded.occurredAt.dateAndTime, hypothesis.readableName, hypothesis.confidence.rawValue,
                hypothesis.evidence.map(Markdown.inline) ?? "not recorded", Markdown.inline(recorded.actor.name))
        }
        guard !table.isEmpty else { return "No cause is recorded." }
        return "\(current(facts.incident))\n\n### How it was found\n\n\(table.markdown)"
    }

    private static func current(_ incident: Incident) -> String {
        guard let cause = incident.cause else { return "Every cause that was suspected has been refuted." }
        let evidence = cause.evidence.map { " Evidence: \(Markdown.inline($0.sentence))" } ?? ""
        return "**\(cause.readableName.capitalizedFirst)**, \(cause.confidence.rawValue).\(evidence)"
    }
}
