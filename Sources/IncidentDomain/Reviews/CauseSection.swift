// MARK: - Cause

extension ReviewDraft {
    /// What it was and what else took part in it, and what it was thought to be on the way there.
    static func cause(_ facts: ReviewFacts) -> [DocumentBlock] {
        var table = DocumentTable("When (UTC)", "Cause", "Role", "At fault", "Confidence", "Evidence", "By")
        let struck = facts.struck
        for recorded in facts.byTime where !struck.contains(recorded.sequence) {
            guard let hypothesis = recorded.event.as(CauseStated.self)?.value else { continue }
            table.add(
                recorded.occurredAt.dateAndTime, hypothesis.name, hypothesis.role?.words ?? "",
                fault(hypothesis, facts),
                hypothesis.confidence.rawValue, hypothesis.evidence ?? "not recorded", recorded.actor.name)
        }
        guard !table.isEmpty else { return [.line("No cause recorded.")] + changes(facts) }
        return current(facts) + changes(facts) + [.heading("How it was found"), table.block]
    }

    /// What heads the incident, then what took part in it.
    private static func current(_ facts: ReviewFacts) -> [DocumentBlock] {
        let causes = facts.incident.causes
        guard let cause = causes.first else { return [.line("All suspected causes were refuted.")] }
        let others = causes.dropFirst().filter { $0.role != nil }
        let lines = others.map { other in
            let at = fault(other, facts)
            return (
                label: other.role?.title ?? "Cause",
                text: "\(other.name)\(at.isEmpty ? "" : ", \(at)"), \(other.confidence.rawValue)."
                    + (other.evidence.map { " Evidence: \($0.sentence)" } ?? "")
            )
        }
        return [.paragraph(headline(cause, facts))]
            + (lines.isEmpty ? [] : [.heading("What else took part"), .bullets(lines)])
    }

    private static func headline(_ cause: CauseHypothesis, _ facts: ReviewFacts) -> [DocumentInline] {
        let evidence = cause.evidence.map { " Evidence: \($0.sentence)" } ?? ""
        let at = fault(cause, facts)
        let role = cause.role.map { "\($0.title): " } ?? ""
        let name = role.isEmpty ? cause.name.capitalizedFirst : cause.name
        return [
            .strong([.line("\(role)\(name)")]),
            .text(Markdown.visible("\(at.isEmpty ? "" : ", \(at)"), \(cause.confidence.rawValue).\(evidence)")),
        ]
    }

    /// The component and the change at fault.
    private static func fault(_ cause: CauseHypothesis, _ facts: ReviewFacts) -> String {
        [cause.component.map(facts.name), cause.change.map { "change \($0)" }].compactMap(\.self)
            .joined(separator: ", ").onOneLine
    }
}
