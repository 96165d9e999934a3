/// The post-incident review of one incident at one moment: what its renderers write as Markdown, HTML and JSON.
package struct ReviewDocument: Hashable, Sendable {
    package let incident: Incident
    package let sections: [ReviewSection]
    /// What the phase that the incident is in still asks for.
    package let unmet: [UnmetRequirement]
    /// The visits to the phases in their order, the terminal ones too.
    package let phases: [PhaseSpan]
    /// How restoring went beside how it was planned; nil while nothing was begun.
    package let gantt: RestorationGantt?
    /// What users reported, as it was last counted; nil when nothing was.
    package let reports: ReportSeries?
    /// How hard each component was hit, over time.
    package let impacts: ImpactHistory
    /// What people said of it.
    package let comments: [ReviewComment]
    /// When updates were published, in order.
    package let updates: [Timestamp]
    /// What people wrote down beside it, in the order of time.
    package let facts: [ToldFact]
    /// The generated summary for people outside: without labels, alerts, and who told or did what.
    package let publicSummary: [DocumentBlock]
    /// Whom and what it names, of which nobody outside is to hear.
    package let named: NamedInReview
    /// The public version as it was approved last; nil when none was.
    package let publicApproved: PublicReviewApproved?
    /// How many entries the whole timeline has.
    package let entries: Int
    /// All of them, or as many as a page can show; empty for what is no page.
    package let wholeTimeline: [DocumentBlock]
    /// When the document was put together.
    package let asOf: Timestamp
    /// In which language and by which clocks it is written.
    package let speech: Speech
    /// By the clocks of which zone approvals keep texts.
    let keptZone: String
}

extension ReviewDocument {
    /// By which clocks its times are.
    package var zoneNote: Phrase { zoneNote(keepsTexts: status == .approved) }

    /// - Parameter keepsTexts: Whether it shows what was approved, as that was.
    package func zoneNote(keepsTexts: Bool) -> Phrase {
        guard keepsTexts, keptZone != speech.zone.name else { return "All times are \(.zone)." }
        return "All times are \(.zone), but for what was approved, which keeps its own."
    }

    package var number: Int { incident.number }
    package var title: String { incident.title }
    /// 0 while nobody has started the review: then all of it is generated.
    package var revision: Int { incident.review?.revision ?? 0 }
    package var status: ReviewStatus { incident.review?.status ?? .draft }
    /// Who approved it, if it is approved.
    package var approvedBy: String? { status == .approved ? incident.review?.approvedBy : nil }
    /// Who signed it, the newest last.
    package var signatures: [ReviewSignature] { incident.signatures ?? [] }

    /// As in `Ada (head of operations), Rita (revision 2)`: the revision where it is not the one that stands. Nil when nobody signed.
    package var signaturesText: String? {
        let texts = signatures.map { signature in
            let notes = [
                signature.role?.onOneLine,
                signature.revision == revision ? nil : speech("revision \(signature.revision)"),
            ].compactMap(\.self)
            return signature.by.onOneLine + (notes.isEmpty ? "" : " (\(notes.joined(separator: ", ")))")
        }
        return texts.isEmpty ? nil : texts.joined(separator: ", ")
    }

    /// Who is asked to read it.
    package var reviewers: [Reviewer] {
        (incident.reviewers ?? []).map { name in
            Reviewer(name: name, signedRevision: signatures.last { $0.by == name }?.revision)
        }
    }

    /// Those who were asked to read it and have not signed the revision that stands; nil when there are none.
    package var reviewersText: String? {
        let waiting = reviewers.filter { $0.signedRevision != revision }.map(\.name.onOneLine)
        return waiting.isEmpty ? nil : waiting.joined(separator: ", ")
    }

    /// Follow-up work as it stands now, also after the approval.
    package var actions: [ActionItem] { incident.actions }
    package var phaseTotals: [PhaseTotal] { PhaseTotal.totals(of: phases) }

    /// The files that belong to it, as a list for the end of the document; empty when there are none.
    package var attachmentLines: [String] {
        incident.keptAttachments.map { attachment in
            let from: Phrase = attachment.incident.map { ", from INC-\($0)" } ?? ""
            let about: Phrase = attachment.caption.map { ": \($0.sentence)" } ?? ""
            let (name, type) = (attachment.name.onOneLine, attachment.type.rawValue)
            return speech("\(name) (\(type), \(.number(attachment.bytes)) bytes\(from))\(about)")
        }
    }

    /// What was measured often enough for a picture.
    package var measures: [MeasureSeries] { MeasureSeries.all(of: facts) }

    package func section(_ id: String) -> ReviewSection? {
        sections.first { $0.id == id }
    }

