import IncidentDomain

/// How restoring went as an inline SVG: a row for each component, its plan as a hollow bar under what happened.
struct RestorationGanttSVG {
    /// The most components that have a row: as many as fit on a printed page below the heading.
    static let rowsMax = 44
    private static let width = 960.0
    private static let labelWidth = 176.0
    private static let rowHeight = 21.0
    private static let waveHeight = 22.0

    private let gantt: RestorationGantt
    private let rows: [RestorationGantt.Row]
    private let scale: PhaseScale
    private let right: Double
    private let speech: Speech
    let hasPlan: Bool

    /// - Parameter phases: The visits to the phases: between them time can be left out.
    init(_ gantt: RestorationGantt, phases: [PhaseSpan], in speech: Speech = .standard) {
        self.speech = speech
        self.gantt = gantt
        rows = Self.chosen(gantt.rows)
        hasPlan = gantt.rows.contains { $0.planned != nil }
        // Room for the differences from the plan.
        right = Self.width - (hasPlan ? 104 : 24)
        scale = PhaseScale(
            start: gantt.from, visits: Self.clipped(phases, to: gantt), left: Self.labelWidth,
            width: right - Self.labelWidth, in: speech)
    }

    /// How many components have a row, and how many have none.
    var shown: Int { rows.count }
    var hidden: Int { gantt.rows.count - rows.count }
    /// Whether some of the time is drawn shorter than it was.
    var isCut: Bool { scale.stretches.contains(where: \.isCut) }

    /// What went wrong and what came back last says most about why it took so long.
    private static func chosen(_ rows: [RestorationGantt.Row]) -> [RestorationGantt.Row] {
        guard rows.count > rowsMax else { return rows }
        func rank(_ row: RestorationGantt.Row) -> (Int, Int64, String) {
            (row.isTroubled ? 0 : 1, -(row.restoredAt?.milliseconds ?? .max), row.component)
        }
        let kept = Set(rows.sorted { rank($0) < rank($1) }.prefix(rowsMax).map(\.component))
        return rows.filter { kept.contains($0.component) }
    }

    /// The phases as far as the rows reach; beyond the last of what was done, time runs on evenly.
    private static func clipped(_ phases: [PhaseSpan], to gantt: RestorationGantt) -> [PhaseSpan] {
        let done = gantt.rows.flatMap { row in row.actual.map(\.span.end) }.reduce(gantt.from, max)
        let begun = phases.filter { $0.startedAt < done }
        return begun.enumerated().map { index, visit in
            let isLast = index == begun.count - 1
            let end = isLast ? gantt.to : min(visit.endedAt ?? gantt.to, gantt.to)
            return PhaseSpan(
                phase: isLast ? .restore : visit.phase, startedAt: visit.startedAt, endedAt: max(end, visit.startedAt))
        }
    }

    private var waves: Int { Set(rows.map(\.wave)).count }
    private var top: Double { 4 }
    private var bottom: Double {
        top + Double(rows.count) * Self.rowHeight + Double(waves) * Self.waveHeight + 4
    }

    /// The picture; it needs nothing from the page around it, but takes colours from its style.
    var svg: String {
        let axis = TimeAxisSVG(scale: scale, left: Self.labelWidth, right: right, top: top, bottom: bottom)
        return """
            <svg class="phases gantt" viewBox="0 0 \(Self.width.points) \((bottom + TimeAxisSVG.height).points)" \
            role="img" aria-labelledby="gantt-title gantt-description" font-size="11.5" \
            xmlns="http://www.w3.org/2000/svg">
            <title id="gantt-title">\(HTMLText.escape(speech("Restoration, planned and actual")))</title>
            <desc id="gantt-description">\(SVGText.escape(description))</desc>
            \([axis.cuts, axis.line, body].joined(separator: "\n"))
            </svg>
            """
    }

    /// For whoever cannot see it.
    private var description: String {
        let shown = rows.map { row -> Phrase in
            let late: Phrase = row.secondsLate.map { " (\(Self.difference($0)) compared with the plan)" } ?? ""
            let end: Phrase = row.restoredAt.map { "restored \($0.told)\(late)" } ?? "not restored"
            let start: Phrase = row.startedAt.map { "started \($0.told), " } ?? ""
            return "\(row.component): \(start)\(end)"
        }
        return speech(shown.joined(separator: "; ")) + "."
    }

