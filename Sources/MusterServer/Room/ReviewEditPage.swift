import IncidentDomain

/// A review while it is written: each section as it stands, and the form that replaces it: `Pages/Templates/roomreview.mustache`.
struct ReviewEditPage: Sendable {
    struct Section: Sendable {
        let id: String
        let heading: String
        let origin: String
        let needsPerson: Bool
        let blocks: Markup
        let forms: [RoomForm]
    }

    /// The field in which a form says from what text somebody writes.
    static let shownField = "shown"

    /// What a section's form begins with.
    static func text(of section: ReviewSection) -> String { section.needsPerson ? "" : section.markdown }

    static func digest(of section: ReviewSection) -> String { digest(of: text(of: section)) }

    static func digest(of text: String) -> String { HashChain.hex(Array(OpenSSL.sha256(Array(text.utf8)).prefix(16))) }

    /// The events after which it is loaded again; what it says of the rest of the timeline is renewed from time to time.
    let kinds = IncidentEvent.types.map { $0.kind }.filter { $0.hasPrefix("review") || $0.hasPrefix("action") }
        .joined(separator: " ")

    let frame: RoomFrame
    let number: Int
    let title: String
    let status: String
    let isApproved: Bool
    let isBegun: Bool
    let missing: String?
    let sections: [Section]
    let actions: RoomSection
    let buttons: [RoomForm]

    init(_ document: ReviewDocument, _ frame: RoomFrame) {
        let incident = document.incident
        let forms = RoomForms(of: incident, frame)
        self.frame = frame
        (number, title) = (document.number, document.title)
        isBegun = incident.review != nil
        isApproved = document.status == .approved
        status =
            !isBegun
            ? "Not begun: all of it comes from the timeline."
            : isApproved
                ? "Approved by \(document.approvedBy ?? "somebody"), revision \(document.revision)."
                : "A draft, revision \(document.revision)."
        let unwritten = document.sections.filter { $0.needsPerson && !$0.isHidden }.map(\.title)
        missing = unwritten.isEmpty ? nil : "Still to be written: \(unwritten.joined(separator: ", "))."
        let page = "/review"
        let canWrite = incident.review != nil
        sections = document.shownSections.map { section, blocks in
            Section(
                id: section.id, heading: section.title,
                origin: section.needsPerson ? "not written yet" : section.generated ? "from the timeline" : "edited",
                needsPerson: section.needsPerson, blocks: Markup(blocks),
                forms: !canWrite
                    ? []
                    : forms.make(
                        "reviseReview", subject: "-\(section.id)",
                        fixed: ["section": section.id, Self.shownField: Self.digest(of: section)],
                        fixedValues: ["markdown": Self.text(of: section)],
                        title: "Write \(section.title)", button: "Save", anchor: "section-\(section.id)", page: page))
        }
        actions = RoomSection.actions(incident, forms, page: page)
        buttons =
            !isBegun
            ? forms.make("startReview", page: page)
            : isApproved ? [] : forms.make("approveReview", page: page)
    }
}
