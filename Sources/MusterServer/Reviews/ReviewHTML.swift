import IncidentDomain

/// The review as one page that needs nothing else: to be read on a screen, sent as a file, or printed. Its properties are what
/// `Pages/Templates/review.mustache` shows, and nothing in them is escaped yet.
struct ReviewHTML: Sendable {
    struct Badge: Sendable {
        /// Names of classes in the stylesheet.
        let style: String
        let text: String
    }

    struct Figure: Sendable {
        let name: String
        let value: String
        var detail: String?
    }

    struct Section: Sendable {
        let id: String
        let heading: String
        let origin: String
        let needsPerson: Bool
        let pictures: [PagePicture]
        let blocks: Markup
    }

    let number: Int
    let title: String
    let badges: [Badge]
    let isApproved: Bool
    /// Nil when nobody signed it.
    let signed: String?
    /// Who was asked to read it and has not signed it; nil when nobody is.
    let asked: String?
    /// The sections that a person still has to write, as a list in a sentence; nil when there are none.
    let missing: String?
    let figures: [Figure]
    /// The worst impact and its length.
    let impact: String?
    let cause: String
    /// What is done about it; empty when nothing is.
    let actions: [String]
    let hasActions: Bool
    let moreActions: String?
    let phases: PagePicture
    let hasAttachments: Bool
    let attachments: [AttachmentFigure]
    let sections: [Section]
    let asOf: String
    /// As in `1 entry`.
    let entries: String

    static func render(
        _ document: ReviewDocument, files: [Int: [UInt8]] = [:], with pages: Pages = .shared
    ) -> String {
        pages.render(ReviewHTML(document, files: files))
    }

    /// - Parameter files: The bytes of attachments that it shows, by their numbers.
    init(_ document: ReviewDocument, files: [Int: [UInt8]] = [:]) {
        number = document.number
        title = document.title
        badges = Self.badges(document)
        isApproved = document.status == .approved
        signed = document.signaturesText.map { Markdown.visible($0) }
        asked = document.reviewersText.map { Markdown.visible($0) }
        let unwritten = document.sections.filter { $0.needsPerson && !$0.isHidden }.map { "“\($0.title)”" }
        missing = unwritten.isEmpty ? nil : unwritten.joined(separator: ", ")
        let head = document.head
        figures = Self.figures(document.incident, head)
        impact = head.impact?.withUnbrokenUnits
        cause = head.cause.withUnbrokenUnits
        actions = head.actions
        hasActions = !head.actions.isEmpty
        moreActions = head.moreActions > 0 ? "and \(head.moreActions.grouped) more" : nil
        phases = Self.phases(document)
        sections = document.shownSections.map { Self.section($0.section, $0.blocks, of: document) }
        attachments = zip(document.incident.keptAttachments, document.attachmentLines).map {
            AttachmentFigure($0, line: $1, files[$0.number], of: document.number)
        }
        hasAttachments = !attachments.isEmpty
        asOf = document.asOf.toTheSecond
        entries = "\(document.entries.grouped) \(document.entries == 1 ? "entry" : "entries")"
    }

    private static func section(
        _ section: ReviewSection, _ blocks: [DocumentBlock], of document: ReviewDocument
    ) -> Section {
        Section(
            id: section.id, heading: section.title,
            origin: section.needsPerson
                ? "not written yet" : section.generated ? "from the timeline" : "edited",
            needsPerson: section.needsPerson, pictures: pictures(of: ReviewSectionID(rawValue: section.id), document),
            blocks: Markup(blocks))
    }
}

// MARK: - The head: what a reader sees who reads only the top of the first page

extension ReviewHTML {
    private static func badges(_ document: ReviewDocument) -> [Badge] {
        let severity = document.incident.severity
        return [
            Badge(
                style: "badge severity \(severity?.rawValue ?? "none")", text: severity?.rawValue ?? "no severity"),
            Badge(style: "badge", text: document.incident.phase.rawValue),
            Badge(style: document.status == .approved ? "badge approved" : "badge", text: document.revisionText),
        ]
    }

    private static func figures(_ incident: Incident, _ head: ReviewHead) -> [Figure] {
        let times = incident.clocks
        let clocks = [
            clock("Time to detect", times.timeToDetect, times.detectedAt),
            clock("Time to acknowledge", times.timeToAcknowledge, times.acknowledgedAt),
            clock("Time to mitigate", times.timeToMitigate, times.mitigatedAt),
            clock("Time to restore", times.timeToRestore, times.restoredAt),
        ]
        let first = [
            ("People affected", head.people), ("Money", head.money),
        ].compactMap { name, value in value.map { Figure(name: name, value: $0) } }
        return first + clocks
    }

    private static func clock(_ name: String, _ seconds: Double?, _ moment: Timestamp?) -> Figure {
        guard let seconds, let moment else { return Figure(name: name, value: "–", detail: "not reached") }
        return Figure(
            name: name, value: DurationText.human(seconds).withUnbrokenUnits, detail: moment.dateAndTime)
    }
}

// MARK: - Pictures

extension ReviewHTML {
    private static func phases(_ document: ReviewDocument) -> PagePicture {
        let times = document.incident.clocks
        let picture = PhasesSVG(
            document.phases, times: times, impact: document.impacts.worstOverTime, updates: document.updates,
            asOf: document.asOf)
        let cut = picture.isCut ? " Grey: not to scale." : ""
        return PagePicture(
            svg: Markup(svg: picture.svg),
            caption: "Impact, phases and updates over time, from \(times.startedAt.toTheSecond).\(cut)")
    }

    private static func pictures(of section: ReviewSectionID?, _ document: ReviewDocument) -> [PagePicture] {
        switch section {
        case .restoration: document.gantt.map { [restoration($0, document)] } ?? []
        case .impact: (document.reports.map { [reports($0)] } ?? []) + document.measures.enumerated().map(measure)
        case .summary, .detection, .cause, .timeline, .durations, .mitigations, .communication, .overrides,
            .whatWentWell,
            .whatWentWrong, .lessons, .actions, .unmet, nil:
            []
        }
    }

    private static func measure(_ number: Int, _ series: MeasureSeries) -> PagePicture {
        let markup = Markup(svg: MeasureSVG(series, number: number + 1).svg)
        return PagePicture(svg: markup, caption: "\(series.title), \(series.points.count.grouped) values.")
    }

    private static func reports(_ reports: ReportSeries) -> PagePicture {
        let bucket = DurationText.human(Double(reports.bucketSeconds))
        return PagePicture(
            svg: Markup(svg: ReportsSVG(reports).svg),
            caption: "User reports per \(bucket). Dashed line: normal rate.")
    }

    private static func restoration(_ gantt: RestorationGantt, _ document: ReviewDocument) -> PagePicture {
        let picture = RestorationGanttSVG(gantt, phases: document.phases)
        let notes = [
            picture.hasPlan
                ? "Planned and actual times per component. The plan is the one from the start of restoration."
                : "Actual times per component.",
            picture.hidden > 0
                ? "Showing \(picture.shown.grouped) of \(gantt.rows.count.grouped) components: those with problems, and those restored last."
                : nil,
            picture.isCut ? "Grey: not to scale." : nil,
        ]
        return PagePicture(
            keys: picture.legend.map { PagePicture.Key(sign: Markup(svg: $0.sign), meaning: $0.meaning) },
            svg: Markup(svg: picture.svg), caption: notes.compactMap(\.self).joined(separator: " "))
    }
}
