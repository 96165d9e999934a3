import IncidentDomain

/// The review as one Markdown text, in CommonMark with GitHub's tables.
enum ReviewMarkdown {
    static func render(_ document: ReviewDocument) -> String {
        let parts =
            [head(document)] + document.shownSections.map { section($0.section, $0.blocks) }
            + [attachments(document)].compactMap(\.self)
        return parts.joined(separator: "\n\n") + "\n"
    }

    private static func head(_ document: ReviewDocument) -> String {
        let speech = document.speech
        let facts = [
            speech("Post-incident review"), document.revisionText, document.incident.severity?.rawValue,
            speech("phase \(document.incident.phase.phrase)"),
        ].compactMap(\.self).map(Markdown.inline)
        let title = "# INC-\(document.number): \(Markdown.inline(document.title))"
        let signed = document.signaturesText.map { speech("Signed by \(Markdown.inline($0)).") }
        let asked = document.reviewersText.map { speech("To be read by \(Markdown.inline($0)).") }
        return [title, facts.joined(separator: " · "), signed, asked, figures(document.head, speech)]
            .compactMap(\.self).joined(separator: "\n\n")
    }

    /// What somebody reads who reads nothing else.
    private static func figures(_ head: ReviewHead, _ speech: Speech) -> String {
        let named: [(Phrase, String?)] = [
            ("Impact", head.impact), ("People affected", head.people), ("Money", head.money), ("Cause", head.cause),
        ]
        let facts = named.compactMap { name, value in value.map { "- **\(speech(name)):** \(Markdown.inline($0))" } }
        let more = head.moreActions > 0 ? ["- \(speech("and \(.number(head.moreActions)) more"))"] : []
        let actions = head.actions.map { "- \(Markdown.inline($0))" } + more
        return facts.joined(separator: "\n")
            + (actions.isEmpty
                ? "" : "\n\n**\(speech("What is done about it"))**\n\n\(actions.joined(separator: "\n"))")
    }

    /// What they are, and where their bytes can be read.
    private static func attachments(_ document: ReviewDocument) -> String? {
        let lines = zip(document.incident.keptAttachments, document.attachmentLines).map { attachment, line in
            "- [\(Markdown.inline(line))](/v1/incidents/\(document.number)/attachments/\(attachment.number))"
        }
        return lines.isEmpty ? nil : "## \(document.speech("Attachments"))\n\n" + lines.joined(separator: "\n")
    }

    private static func section(_ section: ReviewSection, _ blocks: [DocumentBlock]) -> String {
        let parts = ["## \(Markdown.inline(section.title))", DocumentMarkdown.render(blocks)]
        return parts.filter { !$0.isEmpty }.joined(separator: "\n\n")
    }
}

extension ReviewDocument {
    /// Which revision it is and whether it holds, as in `revision 3, approved by Carla`.
    var revisionText: String { speech(revisionPhrase) }

    private var revisionPhrase: Phrase {
        guard revision > 0 else { return "generated from the timeline, review not started" }
        switch status {
        case .draft, .inReview: return "revision \(revision), \(status.phrase)"
        case .approved:
            return approvedBy.map { "revision \(revision), approved by \($0)" } ?? "revision \(revision), approved"
        }
    }

    /// The sections with what they show. What was generated is there as blocks; only what is stored as Markdown is read, within
    /// one budget for the whole document.
    var shownSections: [(section: ReviewSection, blocks: [DocumentBlock])] {
        var budget = MarkdownReader.budget
        return sections.filter { !$0.isHidden }.map { section in
            let blocks =
                switch section.content {
                case .blocks(let blocks): blocks
                case .markdown(let text): MarkdownReader.blocks(text, budget: &budget, in: speech)
                }
            return (section, blocks + [tableBelow(section)].compactMap(\.self))
        }
    }

    /// What the action items are stays readable when somebody wrote about them in their own words.
    private func tableBelow(_ section: ReviewSection) -> DocumentBlock? {
        section.id == ReviewSectionID.actions.rawValue && !section.generated ? actionTable : nil
    }
}