    /// Every section that is shown, as it reads now: what an approval makes permanent.
    package var currentSections: [EditedSection] {
        sections.filter { !$0.isHidden }.map { EditedSection(id: $0.id, title: $0.title, markdown: $0.markdown) }
    }

    /// The ids of the sections that are shown and that a person has yet to write.
    package var unwritten: [String] {
        sections.filter { $0.needsPerson && !$0.isHidden }.map(\.id)
    }

    /// The action items as a table, for a document whose section on them was written by hand; nil when there are none.
    package var actionTable: DocumentBlock? {
        actions.isEmpty ? nil : ReviewDraft.actionTable(of: incident, in: speech)
    }
}

/// One section of a review.
package struct ReviewSection: Hashable, Sendable {
    /// Stable: one of `ReviewSectionID`, or what the people who added it called it.
    package let id: String
    package let title: String
    package let content: Content
    /// Whether it was written from the timeline, and not by a person.
    package let generated: Bool
    /// Whether it says nothing before a person has written it, and none has.
    package let needsPerson: Bool
    /// Whether it is left out of the document.
    package var isHidden = false
    /// What the timeline says, where a person wrote something else in its place; nil where nobody did.
    package var replaced: [DocumentBlock]?

    /// What a section says.
    package enum Content: Hashable, Sendable {
        /// Written from the timeline just now.
        case blocks([DocumentBlock])
        /// As it is stored: typed by a person, or kept by an approval.
        case markdown(String)
    }

    /// What the timeline says; nil where it says nothing.
    var facts: [DocumentBlock]? {
        guard generated, !needsPerson, case .blocks(let blocks) = content, !blocks.isEmpty else { return nil }
        return blocks
    }

    /// What a client is given, and may send back.
    package var markdown: String {
        switch content {
        case .blocks(let blocks): DocumentMarkdown.render(blocks)
        case .markdown(let text): text
        }
    }
}

/// The sections that every review has, in the order in which they are read.
package enum ReviewSectionID: String, CaseIterable, Sendable {
    case summary, impact, detection, cause, timeline, durations, mitigations, restoration, communication, overrides
    case whatWentWell = "what_went_well"
    case whatWentWrong = "what_went_wrong"
    case lessons, actions, unmet

    package var title: Phrase {
        switch self {
        case .summary: "Summary"
        case .impact: "Impact"
        case .detection: "Detection"
        case .cause: "Cause"
        case .timeline: "Timeline"
        case .durations: "Durations"
        case .mitigations: "Mitigations"
        case .restoration: "Restoration"
        case .communication: "Communication"
        case .overrides: "Overrides"
        case .whatWentWell: "What went well"
        case .whatWentWrong: "What went wrong"
        case .lessons: "Lessons"
        case .actions: "Action items"
        case .unmet: "Still open"
        }
    }

    /// What a person is asked to write, for what no timeline knows; nil for what is generated.
    package var prompt: Phrase? {
        switch self {
        case .whatWentWell: "Not written yet. What worked, and should be kept: people, tools, decisions, luck?"
        case .whatWentWrong:
            "Not written yet. What contributed, beyond the cause: what hid it, what made it worse, what slowed the work?"
        case .lessons: "Not written yet. What is known now that was not known before, and who has to hear it?"
        case .summary, .impact, .detection, .cause, .timeline, .durations, .mitigations, .restoration, .communication,
            .overrides, .actions, .unmet:
            nil
        }
    }

    /// The prompt as the draft has it, in the place of what a person has not written yet; nil for what is generated.
    func promptBlocks(in speech: Speech) -> [DocumentBlock]? {
        prompt.map { [.paragraph([.emphasis([.line(speech($0))])])] }
    }

    /// Whether a text is the prompt, in any language: whoever asks for the review in one may send it back.
    func isPrompt(_ markdown: String) -> Bool {
        Language.allCases.contains { language in
            promptBlocks(in: Speech(language: language)).map(DocumentMarkdown.render) == markdown
        }
    }

    /// Whether it tells how things stand now, so that an approval does not keep it as it was.
    var isLive: Bool {
        switch self {
        // The phases end after the approval.
        case .durations, .actions, .unmet: true
        case .summary, .impact, .detection, .cause, .timeline, .mitigations, .restoration, .communication, .overrides,
            .whatWentWell, .whatWentWrong, .lessons:
            false
        }
    }
}

extension EditedSection {
    /// Whether it says nothing but what a person is asked to write.
    var isPrompt: Bool {
        ReviewSectionID(rawValue: id)?.isPrompt(markdown) ?? false
    }
}
