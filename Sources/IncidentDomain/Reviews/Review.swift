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
    /// The entry that approved it; nil where none did, and in rows of releases that did not keep it.
    package var approvedEntry: Int?
    /// Nil while people left the sections as they are.
    package var layout: ReviewLayout?
}

/// That somebody has read a revision of the review and stands by it. Approving is one decision; those who sign beside it may be many.
package struct ReviewSignature: Hashable, Codable, Sendable {
    package var by: String
    /// What as, as "head of operations"; nil when it was not said.
    package var role: String?
    package var revision: Int
    package var at: Timestamp
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

/// What an incident remembers of the texts of its review. The texts themselves stand in the timeline; this is enough to tell which
/// of those that somebody sends are new, and how much there is.
package struct ReviewTexts: Hashable, Codable, Sendable {
    package struct Text: Hashable, Codable, Sendable {
        package var bytes: Int
        /// Of the title, if it has one of its own, and of the text.
        var titleMark: Int?
        var mark: Int
    }

    /// The sections that people wrote, by id.
    package private(set) var written: [String: Text] = [:]
    /// Those that were generated, as approvals kept them.
    private var kept: [String: Text] = [:]
    /// Bytes that revisions and approvals stored.
    package private(set) var stored = 0

    /// Of the sections that people wrote, as they stand.
    package var bytes: Int { written.values.reduce(0) { $0 + $1.bytes } }

    /// The sections that are not there already as they are; of two with one id, the last counts.
    func changed(among sections: [EditedSection]) -> [EditedSection] {
        var changed: [EditedSection] = []
        for section in sections {
            changed.removeAll { $0.id == section.id }
            if written[section.id] != Text(section) { changed.append(section) }
        }
        return changed
    }

    /// Whether the timeline has what a section of the whole document says, so that an approval need not repeat it.
    func has(_ section: EditedSection) -> Bool {
        (written[section.id] ?? kept[section.id])?.mark == Self.mark(section.markdown)
    }

    mutating func write(_ sections: [EditedSection]) {
        for section in sections {
            let text = Text(section)
            written[section.id] = text
            stored += text.bytes
        }
    }

    mutating func drop(_ ids: [String]) {
        for id in ids { written[id] = nil }
    }

    mutating func keep(_ sections: [EditedSection]) {
        for section in sections {
            let text = Text(section)
            if written[section.id] == nil { kept[section.id] = text }
            stored += text.bytes
        }
    }

    /// The same text has the same mark everywhere. Who makes two texts with one mark keeps his own second
    /// text from being stored, and nothing else.
    fileprivate static func mark(_ text: String) -> Int {
        var hash = FNV1a()
        hash.add(text)
        return Int(truncatingIfNeeded: hash.value)
    }
}

extension ReviewTexts.Text {
    init(_ section: EditedSection) {
        self.init(
            bytes: section.id.utf8.count + (section.title?.utf8.count ?? 0) + section.markdown.utf8.count,
            titleMark: section.title.map(ReviewTexts.mark), mark: ReviewTexts.mark(section.markdown))
    }
}

/// The texts of a review as a timeline has them. Revisions of the first version hold every written section, those of the second
/// only what changed; so do approvals.
struct ReviewHistory {
    /// What people wrote, as the newest revision leaves it.
    private(set) var written: [EditedSection] = []
    /// The whole document of the newest approval; empty when there is none.
    private(set) var approved: [EditedSection] = []
    /// The newest approval of the public version; nil when there is none.
    private(set) var publicApproval: PublicReviewApproved?
    private var kept: [String: EditedSection] = [:]

    init(_ timeline: [RecordedEvent]) {
        for recorded in timeline {
            if let revision = recorded.event.as(ReviewRevised.self) { take(revision) }
            if let approval = recorded.event.as(ReviewApproved.self) { take(approval) }
            publicApproval = recorded.event.as(PublicReviewApproved.self) ?? publicApproval
        }
    }

    private mutating func take(_ revision: ReviewRevised) {
        guard revision.scope == .changes else {
            written = revision.sections
            return
        }
        written.removeAll { revision.dropped?.contains($0.id) ?? false }
        for section in revision.sections {
            if let index = written.firstIndex(where: { $0.id == section.id }) {
                written[index] = section
            } else {
                written.append(section)
            }
        }
    }

    private mutating func take(_ approval: ReviewApproved) {
        let own = Dictionary(approval.sections.map { ($0.id, $0) }) { _, last in last }
        kept.merge(own) { _, new in new }
        guard let order = approval.order else {
            approved = approval.sections
            return
        }
        let byID = Dictionary(written.map { ($0.id, $0) }) { _, last in last }
        approved = order.compactMap { own[$0] ?? byID[$0] ?? kept[$0] }
    }
}
