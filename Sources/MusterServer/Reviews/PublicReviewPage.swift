import IncidentDomain

/// The public version of a review as it reads now: as it was approved, or while it is a draft as it would be.
struct PublicReviewPage: Sendable {
    struct Section: Sendable {
        let id: String
        let heading: String
        let markdown: String
        let blocks: Markup
    }

    let language: String
    let words: Words
    let title: String
    let isApproved: Bool
    /// Whether the review inside was approved again since.
    let isOutdated: Bool
    let badges: [ReviewHTML.Badge]
    let sections: [Section]
    /// By which clocks its times are.
    let footer: String
    /// What the approval stores.
    let texts: [EditedSection]

    /// - Parameter approved: Nil shows what was approved, if it was; false what would be.
    init(_ document: ReviewDocument, approved wanted: Bool? = nil) {
        let version = document.incident.publicReview ?? .standard
        let speech = document.speech
        language = speech.language.rawValue
        words = Words(speech)
        isApproved = wanted ?? (version.status == .approved)
        footer = speech(document.zoneNote(keepsTexts: isApproved))
        let approved = isApproved ? document.publicApproved : nil
        let shown: [(section: EditedSection, blocks: [DocumentBlock])]
        if let approved {
            title = approved.title
            var budget = MarkdownReader.budget
            shown = approved.sections.map { ($0, MarkdownReader.blocks($0.markdown, budget: &budget)) }
        } else {
            let names = document.publicNames
            title = version.title ?? names.text(document.title)
            shown = Self.drafted(document, version, names)
        }
        sections = shown.map { section, blocks in
            Section(
                id: section.id, heading: section.title ?? section.id, markdown: section.markdown, blocks: Markup(blocks)
            )
        }
        texts = shown.map(\.section)
        let review = document.incident.review
        isOutdated =
            isApproved
            && (review?.status != .approved || review?.approvedEntry ?? 0 > version.approvedEntry ?? 0)
        badges = [
            ReviewHTML.Badge(
                style: isApproved ? "badge approved" : "badge", text: speech(isApproved ? "approved" : "draft"))
        ]
    }

    private static func drafted(
        _ document: ReviewDocument, _ version: PublicReview, _ names: PublicNames
    ) -> [(section: EditedSection, blocks: [DocumentBlock])] {
        let all = Dictionary(document.shownSections.map { ($0.section.id, $0) }) { first, _ in first }
        var left = PublicReview.bytesMax
        var isCut = false
        func change(_ text: String) -> String {
            let cut = text.utf8.count > left ? String(decoding: text.utf8.prefix(max(0, left)), as: UTF8.self) : text
            isCut = isCut || cut.utf8.count < text.utf8.count
            let changed = names.text(cut)
            left -= max(cut.utf8.count, changed.utf8.count)
            return changed
        }
        var shown: Set<String> = []
        return version.sections.filter { shown.insert($0).inserted }.compactMap { all[$0] }.enumerated().map {
            place, found in
            isCut = false
            let isSummary = found.section.id == ReviewSectionID.summary.rawValue && found.section.generated
            var blocks = (isSummary ? document.publicSummary : found.blocks).map { $0.changingTexts(change) }
            if isCut {
                let note = document.speech("The rest is left out: a public version has at most 256 KiB.")
                blocks.append(.paragraph([.text(note)]))
            }
            let isKnown = ReviewSectionID(rawValue: found.section.id) != nil
            let edited = EditedSection(
                id: isKnown ? found.section.id : "section-\(place + 1)", title: names.text(found.section.title),
                markdown: DocumentMarkdown.render(blocks))
            return (edited, blocks)
        }
    }

    /// What the page itself says, whatever the review.
    struct Words: Sendable {
        let review: String
        let draft: String
        let notApproved: String
        let willRead: String

        init(_ speech: Speech) {
            review = speech("Post-incident review")
            draft = speech("draft, not approved")
            notApproved = speech("Not approved yet.")
            willRead = speech("This is what the public will read once it is.")
        }
    }

    func bytes(as form: ReviewForm) -> [UInt8] {
        switch form {
        case .json: json
        case .markdown: Array(markdown.utf8)
        case .html: Array(Pages.shared.render(self).utf8)
        }
    }

    private var markdown: String {
        let state = isApproved ? words.review : "\(words.review) · \(words.draft)"
        let parts =
            ["# \(Markdown.inline(title))", state]
            + sections.map { section in
                ["## \(Markdown.inline(section.heading))", section.markdown].filter { !$0.isEmpty }.joined(
                    separator: "\n\n")
            }
        return parts.joined(separator: "\n\n") + "\n"
    }

    private var json: [UInt8] {
        var json = JSONWriter(capacity: 8_192)
        json.object { json in
            json.member("title", title)
            json.member("status", isApproved ? ReviewStatus.approved.rawValue : ReviewStatus.draft.rawValue)
            json.member("outdated", isOutdated)
            json.array("sections", sections) { json, section in
                json.object { json in
                    json.member("id", section.id)
                    json.member("title", section.heading)
                    json.member("markdown", section.markdown)
                }
            }
        }
        return json.bytes
    }
}
