import IncidentDomain

/// The review as one page that needs nothing else: to be read on a screen, sent as a file, or printed.
enum ReviewHTML {
    static func render(_ document: ReviewDocument) -> String {
        """
        <!doctype html>
        <html lang="en" dir="ltr">
        <head>
        <meta charset="utf-8">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <meta name="referrer" content="no-referrer">
        <meta name="robots" content="noindex, nofollow">
        <title>INC-\(document.number): \(HTMLText.escape(document.title))</title>
        <style>
        \(ReviewStyle.sheet(number: document.number))
        </style>
        </head>
        <body>
        \(head(document))
        <main>
        \(figure(document))
        \(contents(document))
        \(document.shownSections.map { section($0.section, $0.blocks, of: document) }.joined(separator: "\n"))
        </main>
        \(foot(document))
        </body>
        </html>

        """
    }

    private static func figure(_ document: ReviewDocument) -> String {
        let times = document.incident.times
        let picture = PhasesSVG(document.phases, times: times, asOf: document.asOf)
        return """
            <figure>
            <div class="figure">\(picture.svg)</div>
            <figcaption>The phases over time, from \(times.startedAt.toTheSecond)\
            \(picture.isCut ? "; grey stretches are drawn shorter than they were" : "").</figcaption>
            </figure>
            """
    }

    private static func contents(_ document: ReviewDocument) -> String {
        let items = document.sections.map { section in
            "<li><a href=\"#\(anchor(section))\">\(HTMLText.escape(section.title))</a></li>"
        }
        return "<nav aria-label=\"Contents\"><ol>\n\(items.joined(separator: "\n"))\n</ol></nav>"
    }

    private static func section(
        _ section: ReviewSection, _ blocks: [DocumentBlock], of document: ReviewDocument
    ) -> String {
        let origin =
            section.needsPerson
            ? "to be written by a person" : section.generated ? "from the timeline" : "written by hand"
        let figure = figure(of: ReviewSectionID(rawValue: section.id), document)
        return """
            <section id="\(anchor(section))"\(section.needsPerson ? " class=\"missing\"" : "")>
            <h2>\(HTMLText.escape(section.title)) <span class="origin">\(origin)</span></h2>
            \(figure)\(DocumentHTML.render(blocks))
            </section>
            """
    }

    private static func figure(of section: ReviewSectionID?, _ document: ReviewDocument) -> String {
        switch section {
        case .restoration: restorationFigure(document)
        case .impact: reportsFigure(document)
        case .summary, .cause, .timeline, .durations, .mitigations, .overrides, .whatWentWell, .whatWentWrong, .lessons,
            .actions, .unmet, nil:
            ""
        }
    }

    /// What users reported, as a picture; nothing when nothing was counted.
    private static func reportsFigure(_ document: ReviewDocument) -> String {
        guard let reports = document.reports else { return "" }
        return """
            <figure>
            <div class="figure">\(ReportsSVG(reports).svg)</div>
            <figcaption>Users\u{2019} reports, one bar for \(DurationText.human(Double(reports.bucketSeconds))); \
            the broken line is what is normal.</figcaption>
            </figure>

            """
    }

    private static func anchor(_ section: ReviewSection) -> String {
        "section-\(HTMLText.escape(section.id))"
    }

    private static func foot(_ document: ReviewDocument) -> String {
        let entries = "\(document.entries.grouped) \(document.entries == 1 ? "entry" : "entries")"
        return """
            <footer>
            <p>Muster put this together on \(document.asOf.toTheSecond) from the \(entries) of the timeline of \
            INC-\(document.number). All times are UTC.</p>
            </footer>
            """
    }
}
