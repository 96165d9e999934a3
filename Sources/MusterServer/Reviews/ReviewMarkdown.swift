import IncidentDomain

/// The review as one Markdown text, in CommonMark with GitHub's tables.
enum ReviewMarkdown {
    static func render(_ document: ReviewDocument) -> String {
        let parts = [head(document)] + document.sections.map { section($0, of: document) }
        return parts.joined(separator: "\n\n") + "\n"
    }

    private static func head(_ document: ReviewDocument) -> String {
        let facts = [
            "Post-incident review", document.revisionText, document.incident.severity?.rawValue,
            "phase \(document.incident.phase.rawValue)",
        ].compactMap(\.self).map(Markdown.inline)
        return "# INC-\(document.number): \(Markdown.inline(document.title))\n\n\(facts.joined(separator: " · "))"
    }

    private static func section(_ section: ReviewSection, of document: ReviewDocument) -> String {
        let body = MarkdownNormalForm.render(section.markdown)
        let parts = ["## \(Markdown.inline(section.title))", body] + [document.tableBelow(section)]
        return parts.compactMap(\.self).filter { !$0.isEmpty }.joined(separator: "\n\n")
    }
}

extension ReviewDocument {
    /// Which revision it is and whether it holds, as in `revision 3, approved by Carla`.
    var revisionText: String {
        guard revision > 0 else { return "generated from the timeline, not yet started" }
        switch status {
        case .draft, .inReview: return "revision \(revision), \(status.words)"
        case .approved: return "revision \(revision), approved\(approvedBy.map { " by \($0)" } ?? "")"
        }
    }

    /// What the action items are stays readable when somebody wrote about them in their own words.
    func tableBelow(_ section: ReviewSection) -> String? {
        section.id == ReviewSectionID.actions.rawValue && !section.generated ? actionTable : nil
    }
}
