import IncidentDomain

extension ReviewHTML {
    /// How restoring went, as a picture with what its signs mean; nothing while nothing was begun.
    static func restorationFigure(_ document: ReviewDocument) -> String {
        guard let gantt = document.gantt else { return "" }
        let picture = RestorationGanttSVG(gantt, phases: document.phases)
        let hasPlan = gantt.rows.contains { $0.planned != nil }
        let notes = [
            hasPlan
                ? "Planned and actual, per component; the plan is the one that stood when restoring began."
                : "How restoring went, per component.",
            picture.hidden > 0
                ? "Of \(gantt.rows.count.grouped) components those are shown that had trouble or came back last." : nil,
            picture.isCut ? "Grey stretches are drawn shorter than they were." : nil,
        ]
        return """
            <figure>
            <div class="figure">\(legend(gantt, hasPlan: hasPlan))
            \(picture.svg)</div>
            <figcaption>\(notes.compactMap(\.self).joined(separator: " "))</figcaption>
            </figure>

            """
    }

    /// Only what occurs is explained.
    private static func legend(_ gantt: RestorationGantt, hasPlan: Bool) -> String {
        let activities = Set(gantt.rows.flatMap { row in row.actual.map(\.activity) })
        let marks = Set(gantt.rows.flatMap { row in row.marks.map(\.kind) })
        // That a component regressed has a mark, which is explained below.
        var signs = RestorationGantt.Activity.allCases.filter { $0 != .regressed && activities.contains($0) }.map {
            activity in
            (bar(activity), activity.rawValue)
        }
        if hasPlan {
            signs.append((bar("gantt-planned", height: 4, fill: "#ffffff"), "planned"))
        }
        signs += RestorationGantt.Mark.Kind.allCases.filter(marks.contains).map { kind in
            ("<g transform=\"translate(13 8)\">\(RestorationGanttSVG.sign(kind))</g>", words(kind))
        }
        let items = signs.map { sign, text in
            """
            <span><svg class="phases key" viewBox="0 0 26 16" role="presentation" xmlns="http://www.w3.org/2000/svg">\
            \(sign)</svg> \(text)</span>
            """
        }
        return "<p class=\"keys\">\(items.joined(separator: "\n"))</p>"
    }

    private static func bar(_ activity: RestorationGantt.Activity) -> String {
        switch activity {
        case .waiting: bar("gantt-waiting", height: 2, fill: "#8a94a0")
        case .restoring: bar("gantt-restoring", height: 9, fill: "#1f6fb2")
        case .verifying: bar("gantt-verifying", height: 9, fill: "#cfe3f4")
        case .regressed: bar("gantt-regressed", height: 4, fill: "#b3372d")
        }
    }

    private static func bar(_ style: String, height: Double, fill: String) -> String {
        """
        <rect class="\(style)" x="1" y="\((8 - height / 2).points)" width="24" height="\(height.points)" fill="\(fill)"/>
        """
    }

    private static func words(_ kind: RestorationGantt.Mark.Kind) -> String {
        switch kind {
        case .forced: "started by force"
        case .failed: "failed"
        case .regressed: "regressed"
        case .restored: "restored"
        case .waived: "waived"
        }
    }
}
