import IncidentDomain

extension ReviewHTML {
    /// What a reader sees who reads only the top of the first page.
    static func head(_ document: ReviewDocument) -> String {
        """
        <header>
        <p class="kicker">Post-incident review <span>INC-\(document.number)</span></p>
        <h1>\(HTMLText.escape(document.title))</h1>
        <p class="badges">\(badges(document))</p>
        \(notice(document))<dl class="figures">
        \(figures(document.incident).map(figure).joined(separator: "\n"))
        </dl>
        </header>
        """
    }

    private static func badges(_ document: ReviewDocument) -> String {
        let severity = document.incident.severity
        let texts: [(String, String)] = [
            ("severity \(severity?.rawValue ?? "none")", severity?.rawValue ?? "no severity"),
            ("", document.incident.phase.rawValue),
            (document.status == .approved ? "approved" : "", document.revisionText),
        ]
        return texts.map { style, text in
            "<span class=\"\(["badge", style].filter { !$0.isEmpty }.joined(separator: " "))\">\(HTMLText.escape(text))</span>"
        }.joined(separator: " ")
    }

    /// What is missing, so that nobody takes a draft for more than it is.
    private static func notice(_ document: ReviewDocument) -> String {
        guard document.status != .approved else { return "" }
        let missing = document.sections.filter(\.needsPerson).map { "“\($0.title)”" }
        let rest = missing.isEmpty ? "" : " A person still has to write \(missing.joined(separator: ", "))."
        return "<p class=\"notice\"><strong>Not approved.</strong> \(HTMLText.escape("This may change.\(rest)"))</p>\n"
    }

    private typealias Figure = (name: String, value: String, detail: String)

    private static func figures(_ incident: Incident) -> [Figure] {
        let times = incident.times
        let clocks: [Figure] = [
            clock("Time to detect", times.timeToDetect, times.detectedAt),
            clock("Time to acknowledge", times.timeToAcknowledge, times.acknowledgedAt),
            clock("Time to mitigate", times.timeToMitigate, times.mitigatedAt),
            clock("Time to restore", times.timeToRestore, times.restoredAt),
        ]
        let people = incident.audiences.first { $0.audience == .users }?.people
        return clocks + (people.map { [("Users affected", $0.grouped, "")] } ?? [])
    }

    private static func clock(_ name: String, _ seconds: Double?, _ moment: Timestamp?) -> Figure {
        guard let seconds, let moment else { return (name, "–", "not reached") }
        return (name, DurationText.human(seconds), moment.dateAndTime)
    }

    private static func figure(_ figure: Figure) -> String {
        let detail = figure.detail.isEmpty ? "" : "<small>\(HTMLText.escape(figure.detail))</small>"
        return "<div><dt>\(figure.name)</dt><dd>\(HTMLText.escape(figure.value))\(detail)</dd></div>"
    }
}
