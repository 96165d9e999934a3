extension ReviewDraft {
    /// What it was, and what it was thought to be on the way there.
    static func cause(_ facts: ReviewFacts) -> [DocumentBlock] {
        var table = DocumentTable("When (UTC)", "Cause", "Confidence", "Evidence", "By")
        for recorded in facts.timeline {
            guard let hypothesis = recorded.event.as(CauseStated.self)?.value else { continue }
            table.add(
                recorded.occurredAt.dateAndTime, hypothesis.readableName, hypothesis.confidence.rawValue,
                hypothesis.evidence ?? "not recorded", recorded.actor.name)
        }
        guard !table.isEmpty else { return [.line("No cause is recorded.")] }
        return [.paragraph(current(facts.incident)), .heading("How it was found"), table.block]
    }

    private static func current(_ incident: Incident) -> [DocumentInline] {
        guard let cause = incident.cause else {
            return [.line("Every cause that was suspected has been refuted.")]
        }
        let evidence = cause.evidence.map { " Evidence: \($0.sentence)" } ?? ""
        return [
            .strong([.line(cause.readableName.capitalizedFirst)]),
            .text(Markdown.visible(", \(cause.confidence.rawValue).\(evidence)")),
        ]
    }
}