    private var body: String {
        var y = top
        var wave: Int?
        return rows.map { row in
            var parts: [String] = []
            if row.wave != wave {
                parts.append(head(of: row.wave, y: y))
                if wave == nil, hasPlan { parts.append(note(speech("vs. plan"), y: y + 17, style: "gantt-note")) }
                wave = row.wave
                y += Self.waveHeight
            }
            parts.append(draw(row, y: y))
            y += Self.rowHeight
            return parts.joined(separator: "\n")
        }.joined(separator: "\n")
    }

    private func head(of wave: Int, y: Double) -> String {
        """
        <line class="lane" x1="0" y1="\((y + 3).points)" x2="\(Self.width.points)" y2="\((y + 3).points)" \
        stroke="#d9dde3"/><text class="phase-name" x="0" y="\((y + 17).points)" font-weight="600">\(speech("Wave \(wave)"))</text>
        """
    }
}

// MARK: - Rows

extension RestorationGanttSVG {
    private func draw(_ row: RestorationGantt.Row, y: Double) -> String {
        let name = SVGText.fit(row.component, into: Self.labelWidth - 22, size: 11.5)
        let late = row.secondsLate.map { seconds in
            let style = abs(seconds) < 60 ? "gantt-note" : seconds > 0 ? "gantt-late" : "gantt-early"
            return note(speech(Self.difference(seconds)), y: y + 14, style: style)
        }
        let parts =
            [
                """
                <text x="10" y="\((y + 14).points)"><title>\(SVGText.escape(row.component))</title>\
                \(SVGText.escape(name))</text>
                """, row.planned.map { planned($0, y: y) } ?? "",
            ] + row.actual.map { stretch($0, y: y) } + row.marks.map { mark($0, y: y) } + [late ?? ""]
        return "<g>\(parts.joined())</g>"
    }

    /// In the column at the right.
    private func note(_ text: String, y: Double, style: String) -> String {
        """
        <text class="\(style)" x="\((Self.width - 2).points)" y="\(y.points)" text-anchor="end">\(text)</text>
        """
    }

    /// As in `+12 min`, `−7 min` or `on time`.
    static func difference(_ seconds: Double) -> Phrase {
        if abs(seconds) < 60 { return "on time" }
        // Seconds are noise beside minutes.
        let minutes = (abs(seconds) / 60).rounded(.down) * 60
        return seconds > 0 ? "+\(.duration(minutes))" : "−\(.duration(minutes))"
    }

    private func planned(_ span: RestorationGantt.Span, y: Double) -> String {
        bar("gantt-planned", span, y: y + 15, height: 4, fill: "#ffffff", title: "planned")
    }

    private func stretch(_ stretch: RestorationGantt.Stretch, y: Double) -> String {
        switch stretch.activity {
        case .waiting: bar("gantt-waiting", stretch.span, y: y + 8, height: 2, fill: "#8a94a0", title: "waiting")
        case .regressed: bar("gantt-regressed", stretch.span, y: y + 7, height: 4, fill: "#b3372d", title: "regressed")
        case .restoring: bar("gantt-restoring", stretch.span, y: y + 4, height: 9, fill: "#1f6fb2", title: "restoring")
        case .verifying: bar("gantt-verifying", stretch.span, y: y + 4, height: 9, fill: "#cfe3f4", title: "verifying")
        }
    }

    private func bar(
        _ style: String, _ span: RestorationGantt.Span, y: Double, height: Double, fill: String, title: Phrase
    ) -> String {
        let left = scale.position(span.begin)
        let width = max(scale.position(span.end) - left, 1.5)
        let length = Phrase.duration(span.end.seconds(since: span.begin))
        let title = speech("\(title), \(span.begin.told) to \(span.end.told), \(length)")
        return """
            <g><title>\(HTMLText.escape(title))</title>\
            <rect class="\(style)" x="\(left.points)" y="\(y.points)" width="\(width.points)" \
            height="\(height.points)" fill="\(fill)"/></g>
            """
    }

