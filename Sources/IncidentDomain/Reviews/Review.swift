/// How far the review of an incident is.
package enum ReviewStatus: String, CaseIterable, Codable, Sendable {
    case draft
    case inReview = "in_review"
    case approved
}

/// What the incident knows of its review; the texts stand in the timeline and are put together by `ReviewDraft`.
package struct ReviewProgress: Hashable, Codable, Sendable {
    package var revision: Int
    package var status: ReviewStatus
    package var approvedBy: String?
}

/// A text that a person put in the place of a generated section.
package struct EditedSection: Hashable, Codable, Sendable {
    package var id: String
    package var title: String?
    package var markdown: String

    package init(id: String, title: String? = nil, markdown: String) {
        self.id = id
        self.title = title
        self.markdown = markdown
    }
}
