// MARK: - Cause

extension ReviewDraft {
    /// What it was and what else took part in it, and what it was thought to be on the way there.
    static func cause(_ facts: ReviewFacts) -> [DocumentBlock] {
        var table = DocumentTable("When (\(.zone))", "Cause", "Role", "At fault", "Confidence", "Evidence", "By")
        let struck = facts.struck
        for recorded in facts.byTime where !struck.contains(recorded.sequence) {
            guard let hypothesis = recorded.event.as(CauseStated.self)?.value else { continue }
            table.add(
                recorded.occurredAt.toldWithoutZone, hypothesis.name, hypothesis.role?.phrase ?? "",
                fault(hypothesis, facts), hypothesis.confidence.phrase,
                hypothesis.evidence.map { .stored($0, .reason) } ?? "not recorded", .typed(recorded.actor.name))
        }
        guard !table.isEmpty else { return [facts.line("No cause recorded.")] + whys(facts) + changes(facts) }
        return current(facts) + whys(facts) + changes(facts) + [
            facts.heading("How it was found"), table.block(in: facts.speech),
        ]
    }

    /// The five whys, or as many as there are, one leading to the next.
    private static func whys(_ facts: ReviewFacts) -> [DocumentBlock] {
        let whys = facts.told(.why).sorted { $0.entry < $1.entry }
        guard !whys.isEmpty else { return [] }
        let items = whys.map { told -> [DocumentBlock] in
            let source: Phrase = told.fact.source.map { " (\($0.onOneLine))" } ?? ""
            return [facts.line("\(told.fact.text.onOneLine)\(source)")]
        }
        return [facts.heading("Why it happened"), .list(start: 1, items: items)]
    }

    /// What heads the incident, then what took part in it.
    private static func current(_ facts: ReviewFacts) -> [DocumentBlock] {
        let causes = facts.incident.causes
        guard let cause = causes.first else { return [facts.line("All suspected causes were refuted.")] }
        let others = causes.dropFirst().filter { $0.role != nil }
        let lines = others.map { other -> (label: Phrase, text: Phrase) in
            (other.role?.title ?? "Cause", "\(other.name)\(statement(other, facts))")
        }
        return [.paragraph(headline(cause, facts))]
            + (lines.isEmpty ? [] : [facts.heading("What else took part"), facts.bullets(lines)])
    }

    private static func headline(_ cause: CauseHypothesis, _ facts: ReviewFacts) -> [DocumentInline] {
        let name: Phrase = cause.role.map { "\($0.title): \(cause.name)" } ?? cause.name.capitalizedFirst
        return [
            .strong([.line(facts.speech(name))]), .text(Markdown.visible(facts.speech(statement(cause, facts)))),
        ]
    }

    /// What is said of a cause after its name.
    private static func statement(_ cause: CauseHypothesis, _ facts: ReviewFacts) -> Phrase {
        let at = fault(cause, facts)
        return "\(at.isEmpty ? "" : ", \(at)"), \(cause.confidence.phrase).\(cause.evidenceTold)"
    }

    /// The component and the change at fault.
    private static func fault(_ cause: CauseHypothesis, _ facts: ReviewFacts) -> Phrase {
        let parts: [Phrase?] = [
            cause.component.map { .typed(facts.name($0).onOneLine) }, cause.change.map { "change \($0.onOneLine)" },
        ]
        return parts.compactMap(\.self).joined(separator: ", ")
    }
}