    /// Each has a shape of its own, so that none is told by its colour alone.
    private func mark(_ mark: RestorationGantt.Mark, y: Double) -> String {
        let (x, middle) = (scale.position(mark.at), y + 8.5)
        let title = HTMLText.escape(speech("\(mark.kind.phrase), \(mark.at.told)"))
        return """
            <g transform="translate(\(x.points) \(middle.points))"><title>\(title)</title>\(Self.sign(mark.kind))</g>
            """
    }

    private static func sign(_ kind: RestorationGantt.Mark.Kind) -> String {
        switch kind {
        case .restored:
            "<circle class=\"gantt-good\" r=\"5.5\" fill=\"#1d6b3c\"/>"
                + "<path class=\"gantt-check\" d=\"M-2.7 0.2 L-0.7 2.3 L2.9 -2.1\" fill=\"none\" stroke=\"#ffffff\"/>"
        case .waived:
            "<circle class=\"gantt-waived\" r=\"5\" fill=\"#ffffff\" stroke=\"#5b6b7b\"/>"
                + "<path class=\"gantt-waived\" d=\"M-3.5 3.5 L3.5 -3.5\" fill=\"none\" stroke=\"#5b6b7b\"/>"
        case .failed:
            stroke("gantt-cross", "M-4 -4 L4 4 M4 -4 L-4 4", "#b3372d")
        case .regressed: "<path class=\"gantt-alarm\" d=\"M0 -6 L6 5 H-6 Z\" fill=\"#b3372d\"/>"
        case .forced: stroke("gantt-forced", "M-5 -5.5 L0 0 L-5 5.5 M0 -5.5 L5 0 L0 5.5", "#b26a00")
        }
    }

    /// With an edge in the colour of the ground, to be told from the bar that it lies on.
    private static func stroke(_ style: String, _ path: String, _ colour: String) -> String {
        """
        <path class="gantt-edge" d="\(path)" fill="none" stroke="#ffffff" stroke-width="5.5"/>\
        <path class="\(style)" d="\(path)" fill="none" stroke="\(colour)" stroke-width="2.2"/>
        """
    }
}

// MARK: - Legend

extension RestorationGanttSVG {
    /// The signs that occur in the picture, each as the content of an SVG of 26 x 16 points, and what they mean.
    var legend: [(sign: String, meaning: String)] {
        let activities = Set(gantt.rows.flatMap { row in row.actual.map(\.activity) })
        let marks = Set(gantt.rows.flatMap { row in row.marks.map(\.kind) })
        // That a component regressed has a mark, which is explained below.
        let bars = RestorationGantt.Activity.allCases.filter { $0 != .regressed && activities.contains($0) }.map {
            (sign: Self.key($0), meaning: speech($0.phrase))
        }
        let planned = (sign: Self.key("gantt-planned", height: 4, fill: "#ffffff"), meaning: speech("planned"))
        let plan = hasPlan ? [planned] : []
        let signs = RestorationGantt.Mark.Kind.allCases.filter(marks.contains).map {
            (sign: "<g transform=\"translate(13 8)\">\(Self.sign($0))</g>", meaning: speech(Self.meaning($0)))
        }
        return bars + plan + signs
    }

    private static func key(_ activity: RestorationGantt.Activity) -> String {
        switch activity {
        case .waiting: key("gantt-waiting", height: 2, fill: "#8a94a0")
        case .restoring: key("gantt-restoring", height: 9, fill: "#1f6fb2")
        case .verifying: key("gantt-verifying", height: 9, fill: "#cfe3f4")
        case .regressed: key("gantt-regressed", height: 4, fill: "#b3372d")
        }
    }

    private static func key(_ style: String, height: Double, fill: String) -> String {
        """
        <rect class="\(style)" x="1" y="\((8 - height / 2).points)" width="24" height="\(height.points)" fill="\(fill)"/>
        """
    }

    private static func meaning(_ kind: RestorationGantt.Mark.Kind) -> Phrase {
        switch kind {
        case .forced: "started with override"
        case .failed: "failed"
        case .regressed: "regressed"
        case .restored: "restored"
        case .waived: "waived"
        }
    }
}
